//! `outbox`: what the ERP shall know. A row is written in the transaction of the fact it reports;
//! its key is fixed before the first send, for ever; its schedule lives in the row, not in memory.

use millrace_core::batch::item_error::ItemError;
use millrace_core::batch::posting::Posting;
use millrace_core::ids::{BatchId, OrderId, OutboxId};
use rusqlite::{OptionalExtension, Row, params};

use super::{known, parse_json, to_json};
use crate::{Read, StoreError, Write};

/// What a message asks of the ERP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// Actual consumption and finished weight.
    Consumption,
    /// Cancel the order.
    CancelOrder,
    /// An equipment failed. Belongs to no order and no batch.
    EquipmentFailure,
    /// What was added by hand of one material of an order.
    MaterialConsumption,
    /// Close the order. Goes after every other message of its order, whenever those were queued.
    MarkDone,
}

impl MessageKind {
    /// Every kind.
    pub const ALL: [MessageKind; 5] = [
        MessageKind::Consumption,
        MessageKind::CancelOrder,
        MessageKind::EquipmentFailure,
        MessageKind::MaterialConsumption,
        MessageKind::MarkDone,
    ];

    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            MessageKind::Consumption => "consumption",
            MessageKind::CancelOrder => "cancel_order",
            MessageKind::EquipmentFailure => "equipment_failure",
            MessageKind::MaterialConsumption => "material_consumption",
            MessageKind::MarkDone => "mark_done",
        }
    }

    fn from_word(word: &str) -> Option<MessageKind> {
        MessageKind::ALL.into_iter().find(|k| k.word() == word)
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Id.
    pub id: OutboxId,
    /// Idempotency key.
    pub key: String,
    /// What it asks.
    pub kind: MessageKind,
    /// Order; `None` for an equipment failure.
    pub order_id: Option<OrderId>,
    /// Batch; `None` for an equipment failure.
    pub batch_id: Option<BatchId>,
    /// Label of the batch.
    pub batch_label: Option<String>,
    /// What is sent, JSON.
    pub payload: String,
    /// State.
    pub state: Posting,
    /// Attempts.
    pub attempts: i64,
    /// Not before.
    pub next_at_ms: i64,
    /// Queued.
    pub created_at_ms: i64,
    /// Read back equal.
    pub confirmed_at_ms: Option<i64>,
    /// The ERP's last answer in words.
    pub last_answer: Option<String>,
    /// Last read-back, JSON.
    pub read_back: Option<String>,
    /// Items that the ERP left out of its last answer, with what follows from each.
    pub items: Vec<ItemError>,
    /// How often the call was repeated for their sake.
    pub item_repeats: i64,
}

/// A message to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxNew<'a> {
    /// Idempotency key.
    pub key: &'a str,
    /// What it asks.
    pub kind: MessageKind,
    /// Order and batch it is about; `None` for an equipment failure only.
    pub about: Option<(OrderId, BatchId)>,
    /// What is sent, JSON.
    pub payload: &'a str,
    /// Now.
    pub at_ms: i64,
    /// Not to be sent before.
    pub not_before_ms: i64,
}

/// Counts for the status bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxCount {
    /// Queued or being sent.
    pub waiting: i64,
    /// In doubt.
    pub in_doubt: i64,
    /// Refused.
    pub refused: i64,
    /// When the oldest of them was queued.
    pub oldest_at_ms: Option<i64>,
}

/// No pause is longer than this: a message that falls due later was scheduled by a clock that has
/// been set back since, and goes now.
const CLOCK_SET_BACK_MS: i64 = 600_000;

/// What may be worked on. `in_turn` is kept by triggers (migration 0011): a message waits while an older
/// one of its order is not closed (refused ones hold it too). The one that closes the order waits for all
/// others, and holds none: a weight that is entered late is posted before it.
const DUE: &str = "o.in_turn = 1 AND o.state IN ('queued', 'sending', 'in_doubt')";

