//! `batch`: one mixer load, its three states, its place in the PLC and its result.

use millrace_core::batch::IllegalTransition;
use millrace_core::batch::posting::Posting;
use millrace_core::batch::release::Release;
use millrace_core::batch::run::{Run, RunEvent};
use millrace_core::batch::word::BatchWord;
use millrace_core::ids::{BatchId, OrderId, SlotNo};
use millrace_core::recipe::ControlRecipe;
use millrace_core::registers::handshake::{DownloadStep, FinishStep};
use millrace_core::registers::truth::{Decision, Doubt};
use millrace_core::units::Grams;
use rusqlite::{OptionalExtension, Row, params};

use super::{known, parse_json, to_json};
use crate::{Read, StoreError, Write};

/// What a person asked the PLC to do, not yet confirmed by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingKind {
    /// Pause.
    Pause,
    /// Go on.
    Resume,
    /// Stop for good.
    Stop,
    /// What was decided about a doubt. It is carried out by the engine, not by the PLC.
    Decide(Decision),
}

impl PendingKind {
    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            PendingKind::Pause => "pause",
            PendingKind::Resume => "resume",
            PendingKind::Stop => "stop",
            PendingKind::Decide(decision) => decision.word(),
        }
    }

    fn from_word(word: &str) -> Option<PendingKind> {
        [PendingKind::Pause, PendingKind::Resume, PendingKind::Stop]
            .into_iter()
            .find(|k| k.word() == word)
            .or_else(|| Decision::from_word(word).map(PendingKind::Decide))
    }
}

/// A request on its way to the PLC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// What.
    pub kind: PendingKind,
    /// Why.
    pub reason: String,
    /// Who.
    pub person: String,
    /// When it was asked for.
    pub at_ms: i64,
    /// When it was written to the PLC and read back.
    pub sent_ms: Option<i64>,
}

/// A batch. `word` is kept for searching and always derived on saving.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchRow {
    /// Id.
    pub id: BatchId,
    /// Order it came from.
    pub order_id: OrderId,
    /// Which batch of the order, from 1.
    pub batch_index: u32,
    /// `<order name>/<n>`.
    pub label: String,
    /// What shall be made.
    pub recipe: ControlRecipe,
    /// Hash of the recipe.
    pub content_hash: String,
    /// Planned start.
    pub due_ms: Option<i64>,
    /// Release state.
    pub release: Release,
    /// Run state.
    pub run: Run,
    /// Posting state.
    pub posting: Posting,
    /// Rises by one with every save.
    pub version: i64,
    /// PLC slot, from the start until it is freed.
    pub slot: Option<SlotNo>,
    /// How far the download has come.
    pub download_step: Option<DownloadStep>,
    /// How far the finish has come.
    pub finish_step: Option<FinishStep>,
    /// Run state that a hold interrupted.
    pub held_from: Option<Run>,
    /// Why values are not believed, while they are not.
    pub trouble: Option<String>,
    /// The same as a word that decisions go by.
    pub doubt: Option<Doubt>,
    /// The number of its download, where the map has a word for it.
    pub download_id: Option<u16>,
    /// Request on its way to the PLC.
    pub pending: Option<Pending>,
    /// Becomes cancelled once it has stopped.
    pub cancel_after: bool,
    /// Hash of the stored final block.
    pub final_hash: Option<String>,
    /// What the silos gave in the end.
    pub silo_actual_g: Option<Grams>,
    /// Finished weight as the plant reports it.
    pub finished_g: Option<Grams>,
    /// Came in.
    pub created_at_ms: i64,
    /// Signed.
    pub approved_at_ms: Option<i64>,
    /// By whom.
    pub approved_by: Option<String>,
    /// Download began.
    pub started_at_ms: Option<i64>,
    /// Came into its run state.
    pub run_since_ms: Option<i64>,
    /// Result stored.
    pub ended_at_ms: Option<i64>,
}

impl BatchRow {
    /// The one word.
    #[must_use]
    pub fn word(&self) -> BatchWord {
        BatchWord::of(self.release, self.run, self.posting)
    }

    /// True while a person's stop is on its way to the PLC or waits for the final block.
    #[must_use]
    pub fn is_stop_asked(&self) -> bool {
        self.pending
            .as_ref()
            .is_some_and(|p| p.kind == PendingKind::Stop)
    }

    /// Ends a hold, back to the state that it interrupted; nothing where there is none.
    ///
    /// # Errors
    /// [`IllegalTransition`] when that state is none that a hold can end in.
    pub fn unhold(&mut self, at_ms: i64) -> Result<(), IllegalTransition> {
        if self.run != Run::Held {
            return Ok(());
        }
        let back_to = self.held_from.take().unwrap_or(Run::Running);
        self.run = self.run.step(RunEvent::Unhold { back_to })?;
        self.run_since_ms = Some(at_ms);
        Ok(())
    }

