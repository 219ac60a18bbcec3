//! What may be done with a batch now, by whom, and why not: the one place that says so to every screen.
//! Leaves out doing it; each command's body decides again inside its transaction.

use millrace_core::access::lock::Standing as SessionStanding;
use millrace_core::access::{self, Right, Role};
use millrace_core::batch::release::Release;
use millrace_core::batch::run::Run;
use millrace_core::registers::handshake::DownloadStep;
use millrace_store::table::batch::BatchRow;
use millrace_store::{Read, StoreError};

use super::build::Standing;
use super::deviation;
use super::four_eyes::own_request;
use super::view::{ActionView, WhyNot};

/// Whether a download may still be given up: nothing was offered to the PLC.
pub(crate) fn is_before_offer(row: &BatchRow) -> bool {
    row.slot.is_some()
        && matches!(
            row.download_step,
            Some(DownloadStep::Prepared | DownloadStep::Written)
        )
        && matches!(row.run, Run::Downloading | Run::Held)
}

/// Every command on a batch, possible or not.
pub(super) fn actions(
    read: &Read<'_>,
    row: &BatchRow,
    standing: &Standing,
) -> Result<Vec<ActionView>, StoreError> {
    let in_slots = read.batches_in_slots()?;
    let differs = read
        .order_differs(row.order_id)?
        .then_some(WhyNot::OrderDiffers);
    let is_idle = row.run == Run::Idle;
    let is_dosing = matches!(row.run, Run::Ready | Run::Running | Run::Paused | Run::Held)
        && row.slot.is_some();
    let caller = &standing.caller;
    let command_reason = || {
        if !standing.has_command_word && row.run != Run::Held {
            Some(WhyNot::NoCommandWord)
        } else if !standing.is_plc_good {
            Some(WhyNot::PlcOffline)
        } else {
            None
        }
    };
    let start_reason = || {
        if differs.is_some() {
            differs.clone()
        } else if !standing.has_map {
            Some(WhyNot::NoRegisterMap)
        } else if !standing.is_plc_good {
            Some(WhyNot::PlcOffline)
        } else if in_slots.iter().any(|other| {
            other.order_id == row.order_id || other.recipe.order_name == row.recipe.order_name
        }) || in_slots.len() >= standing.in_plc_max
        {
            Some(WhyNot::OrderInPlc)
        } else if !standing.has_free_slot {
            Some(WhyNot::NoFreeSlot)
        } else {
            None
        }
    };
    let stop_pending = row.pending.is_some();
    // A hold that came after a stop asks for a signature of its own, and needs no command word.
    let is_held = row.run == Run::Held;
    let has_stop = !is_held && row.is_stop_asked();
    let action = |command: &str, right: Right, state_fits: bool, reason: Option<WhyNot>| {
        let why_not = if !state_fits {
            Some(WhyNot::WrongState)
        } else if access::may(&caller.roles, right)
            && (!caller.may(right)
                || (caller.standing == SessionStanding::Locked && command == "batch_resume"))
        {
            Some(WhyNot::SessionLow)
        } else if !caller.may(right) {
            Some(WhyNot::NeedsRight {
                role: Role::least_with(right).word().into(),
            })
        } else {
            reason
        };
        ActionView {
            command: command.into(),
            allowed: why_not.is_none(),
            why_not,
        }
    };
    let own = own_request(read, standing.four_eyes, row, caller.id)?.map(|_| WhyNot::OwnRequest);
    let open = matches!(row.release, Release::Pending | Release::Approved);
    let cancel_before = (is_idle && open) || is_before_offer(row);
    let own_batch = deviation::is_starter(read, row, &caller.name)?.then_some(WhyNot::OwnBatch);
    Ok(vec![
        action(
            "batch_approve",
            Right::BatchApprove,
            row.release == Release::Pending && is_idle,
            differs.clone().or(own),
        ),
        action(
            "batch_reject",
            Right::BatchReject,
            row.release == Release::Pending && is_idle,
            None,
        ),
        action(
            "batch_revoke",
            Right::BatchReject,
            row.release == Release::Approved && is_idle,
            None,
        ),
        action(
            "batch_start",
            Right::BatchStart,
            row.release == Release::Approved && is_idle,
            start_reason(),
        ),
        action(
            "batch_pause",
            Right::BatchPause,
            matches!(row.run, Run::Ready | Run::Running),
            if stop_pending {
                Some(WhyNot::Pending)
            } else {
                command_reason()
            },
        ),
        action(
            "batch_resume",
            Right::BatchPause,
            row.run == Run::Paused,
            if stop_pending {
                Some(WhyNot::Pending)
            } else {
                command_reason()
            },
        ),
        action(
            "batch_stop",
            Right::BatchStop,
            is_dosing,
            if has_stop {
                Some(WhyNot::Pending)
            } else {
                command_reason()
            },
        ),
        action(
            "batch_cancel",
            if cancel_before {
                Right::BatchCancel
            } else {
                Right::BatchReject
            },
            cancel_before || is_dosing,
            if cancel_before {
                None
            } else if has_stop {
                Some(WhyNot::Pending)
            } else {
                command_reason()
            },
        ),
        action(
            "manual_line_enter",
            Right::ManualEnter,
            row.run.is_live() || row.run.is_final(),
            None,
        ),
        action(
            "batch_deviation_accept",
            Right::DeviationAccept,
            row.run.is_final() && deviation::is_open(read, row)?,
            own_batch,
        ),
    ])
}
