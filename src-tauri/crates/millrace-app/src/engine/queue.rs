//! Where one flag guards all slots, writing it offers every block that stands in the write area. So
//! before it is written nothing may stand there but what is meant to be taken: what a withdrawn, cancelled or
//! forgotten download left behind is emptied, and a download that is not verified is waited for.
//! Leaves out the slot whose flag is to be written ([`super::download`]).

use millrace_core::ids::SlotNo;
use millrace_core::registers::ReadyRule;
use millrace_core::registers::handshake::DownloadStep;
use millrace_store::table::batch::BatchRow;

use super::{CycleError, Engine, encode_recipe};

/// What another slot's block means for the flag of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bystander {
    /// It may be offered, or is taken already.
    Fits,
    /// It is being written: its turn comes first.
    NotYet,
    /// Nobody is to take it.
    Leftover,
}

impl Engine {
    /// True when nothing but verified recipes would be offered with this slot's. Empties one leftover
    /// at a time; the PLC does not look while the flag is 1.
    pub(super) async fn may_offer(&self, slot: SlotNo) -> Result<bool, CycleError> {
        match self.map.rules().ready_rule {
            ReadyRule::PerSlot => return Ok(true),
            ReadyRule::QueueHead => {}
        }
        let order = usize::from(self.map.flag_offset());
        for other in self.map.slots().filter(|other| *other != slot) {
            let base = self.map.write_base(other);
            let words = self.plc.read(base, self.map.flag_offset()).await?;
            if words.iter().all(|word| *word == 0) {
                continue;
            }
            let row = self.inner.image().batch_in(other).map(|b| b.row.clone());
            match self.bystander(row.as_ref(), other, &words) {
                Bystander::Fits => {}
                Bystander::NotYet => return Ok(false),
                Bystander::Leftover => {
                    tracing::info!(slot = %other, "a block that nobody is to take is emptied");
                    self.write(base, &vec![0; order]).await?;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn bystander(&self, row: Option<&BatchRow>, slot: SlotNo, words: &[u16]) -> Bystander {
        let Some(row) = row else {
            return Bystander::Leftover;
        };
        let is_in_doubt = row.doubt.is_some();
        match row.download_step {
            Some(DownloadStep::Taken) => Bystander::Fits,
            Some(_) | None if is_in_doubt => Bystander::Leftover,
            Some(DownloadStep::Verified | DownloadStep::Offered) => {
                let is_ours = encode_recipe(&self.map, slot, &row.recipe)
                    .is_ok_and(|image| image.get(..words.len()) == Some(words));
                if is_ours {
                    Bystander::Fits
                } else {
                    Bystander::NotYet
                }
            }
            Some(DownloadStep::Prepared | DownloadStep::Written) => Bystander::NotYet,
            None => Bystander::Leftover,
        }
    }
}
