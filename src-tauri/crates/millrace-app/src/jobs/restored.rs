//! What may be sent from books that were put back from a backup. They may be behind the ERP: sending what
//! they hold could put an older total over a newer one. So the order is read first, and only an ERP
//! that holds exactly what these books last knew is written to. Leaves out putting the messages in
//! doubt ([`crate::backup::after`]) and the sending.

use millrace_core::batch::posting::{Posting, ReadBack};
use millrace_core::erp::{ConsumptionPost, ErpOrderState};
use millrace_core::units::Grams;
use millrace_store::Read;
use millrace_store::table::outbox::{MessageKind, OutboxRow};

use crate::error::AppError;
use crate::inner::Inner;

/// Why nothing was sent, with what the ERP shows.
fn behind(what: &str) -> String {
    format!(
        "these books were put back from a backup and {what}: nothing was sent. Look in the ERP, correct it there if needed, then close this message as booked by hand"
    )
}

/// Whether a consumption may be sent: `Err` tells a person why not.
pub(super) async fn may_send(
    inner: &Inner,
    row: &OutboxRow,
    post: &ConsumptionPost,
    held: &ErpOrderState,
) -> Result<Result<(), String>, AppError> {
    if inner.restored.is_none() {
        return Ok(Ok(()));
    }
    let row = row.clone();
    let known = inner.store.read(move |read| known(read, &row)).await?;
    Ok(judge(known.as_ref(), post, held))
}

/// What the ERP held after the order's last message that these books know to be booked.
fn known(read: &Read<'_>, row: &OutboxRow) -> Result<Option<Known>, AppError> {
    let Some(order_id) = row.order_id else {
        return Ok(None);
    };
    let before = read.outbox_of_order(order_id)?.into_iter().rfind(|other| {
        other.kind == MessageKind::Consumption
            && other.id < row.id
            && matches!(other.state, Posting::Posted | Posting::ByHand)
    });
    Ok(before.map(|before| match before.state {
        Posting::Posted => before
            .read_back
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
            .map_or(Known::Unclear, Known::ReadBack),
        // A person booked it: nobody compared.
        _ => Known::Unclear,
    }))
}

enum Known {
    ReadBack(ReadBack),
    Unclear,
}

fn judge(
    known: Option<&Known>,
    post: &ConsumptionPost,
    held: &ErpOrderState,
) -> Result<(), String> {
    let before = match known {
        None => None,
        Some(Known::ReadBack(before)) => Some(before),
        Some(Known::Unclear) => {
            return Err(behind("do not tell what the ERP held before"));
        }
    };
    for line in &post.lines {
        let Some(shown) = held
            .lines
            .iter()
            .find(|shown| shown.equipment_code == line.equipment_code)
        else {
            continue;
        };
        let expected = before
            .and_then(|before| {
                before
                    .lines
                    .iter()
                    .find(|known| known.equipment_code == line.equipment_code)
            })
            .map_or(Grams::ZERO, |known| known.erp_g);
        if shown.consumed_g != expected {
            return Err(behind(&format!(
                "know {expected} of {}, the ERP holds {}",
                line.equipment_code, shown.consumed_g
            )));
        }
        // Cut there, its answer is the same whatever was booked since.
        if shown.consumed_g.0 > 0 && shown.limit_g.is_some_and(|limit| shown.consumed_g >= limit) {
            return Err(behind(&format!(
                "the ERP does not show more than {} of {}",
                shown.consumed_g, line.equipment_code
            )));
        }
    }
    let finished = before.map_or(Grams::ZERO, |before| before.erp_finished_g);
    if held.produced_g != finished {
        return Err(behind(&format!(
            "know a finished weight of {finished}, the ERP holds {}",
            held.produced_g
        )));
    }
    Ok(())
}