    /// Notes why it needs a person. A decision that was taken about another doubt is void.
    pub fn set_doubt(&mut self, doubt: Doubt, why: String) {
        if self.doubt != Some(doubt) && self.decision().is_some() {
            self.pending = None;
        }
        self.doubt = Some(doubt);
        self.trouble = Some(why);
    }

    /// It needs nobody any more; a decision that still waits is void.
    pub fn clear_doubt(&mut self) {
        if self.decision().is_some() {
            self.pending = None;
        }
        self.doubt = None;
        self.trouble = None;
    }

    /// The decision about its doubt that waits to be carried out.
    #[must_use]
    pub fn decision(&self) -> Option<Decision> {
        match self.pending.as_ref()?.kind {
            PendingKind::Decide(decision) => Some(decision),
            PendingKind::Pause | PendingKind::Resume | PendingKind::Stop => None,
        }
    }
}

/// A batch that is to be made.
#[derive(Debug, Clone)]
pub struct BatchNew<'a> {
    /// Order it comes from.
    pub order_id: OrderId,
    /// What shall be made.
    pub recipe: &'a ControlRecipe,
    /// Planned start.
    pub due_ms: Option<i64>,
    /// Now.
    pub at_ms: i64,
}

const COLUMNS: &str = "id, order_id, batch_index, label, recipe, content_hash, due_ms, release, run, posting, version, slot,
    download_step, finish_step, held_from, trouble, pending_command, pending_reason, pending_by, pending_at_ms, pending_sent_ms,
    cancel_after, final_hash, silo_actual_g, finished_g, created_at_ms, approved_at_ms, approved_by, started_at_ms, run_since_ms, ended_at_ms,
    doubt, download_id";

fn download_word(step: DownloadStep) -> &'static str {
    match step {
        DownloadStep::Prepared => "prepared",
        DownloadStep::Written => "written",
        DownloadStep::Verified => "verified",
        DownloadStep::Offered => "offered",
        DownloadStep::Taken => "taken",
    }
}

/// The stored word of a download step.
#[must_use]
pub fn download_step_word(step: DownloadStep) -> &'static str {
    download_word(step)
}

/// The step for a stored word.
#[must_use]
pub fn download_step_from_word(word: &str) -> Option<DownloadStep> {
    [
        DownloadStep::Prepared,
        DownloadStep::Written,
        DownloadStep::Verified,
        DownloadStep::Offered,
        DownloadStep::Taken,
    ]
    .into_iter()
    .find(|step| download_word(*step) == word)
}

fn finish_word(step: FinishStep) -> &'static str {
    match step {
        FinishStep::Running => "running",
        FinishStep::Stored => "stored",
        FinishStep::Acked => "acked",
        FinishStep::Freed => "freed",
    }
}

fn finish_from_word(word: &str) -> Option<FinishStep> {
    [
        FinishStep::Running,
        FinishStep::Stored,
        FinishStep::Acked,
        FinishStep::Freed,
    ]
    .into_iter()
    .find(|step| finish_word(*step) == word)
}

fn read(row: &Row<'_>) -> Result<BatchRow, StoreError> {
    let optional = |index: usize| row.get::<_, Option<String>>(index);
    let recipe: String = row.get(4)?;
    let release: String = row.get(7)?;
    let run: String = row.get(8)?;
    let posting: String = row.get(9)?;
    let slot: Option<u16> = row.get(11)?;
    let pending = match optional(16)? {
        None => None,
        Some(word) => Some(Pending {
            kind: known(
                "batch.pending_command",
                &word,
                PendingKind::from_word(&word),
            )?,
            reason: optional(17)?.unwrap_or_default(),
            person: optional(18)?.unwrap_or_default(),
            at_ms: row.get::<_, Option<i64>>(19)?.unwrap_or_default(),
            sent_ms: row.get(20)?,
        }),
    };
    Ok(BatchRow {
        id: BatchId(row.get(0)?),
        order_id: OrderId(row.get(1)?),
        batch_index: row.get(2)?,
        label: row.get(3)?,
        recipe: parse_json("batch.recipe", &recipe)?,
        content_hash: row.get(5)?,
        due_ms: row.get(6)?,
        release: known("batch.release", &release, Release::from_word(&release))?,
        run: known("batch.run", &run, Run::from_word(&run))?,
        posting: known("batch.posting", &posting, Posting::from_word(&posting))?,
        version: row.get(10)?,
        slot: slot.map(SlotNo),
        download_step: optional(12)?
            .map(|word| known("batch.download_step", &word, download_step_from_word(&word)))
            .transpose()?,
        finish_step: optional(13)?
            .map(|word| known("batch.finish_step", &word, finish_from_word(&word)))
            .transpose()?,
        held_from: optional(14)?
            .map(|word| known("batch.held_from", &word, Run::from_word(&word)))
            .transpose()?,
        trouble: row.get(15)?,
        pending,
        cancel_after: row.get(21)?,
        final_hash: row.get(22)?,
        silo_actual_g: row.get::<_, Option<i64>>(23)?.map(Grams),
        finished_g: row.get::<_, Option<i64>>(24)?.map(Grams),
        created_at_ms: row.get(25)?,
        approved_at_ms: row.get(26)?,
        approved_by: row.get(27)?,
        started_at_ms: row.get(28)?,
        run_since_ms: row.get(29)?,
        ended_at_ms: row.get(30)?,
        doubt: optional(31)?
            .map(|word| known("batch.doubt", &word, Doubt::from_word(&word)))
            .transpose()?,
        download_id: row.get(32)?,
    })
}

