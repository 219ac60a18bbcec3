//! The areas beside the slots, in which the PLC reports one equipment failure or one manual weighing
//! at a time: stored with its message in one transaction, acknowledged, read back, and closed when the
//! PLC has cleared it. Leaves out the table (`millrace_core::registers::area`), what an event does to
//! the books ([`super::area_event`]) and sending.

use millrace_core::journal::JournalKind;
use millrace_core::registers::RegisterMap;
use millrace_core::registers::area::{
    AreaAction, AreaContent, AreaObs, AreaReading, AreaSeen, AreaStep, AreaWait, next,
};
use millrace_store::table::area_step::{Area, OpenEvent};
use serde_json::json;

use super::area_event::{Reported, store};
use super::{CycleError, Engine, Progress, STEPS_MAX};
use crate::commands::audit;
use crate::error::AppError;

/// The areas, and when they were looked at last.
#[derive(Debug, Default)]
pub(super) struct Areas {
    last_mono_ms: Option<i64>,
    failure: Watch,
    weighing: Watch,
}

/// What the engine knows of one area. The books and the PLC know the same; a restart asks them.
#[derive(Debug, Default)]
struct Watch {
    /// Words of the reading before.
    words: Option<Vec<u16>>,
    /// `open` and the trouble are those of the books.
    is_loaded: bool,
    /// The event that is stored and not cleared.
    open: Option<OpenEvent>,
}

impl Areas {
    fn of(&mut self, area: Area) -> &mut Watch {
        match area {
            Area::EquipmentFailure => &mut self.failure,
            Area::ManualWeighing => &mut self.weighing,
        }
    }
}

/// One reading and what it amounts to.
struct Look {
    content: AreaContent<Reported>,
    action: AreaAction,
    read_twice: bool,
}

/// First word, number of words, and the handshake of an area that the map names.
fn place(map: &RegisterMap, area: Area) -> Option<(u16, u16, u16)> {
    match area {
        Area::EquipmentFailure => map.equipment_failure().map(|at| {
            let (first, count) = at.span();
            (first, count, at.status_read_data)
        }),
        Area::ManualWeighing => map.manual_weighing().map(|at| {
            let (first, count) = at.span();
            (first, count, at.status_read_data)
        }),
    }
}

fn decode(map: &RegisterMap, area: Area, words: &[u16]) -> AreaReading<Reported> {
    let nothing = AreaReading {
        ack: false,
        content: AreaContent::Nothing,
    };
    match area {
        Area::EquipmentFailure => map.equipment_failure().map_or(nothing, |at| {
            Reported::from(at.decode(words), Reported::Failure)
        }),
        Area::ManualWeighing => map.manual_weighing().map_or(nothing, |at| {
            Reported::from(at.decode(map, words), Reported::Weighing)
        }),
    }
}

fn trouble_key(area: Area) -> String {
    format!("area_trouble:{}", area.word())
}

impl Engine {
    /// Looks at both areas when their time has come. What one runs into never keeps the other from
    /// being looked at.
    pub(super) async fn look_at_areas(&mut self) -> Result<(), CycleError> {
        let mono = self.inner.clock.mono_ms();
        let period = self.inner.poll_area_ms();
        if self
            .areas
            .last_mono_ms
            .is_some_and(|last| mono - last < period)
        {
            return Ok(());
        }
        self.areas.last_mono_ms = Some(mono);
        for area in Area::ALL {
            if let Err(error) = self.area(area).await {
                // Whatever was committed or not: the books are asked afresh.
                self.areas.of(area).is_loaded = false;
                if error.is_silence() {
                    return Err(error);
                }
                tracing::warn!(area = area.word(), ?error, "an area cannot go on");
            }
        }
        Ok(())
    }

    async fn area(&mut self, area: Area) -> Result<(), CycleError> {
        let Some((first, count, handshake)) = place(&self.map, area) else {
            return Ok(());
        };
        for _ in 0..STEPS_MAX {
            let words = self.plc.read(first, count).await?;
            self.load_area(area).await?;
            let look = self.judge(area, words);
            self.tell_trouble(area, handshake, &look).await?;
            let progress = match look.action {
                AreaAction::Store => match look.content {
                    AreaContent::Event(event) => self.store_event(area, event).await?,
                    AreaContent::Nothing | AreaContent::Refused(_) => Progress::Wait,
                },
                AreaAction::WriteAck => Progress::after(self.write(handshake, &[1]).await?),
                AreaAction::Commit(step) => self.commit_area(area, step).await?,
                AreaAction::Wait(_) => Progress::Wait,
            };
            match progress {
                Progress::Wait => break,
                Progress::Again => {}
            }
        }
        Ok(())
    }

    /// After a start, and after an error, the books say what is open.
    async fn load_area(&mut self, area: Area) -> Result<(), CycleError> {
        if self.areas.of(area).is_loaded {
            return Ok(());
        }
        let key = trouble_key(area);
        let (open, trouble) = self
            .inner
            .store
            .read(move |read| Ok::<_, AppError>((read.area_open(area)?, read.meta(&key)?)))
            .await?;
        let mut image = self.inner.image();
        match trouble.filter(|why| !why.is_empty()) {
            Some(why) => image.area_trouble.insert(area, why),
            None => image.area_trouble.remove(&area),
        };
        drop(image);
        let watch = self.areas.of(area);
        watch.open = open;
        watch.is_loaded = true;
        Ok(())
    }

