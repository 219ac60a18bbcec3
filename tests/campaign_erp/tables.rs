//! What a campaign has really tried, as tables: which spoil fell on which kind of request, and in which state the
//! process was killed. What was drawn and never fell is told as missing. Leaves out whether the books are right (`oracle`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::aim::Aim;
use super::asks::Asks;
use super::fate::Fate;
use super::oracle::Outcome;

/// How often one fate fell.
#[derive(Debug, Clone, Copy, Default)]
struct Fell {
    all: usize,
    /// On requests that book.
    on_posts: usize,
    /// On those, and the ERP held something else afterwards.
    changed: usize,
    /// On requests that close an order.
    on_closings: usize,
}

fn fallen(outcomes: &[Outcome]) -> BTreeMap<&'static str, Fell> {
    let mut fallen: BTreeMap<&str, Fell> = BTreeMap::new();
    for hop in outcomes.iter().flat_map(|outcome| &outcome.log) {
        let fell = fallen.entry(hop.fate).or_default();
        fell.all += 1;
        match hop.asks {
            Asks::Post => {
                fell.on_posts += 1;
                fell.changed += usize::from(hop.has_changed);
            }
            Asks::Close => fell.on_closings += 1,
            Asks::Other => {}
        }
    }
    fallen
}

/// What became of the requests, and of those that book.
pub(crate) fn spoils(outcomes: &[Outcome]) -> String {
    let fallen = fallen(outcomes);
    let mut text = format!(
        "{:<30}{:>10}{:>10}{:>17}{:>10}\n",
        "requests", "all", "bookings", "changed the ERP", "closings"
    );
    for fate in [Fate::Fair].into_iter().chain(Fate::SPOILS) {
        let fell = fallen.get(fate.word()).copied().unwrap_or_default();
        let _ = writeln!(
            text,
            "{:<30}{:>10}{:>10}{:>17}{:>10}",
            fate.word(),
            fell.all,
            fell.on_posts,
            fell.changed,
            fell.on_closings
        );
    }
    text
}

/// Spoils that fell on no booking, and those that lose or spoil the answer and never did so to a booking that
/// had changed the ERP's books; empty when each did.
pub(crate) fn unspoiled(outcomes: &[Outcome]) -> String {
    let fallen = fallen(outcomes);
    let mut text = String::new();
    for fate in Fate::SPOILS {
        let fell = fallen.get(fate.word()).copied().unwrap_or_default();
        if fell.on_posts == 0 {
            let _ = writeln!(text, "{}: fell on no booking", fate.word());
        } else if fate.is_carried_out() && fell.changed == 0 {
            let _ = writeln!(
                text,
                "{}: fell on no booking that changed the ERP",
                fate.word()
            );
        }
    }
    text
}

/// Every state, each with the kills aimed at it and those that hit.
fn aimed(outcomes: &[Outcome]) -> Vec<(Aim, usize, usize)> {
    let all = Aim::DOSING.into_iter().chain(Aim::POSTING);
    all.map(|aim| {
        let of = outcomes.iter().filter_map(|one| one.tally.aims.get(&aim));
        let (aimed, hit) = of.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        (aim, aimed, hit)
    })
    .collect()
}

/// Kills by the state aimed at.
pub(crate) fn aims(outcomes: &[Outcome]) -> String {
    let mut text = format!("{:<30}{:>10}{:>10}\n", "kills aimed at", "aimed", "hit");
    for (aim, aimed, hit) in aimed(outcomes) {
        let _ = writeln!(text, "{:<30}{aimed:>10}{hit:>10}", aim.word());
    }
    text
}

/// States in which no process was killed; empty when there is none.
pub(crate) fn unhit(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for (aim, aimed, _) in aimed(outcomes).into_iter().filter(|(_, _, hit)| *hit == 0) {
        let _ = writeln!(text, "{}: aimed at {aimed} times, never hit", aim.word());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign_erp::proxy::Hop;
    use crate::campaign_erp::run::Tally;

    fn outcome(log: Vec<Hop>) -> Outcome {
        Outcome {
            seed: 1,
            is_lifecycle: false,
            messages: 0,
            tally: Tally::default(),
            at_state: Vec::new(),
            log,
            wrong: Vec::new(),
        }
    }

    #[test]
    fn a_state_that_was_aimed_at_and_never_hit_is_told() {
        let mut outcome = outcome(Vec::new());
        for aim in Aim::DOSING.into_iter().chain(Aim::POSTING) {
            outcome.tally.aimed(aim, aim != Aim::InDoubt);
            outcome.tally.aimed(aim, false);
        }
        let missing = unhit(std::slice::from_ref(&outcome));
        assert_eq!(missing, "in doubt: aimed at 2 times, never hit\n");
        outcome.tally.aimed(Aim::InDoubt, true);
        assert_eq!(unhit(&[outcome]), "");
    }

    fn every(asks: Asks) -> Vec<Hop> {
        let hop = |fate: Fate| Hop {
            line: "POST /".into(),
            asks,
            fate: fate.word(),
            has_changed: fate.is_carried_out(),
        };
        Fate::SPOILS.into_iter().map(hop).collect()
    }

    #[test]
    fn a_spoil_counts_as_tried_only_on_a_booking() {
        let all = unspoiled(&[outcome(every(Asks::Post))]);
        assert_eq!(all, "");
        for asks in [Asks::Close, Asks::Other] {
            let none = unspoiled(&[outcome(every(asks))]);
            assert_eq!(none.lines().count(), Fate::SPOILS.len(), "{none}");
        }
    }

    #[test]
    fn a_lost_answer_counts_only_when_something_was_booked() {
        let mut log = every(Asks::Post);
        let lost = log
            .iter_mut()
            .find(|hop| hop.fate == Fate::AnswerLost.word())
            .expect("it is one of them");
        lost.has_changed = false;
        let missing = unspoiled(&[outcome(log)]);
        let text = "answer lost after the commit: fell on no booking that changed the ERP\n";
        assert_eq!(missing, text);
    }
}
