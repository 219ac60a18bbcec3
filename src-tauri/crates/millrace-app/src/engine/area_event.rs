//! What an event of the areas beside the slots does to the books, in one transaction: its row, its
//! message, journal and audit; a weighing also fills the manual line that it can only mean.
//! Leaves out when that may happen ([`super::areas`]).

use std::fmt;

use millrace_core::error_code::ErrorCode;
use millrace_core::ids::SlotNo;
use millrace_core::journal::JournalKind;
use millrace_core::registers::area::{AreaContent, AreaReading};
use millrace_core::registers::area_failure::FailureEvent;
use millrace_core::registers::area_weighing::WeighingEvent;
use millrace_store::Write;
use millrace_store::table::area_step::Area;
use millrace_store::table::batch::BatchRow;
use millrace_store::table::equipment_failure::FailureNew;
use millrace_store::table::manual_line::ManualLineRow;
use millrace_store::table::manual_weighing::{WeighingLine, WeighingNew};
use serde_json::json;

use crate::commands::audit;
use crate::commands::manual::{Entry, enter};
use crate::error::AppError;
use crate::jobs::message;

/// Who entered a weight that the PLC reported.
const PLC: &str = "PLC";

/// An event of either area.
#[derive(Debug, Clone)]
pub(super) enum Reported {
    Failure(FailureEvent),
    Weighing(WeighingEvent),
}

impl Reported {
    pub(super) fn from<T>(
        reading: AreaReading<T>,
        wrap: impl FnOnce(T) -> Reported,
    ) -> AreaReading<Reported> {
        AreaReading {
            ack: reading.ack,
            content: match reading.content {
                AreaContent::Nothing => AreaContent::Nothing,
                AreaContent::Event(event) => AreaContent::Event(wrap(event)),
                AreaContent::Refused(reasons) => AreaContent::Refused(reasons),
            },
        }
    }

    pub(super) fn hash(&self) -> &str {
        match self {
            Reported::Failure(event) => &event.hash,
            Reported::Weighing(event) => &event.hash,
        }
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reported::Failure(event) => {
                write!(f, "{} {}", event.code, event.info)?;
                event.time.map_or(Ok(()), |time| write!(f, ", {time}"))
            }
            Reported::Weighing(event) => write!(
                f,
                "{}, product {}, {}",
                event.order_name, event.product_id, event.mass
            ),
        }
    }
}

/// Stores an event with all that follows from it, and answers its id.
pub(super) fn store(
    tx: &Write<'_>,
    event: &Reported,
    site: &str,
    zone: &str,
    at_ms: i64,
) -> Result<i64, AppError> {
    let (area, id) = match event {
        Reported::Failure(event) => (
            Area::EquipmentFailure,
            store_failure(tx, event, site, zone, at_ms)?,
        ),
        Reported::Weighing(event) => (
            Area::ManualWeighing,
            store_weighing(tx, event, site, at_ms)?,
        ),
    };
    tx.audit_add(&audit::of(
        "system",
        "engine_area_store",
        &format!("{}:{id}", area.word()),
        "",
        at_ms,
        &json!({ "event": event.to_string(), "content_hash": event.hash() }),
    ))?;
    Ok(id)
}

fn store_failure(
    tx: &Write<'_>,
    event: &FailureEvent,
    site: &str,
    zone: &str,
    at_ms: i64,
) -> Result<i64, AppError> {
    let queued = message::queue_failure(tx, event, site, zone, at_ms)?;
    let plc_time = event.time.map(|time| time.to_string());
    let id = tx.failure_add(&FailureNew {
        content_hash: &event.hash,
        equipment_code: &event.code,
        info: &event.info,
        plc_time: plc_time.as_deref(),
        stored_at_ms: at_ms,
        outbox_id: queued.outbox_id,
    })?;
    let mut params = vec![("code", event.code.clone()), ("info", event.info.clone())];
    params.extend(queued.note.map(|note| ("reason", note)));
    tx.journal_add(at_ms, None, JournalKind::EquipmentFailureStored, &params)?;
    Ok(id)
}

