//! The finish table: as with the download table, every case stands in exactly one row, and the
//! rows are written out here a second time on purpose. Besides, when a slot counts as free.

use super::super::handshake::*;
use super::super::map::{ReadyRule, SlotFreeWhen};
use super::{BOTH, rules};

const FINISH_STEPS: [FinishStep; 4] = [
    FinishStep::Running,
    FinishStep::Stored,
    FinishStep::Acked,
    FinishStep::Freed,
];
const SEEN: [Seen; 6] = [
    Seen::Empty,
    Seen::Running,
    Seen::Final,
    Seen::FinalStored,
    Seen::Other,
    Seen::Refused,
];

/// Steps, what the slot shows, acknowledgement, read twice, rule, action.
type FinishRow = (
    &'static [FinishStep],
    &'static [Seen],
    Option<bool>,
    Option<bool>,
    Option<SlotFreeWhen>,
    FinishAction,
);

fn finish_rows() -> Vec<FinishRow> {
    use FinishAction::*;
    use FinishStep as F;
    use FinishTrouble::*;
    use FinishWait::*;
    use SlotFreeWhen::*;
    const SETTLED: &[Seen] = &[Seen::FinalStored, Seen::Empty];
    vec![
        (
            &[F::Running, F::Stored, F::Acked],
            &[Seen::Refused],
            None,
            None,
            None,
            Wait(BlockRefused),
        ),
        (
            &[F::Running],
            &[Seen::Running],
            None,
            None,
            None,
            Wait(Dosing),
        ),
        (
            &[F::Running],
            &[Seen::Final],
            Some(false),
            Some(false),
            None,
            Wait(SecondReading),
        ),
        (
            &[F::Running],
            &[Seen::Final],
            Some(false),
            Some(true),
            None,
            Store,
        ),
        (
            &[F::Running],
            &[Seen::Final],
            Some(true),
            None,
            None,
            NeedsPerson(AckedByOther),
        ),
        (
            &[F::Running],
            &[Seen::FinalStored],
            None,
            None,
            None,
            NeedsPerson(StoredBefore),
        ),
        (
            &[F::Running],
            &[Seen::Empty],
            None,
            None,
            None,
            NeedsPerson(SlotEmptied),
        ),
        (
            &[F::Running, F::Stored],
            &[Seen::Other],
            None,
            None,
            None,
            NeedsPerson(OtherOrder),
        ),
        (
            &[F::Stored],
            &[Seen::FinalStored],
            Some(false),
            None,
            None,
            WriteAck,
        ),
        (
            &[F::Stored],
            SETTLED,
            Some(true),
            None,
            None,
            Commit(F::Acked),
        ),
        (
            &[F::Stored],
            &[Seen::Empty],
            Some(false),
            None,
            None,
            Commit(F::Freed),
        ),
        (
            &[F::Stored],
            &[Seen::Running],
            None,
            None,
            None,
            NeedsPerson(RunsAgain),
        ),
        (
            &[F::Stored, F::Acked],
            &[Seen::Final],
            None,
            None,
            None,
            NeedsPerson(FinalChanged),
        ),
        (
            &[F::Acked],
            SETTLED,
            Some(true),
            None,
            Some(AckCleared),
            Wait(PlcClears),
        ),
        (
            &[F::Acked],
            SETTLED,
            Some(false),
            None,
            Some(AckCleared),
            Commit(F::Freed),
        ),
        (
            &[F::Acked],
            &[Seen::Running],
            None,
            None,
            Some(AckCleared),
            NeedsPerson(RunsAgain),
        ),
        (
            &[F::Acked],
            &[Seen::Other],
            None,
            None,
            Some(AckCleared),
            NeedsPerson(OtherOrder),
        ),
        (
            &[F::Acked],
            &[Seen::FinalStored, Seen::Empty, Seen::Running, Seen::Other],
            None,
            None,
            Some(TakenByNext),
            Commit(F::Freed),
        ),
        (&[F::Freed], &SEEN, None, None, None, Done),
    ]
}

#[test]
fn every_row_of_the_finish_table_holds_and_no_case_is_left_out() {
    let rows = finish_rows();
    let mut used = vec![false; rows.len()];
    for free_when in [SlotFreeWhen::AckCleared, SlotFreeWhen::TakenByNext] {
        for step in FINISH_STEPS {
            for seen in SEEN {
                for (ack, read_twice) in BOTH.into_iter().flat_map(|a| BOTH.map(|t| (a, t))) {
                    let obs = FinishObs {
                        ack,
                        seen,
                        read_twice,
                    };
                    let fits: Vec<usize> = (0..rows.len())
                        .filter(|n| {
                            let (steps, shows, wanted_ack, twice, rule, _) = &rows[*n];
                            steps.contains(&step)
                                && shows.contains(&seen)
                                && wanted_ack.is_none_or(|wanted| wanted == ack)
                                && twice.is_none_or(|wanted| wanted == read_twice)
                                && rule.is_none_or(|wanted| wanted == free_when)
                        })
                        .collect();
                    let [only] = fits[..] else {
                        panic!("{step:?} {obs:?}: rows {fits:?}")
                    };
                    used[only] = true;
                    let got = finish(step, &obs, &rules(ReadyRule::PerSlot, free_when));
                    assert_eq!(got, rows[only].5, "{step:?} {obs:?} {free_when:?}");
                }
            }
        }
    }
    assert!(
        used.iter().all(|used| *used),
        "a row that no case reaches: {used:?}"
    );
}

#[test]
fn a_slot_is_free_after_the_ack_is_cleared_or_at_once_by_rule() {
    for (step, cleared, by_next) in [
        (FinishStep::Running, false, false),
        (FinishStep::Stored, false, false),
        (FinishStep::Acked, false, true),
        (FinishStep::Freed, true, true),
    ] {
        assert_eq!(
            slot_is_free(step, &rules(ReadyRule::PerSlot, SlotFreeWhen::AckCleared)),
            cleared
        );
        assert_eq!(
            slot_is_free(step, &rules(ReadyRule::PerSlot, SlotFreeWhen::TakenByNext)),
            by_next
        );
    }
}

#[test]
fn only_a_plant_without_flags_and_orders_was_never_started() {
    assert!(never_started(&[false, false], &["", ""]));
    assert!(!never_started(&[false, true], &["", ""]));
    assert!(!never_started(&[false, false], &["", "WH/MO/00101"]));
}
