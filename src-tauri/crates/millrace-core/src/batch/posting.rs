//! Posting: has the ERP got what left the silos? `not due → queued → sending → posted | in doubt |
//! refused`; `in doubt → queued | posted` after read-back; `refused → queued` by a person, or `waived`;
//! from *refused* and *in doubt* a person who booked it in the ERP closes it as `by hand`.

use serde::{Deserialize, Serialize};

use super::IllegalTransition;
use crate::erp::{ConsumptionPost, ErpOrderState, PostAnswer};
use crate::units::Grams;

/// Where the consumption stands on its way to the ERP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[cfg_attr(feature = "bindings", ts(rename = "PostingState"))]
pub enum Posting {
    /// The batch is not finished.
    NotDue,
    /// Waits for its turn.
    Queued,
    /// Committed before the first byte leaves.
    Sending,
    /// The ERP holds it, read back equal.
    Posted,
    /// Sent, and no answer: read back before anything is repeated.
    InDoubt,
    /// The ERP said no; a person must look.
    Refused,
    /// Closed without posting, signed.
    Waived,
    /// A person booked it in the ERP and signed that it is so.
    ByHand,
}

/// What moves the posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostingEvent {
    /// The batch's result was stored.
    Due,
    /// The connector is about to send.
    Send,
    /// The read-back equals ours.
    Confirm,
    /// The outcome is unknown.
    LoseAnswer,
    /// It certainly did not arrive, or the read-back shows it is missing.
    NotSent,
    /// The ERP refused.
    Refuse,
    /// A person mended the cause.
    Retry,
    /// A person closes it without posting.
    Waive,
    /// A person booked it in the ERP.
    BookByHand,
}

impl Posting {
    /// Every state.
    pub const ALL: [Posting; 8] = [
        Posting::NotDue,
        Posting::Queued,
        Posting::Sending,
        Posting::Posted,
        Posting::InDoubt,
        Posting::Refused,
        Posting::Waived,
        Posting::ByHand,
    ];

    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Posting::NotDue => "not_due",
            Posting::Queued => "queued",
            Posting::Sending => "sending",
            Posting::Posted => "posted",
            Posting::InDoubt => "in_doubt",
            Posting::Refused => "refused",
            Posting::Waived => "waived",
            Posting::ByHand => "by_hand",
        }
    }

    /// The state for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Posting> {
        Posting::ALL.into_iter().find(|state| state.word() == word)
    }

    /// True for the ends: nothing is sent any more, and later messages of the order are not held back.
    #[must_use]
    pub fn is_closed(self) -> bool {
        match self {
            Posting::Posted | Posting::Waived | Posting::ByHand => true,
            Posting::NotDue
            | Posting::Queued
            | Posting::Sending
            | Posting::InDoubt
            | Posting::Refused => false,
        }
    }

    /// The next state.
    ///
    /// # Errors
    /// [`IllegalTransition`] for a step that this state does not know.
    pub fn step(self, event: PostingEvent) -> Result<Posting, IllegalTransition> {
        use PostingEvent as E;
        match (self, event) {
            (Posting::NotDue, E::Due) => Ok(Posting::Queued),
            (Posting::Queued, E::Send) => Ok(Posting::Sending),
            (Posting::Sending | Posting::InDoubt, E::Confirm) => Ok(Posting::Posted),
            (Posting::Sending, E::LoseAnswer) => Ok(Posting::InDoubt),
            (Posting::Sending | Posting::InDoubt, E::NotSent) => Ok(Posting::Queued),
            (Posting::Sending | Posting::InDoubt, E::Refuse) => Ok(Posting::Refused),
            (Posting::Refused, E::Retry) => Ok(Posting::Queued),
            (Posting::Refused, E::Waive) => Ok(Posting::Waived),
            (Posting::Refused | Posting::InDoubt, E::BookByHand) => Ok(Posting::ByHand),
            (state, event) => Err(IllegalTransition {
                state: state.word(),
                event: match event {
                    E::Due => "due",
                    E::Send => "send",
                    E::Confirm => "confirm",
                    E::LoseAnswer => "lose answer",
                    E::NotSent => "not sent",
                    E::Refuse => "refuse",
                    E::Retry => "retry",
                    E::Waive => "waive",
                    E::BookByHand => "book by hand",
                },
            }),
        }
    }
}

