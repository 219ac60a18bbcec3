//! `audit`: the trail of people's acts and the engine's state changes, hash-chained, append-only.
//! Rows are read as bytes, so that what somebody wrote into the file by hand is a finding, not an error.

use millrace_core::audit::anchor::Anchor;
use millrace_core::audit::chain::{Expect, Row as TrailRow, Verdict, walk};
use millrace_core::audit::{AuditContent, GENESIS, RowFormat, hex, row_hash};
use rusqlite::types::{ToSql, ValueRef};
use rusqlite::{OptionalExtension, Row, params};

use crate::{Read, StoreError, Write};

/// One act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at_ms: i64,
    /// Who; `system` for the program itself.
    pub actor: String,
    /// Command or engine step.
    pub action: String,
    /// Object, for example `batch:12`.
    pub object: String,
    /// State before, JSON.
    pub before: String,
    /// State after, JSON.
    pub after: String,
    /// Reason given.
    pub reason: String,
}

/// Which rows; an empty text or `None` = all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// Of which object, as stored, or a batch by its label.
    pub object: String,
    /// Not before, UTC milliseconds.
    pub from_ms: Option<i64>,
    /// Before, UTC milliseconds.
    pub to_ms: Option<i64>,
    /// Only rows below this number: the next page.
    pub before_seq: Option<i64>,
    /// How many.
    pub limit: i64,
}

/// The act that shows a batch's record on paper and changes nothing of it.
const PRINTED: &str = "record_print";

const COLUMNS: &str =
    "format, seq, at_ms, actor, action, object, before, after, reason, station, prev_hash, hash";

/// A number as it lies in the file; what is no number reads as one that fits nowhere.
pub(super) fn number(value: ValueRef<'_>) -> i64 {
    value.as_i64().unwrap_or(i64::MIN)
}

/// A text as it lies in the file. Bytes that are no text read as one that no honest row holds, and
/// different bytes as different texts.
pub(super) fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => format!("not a text: {}", hex(bytes)),
        },
        other => format!("not a text: {other:?}"),
    }
}

pub(super) fn read_row(row: &Row<'_>) -> Result<TrailRow, StoreError> {
    Ok(TrailRow {
        format: number(row.get_ref(0)?),
        seq: number(row.get_ref(1)?),
        at_ms: number(row.get_ref(2)?),
        actor: text(row.get_ref(3)?),
        action: text(row.get_ref(4)?),
        object: text(row.get_ref(5)?),
        before: text(row.get_ref(6)?),
        after: text(row.get_ref(7)?),
        reason: text(row.get_ref(8)?),
        station: text(row.get_ref(9)?),
        prev_hash: text(row.get_ref(10)?),
        hash: text(row.get_ref(11)?),
    })
}

