//! `batch_record`: what is known of a batch that has ended, frozen in the transaction that made it
//! known. Append-only; the trail tells of each revision. Leaves out form and hash
//! (`millrace_core::record`).

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use millrace_core::batch::release::Release;
use millrace_core::batch::run::Run;
use millrace_core::ids::BatchId;
use millrace_core::journal::JournalKind;
use millrace_core::record::{
    ACTION, DeviationFact, EventFact, Facts, ManualFact, NoteFact, PostingFact, RecordRow,
    SignatureFact, SiloFact, Told, after, content, head, object, walk,
};
use millrace_core::units::Grams;
use rusqlite::{OptionalExtension, Row, params};

use super::audit::{AuditEntry, number, text};
use super::batch::BatchRow;
use super::known;
use crate::{Read, StoreError, Write};

const COLUMNS: &str = "batch_id, revision, at_ms, content, prev_hash, hash, audit_seq";

/// Which batches a transaction touched, and when it says it is.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    batches: RefCell<BTreeSet<i64>>,
    at_ms: Cell<Option<i64>>,
}

impl Touched {
    /// Something of this batch is written.
    pub(crate) fn batch(&self, id: i64) {
        self.batches.borrow_mut().insert(id);
    }

    /// The trail tells of this object.
    pub(crate) fn object(&self, object: &str) {
        if let Some(Ok(id)) = object.strip_prefix("batch:").map(str::parse) {
            self.batch(id);
        }
    }

    /// A row of the transaction has this time.
    pub(crate) fn at(&self, at_ms: i64) {
        self.at_ms.set(Some(at_ms));
    }
}

/// True when nothing more will be dosed in this batch.
fn is_ended(release: Release, run: Run) -> bool {
    run.is_final()
        || (run == Run::Idle && matches!(release, Release::Rejected | Release::Cancelled))
}

fn read(row: &Row<'_>) -> Result<RecordRow, StoreError> {
    Ok(RecordRow {
        batch_id: number(row.get_ref(0)?),
        revision: number(row.get_ref(1)?),
        at_ms: number(row.get_ref(2)?),
        content: text(row.get_ref(3)?),
        prev_hash: text(row.get_ref(4)?),
        hash: text(row.get_ref(5)?),
        audit_seq: number(row.get_ref(6)?),
    })
}

