//! Messages about what the PLC reports beside its slots, and about what was added by hand: their keys
//! and contents are fixed here, for ever. Leaves out sending ([`super::posting_area`]).

use jiff::tz::{AmbiguousOffset, TimeZone};
use millrace_core::erp::{FailurePost, MaterialPost};
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::OutboxId;
use millrace_core::registers::area_failure::{FailureEvent, PlcTime};
use millrace_core::units::Grams;
use millrace_store::Write;
use millrace_store::table::area_step::Area;
use millrace_store::table::batch::BatchRow;
use millrace_store::table::manual_line::ManualLineRow;
use millrace_store::table::outbox::{MessageKind, OutboxNew};

use super::message::to_json;
use crate::error::AppError;

/// The ERP refuses a time that lies in its future. So much may its clock be behind ours.
const ERP_CLOCK_BEHIND_MS: i64 = 60_000;
/// Digits of the content hash that a key carries.
const HASH_DIGITS: usize = 16;

/// What was queued about a failure.
#[derive(Debug)]
pub(crate) struct FailureQueued {
    pub(crate) outbox_id: OutboxId,
    /// Why the PLC's time could not be used, if it could not.
    pub(crate) note: Option<String>,
}

/// Queues an equipment failure. The ERP counts in UTC, the PLC in the site's local time; a time that
/// has no one place in UTC is not guessed: the record then carries the moment at which the event was
/// stored, and its text says what the PLC's clock showed and why it was not used.
pub(crate) fn queue_failure(
    tx: &Write<'_>,
    event: &FailureEvent,
    site: &str,
    zone: &str,
    at_ms: i64,
) -> Result<FailureQueued, AppError> {
    let (date_utc, note) = match event.time.map(|time| to_utc(time, zone)) {
        Some(Ok(utc)) => (utc, None),
        Some(Err(why)) => (utc_text(at_ms), Some(why)),
        None => (utc_text(at_ms), Some("the PLC gave no time".to_owned())),
    };
    let generation = tx.area_generation(Area::EquipmentFailure)?;
    let digits = event.hash.get(..HASH_DIGITS).unwrap_or(&event.hash);
    let key = format!("{site}:equipment_failure:{generation}:{digits}:1");
    let post = FailurePost {
        key: key.clone(),
        equipment_code: event.code.clone(),
        description: note.as_ref().map_or_else(
            || event.info.clone(),
            |note| format!("{} ({note})", event.info),
        ),
        date_utc,
    };
    let outbox_id = tx
        .outbox_put(&OutboxNew {
            key: &key,
            kind: MessageKind::EquipmentFailure,
            about: None,
            payload: &to_json(&post)?,
            at_ms,
            not_before_ms: at_ms,
        })?
        .ok_or_else(|| {
            AppError::refusal(
                ErrorCode::Changed,
                format!("the failure of {} is stored already", event.code),
            )
        })?;
    Ok(FailureQueued { outbox_id, note })
}

/// Queues what was added by hand of one material, as the order's running total. Answers `None` where
/// there is nothing to tell, or the order does not say which product it is.
pub(crate) fn queue_material(
    tx: &Write<'_>,
    batch: &BatchRow,
    line: &ManualLineRow,
    site: &str,
    at_ms: i64,
) -> Result<Option<OutboxId>, AppError> {
    let Some(product_id) = line.product_id else {
        return Ok(None);
    };
    let mut total = Grams::ZERO;
    for sibling in tx.batches_of_order(batch.order_id)? {
        for entered in tx.manual_lines(sibling.id)? {
            if entered.product_id == line.product_id && entered.erp_code == line.erp_code {
                total = Grams(
                    total
                        .0
                        .saturating_add(entered.actual_g.unwrap_or_default().0),
                );
            }
        }
    }
    if total <= Grams::ZERO {
        return Ok(None);
    }
    let key = format!(
        "{site}:{}:{}:material-{}:1",
        batch.order_id, batch.id, line.line_no
    );
    let post = MaterialPost {
        key: key.clone(),
        order_name: batch.recipe.order_name.clone(),
        equipment_code: line.erp_code.clone(),
        product_id,
        material: line.material.clone(),
        consumed_g: total,
        at_utc: utc_text(at_ms),
    };
    Ok(tx.outbox_put(&OutboxNew {
        key: &key,
        kind: MessageKind::MaterialConsumption,
        about: Some((batch.order_id, batch.id)),
        payload: &to_json(&post)?,
        at_ms,
        not_before_ms: at_ms + ERP_CLOCK_BEHIND_MS,
    })?)
}

/// A plant-local time in UTC, or a sentence why it has no one place there.
fn to_utc(time: PlcTime, zone: &str) -> Result<String, String> {
    let why = |what: &str| format!("PLC time {time} {what} in {zone}");
    let zone_of = TimeZone::get(zone).map_err(|_| why("cannot be placed"))?;
    let civil: jiff::civil::DateTime = time
        .to_string()
        .replace(' ', "T")
        .parse()
        .map_err(|_| why("cannot be placed"))?;
    let placed = zone_of.to_ambiguous_timestamp(civil);
    match placed.offset() {
        AmbiguousOffset::Unambiguous { .. } => placed
            .unambiguous()
            .map(|utc| utc_text(utc.as_millisecond()))
            .map_err(|_| why("cannot be placed")),
        AmbiguousOffset::Gap { .. } => Err(why("does not exist")),
        AmbiguousOffset::Fold { .. } => Err(why("exists twice")),
    }
}

/// UTC as `YYYY-MM-DD HH:MM:SS`, without a zone, as the ERP wants it.
pub(super) fn utc_text(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(date: [u16; 3], time: [u16; 3], zone: &str) -> Result<String, String> {
        to_utc(PlcTime::new(date, time).expect("a time"), zone)
    }

    #[test]
    fn a_plant_time_becomes_utc() {
        assert_eq!(
            placed([2026, 11, 22], [8, 30, 5], "Asia/Jakarta").as_deref(),
            Ok("2026-11-22 01:30:05")
        );
        assert_eq!(
            placed([2026, 1, 1], [0, 30, 0], "Europe/Amsterdam").as_deref(),
            Ok("2025-12-31 23:30:00")
        );
    }

    #[test]
    fn a_time_that_the_clocks_skip_or_repeat_is_not_guessed() {
        let gap = placed([2026, 3, 29], [2, 30, 0], "Europe/Amsterdam");
        assert_eq!(
            gap,
            Err("PLC time 2026-03-29 02:30:00 does not exist in Europe/Amsterdam".to_owned())
        );
        let fold = placed([2026, 10, 25], [2, 30, 0], "Europe/Amsterdam");
        assert_eq!(
            fold,
            Err("PLC time 2026-10-25 02:30:00 exists twice in Europe/Amsterdam".to_owned())
        );
        assert!(placed([2026, 10, 25], [3, 0, 0], "Europe/Amsterdam").is_ok());
    }

    #[test]
    fn utc_is_written_without_a_zone() {
        assert_eq!(utc_text(1_795_348_805_000), "2026-11-22 12:00:05");
    }
}