impl Read<'_> {
    /// Walks the whole trail, rows, keys and seals, on one state of the books.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn trail_walk(&self, expect: &Expect) -> Result<Verdict, StoreError> {
        self.at_one_moment(|read| {
            let keys = read.seal_keys()?;
            let mut rows = read
                .connection
                .prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY seq"))?;
            let mut seals = read.connection.prepare(super::audit_seal::ALL)?;
            walk(
                expect,
                &keys,
                rows.query_and_then([], read_row)?,
                seals.query_and_then([], super::audit_seal::read)?,
            )
        })
    }

    /// Walks the whole trail; answers how many rows it has, or the first row that does not fit.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn audit_verify(&self) -> Result<Result<i64, i64>, StoreError> {
        let verdict = self.trail_walk(&Expect::default())?;
        Ok(match verdict.fault {
            None => Ok(verdict.rows),
            Some(fault) => Err(fault.row()),
        })
    }

    /// Hands out every row in order, for an export.
    ///
    /// # Errors
    /// What `each` returned, or as SQLite reports them.
    pub fn audit_each<E: From<StoreError>>(
        &self,
        mut each: impl FnMut(TrailRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self
            .connection
            .prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY seq"))
            .map_err(StoreError::from)?;
        let rows = statement
            .query_and_then([], read_row)
            .map_err(StoreError::from)?;
        for row in rows {
            each(row?)?;
        }
        Ok(())
    }

    /// A page of rows, newest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn audit_page(&self, filter: &AuditFilter) -> Result<Vec<TrailRow>, StoreError> {
        let mut conditions = vec!["1"];
        let mut values: Vec<(&str, &dyn ToSql)> = vec![(":limit", &filter.limit)];
        let texts = [
            ("actor = :actor", ":actor", &filter.actor),
            ("action = :action", ":action", &filter.action),
            (
                "object IN (SELECT :object UNION ALL SELECT 'batch:' || id FROM batch WHERE label = :object COLLATE NOCASE)",
                ":object",
                &filter.object,
            ),
        ];
        for (condition, name, value) in texts {
            if !value.is_empty() {
                conditions.push(condition);
                values.push((name, value));
            }
        }
        let numbers = [
            // From the first such row on by its number, which the index finds at once; the clock may
            // have been set back after it.
            (
                "seq >= (SELECT coalesce(min(seq), 9223372036854775807) FROM audit WHERE at_ms >= :from) AND at_ms >= :from",
                ":from",
                &filter.from_ms,
            ),
            ("at_ms < :to", ":to", &filter.to_ms),
            ("seq < :before", ":before", &filter.before_seq),
        ];
        for (condition, name, value) in numbers {
            if let Some(value) = value {
                conditions.push(condition);
                values.push((name, value));
            }
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM audit WHERE {} ORDER BY seq DESC LIMIT :limit",
            conditions.join(" AND ")
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_and_then(values.as_slice(), read_row)?;
        rows.collect()
    }

    /// Everybody who stands in the trail, and every action, each in alphabetical order: what may be
    /// filtered by.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn audit_words(&self) -> Result<(Vec<String>, Vec<String>), StoreError> {
        // From one word to the next by the index, however long the trail is.
        let each = |column: &str| -> Result<Vec<String>, StoreError> {
            let sql = format!(
                "WITH RECURSIVE word (w) AS (SELECT min({column}) FROM audit UNION ALL SELECT (SELECT min({column}) FROM audit WHERE {column} > w) FROM word WHERE w IS NOT NULL) SELECT w FROM word WHERE w IS NOT NULL"
            );
            let mut statement = self.connection.prepare_cached(&sql)?;
            let rows = statement.query_and_then([], |row| Ok(text(row.get_ref(0)?)))?;
            rows.collect()
        };
        Ok((each("actor")?, each("action")?))
    }

    /// The last row's number and hash; `None` = the trail is empty.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn audit_head(&self) -> Result<Option<(i64, String)>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    /// What people call a row's object; `None` = it is no batch, or there is no such batch.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn audit_label(&self, object: &str) -> Result<Option<String>, StoreError> {
        let Some(id) = object
            .strip_prefix("batch:")
            .and_then(|id| id.parse::<i64>().ok())
        else {
            return Ok(None);
        };
        Ok(self
            .connection
            .prepare_cached("SELECT label FROM batch WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?)
    }

    /// The hash of one row; `None` = there is no such row.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn audit_hash(&self, seq: i64) -> Result<Option<String>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT hash FROM audit WHERE seq = ?1")?
            .query_row([seq], |row| row.get(0))
            .optional()?)
    }

    /// When the last row was written, UTC milliseconds.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn audit_last_ms(&self) -> Result<Option<i64>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT at_ms FROM audit ORDER BY seq DESC LIMIT 1")?
            .query_row([], |row| row.get(0))
            .optional()?)
    }

    /// The anchor of the last row that tells of this action on this object, for example of a batch's
    /// end; `None` = there is no such row.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn audit_anchor(&self, object: &str, action: &str) -> Result<Option<Anchor>, StoreError> {
        let found: Option<(i64, String)> = self
            .connection
            .prepare_cached(
                "SELECT seq, hash FROM audit WHERE object = ?1 AND action = ?2 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row([object, action], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        // A row without a proper hash was changed by hand: the walk names it, and it has no anchor.
        Ok(found.and_then(|(seq, hash)| Anchor::of(seq, &hash).ok()))
    }

    /// Who did one of these actions on this object last, and which; `None` = nobody did.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn audit_last_act(
        &self,
        object: &str,
        actions: &[&str],
    ) -> Result<Option<(String, String)>, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT actor, action FROM audit WHERE object = ?1 AND action IN (SELECT value FROM json_each(?2)) ORDER BY seq DESC LIMIT 1",
            )?
            .query_row(
                (object, serde_json::json!(actions).to_string()),
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?)
    }

    /// Whether a person did this to an object at any time.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn audit_did(&self, object: &str, action: &str, actor: &str) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM audit WHERE object = ?1 AND +action = ?2 AND +actor = ?3)",
            )?
            .query_row([object, action, actor], |row| row.get(0))?)
    }

    /// How many rows name this action.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn audit_count(&self, action: &str) -> Result<i64, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT count(*) FROM audit WHERE action = ?1")?
            .query_row([action], |row| row.get(0))?)
    }
}

impl Write<'_> {
    /// Adds an act to the chain, with the station of this transaction.
    ///
    /// # Errors
    /// As SQLite reports them: then the act itself fails with it.
    pub fn audit_add(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.audit_add_numbered(entry).map(drop)
    }

    /// As [`Write::audit_add`]; answers the row's number and hash.
    ///
    /// # Errors
    /// As [`Write::audit_add`].
    pub(super) fn audit_add_numbered(
        &self,
        entry: &AuditEntry,
    ) -> Result<(i64, String), StoreError> {
        let (seq, prev) = self
            .audit_head()?
            .map_or((1, GENESIS.to_owned()), |(seq, hash)| (seq + 1, hash));
        let format = RowFormat::Two;
        // Printing states no fact of the batch: it must not freeze what somebody changed by hand.
        if entry.action != PRINTED {
            self.touched.object(&entry.object);
            self.touched.at(entry.at_ms);
        }
        let hash = row_hash(
            &prev,
            &AuditContent {
                format,
                seq,
                at_ms: entry.at_ms,
                actor: &entry.actor,
                action: &entry.action,
                object: &entry.object,
                before: &entry.before,
                after: &entry.after,
                reason: &entry.reason,
                station: self.station,
            },
        );
        self.connection
            .prepare_cached(&format!(
                "INSERT INTO audit ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
            ))?
            .execute(params![
                format.number(),
                seq,
                entry.at_ms,
                entry.actor,
                entry.action,
                entry.object,
                entry.before,
                entry.after,
                entry.reason,
                self.station,
                prev,
                hash
            ])?;
        Ok((seq, hash))
    }
}