/// One line of ours beside the ERP's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// The ERP's equipment code.
    pub equipment_code: String,
    /// What we posted, as the order's running total.
    pub ours_g: Grams,
    /// What the ERP says it holds.
    pub erp_g: Grams,
    /// The ERP cuts its answer at the BoM quantity and ours is above it: only the receipt of the
    /// post itself can prove this line (`decisions.md` 22).
    pub is_cut: bool,
    /// True when the line is proved.
    pub is_proved: bool,
}

/// A read-back held against what we posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadBack {
    /// Line by line.
    pub lines: Vec<Compared>,
    /// Finished weight of ours.
    pub ours_finished_g: Option<Grams>,
    /// Finished weight the ERP holds.
    pub erp_finished_g: Grams,
}

impl ReadBack {
    /// True when the ERP provably holds what we posted.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.lines.iter().all(|line| line.is_proved)
            && self
                .ours_finished_g
                .is_none_or(|ours| ours == self.erp_finished_g)
    }

    /// The first difference as a sentence, if there is one.
    #[must_use]
    pub fn difference(&self) -> Option<String> {
        self.lines
            .iter()
            .find(|line| !line.is_proved)
            .map(|line| {
                format!(
                    "{}: we posted {}, the ERP holds {}",
                    line.equipment_code, line.ours_g, line.erp_g
                )
            })
            .or_else(|| {
                self.ours_finished_g
                    .filter(|ours| *ours != self.erp_finished_g)
                    .map(|ours| {
                        format!(
                            "finished weight: we posted {ours}, the ERP holds {}",
                            self.erp_finished_g
                        )
                    })
            })
    }
}

/// Holds a read-back against a post. `receipt` is the ERP's answer to exactly this post, if it came.
#[must_use]
pub fn compare(
    post: &ConsumptionPost,
    held: &ErpOrderState,
    receipt: Option<&PostAnswer>,
) -> ReadBack {
    let lines = post
        .lines
        .iter()
        .filter(|line| line.consumed_g.0 > 0)
        .map(|line| {
            let found = held
                .lines
                .iter()
                .find(|h| h.equipment_code == line.equipment_code);
            let erp_g = found.map_or(Grams::ZERO, |h| h.consumed_g);
            let limit = found.and_then(|h| h.limit_g);
            let is_cut = limit.is_some_and(|limit| line.consumed_g > limit);
            let is_receipted = receipt.is_some_and(|receipt| {
                receipt.applied.iter().any(|a| {
                    a.equipment_code == line.equipment_code && a.consumed_g == line.consumed_g
                })
            });
            let is_proved = if is_cut {
                limit == Some(erp_g) && is_receipted
            } else {
                erp_g == line.consumed_g
            };
            Compared {
                equipment_code: line.equipment_code.clone(),
                ours_g: line.consumed_g,
                erp_g,
                is_cut,
                is_proved,
            }
        })
        .collect();
    ReadBack {
        lines,
        ours_finished_g: post.finished_g,
        erp_finished_g: held.produced_g,
    }
}

#[cfg(test)]
mod tests {
    use crate::erp::{ConsumptionLine, ErpHeldLine};

    use super::*;

    #[test]
    fn in_doubt_is_never_sent_again_without_a_read_back() {
        assert!(Posting::InDoubt.step(PostingEvent::Send).is_err());
        assert_eq!(
            Posting::InDoubt.step(PostingEvent::NotSent),
            Ok(Posting::Queued)
        );
        assert_eq!(
            Posting::InDoubt.step(PostingEvent::Confirm),
            Ok(Posting::Posted)
        );
    }

