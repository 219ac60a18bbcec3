//! The download table: every combination of step and observation stands in exactly one row, and the
//! function gives that row's action. The rows are written out here a second time on purpose.

use super::super::handshake::*;
use super::super::map::{ReadyRule, SlotFreeWhen};
use super::{BOTH, rules};

const STEPS: [DownloadStep; 5] = [
    DownloadStep::Prepared,
    DownloadStep::Written,
    DownloadStep::Verified,
    DownloadStep::Offered,
    DownloadStep::Taken,
];
const ECHOES: [Echo; 4] = [Echo::None, Echo::Ours, Echo::Stored, Echo::Other];

#[derive(Debug)]
struct DownloadRow {
    steps: &'static [DownloadStep],
    guard: Option<bool>,
    matches: Option<bool>,
    echoes: &'static [Echo],
    free_when: Option<SlotFreeWhen>,
    action: DownloadAction,
}

fn download_rows() -> Vec<DownloadRow> {
    use DownloadAction::*;
    use DownloadStep::*;
    use DownloadTrouble::*;
    use DownloadWait as W;
    use SlotFreeWhen::*;
    const NOT_OURS: &[Echo] = &[Echo::None, Echo::Stored];
    const OURS: &[Echo] = &[Echo::Ours];
    let row = |steps, guard, matches, echoes, free_when, action| DownloadRow {
        steps,
        guard,
        matches,
        echoes,
        free_when,
        action,
    };
    let mut rows = vec![
        row(
            &[Prepared, Written, Verified, Offered],
            None,
            None,
            &[Echo::Other],
            None,
            NeedsPerson(SlotHoldsOther),
        ),
        row(
            &[Prepared, Written],
            None,
            None,
            OURS,
            None,
            NeedsPerson(AlreadyInPlc),
        ),
        row(
            &[Prepared],
            None,
            None,
            &[Echo::Stored],
            Some(AckCleared),
            Wait(W::SlotFreed),
        ),
        row(
            &[Written],
            Some(false),
            None,
            NOT_OURS,
            None,
            NeedsPerson(OfferedByOther),
        ),
        row(
            &[Written],
            Some(true),
            Some(false),
            NOT_OURS,
            None,
            NeedsPerson(ReadBackDiffers),
        ),
        row(
            &[Written],
            Some(true),
            Some(true),
            NOT_OURS,
            None,
            Commit(Verified),
        ),
        row(&[Verified], Some(false), None, OURS, None, Commit(Offered)),
        row(
            &[Verified, Offered],
            Some(true),
            None,
            OURS,
            None,
            Commit(Taken),
        ),
        row(
            &[Verified],
            None,
            Some(false),
            NOT_OURS,
            None,
            NeedsPerson(ReadBackDiffers),
        ),
        row(
            &[Verified],
            Some(false),
            Some(true),
            NOT_OURS,
            None,
            Commit(Offered),
        ),
        row(
            &[Verified],
            Some(true),
            Some(true),
            NOT_OURS,
            None,
            WriteFlag,
        ),
        row(&[Offered], Some(false), None, OURS, None, Wait(W::PlcTakes)),
        row(
            &[Offered],
            Some(false),
            Some(false),
            NOT_OURS,
            None,
            NeedsPerson(ReadBackDiffers),
        ),
        row(
            &[Offered],
            Some(false),
            Some(true),
            NOT_OURS,
            None,
            Wait(W::PlcTakes),
        ),
        row(&[Offered], Some(true), None, NOT_OURS, None, Wait(W::Echo)),
        row(&[Taken], None, None, &ECHOES, None, Done),
    ];
    // "Free": an empty slot, and where the next order replaces the old one, an old batch.
    let free: [(&'static [_], _); 2] =
        [(&[Echo::None], None), (&[Echo::Stored], Some(TakenByNext))];
    for (echoes, free_when) in free {
        rows.push(row(
            &[Prepared],
            Some(false),
            None,
            echoes,
            free_when,
            Wait(W::PlcReady),
        ));
        rows.push(row(
            &[Prepared],
            Some(true),
            Some(false),
            echoes,
            free_when,
            WriteBlock,
        ));
        rows.push(row(
            &[Prepared],
            Some(true),
            Some(true),
            echoes,
            free_when,
            Commit(Verified),
        ));
    }
    rows
}

#[test]
fn every_row_of_the_download_table_holds_and_no_case_is_left_out() {
    let rows = download_rows();
    let mut used = vec![false; rows.len()];
    for free_when in [SlotFreeWhen::AckCleared, SlotFreeWhen::TakenByNext] {
        for ready_rule in [ReadyRule::PerSlot, ReadyRule::QueueHead] {
            for step in STEPS {
                for echo in ECHOES {
                    for (flag, head_flag, write_matches) in BOTH
                        .into_iter()
                        .flat_map(|f| BOTH.into_iter().flat_map(move |h| BOTH.map(|m| (f, h, m))))
                    {
                        let guard = match ready_rule {
                            ReadyRule::PerSlot => flag,
                            ReadyRule::QueueHead => head_flag,
                        };
                        let obs = DownloadObs {
                            flag,
                            head_flag,
                            write_matches,
                            echo,
                        };
                        let fits: Vec<usize> = (0..rows.len())
                            .filter(|n| {
                                let row = &rows[*n];
                                row.steps.contains(&step)
                                    && row.echoes.contains(&echo)
                                    && row.guard.is_none_or(|wanted| wanted == guard)
                                    && row.matches.is_none_or(|wanted| wanted == write_matches)
                                    && row.free_when.is_none_or(|wanted| wanted == free_when)
                            })
                            .collect();
                        let [only] = fits[..] else {
                            panic!("{step:?} {obs:?}: rows {fits:?}")
                        };
                        used[only] = true;
                        let got = download(step, &obs, &rules(ready_rule, free_when));
                        assert_eq!(got, rows[only].action, "{step:?} {obs:?} {free_when:?}");
                    }
                }
            }
        }
    }
    assert!(
        used.iter().all(|used| *used),
        "a row that no case reaches: {used:?}"
    );
}