const SELECT: &str = "SELECT o.id, o.key, o.kind, o.order_id, o.batch_id, b.label, o.payload, o.state, o.attempts, o.next_at_ms, o.created_at_ms,
    o.confirmed_at_ms, o.last_answer, o.read_back, o.items, o.item_repeats FROM outbox o LEFT JOIN batch b ON b.id = o.batch_id";

/// `INDEXED BY` makes a schema without the index an error, where it would else be a slow plant.
pub(crate) fn first(when: &str) -> String {
    SELECT.replace("FROM outbox o", "FROM outbox o INDEXED BY outbox_turn")
        + &format!(" WHERE {DUE} AND {when} ORDER BY o.next_at_ms, o.id LIMIT 1")
}

pub(crate) fn next_due() -> String {
    format!(
        "SELECT o.next_at_ms FROM outbox o INDEXED BY outbox_turn WHERE {DUE} ORDER BY o.next_at_ms, o.id LIMIT 1"
    )
}

fn read(row: &Row<'_>) -> Result<OutboxRow, StoreError> {
    let kind: String = row.get(2)?;
    let state: String = row.get(7)?;
    Ok(OutboxRow {
        id: OutboxId(row.get(0)?),
        key: row.get(1)?,
        kind: known("outbox.kind", &kind, MessageKind::from_word(&kind))?,
        order_id: row.get::<_, Option<i64>>(3)?.map(OrderId),
        batch_id: row.get::<_, Option<i64>>(4)?.map(BatchId),
        batch_label: row.get(5)?,
        payload: row.get(6)?,
        state: known("outbox.state", &state, Posting::from_word(&state))?,
        attempts: row.get(8)?,
        next_at_ms: row.get(9)?,
        created_at_ms: row.get(10)?,
        confirmed_at_ms: row.get(11)?,
        last_answer: row.get(12)?,
        read_back: row.get(13)?,
        items: match row.get::<_, Option<String>>(14)? {
            Some(text) => parse_json("outbox.items", &text)?,
            None => Vec::new(),
        },
        item_repeats: row.get(15)?,
    })
}

impl Read<'_> {
    /// The next message that may be worked on now: strictly in order within an order.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_next(&self, now_ms: i64) -> Result<Option<OutboxRow>, StoreError> {
        // Two questions: with an OR, all that is not due yet would be walked through.
        match self.outbox_first("o.next_at_ms <= ?1", now_ms)? {
            Some(due) => Ok(Some(due)),
            None => self.outbox_first(
                "o.next_at_ms > ?1",
                now_ms.saturating_add(CLOCK_SET_BACK_MS),
            ),
        }
    }

    fn outbox_first(&self, when: &str, at_ms: i64) -> Result<Option<OutboxRow>, StoreError> {
        self.connection
            .prepare_cached(&first(when))?
            .query_row([at_ms], |row| Ok(read(row)))
            .optional()?
            .transpose()
    }

    /// When the next message falls due, if any is open.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_next_due(&self) -> Result<Option<i64>, StoreError> {
        Ok(self
            .connection
            // What waits for an older message of its order falls due with that one.
            .prepare_cached(&next_due())?
            .query_row([], |row| row.get(0))
            .optional()?)
    }

    /// A message.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; as SQLite reports them.
    pub fn outbox(&self, id: OutboxId) -> Result<OutboxRow, StoreError> {
        self.connection
            .prepare_cached(&format!("{SELECT} WHERE o.id = ?1"))?
            .query_row([id.0], |row| Ok(read(row)))
            .optional()?
            .transpose()?
            .ok_or(StoreError::Missing {
                what: "outbox message",
                id: id.0,
            })
    }

    /// The messages of a batch, oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_of_batch(&self, id: BatchId) -> Result<Vec<OutboxRow>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE o.batch_id = ?1 ORDER BY o.id"))?;
        let rows = statement.query_and_then([id.0], read)?;
        rows.collect()
    }

    /// The messages of an order, oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_of_order(&self, id: OrderId) -> Result<Vec<OutboxRow>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE o.order_id = ?1 ORDER BY o.id"))?;
        let rows = statement.query_and_then([id.0], read)?;
        rows.collect()
    }

    /// A page of the messages in any of these states, newest first, older than `before`.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_page(
        &self,
        states: &[Posting],
        before: Option<OutboxId>,
        limit: i64,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let words: Vec<String> = states.iter().map(|s| format!("'{}'", s.word())).collect();
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} WHERE o.state IN ({}) AND o.id < ?1 ORDER BY o.id DESC LIMIT ?2",
            words.join(", ")
        ))?;
        let before = before.map_or(i64::MAX, |id| id.0);
        let rows = statement.query_and_then([before, limit], read)?;
        rows.collect()
    }

    /// How many messages are in each state that occurs.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_states(&self) -> Result<Vec<(Posting, i64)>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT state, count(*) FROM outbox GROUP BY state")?;
        let rows = statement.query_and_then([], |row| {
            let word: String = row.get(0)?;
            let state = known("outbox.state", &word, Posting::from_word(&word))?;
            Ok((state, row.get(1)?))
        })?;
        rows.collect()
    }

    /// Counts of what is not closed.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_count(&self) -> Result<OutboxCount, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT count(*) FILTER (WHERE state IN ('queued', 'sending')), count(*) FILTER (WHERE state = 'in_doubt'),
                        count(*) FILTER (WHERE state = 'refused'), min(created_at_ms)
                 FROM outbox INDEXED BY outbox_open_of_order WHERE state NOT IN ('posted', 'waived', 'by_hand')",
            )?
            .query_row([], |row| {
                Ok(OutboxCount { waiting: row.get(0)?, in_doubt: row.get(1)?, refused: row.get(2)?, oldest_at_ms: row.get(3)? })
            })?)
    }
}

