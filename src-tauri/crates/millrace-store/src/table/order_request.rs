//! Columns of `erp_order`: which person brought an order to what it is. Leaves out what follows from it
//! (`millrace_core::access::four_eyes`).

use millrace_core::access::four_eyes::{Hand, Requester};
use millrace_core::ids::{OrderId, UserId};
use rusqlite::{OptionalExtension, params};

use super::known;
use crate::{Read, StoreError, Write};

/// Who brought an order to what it is, last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRequest {
    /// Who and how.
    pub requester: Requester,
    /// Printed name of the person, as it is now.
    pub full_name: String,
    /// When, UTC milliseconds.
    pub at_ms: i64,
}

impl Read<'_> {
    /// Who brought this order to what it is; `None` = it came by itself.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a word that is none of ours; as SQLite reports them.
    pub fn order_request(&self, id: OrderId) -> Result<Option<OrderRequest>, StoreError> {
        let row: Option<(i64, String, i64, String)> = self
            .connection
            .prepare_cached(
                "SELECT o.requested_by, coalesce(o.requested_how, ''), coalesce(o.requested_at_ms, 0), p.full_name
                 FROM erp_order o JOIN person p ON p.id = o.requested_by WHERE o.id = ?1",
            )?
            .query_row([id.0], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((person, how, at_ms, full_name)) = row else {
            return Ok(None);
        };
        let hand = known("erp_order.requested_how", &how, Hand::from_word(&how))?;
        Ok(Some(OrderRequest {
            requester: Requester {
                person: UserId(person),
                hand,
            },
            full_name,
            at_ms,
        }))
    }
}

impl Write<'_> {
    /// Notes who brought an order to what it is.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_request_set(
        &self,
        id: OrderId,
        requester: Requester,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE erp_order SET requested_by = ?2, requested_how = ?3, requested_at_ms = ?4 WHERE id = ?1",
            )?
            .execute(params![
                id.0,
                requester.person.0,
                requester.hand.word(),
                at_ms
            ])?;
        Ok(())
    }
}
