//! One reading of a slot that holds a batch of ours: what it shows, and whether it may be believed.
//! Leaves out what is done about it ([`super::finish`]).

use millrace_core::batch::run::Run;
use millrace_core::ids::{SiloNo, SlotNo};
use millrace_core::journal::JournalKind;
use millrace_core::registers::handshake::Seen;
use millrace_core::registers::{
    Expected, Reason, SlotBlock, Verdict, accept, content_hash as block_content_hash,
};
use millrace_core::units::Grams;
use millrace_store::table::batch::BatchRow;

use super::{CycleError, Engine, encode_recipe};
use crate::error::AppError;

/// What one reading of a slot amounts to for its batch.
pub(super) struct Look {
    pub(super) seen: Seen,
    pub(super) block: Option<SlotBlock>,
    pub(super) refusal: String,
    pub(super) ack: bool,
    pub(super) echo: Option<u16>,
    pub(super) words: Vec<u16>,
}

impl Engine {
    /// Reads the slot once and says what it shows.
    pub(super) async fn look(&self, row: &BatchRow, slot: SlotNo) -> Result<Look, CycleError> {
        let block_words = self.map.block_words();
        let base = self.map.read_base(slot);
        // The echo stands behind the block: one frame brings both.
        let echo_at = self.map.command_echo_addr(slot).map(|addr| addr - base);
        let count = echo_at.map_or(block_words, |at| block_words.max(at + 1));
        let all = self.plc.read(base, count).await?;
        let words = all.get(..usize::from(block_words)).unwrap_or(&all).to_vec();
        let echo = echo_at.and_then(|at| all.get(usize::from(at)).copied());
        let ack = words.get(usize::from(self.map.flag_offset())) == Some(&1);
        let max_dose = self.inner.max_doses();
        let expected = Expected {
            slot,
            order_name: &row.recipe.order_name,
            planned_total: row.recipe.silo_total(),
            max_dose: &max_dose,
            // A batch that the plant gave up or a person stopped holds less than was planned.
            stopped: row.is_stop_asked()
                || matches!(row.run, Run::Stopped | Run::Aborted)
                || words.get(usize::from(self.map.fields().failed.offset)) == Some(&1),
        };
        let fields = self.map.fields();
        let look = |seen, block, refusal| Look {
            seen,
            block,
            refusal,
            ack,
            echo,
            words: words.clone(),
        };
        // A person who signed a stop decides on a result of which only the finished weight is absurd:
        // the weight is left out, not mended. A stored result keeps that decision.
        let mut verdict = accept(&self.map, slot, &words, Some(&expected));
        let is_decided = row.run.is_final() && row.finished_g.is_none() || row.is_stop_asked();
        if let Verdict::Refused(reasons) = &verdict
            && is_decided
            && reasons.iter().all(|r| matches!(r, Reason::Weight { .. }))
        {
            let at = fields.weight;
            let mut weightless = words.clone();
            weightless
                .iter_mut()
                .skip(usize::from(at.offset))
                .take(usize::from(at.words))
                .for_each(|word| *word = 0);
            verdict = accept(&self.map, slot, &weightless, Some(&expected));
        }
        Ok(match verdict {
            Verdict::Empty => look(Seen::Empty, None, String::new()),
            Verdict::Accepted(block) if !block.finished => {
                look(Seen::Running, Some(block), String::new())
            }
            Verdict::Accepted(block) => {
                let is_stored = row.final_hash.as_deref()
                    == Some(block_content_hash(&self.map, &words).as_str());
                look(
                    if is_stored {
                        Seen::FinalStored
                    } else {
                        Seen::Final
                    },
                    Some(block),
                    String::new(),
                )
            }
            Verdict::Refused(reasons) => match accept(&self.map, slot, &words, None) {
                Verdict::Accepted(other) if other.order_name != row.recipe.order_name => {
                    look(Seen::Other, None, String::new())
                }
                Verdict::Accepted(_) | Verdict::Empty | Verdict::Refused(_) => {
                    let text = reasons
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join("; ");
                    look(Seen::Refused, None, text)
                }
            },
        })
    }

    /// Slot number and order name are the ones that were written, whatever else the block says.
    pub(super) fn is_named_ours(&self, row: &BatchRow, slot: SlotNo, look: &Look) -> bool {
        let written = encode_recipe(&self.map, slot, &row.recipe).unwrap_or_default();
        let fields = self.map.fields();
        [fields.batch_no, fields.order_name].iter().all(|at| {
            let range = usize::from(at.offset)..usize::from(at.offset + at.words);
            look.words
                .get(range.clone())
                .is_some_and(|found| written.get(range) == Some(found))
        })
    }

    /// A final block counts once two readings in a row gave the same words.
    pub(super) fn read_twice(&self, row: &BatchRow, look: &Look) -> bool {
        let mut image = self.inner.image();
        let Some(batch) = image.batches.get_mut(&row.id) else {
            return false;
        };
        match look.seen {
            Seen::Final => {
                let same = batch.final_words.as_ref() == Some(&look.words);
                batch.final_words = Some(look.words.clone());
                same
            }
            Seen::Empty | Seen::Running | Seen::FinalStored | Seen::Other | Seen::Refused => {
                batch.final_words = None;
                false
            }
        }
    }

    /// After a restart the doses seen before are in the books.
    pub(super) async fn load_lines(&self, row: &BatchRow) -> Result<(), CycleError> {
        if self
            .inner
            .image()
            .batches
            .get(&row.id)
            .is_none_or(|batch| batch.is_loaded)
        {
            return Ok(());
        }
        let id = row.id;
        let (lines, events) = self
            .inner
            .store
            .read(move |read| {
                Ok::<_, AppError>((read.batch_lines(id)?, read.journal_of_batch(id, 500)?))
            })
            .await?;
        let mut image = self.inner.image();
        let Some(batch) = image.batches.get_mut(&id) else {
            return Ok(());
        };
        for line in lines {
            let entry = batch.lines.entry(line.silo).or_default();
            entry.actual = line.actual_g;
            let silo = line.silo.to_string();
            let has = |kind| {
                events
                    .iter()
                    .any(|e| e.kind == kind && e.params.get("silo_no") == Some(&silo))
            };
            entry.is_started = has(JournalKind::SiloStarted);
            entry.is_finished = has(JournalKind::SiloFinished);
        }
        batch.is_loaded = true;
        Ok(())
    }

    /// Within a batch nothing flows back: a value smaller by more than `slack` is a wrong one.
    pub(super) fn went_back(
        &self,
        row: &BatchRow,
        block: &SlotBlock,
        slack: impl Fn(SiloNo) -> Grams,
    ) -> Option<String> {
        let image = self.inner.image();
        let batch = image.batches.get(&row.id)?;
        block.silos.iter().find_map(|(silo, mass)| {
            let before = batch.lines.get(silo)?.actual?;
            (mass.0 < before.0.saturating_sub(slack(*silo).0))
                .then(|| format!("silo {silo} went back from {before} to {mass}"))
        })
    }
}
