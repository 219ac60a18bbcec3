//! `signature`: electronic signatures, append-only, each bound to the content hash of what it stands on
//! and to the signature before it. Leaves out the text that is hashed (`millrace_core::signature`).

use millrace_core::ids::{BatchId, OutboxId, UserId};
use millrace_core::signature::{FORMAT, ManualWeight, ObjectKind, Signature, Walk, message_hash};
use millrace_core::signature_told::SIGNED_ALWAYS;
use rusqlite::{OptionalExtension, Row, params};

use super::audit::{number, text};
use super::batch::BatchRow;
use super::manual_line::ManualLineRow;
use super::outbox::OutboxRow;
use super::silo_movement::of_movement;
use crate::{Read, StoreError, Write};

/// A signature to be added; the books give it its number and its hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureNew {
    /// What kind of thing it stands on.
    pub object_kind: ObjectKind,
    /// The thing's number.
    pub object_id: i64,
    /// The batch whose record shows it, if any.
    pub batch_id: Option<BatchId>,
    /// Who.
    pub person_id: UserId,
    /// Login name.
    pub login: String,
    /// Printed name.
    pub person: String,
    /// What it means, as the command table's word.
    pub meaning: String,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Key of the site.
    pub site: String,
    /// Reason, where one was asked for.
    pub reason: Option<String>,
    /// Content hash of what it stands on.
    pub content_hash: String,
}

const SELECT: &str = "SELECT id, format, object_kind, object_id, batch_id, person_id, login, person, meaning, at_ms, site, reason, content_hash, prev_hash, hash FROM signature";

/// Right or wrong, every row is read: what cannot be is for the walk to name.
fn read(row: &Row<'_>) -> Result<Signature, rusqlite::Error> {
    let reason = row.get_ref(11)?;
    let batch = row.get_ref(4)?;
    let is_there = |value| !matches!(value, rusqlite::types::ValueRef::Null);
    Ok(Signature {
        id: number(row.get_ref(0)?),
        format: number(row.get_ref(1)?),
        object_kind: text(row.get_ref(2)?),
        object_id: number(row.get_ref(3)?),
        batch_id: is_there(batch).then(|| number(batch)),
        person_id: number(row.get_ref(5)?),
        login: text(row.get_ref(6)?),
        person: text(row.get_ref(7)?),
        meaning: text(row.get_ref(8)?),
        at_ms: number(row.get_ref(9)?),
        site: text(row.get_ref(10)?),
        reason: is_there(reason).then(|| text(reason)),
        content_hash: text(row.get_ref(12)?),
        prev_hash: text(row.get_ref(13)?),
        hash: text(row.get_ref(14)?),
    })
}

/// The content hash of a message.
#[must_use]
pub fn of_message(row: &OutboxRow) -> String {
    message_hash(&row.key, row.kind.word(), &row.payload)
}

/// The content hash of a weight entered by hand; `None` while there is none.
#[must_use]
pub fn of_manual_line(batch: &BatchRow, line: &ManualLineRow) -> Option<String> {
    Some(
        ManualWeight {
            recipe_hash: &batch.recipe.content_hash().0,
            line_no: line.line_no,
            material: &line.material,
            planned: line.planned_g,
            actual: line.actual_g?,
            by: line.entered_by.as_deref()?,
            at_ms: line.entered_at_ms?,
        }
        .hash(),
    )
}