impl Read<'_> {
    /// The frozen revisions of a batch, oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn records(&self, id: BatchId) -> Result<Vec<RecordRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM batch_record WHERE batch_id = ?1 ORDER BY revision"
        ))?;
        let rows = statement.query_and_then([id.0], read)?;
        rows.collect()
    }

    /// Hands out every record by batch and revision, for an export.
    ///
    /// # Errors
    /// What `each` returned, or as SQLite reports them.
    pub fn record_each<E: From<StoreError>>(
        &self,
        mut each: impl FnMut(RecordRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self
            .connection
            .prepare(&format!(
                "SELECT {COLUMNS} FROM batch_record ORDER BY batch_id, revision"
            ))
            .map_err(StoreError::from)?;
        let rows = statement
            .query_and_then([], read)
            .map_err(StoreError::from)?;
        for row in rows {
            each(row?)?;
        }
        Ok(())
    }

    fn record_last(&self, id: BatchId) -> Result<Option<RecordRow>, StoreError> {
        self.connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM batch_record WHERE batch_id = ?1 ORDER BY revision DESC LIMIT 1"
            ))?
            .query_row([id.0], |row| Ok(read(row)))
            .optional()?
            .transpose()
    }

    /// What the books say of a batch now, as the content of a record begins, in the format of the record
    /// that it is held against. A record of the old format does not tell of accepted deviations: it fits
    /// as long as there are none.
    fn record_head(
        &self,
        row: &BatchRow,
        against: Option<&RecordRow>,
    ) -> Result<String, StoreError> {
        let deviations: Vec<DeviationFact> = self
            .acceptances(row.id)?
            .into_iter()
            .map(|accepted| DeviationFact {
                kind: accepted.kind.word(),
                line_no: accepted.line_no,
                planned_g: accepted.planned,
                actual_g: accepted.actual,
                content_hash: accepted.hash(row),
            })
            .collect();
        let is_old = against.is_some_and(RecordRow::is_old) && deviations.is_empty();
        let silos = self.batch_lines(row.id)?.into_iter().map(|line| SiloFact {
            silo: line.silo.0,
            planned_g: line.planned_g,
            actual_g: line.actual_g,
            deviation_g: line
                .actual_g
                .map(|actual| Grams(actual.0.saturating_sub(line.planned_g.0))),
        });
        let manual = self
            .manual_lines(row.id)?
            .into_iter()
            .map(|line| ManualFact {
                line_no: line.line_no,
                material: line.material,
                planned_g: line.planned_g,
                actual_g: line.actual_g,
                entered_by: line.entered_by,
                entered_at_ms: line.entered_at_ms,
            });
        let notes = self
            .journal_of_kind(row.id, JournalKind::BatchNote)?
            .into_iter()
            .map(|mut event| {
                let mut said = |name: &str| event.params.remove(name).unwrap_or_default();
                NoteFact {
                    person: said("person"),
                    text: said("text"),
                    at_ms: event.at_ms,
                }
            });
        let signatures = self.signatures(row.id)?.into_iter().map(|s| SignatureFact {
            person: s.person,
            meaning: s.meaning,
            at_ms: s.at_ms,
            reason: s.reason,
            content_hash: s.content_hash,
        });
        let postings = self
            .outbox_of_batch(row.id)?
            .into_iter()
            .map(|m| PostingFact {
                key: m.key,
                kind: m.kind.word(),
                state: if m.state.is_closed() {
                    m.state.word()
                } else {
                    "open"
                },
                confirmed_at_ms: m.confirmed_at_ms,
            });
        let facts = Facts {
            label: row.label.clone(),
            recipe: row.recipe.clone(),
            content_hash: row.content_hash.clone(),
            release: row.release.word(),
            run: row.run.word(),
            created_at_ms: row.created_at_ms,
            due_ms: row.due_ms,
            approved_at_ms: row.approved_at_ms,
            approved_by: row.approved_by.clone(),
            started_at_ms: row.started_at_ms,
            ended_at_ms: row.ended_at_ms,
            silos: silos.collect(),
            manual: manual.collect(),
            silo_actual_g: row.silo_actual_g,
            finished_g: row.finished_g,
            plc_block_hash: row.final_hash.clone(),
            download_id: row.download_id,
            notes: notes.collect(),
            signatures: signatures.collect(),
            postings: postings.collect(),
            deviations: (!is_old).then_some(deviations),
        };
        head(&facts).map_err(unwritable)
    }

    /// Whether the books still say of a batch what its newest record froze; `None` = nothing is frozen.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn record_agrees(&self, id: BatchId) -> Result<Option<bool>, StoreError> {
        let Some(last) = self.record_last(id)? else {
            return Ok(None);
        };
        // Books that cannot be understood any more do not agree with what was frozen of them.
        let head = match self
            .batch(id)
            .and_then(|row| self.record_head(&row, Some(&last)))
        {
            Ok(head) => head,
            Err(StoreError::Missing { .. } | StoreError::Unknown { .. }) => return Ok(Some(false)),
            Err(error) => return Err(error),
        };
        Ok(Some(last.content.starts_with(&head)))
    }

    /// What is wrong with frozen records, of one batch or of all, one sentence for each batch: changed,
    /// missing, put in, told of otherwise by the trail, or not what the books say now.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn records_check(&self, only: Option<BatchId>) -> Result<Vec<String>, StoreError> {
        let id = only.map(|id| id.0);
        // One batch is found by its index, however long the trail is.
        let (of_object, of_batch) = match id {
            Some(_) => ("+action = ?1 AND object = ?2", "batch_id = ?1"),
            None => ("action = ?1 AND ?2 IS NULL", "?1 IS NULL"),
        };
        let mut told = self.connection.prepare_cached(&format!(
            "SELECT seq, at_ms, object, after FROM audit WHERE {of_object} ORDER BY seq"
        ))?;
        let told = told
            .query_and_then(params![ACTION, id.map(object)], |row| {
                Ok::<_, StoreError>(Told {
                    seq: number(row.get_ref(0)?),
                    at_ms: number(row.get_ref(1)?),
                    object: text(row.get_ref(2)?),
                    after: text(row.get_ref(3)?),
                })
            })?
            .collect::<Result<Vec<_>, _>>()?;
        let mut rows = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM batch_record WHERE {of_batch} ORDER BY batch_id, revision"
        ))?;
        let faults = walk(rows.query_and_then([id], read)?, told)?;
        let mut found: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let mut batches = self.connection.prepare_cached(&format!(
            "SELECT DISTINCT batch_id FROM batch_record WHERE {of_batch} ORDER BY batch_id"
        ))?;
        let batches = batches
            .query_map([id], |row| row.get(0))?
            .collect::<Result<Vec<i64>, _>>()?;
        for id in batches {
            let object = object(id);
            let is_named = faults.iter().any(|fault| fault.object == object);
            if !is_named && self.record_agrees(BatchId(id))? == Some(false) {
                found.push(format!(
                    "{object}: the books do not say any more what its record froze"
                ));
            }
        }
        Ok(found)
    }
}