    /// What a reading amounts to.
    fn judge(&mut self, area: Area, words: Vec<u16>) -> Look {
        let AreaReading { ack, content } = decode(&self.map, area, &words);
        let watch = self.areas.of(area);
        let read_twice = watch.words.as_ref() == Some(&words);
        watch.words = Some(words);
        let seen = match &content {
            AreaContent::Nothing => AreaSeen::Nothing,
            AreaContent::Refused(_) => AreaSeen::Refused,
            AreaContent::Event(event) => match &watch.open {
                Some(open) if open.content_hash == event.hash() => AreaSeen::AsStored,
                Some(_) | None => AreaSeen::New,
            },
        };
        let step = watch
            .open
            .as_ref()
            .map_or(AreaStep::Cleared, |open| open.step);
        let action = next(
            step,
            &AreaObs {
                ack,
                seen,
                read_twice,
            },
        );
        Look {
            content,
            action,
            read_twice,
        }
    }

    /// Shows why an area is not believed, once it was read twice, and when it is good again.
    async fn tell_trouble(
        &self,
        area: Area,
        handshake: u16,
        look: &Look,
    ) -> Result<(), CycleError> {
        let wait = match look.action {
            AreaAction::Wait(wait) => wait,
            AreaAction::Store | AreaAction::WriteAck | AreaAction::Commit(_) => {
                return self.set_trouble(area, None).await;
            }
        };
        let what = match &look.content {
            AreaContent::Event(event) => event.to_string(),
            AreaContent::Nothing => String::new(),
            AreaContent::Refused(reasons) => reasons
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; "),
        };
        let why = match wait {
            AreaWait::Event | AreaWait::PlcClears => None,
            // Not decided yet: what was told before stands.
            AreaWait::SecondReading => return Ok(()),
            AreaWait::Refused | AreaWait::AckedByOther | AreaWait::StandsAgain
                if !look.read_twice =>
            {
                return Ok(());
            }
            AreaWait::Refused => Some(what),
            AreaWait::AckedByOther => Some(format!(
                "D{handshake} is 1 for an event that Millrace has not stored ({what}): see that it is known, then clear the area in the PLC"
            )),
            AreaWait::StandsAgain => Some(format!(
                "D{handshake} went back to 0 and the area still shows what was stored ({what}): the PLC must clear the words, too; if it is another one, enter it by hand"
            )),
        };
        self.set_trouble(area, why).await
    }

    async fn set_trouble(&self, area: Area, why: Option<String>) -> Result<(), CycleError> {
        let before = self.inner.image().area_trouble.get(&area).cloned();
        if before == why {
            return Ok(());
        }
        let at_ms = self.inner.clock.now_ms();
        // Only the first refusal is news; while it lasts the reasons may vary with the words.
        let kind = match (&before, &why) {
            (None, Some(_)) => Some(JournalKind::AreaRefused),
            (Some(_), None) => Some(JournalKind::AreaHealed),
            (Some(_), Some(_)) | (None, None) => None,
        };
        let text = why.clone().unwrap_or_default();
        self.inner
            .commit(move |tx| {
                tx.meta_set(&trouble_key(area), &text)?;
                if let Some(kind) = kind {
                    let params = [("area", area.word().to_owned()), ("reason", text)];
                    tx.journal_add(at_ms, None, kind, &params)?;
                }
                Ok(())
            })
            .await?;
        let mut image = self.inner.image();
        match why {
            Some(why) => image.area_trouble.insert(area, why),
            None => image.area_trouble.remove(&area),
        };
        Ok(())
    }

    async fn store_event(&mut self, area: Area, event: Reported) -> Result<Progress, CycleError> {
        let at_ms = self.inner.clock.now_ms();
        let (site, zone) = (self.inner.site_key(), self.inner.site.zone.clone());
        let before = self.areas.of(area).open.as_ref().map(|open| open.id);
        let content_hash = event.hash().to_owned();
        let id = self
            .inner
            .commit(move |tx| {
                if let Some(before) = before {
                    tx.area_step_set(area, before, AreaStep::Cleared, at_ms)?;
                }
                store(tx, &event, &site, &zone, at_ms)
            })
            .await?;
        self.areas.of(area).open = Some(OpenEvent {
            id,
            content_hash,
            step: AreaStep::Stored,
        });
        self.inner.posting_nudge.notify_one();
        Ok(Progress::Again)
    }

    async fn commit_area(&mut self, area: Area, step: AreaStep) -> Result<Progress, CycleError> {
        let Some(open) = self.areas.of(area).open.clone() else {
            return Ok(Progress::Wait);
        };
        let at_ms = self.inner.clock.now_ms();
        self.inner
            .commit(move |tx| {
                tx.area_step_set(area, open.id, step, at_ms)?;
                tx.audit_add(&audit::of(
                    "system",
                    "engine_area",
                    &format!("{}:{}", area.word(), open.id),
                    "",
                    at_ms,
                    &json!({ "step": step.word() }),
                ))?;
                Ok(())
            })
            .await?;
        let watch = self.areas.of(area);
        match step {
            AreaStep::Cleared => watch.open = None,
            AreaStep::Stored | AreaStep::Acked => {
                if let Some(open) = &mut watch.open {
                    open.step = step;
                }
            }
        }
        Ok(Progress::Again)
    }
}