impl Read<'_> {
    /// The signatures that a batch's record shows, oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn signatures(&self, id: BatchId) -> Result<Vec<Signature>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE batch_id = ?1 ORDER BY id"))?;
        let rows = statement.query_map([id.0], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A signature by its number.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn signature_by_id(&self, id: i64) -> Result<Option<Signature>, StoreError> {
        Ok(self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE id = ?1"))?
            .query_row([id], read)
            .optional()?)
    }

    /// Who signed last on a thing and what that meant.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn signature_last(
        &self,
        kind: ObjectKind,
        id: i64,
    ) -> Result<Option<Signature>, StoreError> {
        Ok(self
            .connection
            .prepare_cached(&format!(
                "{SELECT} WHERE object_kind = ?1 AND object_id = ?2 ORDER BY id DESC LIMIT 1"
            ))?
            .query_row(params![kind.word(), id], read)
            .optional()?)
    }

    /// The content hash of what a signature stands on, computed from the books as they are; `None` when
    /// that is not there or cannot be read.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn signed_content(&self, signature: &Signature) -> Result<Option<String>, StoreError> {
        let id = signature.object_id;
        let Some(kind) = ObjectKind::from_word(&signature.object_kind) else {
            return Ok(None);
        };
        let content = || match kind {
            ObjectKind::Batch => {
                let batch = self.batch(BatchId(id))?;
                let hash = batch.recipe.content_hash().0;
                // Recipe and hash stand side by side; a change of either is one of the content.
                let is_recipe_signed = hash == signature.content_hash;
                Ok(Some(if is_recipe_signed {
                    batch.content_hash
                } else {
                    hash
                }))
            }
            ObjectKind::ManualLine => {
                let batch = self.batch(BatchId(signature.batch_id.unwrap_or_default()))?;
                let lines = self.manual_lines(batch.id)?;
                let line = lines.iter().find(|line| line.line_no == id);
                Ok(line.and_then(|line| of_manual_line(&batch, line)))
            }
            ObjectKind::Message => Ok(Some(of_message(&self.outbox(OutboxId(id))?))),
            ObjectKind::Act => self.audit_hash(id),
            ObjectKind::Deviation => self.acceptance_content(id, &signature.content_hash),
            ObjectKind::SiloMovement => Ok(self.silo_movement(id)?.as_ref().map(of_movement)),
        };
        match content() {
            Err(StoreError::Missing { .. } | StoreError::Unknown { .. }) => Ok(None),
            other => other,
        }
    }

    /// True when a signature is as it was made, and what it stands on is as it was then.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn signature_holds(&self, signature: &Signature) -> Result<bool, StoreError> {
        Ok(signature.is_intact()
            && self.signed_content(signature)?.as_ref() == Some(&signature.content_hash))
    }

    /// Hands out every signature in order, for an export.
    ///
    /// # Errors
    /// What `each` returned, or as SQLite reports them.
    pub fn signature_each<E: From<StoreError>>(
        &self,
        mut each: impl FnMut(Signature) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self
            .connection
            .prepare(&format!("{SELECT} ORDER BY id"))
            .map_err(StoreError::from)?;
        let rows = statement.query_map([], read).map_err(StoreError::from)?;
        for row in rows {
            each(row.map_err(StoreError::from)?)?;
        }
        Ok(())
    }

    /// Holds every signature against what it stands on, against the one before it and against the
    /// trail; a sentence for each thing that does not fit.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn signature_findings(&self) -> Result<Vec<String>, StoreError> {
        let mut walk = Walk::default();
        let mut found = Vec::new();
        let mut statement = self.connection.prepare(&format!("{SELECT} ORDER BY id"))?;
        let mut told = self
            .connection
            .prepare("SELECT EXISTS (SELECT 1 FROM audit WHERE at_ms = ?1 AND actor = ?2)")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let signature = read(row)?;
            let content = self.signed_content(&signature)?;
            found.extend(walk.step(&signature, content.as_deref()));
            if signature.format == FORMAT
                && !told.query_row(params![signature.at_ms, signature.login], |row| {
                    row.get::<_, bool>(0)
                })?
            {
                found.push(format!(
                    "signature {} ({} by {}): the trail does not tell of it",
                    signature.id, signature.meaning, signature.person
                ));
            }
        }
        // What was cut off at the end has nobody behind it who names it; the sealed trail does.
        let acts = SIGNED_ALWAYS.join("', '");
        let mut unsigned = self.connection.prepare(&format!(
            "SELECT seq, action, object FROM audit a WHERE action IN ('{acts}') AND NOT EXISTS (
                 SELECT 1 FROM signature s WHERE s.at_ms = a.at_ms AND 'batch:' || s.batch_id = a.object)
             ORDER BY seq"
        ))?;
        let rows = unsigned.query_map([], |row| {
            Ok(format!(
                "row {} of the trail ({} of {}) has no signature",
                number(row.get_ref(0)?),
                text(row.get_ref(1)?),
                text(row.get_ref(2)?)
            ))
        })?;
        for row in rows {
            found.push(row?);
        }
        Ok(found)
    }

    /// The hash that the next signature names.
    fn signature_head(&self) -> Result<(i64, String), StoreError> {
        let last = self
            .connection
            .prepare_cached("SELECT id, format, hash FROM signature ORDER BY id DESC LIMIT 1")?
            .query_row([], |row| {
                Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get(2)?))
            })
            .optional()?;
        if let Some((id, FORMAT, hash)) = last {
            return Ok((id, hash));
        }
        // Once in the life of the books: the old rows have no hash, so it is made of all of them.
        let mut walk = Walk::default();
        let mut statement = self.connection.prepare(&format!("{SELECT} ORDER BY id"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            walk.step(&read(row)?, None);
        }
        Ok((last.map_or(0, |(id, _, _)| id), walk.head().to_owned()))
    }
}

impl Write<'_> {
    /// Adds a signature behind the last one.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn signature_add(&self, new: &SignatureNew) -> Result<(), StoreError> {
        if let Some(id) = new.batch_id {
            self.touched.batch(id.0);
        }
        let (last, prev_hash) = self.signature_head()?;
        let mut row = Signature {
            id: last + 1,
            format: FORMAT,
            object_kind: new.object_kind.word().to_owned(),
            object_id: new.object_id,
            batch_id: new.batch_id.map(|id| id.0),
            person_id: new.person_id.0,
            login: new.login.clone(),
            person: new.person.clone(),
            meaning: new.meaning.clone(),
            at_ms: new.at_ms,
            site: new.site.clone(),
            reason: new.reason.clone(),
            content_hash: new.content_hash.clone(),
            prev_hash,
            hash: String::new(),
        };
        row.hash = row.hash_after(&row.prev_hash).unwrap_or_default();
        self.connection
            .prepare_cached(
                "INSERT INTO signature (id, format, object_kind, object_id, batch_id, person_id, login, person, meaning, at_ms, site, reason, content_hash, prev_hash, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute(params![
                row.id, row.format, row.object_kind, row.object_id, row.batch_id, row.person_id, row.login, row.person,
                row.meaning, row.at_ms, row.site, row.reason, row.content_hash, row.prev_hash, row.hash
            ])?;
        self.untold.add(&row);
        Ok(())
    }
}