impl Write<'_> {
    /// Queues a message of a batch, due now; the same key again changes nothing and answers false.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_add(
        &self,
        key: &str,
        kind: MessageKind,
        order_id: OrderId,
        batch_id: BatchId,
        payload: &str,
        at_ms: i64,
    ) -> Result<bool, StoreError> {
        let added = self.outbox_put(&OutboxNew {
            key,
            kind,
            about: Some((order_id, batch_id)),
            payload,
            at_ms,
            not_before_ms: at_ms,
        })?;
        Ok(added.is_some())
    }

    /// Queues a message and answers its id; the same key again changes nothing and answers `None`.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_put(&self, message: &OutboxNew<'_>) -> Result<Option<OutboxId>, StoreError> {
        let added = self
            .connection
            .prepare_cached(
                "INSERT INTO outbox (key, kind, order_id, batch_id, payload, state, next_at_ms, created_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, 'queued', ?6, ?7) ON CONFLICT (key) DO NOTHING",
            )?
            .execute(params![
                message.key,
                message.kind.word(),
                message.about.map(|(order, _)| order.0),
                message.about.map(|(_, batch)| batch.0),
                message.payload,
                message.not_before_ms,
                message.at_ms
            ])?;
        Ok((added == 1).then(|| OutboxId(self.connection.last_insert_rowid())))
    }

    /// Saves state, schedule, answers and items of a message.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_save(&self, row: &OutboxRow) -> Result<(), StoreError> {
        let items = if row.items.is_empty() {
            None
        } else {
            Some(to_json("outbox.items", &row.items)?)
        };
        self.connection
            .prepare_cached(
                "UPDATE outbox SET state = ?2, attempts = ?3, next_at_ms = ?4, confirmed_at_ms = ?5, last_answer = ?6, read_back = ?7, items = ?8, item_repeats = ?9
                 WHERE id = ?1",
            )?
            .execute(params![
                row.id.0, row.state.word(), row.attempts, row.next_at_ms, row.confirmed_at_ms, row.last_answer, row.read_back,
                items, row.item_repeats
            ])?;
        if let Some(id) = row.batch_id {
            self.touched.batch(id.0);
        }
        Ok(())
    }
}
