//! `seal_key` and `audit_seal`: the public keys, and the signed heads of the trail. The private key is
//! handed in and not kept.

use millrace_core::audit::seal::{
    KEY_ACTION, Seal, SealCause, SealKey, Sealer, Unsealed, key_after, key_object,
};
use rusqlite::{OptionalExtension, Row, params};

use super::audit::{AuditEntry, number, text};
use crate::{Read, StoreError, Write};

/// Every seal in order.
pub(super) const ALL: &str =
    "SELECT seal_no, seq, hash, at_ms, cause, key_no, signature FROM audit_seal ORDER BY seal_no";

pub(super) fn read(row: &Row<'_>) -> Result<Seal, StoreError> {
    Ok(Seal {
        seal_no: number(row.get_ref(0)?),
        seq: number(row.get_ref(1)?),
        hash: text(row.get_ref(2)?),
        at_ms: number(row.get_ref(3)?),
        cause: text(row.get_ref(4)?),
        key_no: number(row.get_ref(5)?),
        signature: text(row.get_ref(6)?),
    })
}

impl Read<'_> {
    /// Every key, oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn seal_keys(&self) -> Result<Vec<SealKey>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT key_no, site, public_key, since_ms, audit_seq FROM seal_key ORDER BY key_no",
        )?;
        let rows = statement.query_and_then([], |row| {
            Ok(SealKey {
                key_no: number(row.get_ref(0)?),
                site: text(row.get_ref(1)?),
                public_key: text(row.get_ref(2)?),
                since_ms: number(row.get_ref(3)?),
                audit_seq: number(row.get_ref(4)?),
            })
        })?;
        rows.collect()
    }

    /// Hands out every seal in order, for an export.
    ///
    /// # Errors
    /// What `each` returned, or as SQLite reports them.
    pub fn seal_each<E: From<StoreError>>(
        &self,
        mut each: impl FnMut(Seal) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self.connection.prepare(ALL).map_err(StoreError::from)?;
        let rows = statement
            .query_and_then([], read)
            .map_err(StoreError::from)?;
        for seal in rows {
            each(seal?)?;
        }
        Ok(())
    }

    /// The newest seal.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn seal_last(&self) -> Result<Option<Seal>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seal_no, seq, hash, at_ms, cause, key_no, signature FROM audit_seal ORDER BY seal_no DESC LIMIT 1",
        )?;
        let mut rows = statement.query_and_then([], read)?;
        rows.next().transpose()
    }

    /// The rows since the newest seal; `ending` is the action that ends a batch.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn unsealed(&self, ending: &str) -> Result<Unsealed, StoreError> {
        let sealed = self.seal_last()?.map_or(0, |seal| seal.seq);
        let head = self.audit_head()?.map_or(0, |(seq, _)| seq);
        let oldest: Option<i64> = self
            .connection
            .prepare_cached("SELECT at_ms FROM audit WHERE seq > ?1 ORDER BY seq LIMIT 1")?
            .query_row([sealed], |row| row.get(0))
            .optional()?;
        let has_ending = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM audit WHERE action = ?1 AND seq > ?2)")?
            .query_row(params![ending, sealed], |row| row.get(0))?;
        Ok(Unsealed {
            rows: head - sealed,
            oldest_ms: oldest.unwrap_or_default(),
            has_ending,
        })
    }
}

impl Write<'_> {
    /// Signs the head of the trail. A key that the books do not name yet is written down first, with
    /// an audit row and a seal that say so. Answers the seal, or `None` when there is nothing to sign.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn seal_add(
        &self,
        sealer: &Sealer,
        cause: SealCause,
        at_ms: i64,
    ) -> Result<Option<Seal>, StoreError> {
        let public_key = sealer.public_key();
        let newest = self.seal_keys()?.pop();
        let (key_no, cause) = match newest {
            Some(key) if key.public_key == public_key && key.site == sealer.site() => {
                (key.key_no, cause)
            }
            other => {
                let key_no = other.as_ref().map_or(0, |key| key.key_no) + 1;
                self.seal_key_add(key_no, sealer, other.as_ref(), at_ms)?;
                (key_no, SealCause::Key)
            }
        };
        let before = self.seal_last()?;
        let sealed = before.as_ref().map_or(0, |seal| seal.seq);
        let Some((seq, hash)) = self.audit_head()?.filter(|(seq, _)| sealed < *seq) else {
            return Ok(None);
        };
        let prev_signature = before.as_ref().map_or("", |seal| seal.signature.as_str());
        let seal = Seal {
            seal_no: before.as_ref().map_or(0, |seal| seal.seal_no) + 1,
            seq,
            hash,
            at_ms,
            cause: cause.word().to_owned(),
            key_no,
            signature: String::new(),
        };
        let seal = sealer.sign(seal, prev_signature);
        self.connection
            .prepare_cached(
                "INSERT INTO audit_seal (seal_no, seq, hash, at_ms, cause, key_no, signature) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                seal.seal_no,
                seal.seq,
                seal.hash,
                seal.at_ms,
                seal.cause,
                seal.key_no,
                seal.signature
            ])?;
        Ok(Some(seal))
    }

    fn seal_key_add(
        &self,
        key_no: i64,
        sealer: &Sealer,
        before: Option<&SealKey>,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let public_key = sealer.public_key();
        let (audit_seq, _) = self.audit_add_numbered(&AuditEntry {
            at_ms,
            actor: "system".into(),
            action: KEY_ACTION.into(),
            object: key_object(key_no),
            before: before.map_or_else(|| "null".into(), |key| key_after(&key.public_key)),
            after: key_after(&public_key),
            reason: if before.is_some() {
                "the key before it was not there or not for this site".into()
            } else {
                String::new()
            },
        })?;
        self.connection
            .prepare_cached(
                "INSERT INTO seal_key (key_no, site, public_key, since_ms, audit_seq) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![key_no, sealer.site(), public_key, at_ms, audit_seq])?;
        Ok(())
    }
}
