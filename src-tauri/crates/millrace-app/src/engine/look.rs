//! One reading of a slot that holds a batch of ours: what it shows, and whether it may be believed.
//! Leaves out what is done about it ([`super::finish`]).

use millrace_core::batch::run::Run;
use millrace_core::ids::{SiloNo, SlotNo};
use millrace_core::journal::JournalKind;
use millrace_core::registers::codec;
use millrace_core::registers::handshake::Seen;
use millrace_core::registers::{
    Expected, Reason, SlotBlock, Verdict, accept, content_hash as block_content_hash,
    plc_order_name,
};
use millrace_core::units::Grams;
use millrace_store::table::batch::BatchRow;

use super::slots::sentence;
use super::{CycleError, Engine, SlotLook, encode_recipe};
use crate::commands::plc::SlotShows;
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
        // Echo and number stand behind the block: one frame brings all.
        let all = self.read_slot(self.map.read_base(slot)).await?;
        let words = self.block(&all).to_vec();
        let echo = self
            .map
            .command_echo_addr(slot)
            .and_then(|addr| all.get(usize::from(addr - self.map.read_base(slot))))
            .copied();
        let download_id = self.download_id_in(slot, &all);
        let ack = words.get(usize::from(self.map.flag_offset())) == Some(&1);
        let order_name = plc_order_name(&row.recipe.order_name, &self.map);
        let max_dose = self.inner.max_doses();
        let expected = Expected {
            slot,
            order_name: &order_name,
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
        // The same name under another number is another download.
        let is_other_download = matches!(verdict, Verdict::Accepted(_))
            && row.download_id.is_some()
            && download_id.is_some()
            && row.download_id != download_id;
        let look = match verdict {
            Verdict::Accepted(_) if is_other_download => look(
                Seen::Other,
                None,
                format!(
                    "download number {} instead of {}",
                    download_id.unwrap_or_default(),
                    row.download_id.unwrap_or_default()
                ),
            ),
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
                Verdict::Accepted(other) if other.order_name != order_name => {
                    look(Seen::Other, None, String::new())
                }
                Verdict::Accepted(_) | Verdict::Empty | Verdict::Refused(_) => {
                    look(Seen::Refused, None, sentence(&reasons))
                }
            },
        };
        self.keep_look(
            slot,
            SlotLook {
                shows: match look.seen {
                    // Within a batch's time an empty slot is never one that may be written.
                    Seen::Empty => SlotShows::NotReady,
                    Seen::Running => SlotShows::Running,
                    Seen::Final => SlotShows::Final,
                    Seen::FinalStored => SlotShows::FinalStored,
                    Seen::Other => SlotShows::Other,
                    Seen::Refused => SlotShows::Refused,
                },
                order_name: self.shown_name(&words),
                flag: None,
                ack,
                download_id,
                is_write_empty: false,
                refusal: Some(look.refusal.clone()).filter(|why| !why.is_empty()),
                at_mono_ms: self.inner.clock.mono_ms(),
            },
        );
        Ok(look)
    }

    /// The name in a block, for people; empty when it is no text.
    pub(super) fn shown_name(&self, words: &[u16]) -> String {
        let at = self.map.fields().order_name;
        let range = usize::from(at.offset)..usize::from(at.offset + at.words);
        let raw = words.get(range).unwrap_or_default();
        codec::text_from(raw).unwrap_or_default()
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
