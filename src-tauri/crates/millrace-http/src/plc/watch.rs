//! `plc watch`: a line for every value that changes, until Ctrl+C or until nobody reads it. A
//! connection that is lost is a line, too, and the watch goes on. Writes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use millrace_app::clock::{Clock, SystemClock};
use millrace_app::commissioning::words::{hex, named, part, shown};
use millrace_app::commissioning::{SlotWords, verdict};
use millrace_core::registers::RegisterMap;
use tokio::time::{MissedTickBehavior, interval};

use super::link::Link;
use super::{WatchArgs, fault, say};
use crate::launch::Exit;

/// Watches until told to end.
///
/// # Errors
/// As [`Link::open`], and where the very first look fails as [`Link::exit`].
pub(super) async fn watch(args: &WatchArgs) -> Result<u8, Exit> {
    let link = Link::open(&args.reach)?;
    let slots = link.slots(args.slot)?;
    let clock = SystemClock::new();
    let told = tokio::signal::ctrl_c();
    tokio::pin!(told);
    let mut ticks = interval(Duration::from_millis(args.period_ms));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before: BTreeMap<_, SlotWords> = BTreeMap::new();
    let mut lost: Option<String> = None;
    loop {
        tokio::select! {
            biased;
            heard = &mut told => {
                return heard.map(|()| 0).map_err(|error| fault(format!("Signals cannot be heard: {error}.")));
            }
            _ = ticks.tick() => {}
        }
        for slot in &slots {
            let looked = tokio::select! {
                biased;
                _ = &mut told => return Ok(0),
                looked = link.slot(*slot) => looked,
            };
            let at = time_of_day(clock.now_ms());
            let lines = match looked {
                Ok(now) => {
                    let mut lines = Vec::new();
                    if lost.take().is_some() {
                        lines.push(format!("{at} the PLC answers again"));
                    }
                    match before.get(slot) {
                        None => {
                            lines.push(format!("{at} slot {slot}: {}", verdict(&link.map, &now)))
                        }
                        Some(old) => {
                            for change in changes(&link.map, old, &now) {
                                lines.push(format!("{at} slot {slot} {change}"));
                            }
                        }
                    }
                    before.insert(*slot, now);
                    lines
                }
                Err(error) if before.is_empty() => return Err(link.exit(&error).await),
                Err(error) => {
                    let why = error.to_string();
                    if lost.as_ref() == Some(&why) {
                        continue;
                    }
                    lost = Some(why.clone());
                    vec![format!("{at} no value: {why}")]
                }
            };
            for line in lines {
                if !say(&line) {
                    return Ok(0);
                }
            }
        }
    }
}

/// What differs, value by value.
fn changes(map: &RegisterMap, old: &SlotWords, new: &SlotWords) -> Vec<String> {
    let mut lines = Vec::new();
    for value in named(map) {
        for (is_there, base, area, old, new) in [
            (
                value.in_read,
                map.read_base(new.slot),
                "read",
                &old.read,
                &new.read,
            ),
            (
                value.in_write,
                map.write_base(new.slot),
                "write",
                &old.write,
                &new.write,
            ),
        ] {
            let (was, is) = (part(old, &value), part(new, &value));
            if is_there && was != is {
                lines.push(format!(
                    "{area} D{} {}: {} -> {} (raw {} -> {})",
                    base + value.offset,
                    value.tag,
                    shown(map, value.kind, was),
                    shown(map, value.kind, is),
                    hex(was),
                    hex(is)
                ));
            }
        }
    }
    lines
}

/// UTC, to the millisecond.
fn time_of_day(now_ms: i64) -> String {
    let ms = now_ms.rem_euclid(86_400_000);
    let (s, ms) = (ms / 1_000, ms % 1_000);
    format!("{:02}:{:02}:{:02}.{ms:03}Z", s / 3_600, s / 60 % 60, s % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_in_utc() {
        assert_eq!(time_of_day(1_700_000_000_123), "22:13:20.123Z");
    }
}