/// Whether a running total of a hand-weighed material may be sent without a person: the ERP's answer
/// about an order does not show it. A person who sends it again has looked.
pub(super) fn material_needs_person(inner: &Inner, row: &OutboxRow) -> Option<String> {
    let restored = inner.restored.as_ref()?;
    let is_older = row
        .order_id
        .is_some_and(|order| order.0 <= restored.last_order);
    let was_looked_at = row.state == Posting::Queued && row.attempts > 0;
    (is_older && !was_looked_at).then(|| {
        behind("nobody can read back what the ERP holds of this material")
            + ", or send it again if the ERP is behind"
    })
}

/// Whether an order may be cancelled in the ERP: not one that was worked on since the backup.
pub(super) fn may_cancel(inner: &Inner, held: &ErpOrderState) -> Result<(), String> {
    if inner.restored.is_none() || held.state == "cancel" {
        return Ok(());
    }
    let used = held.lines.iter().find(|line| line.consumed_g.0 > 0);
    match used {
        Some(line) => Err(behind(&format!(
            "the ERP holds {} of {} for the order that was to be cancelled",
            line.consumed_g, line.equipment_code
        ))),
        None if held.produced_g.0 > 0 || matches!(held.state.as_str(), "done" | "to_close") => {
            Err(behind("the order that was to be cancelled was made since"))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use millrace_core::batch::posting::Compared;
    use millrace_core::erp::{ConsumptionLine, ErpHeldLine};

    use super::*;

    fn post(grams: i64) -> ConsumptionPost {
        ConsumptionPost {
            key: "k".into(),
            order_name: "MO1".into(),
            finished_g: Some(Grams(grams)),
            lines: vec![ConsumptionLine {
                equipment_code: "A".into(),
                consumed_g: Grams(grams),
            }],
        }
    }

    fn held(grams: i64, limit: Option<i64>) -> ErpOrderState {
        ErpOrderState {
            bom: None,
            name: "MO1".into(),
            state: "progress".into(),
            produced_g: Grams(grams),
            quantity_g: Grams(9_000),
            product_name: None,
            planned_start: None,
            lines: vec![ErpHeldLine {
                equipment_code: "A".into(),
                consumed_g: Grams(grams),
                limit_g: limit.map(Grams),
            }],
        }
    }

    fn known(grams: i64) -> Known {
        Known::ReadBack(ReadBack {
            lines: vec![Compared {
                equipment_code: "A".into(),
                ours_g: Grams(grams),
                erp_g: Grams(grams),
                is_cut: false,
                is_proved: true,
            }],
            ours_finished_g: Some(Grams(grams)),
            erp_finished_g: Grams(grams),
        })
    }

    #[test]
    fn an_erp_that_holds_what_these_books_knew_is_written_to() {
        assert_eq!(judge(None, &post(100), &held(0, None)), Ok(()));
        assert_eq!(
            judge(Some(&known(100)), &post(200), &held(100, Some(900))),
            Ok(())
        );
    }

    #[test]
    fn an_erp_that_is_ahead_is_left_alone() {
        for (known_g, erp_g) in [(None, 200), (Some(100), 300), (Some(100), 0)] {
            let before = known_g.map(known);
            let why = judge(before.as_ref(), &post(200), &held(erp_g, None));
            assert!(
                why.is_err_and(|why| why.contains("nothing was sent")),
                "{known_g:?} {erp_g}"
            );
        }
    }

    #[test]
    fn what_the_erp_cuts_or_a_person_booked_proves_nothing() {
        assert!(judge(Some(&known(100)), &post(200), &held(100, Some(100))).is_err());
        assert!(judge(Some(&Known::Unclear), &post(200), &held(100, None)).is_err());
    }

    #[test]
    fn another_finished_weight_is_told_too() {
        let mut shown = held(100, None);
        shown.produced_g = Grams(250);
        let why = judge(Some(&known(100)), &post(200), &shown).expect_err("ahead");
        assert!(why.contains("finished weight"), "{why}");
    }
}
