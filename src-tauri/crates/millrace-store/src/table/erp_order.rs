//! `erp_order`: orders as they came, accepted, refused or cancelled here (tombstone), and how the ERP
//! differs from what was accepted.

use millrace_core::batch::word::BatchWord;
use millrace_core::erp::ErpOrder;
use millrace_core::erp_difference::{Choice, Found, Seen};
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
    /// The ERP's id, else the name.
    pub identity: String,
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
    /// How the ERP differs from the content, while nobody has decided about it.
    pub difference: Option<Found>,
    /// When that was seen first.
    pub difference_seen_at_ms: Option<i64>,
    /// What the ERP showed when a person decided to keep ours.
    pub kept: Option<Seen>,
    /// The latest decision.
    pub decided: Option<Decided>,
}

/// A person's decision about a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What.
    pub choice: Choice,
    /// Who.
    pub person: String,
    /// When.
    pub at_ms: i64,
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

const COLUMNS: &str = "id, name, product, quantity_kg, standing, refusal, content, seen_at_ms,
    difference, difference_seen_at_ms, kept, decided_choice, decided_by, decided_at_ms, identity";

/// Batches that still ask for something.
const HAS_OPEN: &str = "EXISTS (SELECT 1 FROM batch WHERE batch.order_id = erp_order.id
    AND batch.word IN (SELECT value FROM json_each(?1)))";

fn open_words() -> Result<String, StoreError> {
    let open: Vec<&str> = BatchWord::ALL
        .into_iter()
        .filter(|word| word.is_open())
        .map(BatchWord::word)
        .collect();
    to_json("words", &open)
}

fn read(row: &Row<'_>) -> Result<OrderRow, StoreError> {
    let standing: String = row.get(4)?;
    let refusal: Option<String> = row.get(5)?;
    let content: String = row.get(6)?;
    let difference: Option<String> = row.get(8)?;
    let kept: Option<String> = row.get(10)?;
    let decided = match row.get::<_, Option<String>>(11)? {
        None => None,
        Some(word) => Some(Decided {
            choice: known("erp_order.decided_choice", &word, Choice::from_word(&word))?,
            person: row.get::<_, Option<String>>(12)?.unwrap_or_default(),
            at_ms: row.get::<_, Option<i64>>(13)?.unwrap_or_default(),
        }),
    };
    Ok(OrderRow {
        id: OrderId(row.get(0)?),
        identity: row.get(14)?,
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
        difference: difference
            .map(|text| parse_json("erp_order.difference", &text))
            .transpose()?,
        difference_seen_at_ms: row.get(9)?,
        kept: kept
            .map(|text| parse_json("erp_order.kept", &text))
            .transpose()?,
        decided,
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

    /// Accepted orders of an ERP with open batches, those first that waited longest to be compared.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn orders_at_work(&self, erp_instance: &str) -> Result<Vec<OrderRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM erp_order WHERE standing = 'accepted' AND erp_instance = ?2 AND {HAS_OPEN}
             ORDER BY coalesce(compared_at_ms, 0), id"
        ))?;
        let rows = statement.query_and_then(params![open_words()?, erp_instance], read)?;
        rows.collect()
    }

    /// Accepted orders with open batches, whichever ERP they are from, oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn orders_open(&self) -> Result<Vec<OrderRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM erp_order WHERE standing = 'accepted' AND {HAS_OPEN} ORDER BY id"
        ))?;
        let rows = statement.query_and_then(params![open_words()?], read)?;
        rows.collect()
    }

    /// Orders with open batches that differ in the ERP and wait for a decision, oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn orders_differing(&self) -> Result<Vec<OrderRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM erp_order WHERE difference IS NOT NULL AND {HAS_OPEN}
             ORDER BY difference_seen_at_ms, id"
        ))?;
        let rows = statement.query_and_then([open_words()?], read)?;
        rows.collect()
    }

    /// True while an order differs in the ERP and nobody has decided about it.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_differs(&self, id: OrderId) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM erp_order WHERE id = ?1 AND difference IS NOT NULL)",
            )?
            .query_row([id.0], |row| row.get(0))?)
    }

    /// True once a consumption of this order may have reached the ERP: it was on its way at least once.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_was_told(&self, id: OrderId) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM outbox WHERE order_id = ?1 AND kind = 'consumption' AND attempts > 0)",
            )?
            .query_row([id.0], |row| row.get(0))?)
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

    /// Notes that an order was compared with the ERP, whatever came of it.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_compared(&self, id: OrderId, at_ms: i64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE erp_order SET compared_at_ms = ?2 WHERE id = ?1")?
            .execute(params![id.0, at_ms])?;
        Ok(())
    }

    /// Keeps a difference until somebody decides.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_differ(&self, id: OrderId, found: &Found, at_ms: i64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE erp_order SET difference = ?2, difference_seen_at_ms = ?3 WHERE id = ?1",
            )?
            .execute(params![
                id.0,
                to_json("erp_order.difference", found)?,
                at_ms
            ])?;
        Ok(())
    }

    /// Nothing is left to decide: the ERP agrees again, or shows again what was `kept` against it.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_agree(&self, id: OrderId, kept: Option<&Seen>) -> Result<(), StoreError> {
        let kept = kept.map(|k| to_json("erp_order.kept", k)).transpose()?;
        self.connection
            .prepare_cached(
                "UPDATE erp_order SET difference = NULL, difference_seen_at_ms = NULL, kept = ?2 WHERE id = ?1",
            )?
            .execute(params![id.0, kept])?;
        Ok(())
    }

    /// Notes a decision; the difference is settled by it. `kept` is what the ERP showed, where ours is
    /// kept against it.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_decide(
        &self,
        id: OrderId,
        decided: &Decided,
        kept: Option<&Seen>,
    ) -> Result<(), StoreError> {
        let kept = kept.map(|k| to_json("erp_order.kept", k)).transpose()?;
        self.connection
            .prepare_cached(
                "UPDATE erp_order SET difference = NULL, difference_seen_at_ms = NULL, kept = ?2,
                   decided_choice = ?3, decided_by = ?4, decided_at_ms = ?5 WHERE id = ?1",
            )?
            .execute(params![
                id.0,
                kept,
                decided.choice.word(),
                decided.person,
                decided.at_ms
            ])?;
        Ok(())
    }

    /// The ERP's content is the accepted one from now on.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_take_over(
        &self,
        id: OrderId,
        content: &ErpOrder,
        due_ms: Option<i64>,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE erp_order SET product = ?2, quantity_kg = ?3, content = ?4, due_ms = ?5 WHERE id = ?1",
            )?
            .execute(params![
                id.0,
                content.product_name,
                content.quantity.normalize().to_string(),
                to_json("erp_order.content", content)?,
                due_ms
            ])?;
        Ok(())
    }

    /// Turns an order into a tombstone: cancelled here, never fetched again, and nothing to decide.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_bury(&self, id: OrderId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE erp_order SET standing = 'tombstone', difference = NULL, difference_seen_at_ms = NULL WHERE id = ?1",
            )?
            .execute([id.0])?;
        Ok(())
    }
}