    const EVENTS: [PostingEvent; 9] = [
        PostingEvent::Due,
        PostingEvent::Send,
        PostingEvent::Confirm,
        PostingEvent::LoseAnswer,
        PostingEvent::NotSent,
        PostingEvent::Refuse,
        PostingEvent::Retry,
        PostingEvent::Waive,
        PostingEvent::BookByHand,
    ];

    #[test]
    fn a_closed_message_stays_closed() {
        for state in Posting::ALL.into_iter().filter(|s| s.is_closed()) {
            for event in EVENTS {
                assert!(state.step(event).is_err(), "{state:?} {event:?}");
            }
        }
    }

    #[test]
    fn only_a_person_moves_what_was_refused() {
        let moved: Vec<PostingEvent> = EVENTS
            .into_iter()
            .filter(|event| Posting::Refused.step(*event).is_ok())
            .collect();
        assert_eq!(
            moved,
            [
                PostingEvent::Retry,
                PostingEvent::Waive,
                PostingEvent::BookByHand
            ]
        );
    }

    #[test]
    fn what_waits_or_is_under_way_is_not_booked_by_hand() {
        let from: Vec<Posting> = Posting::ALL
            .into_iter()
            .filter(|state| state.step(PostingEvent::BookByHand).is_ok())
            .collect();
        assert_eq!(from, [Posting::InDoubt, Posting::Refused]);
    }

    #[test]
    fn a_state_is_read_back_from_its_word() {
        for state in Posting::ALL {
            assert_eq!(Posting::from_word(state.word()), Some(state));
        }
    }

    fn post(grams: i64) -> ConsumptionPost {
        ConsumptionPost {
            key: "k".into(),
            order_name: "WH/MO/00101".into(),
            finished_g: Some(Grams(998_400)),
            lines: vec![ConsumptionLine {
                equipment_code: "silo101".into(),
                consumed_g: Grams(grams),
            }],
        }
    }

    fn held(grams: i64) -> ErpOrderState {
        ErpOrderState {
            bom: None,
            name: "WH/MO/00101".into(),
            state: "progress".into(),
            produced_g: Grams(998_400),
            quantity_g: Grams(1_000_000),
            product_name: None,
            planned_start: None,
            lines: vec![ErpHeldLine {
                equipment_code: "silo101".into(),
                consumed_g: Grams(grams),
                limit_g: Some(Grams(120_000)),
            }],
        }
    }

    fn receipt(grams: i64) -> PostAnswer {
        PostAnswer {
            applied: vec![ConsumptionLine {
                equipment_code: "silo101".into(),
                consumed_g: Grams(grams),
            }],
            finished_g: None,
            item_errors: vec![],
            is_already: false,
        }
    }

    #[test]
    fn below_the_bom_quantity_the_read_back_alone_proves() {
        assert!(compare(&post(119_990), &held(119_990), None).is_equal());
        let wrong = compare(&post(119_990), &held(119_980), Some(&receipt(119_990)));
        assert!(!wrong.is_equal());
        assert!(wrong.difference().is_some_and(|d| d.contains("silo101")));
    }

    #[test]
    fn above_the_bom_quantity_only_the_receipt_proves() {
        assert!(!compare(&post(121_000), &held(120_000), None).is_equal());
        assert!(compare(&post(121_000), &held(120_000), Some(&receipt(121_000))).is_equal());
        assert!(!compare(&post(121_000), &held(120_000), Some(&receipt(120_000))).is_equal());
    }

    #[test]
    fn a_missing_line_or_another_weight_is_a_difference() {
        let mut missing = held(0);
        missing.lines.clear();
        assert!(!compare(&post(100), &missing, None).is_equal());
        let mut weight = held(119_990);
        weight.produced_g = Grams(1);
        assert!(!compare(&post(119_990), &weight, None).is_equal());
    }
}