impl Write<'_> {
    /// Freezes what became known of ended batches in this transaction; one row of the trail tells of each
    /// revision. Nothing happens where the newest revision says it all.
    pub(crate) fn records_freeze(&self) -> Result<(), StoreError> {
        let ids = std::mem::take(&mut *self.touched.batches.borrow_mut());
        for id in ids {
            let state = self
                .connection
                .prepare_cached("SELECT release, run FROM batch WHERE id = ?1")?
                .query_row([id], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
                })
                .optional()?;
            // The trail may tell of a batch that is not in the books.
            let Some((release, run)) = state else {
                continue;
            };
            let release = known("batch.release", &release, Release::from_word(&release))?;
            let run = known("batch.run", &run, Run::from_word(&run))?;
            if is_ended(release, run) {
                self.record_freeze(BatchId(id))?;
            }
        }
        Ok(())
    }

    fn record_freeze(&self, id: BatchId) -> Result<(), StoreError> {
        let row = self.batch(id)?;
        self.deviations_count(&row)?;
        let last = self.record_last(id)?;
        let mut head = self.record_head(&row, last.as_ref())?;
        if let Some(last) = &last {
            if last.content.starts_with(&head) {
                return Ok(());
            }
            if last.is_old() {
                head = self.record_head(&row, None)?;
            }
        }
        let mut events = self.journal_of_batch(id, i64::MAX)?;
        events.reverse();
        let events: Vec<EventFact> = events
            .into_iter()
            .map(|event| EventFact {
                seq: event.seq,
                at_ms: event.at_ms,
                kind: event.kind,
                params: event.params,
            })
            .collect();
        let known_at = row.ended_at_ms.unwrap_or(row.created_at_ms);
        let at_ms = self.touched.at_ms.get().unwrap_or(known_at);
        let (revision, prev_hash) =
            last.map_or((1, String::new()), |last| (last.revision + 1, last.hash));
        let mut record = RecordRow {
            batch_id: id.0,
            revision,
            at_ms,
            content: content(&head, &events).map_err(unwritable)?,
            prev_hash,
            hash: String::new(),
            audit_seq: 0,
        };
        record.hash = record.expected_hash();
        let (seq, _) = self.audit_add_numbered(&AuditEntry {
            at_ms,
            actor: "system".into(),
            action: ACTION.into(),
            object: object(id.0),
            before: "null".into(),
            after: after(revision, &record.hash),
            reason: String::new(),
        })?;
        self.connection
            .prepare_cached(&format!(
                "INSERT INTO batch_record ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
            ))?
            .execute(params![
                id.0,
                revision,
                at_ms,
                record.content,
                record.prev_hash,
                record.hash,
                seq
            ])?;
        Ok(())
    }
}

fn unwritable(error: serde_json::Error) -> StoreError {
    StoreError::Unknown {
        what: "batch_record.content",
        value: error.to_string(),
    }
}