/// Which closed batches to find.
#[derive(Debug, Clone, Default)]
pub struct HistoryFilter {
    /// Part of label or product.
    pub search: String,
    /// Only these words.
    pub words: Vec<BatchWord>,
    /// Continue after this one.
    pub before: Option<BatchId>,
    /// Rows at most.
    pub limit: i64,
}

impl Read<'_> {
    /// A batch.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; as SQLite reports them.
    pub fn batch(&self, id: BatchId) -> Result<BatchRow, StoreError> {
        self.connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM batch WHERE id = ?1"))?
            .query_row([id.0], |row| Ok(read(row)))
            .optional()?
            .transpose()?
            .ok_or(StoreError::Missing {
                what: "batch",
                id: id.0,
            })
    }

    /// The batches of an order.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn batches_of_order(&self, order_id: OrderId) -> Result<Vec<BatchRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM batch WHERE order_id = ?1 ORDER BY batch_index"
        ))?;
        let rows = statement.query_and_then([order_id.0], read)?;
        rows.collect()
    }

    /// The batches of orders with this name, oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn batches_of_name(&self, order_name: &str) -> Result<Vec<BatchRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM batch WHERE order_name = ?1 ORDER BY id"
        ))?;
        let rows = statement.query_and_then([order_name], read)?;
        rows.collect()
    }

    /// Batches with any of these words, in order of intake.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn batches_with_words(&self, words: &[BatchWord]) -> Result<Vec<BatchRow>, StoreError> {
        let list: Vec<&str> = words.iter().map(|w| w.word()).collect();
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM batch WHERE word IN (SELECT value FROM json_each(?1)) ORDER BY id"
        ))?;
        let rows = statement.query_and_then([to_json("words", &list)?], read)?;
        rows.collect()
    }

    /// Batches that hold a PLC slot, whatever their state.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn batches_in_slots(&self) -> Result<Vec<BatchRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM batch WHERE slot IS NOT NULL ORDER BY started_at_ms, id"
        ))?;
        let rows = statement.query_and_then([], read)?;
        rows.collect()
    }

    /// True when a final block with this content was stored before.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn batch_final_known(&self, final_hash: &str) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM batch WHERE final_hash = ?1)")?
            .query_row([final_hash], |row| row.get(0))?)
    }

    /// True when a batch of an order with this name is in the books.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn batch_name_known(&self, order_name: &str) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM batch WHERE label = ?1)")?
            .query_row([format!("{order_name}/1")], |row| row.get(0))?)
    }

    /// How many batches have any of these words.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn batches_count(&self, words: &[BatchWord]) -> Result<i64, StoreError> {
        let list: Vec<&str> = words.iter().map(|w| w.word()).collect();
        Ok(self
            .connection
            .prepare_cached(
                "SELECT count(*) FROM batch WHERE word IN (SELECT value FROM json_each(?1))",
            )?
            .query_row([to_json("words", &list)?], |row| row.get(0))?)
    }

    /// How many batches are open (pending, approved, in process, paused).
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn batches_open_count(&self) -> Result<i64, StoreError> {
        let open: Vec<BatchWord> = BatchWord::ALL.into_iter().filter(|w| w.is_open()).collect();
        self.batches_count(&open)
    }

    /// A page of closed batches, newest first, and how many match in all.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn batches_history(
        &self,
        filter: &HistoryFilter,
    ) -> Result<(Vec<BatchRow>, i64), StoreError> {
        let words: Vec<&str> = if filter.words.is_empty() {
            BatchWord::ALL
                .into_iter()
                .filter(|w| !w.is_open())
                .map(BatchWord::word)
                .collect()
        } else {
            filter.words.iter().map(|w| w.word()).collect()
        };
        let words = to_json("words", &words)?;
        let matches = "word IN (SELECT value FROM json_each(?1))
            AND (?2 = '' OR instr(lower(label), lower(?2)) > 0 OR instr(lower(product), lower(?2)) > 0)";
        let total = self
            .connection
            .prepare_cached(&format!("SELECT count(*) FROM batch WHERE {matches}"))?
            .query_row(params![words, filter.search], |row| row.get(0))?;
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM batch WHERE {matches} AND (?3 IS NULL OR
               (coalesce(ended_at_ms, 0), id) < (SELECT coalesce(ended_at_ms, 0), id FROM batch WHERE id = ?3))
             ORDER BY coalesce(ended_at_ms, 0) DESC, id DESC LIMIT ?4"
        ))?;
        let rows = statement.query_and_then(
            params![
                words,
                filter.search,
                filter.before.map(|b| b.0),
                filter.limit
            ],
            read,
        )?;
        Ok((rows.collect::<Result<Vec<_>, _>>()?, total))
    }

    /// Batches that ended in a stretch of time, oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn batches_ended_between(
        &self,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<BatchRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM batch WHERE ended_at_ms >= ?1 AND ended_at_ms < ?2 ORDER BY ended_at_ms"
        ))?;
        let rows = statement.query_and_then([from_ms, to_ms], read)?;
        rows.collect()
    }
}