fn store_weighing(
    tx: &Write<'_>,
    event: &WeighingEvent,
    site: &str,
    at_ms: i64,
) -> Result<i64, AppError> {
    let line = match find_line(tx, event)? {
        Ok((batch, line)) => take_line(tx, event, &batch, &line, site, at_ms)?,
        Err(why) => Err(why),
    };
    let batch_id = line.as_ref().ok().map(|line| line.batch_id);
    let mut params = vec![
        ("order", event.order_name.clone()),
        ("product", event.product_id.to_string()),
        ("actual_g", event.mass.0.to_string()),
    ];
    params.extend(line.as_ref().err().map(|why| ("reason", why.clone())));
    let id = tx.weighing_add(&WeighingNew {
        content_hash: &event.hash,
        batch_no: event.batch_no,
        order_name: &event.order_name,
        product_id: event.product_id,
        mass: event.mass,
        stored_at_ms: at_ms,
        line,
    })?;
    tx.journal_add(at_ms, batch_id, JournalKind::ManualWeighingStored, &params)?;
    Ok(id)
}

/// Enters the weight as a person would. What a person would be refused is refused here with the same
/// sentence, and waits for one.
fn take_line(
    tx: &Write<'_>,
    event: &WeighingEvent,
    batch: &BatchRow,
    line: &ManualLineRow,
    site: &str,
    at_ms: i64,
) -> Result<Result<WeighingLine, String>, AppError> {
    let entry = Entry {
        batch_id: batch.id,
        line_no: line.line_no,
        weight: event.mass,
        by: PLC.to_owned(),
        at_ms,
    };
    match enter(tx, site, &entry, None) {
        Ok(entered) => Ok(Ok(WeighingLine {
            batch_id: batch.id,
            line_no: line.line_no,
            material: entered.line.material,
            outbox_id: entered.outbox_id,
        })),
        Err(error)
            if matches!(
                error.code,
                ErrorCode::BadRequest
                    | ErrorCode::IllegalTransition
                    | ErrorCode::NotFound
                    | ErrorCode::Changed
            ) =>
        {
            Ok(Err(format!("{}: {}", batch.label, error.message)))
        }
        Err(error) => Err(error),
    }
}

/// The one empty manual line that a weighing can mean, or a sentence why there is none. The batch
/// number decides between batches of one order where it is the slot of one of them; nothing is guessed.
fn find_line(
    tx: &Write<'_>,
    event: &WeighingEvent,
) -> Result<Result<(BatchRow, ManualLineRow), String>, AppError> {
    let name = &event.order_name;
    let batches = tx.batches_of_name(name)?;
    if batches.is_empty() {
        return Ok(Err(format!("no order {name} is in the books")));
    }
    let mut lines = Vec::new();
    for batch in batches {
        for line in tx.manual_lines(batch.id)? {
            if line.product_id == Some(i64::from(event.product_id)) {
                lines.push((batch.clone(), line));
            }
        }
    }
    if lines.is_empty() {
        return Ok(Err(format!(
            "{name} has no manual line with product number {}",
            event.product_id
        )));
    }
    let slot = Some(SlotNo(event.batch_no));
    if lines.iter().any(|(batch, _)| batch.slot == slot) {
        lines.retain(|(batch, _)| batch.slot == slot);
    } else {
        lines.retain(|(batch, _)| batch.run.is_live() || batch.run.is_final());
    }
    let entered_by = lines
        .iter()
        .find_map(|(_, line)| Some((line.material.clone(), line.entered_by.clone()?)));
    lines.retain(|(_, line)| line.actual_g.is_none());
    let count = lines.len();
    match (lines.pop(), entered_by) {
        (Some(line), _) if count == 1 => Ok(Ok(line)),
        (Some(_), _) => Ok(Err(format!(
            "{count} lines of {name} with product number {} are empty, and batch number {} does not tell which is meant",
            event.product_id, event.batch_no
        ))),
        (None, Some((material, by))) => Ok(Err(format!(
            "{material} of {name} was entered already by {by}"
        ))),
        (None, None) => Ok(Err(format!(
            "{name} has not begun: nothing can have been added to it"
        ))),
    }
}
