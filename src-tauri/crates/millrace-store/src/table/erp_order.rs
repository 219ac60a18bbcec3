//! `erp_order`: orders as they came, accepted, refused or cancelled here (tombstone).

use millrace_core::erp::ErpOrder;
use millrace_core::ids::OrderId;
use millrace_core::intake::Refusal;
use rusqlite::{OptionalExtension, Row, params};

use super::{known, parse_json, to_json};
use crate::{Read, StoreError, Write};

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It became batches.
    Accepted,
    /// Refused with a reason.
    Refused,
    /// Cancelled here: it does not come back.
    Tombstone,
}

impl Standing {
    fn word(self) -> &'static str {
        match self {
            Standing::Accepted => "accepted",
            Standing::Refused => "refused",
            Standing::Tombstone => "tombstone",
        }
    }

    fn from_word(word: &str) -> Option<Standing> {
        [Standing::Accepted, Standing::Refused, Standing::Tombstone]
            .into_iter()
            .find(|s| s.word() == word)
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderRow {
    /// Our id.
    pub id: OrderId,
    /// Name in the ERP.
    pub name: String,
    /// Product.
    pub product: String,
    /// Quantity as the ERP wrote it, in kilograms.
    pub quantity_kg: String,
    /// What became of it.
    pub standing: Standing,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
    /// The order as it came when it was last judged; `None` when it could not be read.
    pub content: Option<ErpOrder>,
    /// Last seen in the ERP.
    pub seen_at_ms: i64,
}

/// What to keep of an order that was just judged.
#[derive(Debug, Clone)]
pub struct OrderPut<'a> {
    /// Which ERP: orders of two ERPs never mix.
    pub erp_instance: &'a str,
    /// The ERP's id, else the name.
    pub identity: &'a str,
    /// Name.
    pub name: &'a str,
    /// Product.
    pub product: &'a str,
    /// Quantity as it came.
    pub quantity_kg: &'a str,
    /// What became of it.
    pub standing: Standing,
    /// Why it was refused.
    pub refusal: Option<&'a Refusal>,
    /// The order as it came.
    pub content: Option<&'a ErpOrder>,
    /// Planned start.
    pub due_ms: Option<i64>,
    /// Now.
    pub at_ms: i64,
}

const COLUMNS: &str = "id, name, product, quantity_kg, standing, refusal, content, seen_at_ms";

fn read(row: &Row<'_>) -> Result<OrderRow, StoreError> {
    let standing: String = row.get(4)?;
    let refusal: Option<String> = row.get(5)?;
    let content: String = row.get(6)?;
    Ok(OrderRow {
        id: OrderId(row.get(0)?),
        name: row.get(1)?,
        product: row.get(2)?,
        quantity_kg: row.get(3)?,
        standing: known(
            "erp_order.standing",
            &standing,
            Standing::from_word(&standing),
        )?,
        refusal: refusal
            .map(|text| parse_json("erp_order.refusal", &text))
            .transpose()?,
        content: parse_json("erp_order.content", &content)?,
        seen_at_ms: row.get(7)?,
    })
}

impl Read<'_> {
    /// The order with this identity.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_by_identity(
        &self,
        erp_instance: &str,
        identity: &str,
    ) -> Result<Option<OrderRow>, StoreError> {
        self.connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM erp_order WHERE erp_instance = ?1 AND identity = ?2"
            ))?
            .query_row([erp_instance, identity], |row| Ok(read(row)))
            .optional()?
            .transpose()
    }

    /// An order.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; as SQLite reports them.
    pub fn order(&self, id: OrderId) -> Result<OrderRow, StoreError> {
        self.connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM erp_order WHERE id = ?1"))?
            .query_row([id.0], |row| Ok(read(row)))
            .optional()?
            .transpose()?
            .ok_or(StoreError::Missing {
                what: "order",
                id: id.0,
            })
    }

    /// The newest orders.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn orders(&self, limit: i64) -> Result<Vec<OrderRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM erp_order ORDER BY id DESC LIMIT ?1"
        ))?;
        let rows = statement.query_and_then([limit], read)?;
        rows.collect()
    }

    /// How many refused orders were still seen in the ERP at or after this time.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn orders_refused_count(&self, since_ms: i64) -> Result<i64, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT count(*) FROM erp_order WHERE standing = 'refused' AND seen_at_ms >= ?1",
            )?
            .query_row([since_ms], |row| row.get(0))?)
    }
}

impl Write<'_> {
    /// Keeps a judged order, new or known, and answers its id.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_put(&self, order: &OrderPut<'_>) -> Result<OrderId, StoreError> {
        let refusal = order
            .refusal
            .map(|r| to_json("erp_order.refusal", r))
            .transpose()?;
        let content = to_json("erp_order.content", &order.content)?;
        let id = self
            .connection
            .prepare_cached(
                "INSERT INTO erp_order (erp_instance, identity, name, product, quantity_kg, standing, refusal, content, due_ms, created_at_ms, seen_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)
                 ON CONFLICT (erp_instance, identity) DO UPDATE SET name = excluded.name, product = excluded.product,
                   quantity_kg = excluded.quantity_kg, standing = excluded.standing, refusal = excluded.refusal,
                   content = excluded.content, due_ms = excluded.due_ms, seen_at_ms = excluded.seen_at_ms
                 RETURNING id",
            )?
            .query_row(
                params![
                    order.erp_instance, order.identity, order.name, order.product, order.quantity_kg,
                    order.standing.word(), refusal, content, order.due_ms, order.at_ms
                ],
                |row| row.get(0),
            )?;
        Ok(OrderId(id))
    }

    /// Notes that a known order was seen again.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_seen(&self, id: OrderId, at_ms: i64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE erp_order SET seen_at_ms = ?2 WHERE id = ?1")?
            .execute(params![id.0, at_ms])?;
        Ok(())
    }

    /// Turns an order into a tombstone: cancelled here, never fetched again.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_bury(&self, id: OrderId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE erp_order SET standing = 'tombstone' WHERE id = ?1")?
            .execute([id.0])?;
        Ok(())
    }
}