impl Write<'_> {
    /// Adds a batch in its first state, with its lines, and answers its id.
    ///
    /// # Errors
    /// As SQLite reports them; a second batch with the same order and index.
    pub fn batch_add(&self, batch: &BatchNew<'_>) -> Result<BatchId, StoreError> {
        let recipe = batch.recipe;
        let label = format!("{}/{}", recipe.order_name, recipe.batch_index);
        self.connection
            .prepare_cached(
                "INSERT INTO batch (order_id, batch_index, label, order_name, product, recipe, content_hash, planned_g, silo_planned_g, due_ms,
                   release, run, posting, word, created_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute(params![
                batch.order_id.0,
                recipe.batch_index,
                label,
                recipe.order_name,
                recipe.product_name,
                to_json("batch.recipe", recipe)?,
                recipe.content_hash().0,
                recipe.planned_g.0,
                recipe.silo_total().0,
                batch.due_ms,
                Release::Pending.word(),
                Run::Idle.word(),
                Posting::NotDue.word(),
                BatchWord::Pending.word(),
                batch.at_ms
            ])?;
        let id = BatchId(self.connection.last_insert_rowid());
        self.batch_lines_add(id, recipe)?;
        self.manual_lines_add(id, recipe)?;
        Ok(id)
    }

    /// Saves a changed batch if nobody changed it since it was read; `row.version` rises by one.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when somebody did.
    pub fn batch_save(&self, row: &mut BatchRow) -> Result<(), StoreError> {
        let pending = row.pending.as_ref();
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE batch SET release = ?3, run = ?4, posting = ?5, word = ?6, version = version + 1, slot = ?7, download_step = ?8,
                   finish_step = ?9, held_from = ?10, trouble = ?11, pending_command = ?12, pending_reason = ?13, pending_by = ?14,
                   pending_at_ms = ?15, pending_sent_ms = ?16, cancel_after = ?17, final_hash = ?18, silo_actual_g = ?19, finished_g = ?20,
                   approved_at_ms = ?21, approved_by = ?22, started_at_ms = ?23, run_since_ms = ?24, ended_at_ms = ?25,
                   doubt = ?26, download_id = ?27
                 WHERE id = ?1 AND version = ?2",
            )?
            .execute(params![
                row.id.0,
                row.version,
                row.release.word(),
                row.run.word(),
                row.posting.word(),
                row.word().word(),
                row.slot.map(|s| s.0),
                row.download_step.map(download_word),
                row.finish_step.map(finish_word),
                row.held_from.map(Run::word),
                row.trouble,
                pending.map(|p| p.kind.word()),
                pending.map(|p| p.reason.as_str()),
                pending.map(|p| p.person.as_str()),
                pending.map(|p| p.at_ms),
                pending.and_then(|p| p.sent_ms),
                row.cancel_after,
                row.final_hash,
                row.silo_actual_g.map(|g| g.0),
                row.finished_g.map(|g| g.0),
                row.approved_at_ms,
                row.approved_by,
                row.started_at_ms,
                row.run_since_ms,
                row.ended_at_ms,
                row.doubt.map(Doubt::word),
                row.download_id
            ])?;
        if changed == 0 {
            return Err(StoreError::Changed {
                what: "batch",
                id: row.id.0,
            });
        }
        row.version += 1;
        self.touched.batch(row.id.0);
        Ok(())
    }
}
