//! The area in which the PLC reports one equipment failure: its words as an event, or why not.
//! Leaves out who writes when ([`super::area`]) and what a local time is in UTC (application).

use std::fmt;

use super::area::{AreaContent, AreaReading, AreaReason, AreaWords, hash, open, span, take};
use super::codec::{bcd2_from, bcd4_from, text_from};
use super::map::EquipmentFailureArea;

/// Words of a text.
const TEXT: u16 = 8;
/// Infos that mean that there is no event.
const NO_EVENT: [&str; 6] = ["", "0", "NONE", "NO_FAILURE", "NO ERROR", "NO_ERROR"];

/// A date and time by the PLC's clock, in plant local time. Always a day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlcTime {
    year: u16,
    month: u16,
    day: u16,
    hour: u16,
    minute: u16,
    second: u16,
}

impl PlcTime {
    /// The time that these numbers say, if they say one.
    #[must_use]
    pub fn new(date: [u16; 3], time: [u16; 3]) -> Option<PlcTime> {
        let ([year, month, day], [hour, minute, second]) = (date, time);
        let is_leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            0 | 13.. => 0,
        };
        let fits = year > 0 && (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60;
        fits.then_some(PlcTime {
            year,
            month,
            day,
            hour,
            minute,
            second,
        })
    }
}

impl fmt::Display for PlcTime {
    /// `YYYY-MM-DD HH:MM:SS`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PlcTime {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        )
    }
}

/// One equipment failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureEvent {
    /// Equipment code as the PLC has it.
    pub code: String,
    /// What happened, as the PLC has it.
    pub info: String,
    /// When; `None` when all six words are 0.
    pub time: Option<PlcTime>,
    /// Hash of the words, the handshake left out.
    pub hash: String,
}

impl EquipmentFailureArea {
    fn fields(&self) -> [(u16, u16); 8] {
        [
            (self.equipment_code, TEXT),
            (self.failure_info, TEXT),
            (self.year, 1),
            (self.month, 1),
            (self.day, 1),
            (self.hour, 1),
            (self.minute, 1),
            (self.second, 1),
        ]
    }

    /// First word and number of words to read, handshake included.
    #[must_use]
    pub fn span(&self) -> (u16, u16) {
        let mut fields = self.fields().to_vec();
        fields.push((self.status_read_data, 1));
        span(&fields)
    }

    /// What the words of [`EquipmentFailureArea::span`] say.
    #[must_use]
    pub fn decode(&self, words: &[u16]) -> AreaReading<FailureEvent> {
        let mut reasons = Vec::new();
        let (area, ack) = match open(self.span(), self.status_read_data, words, &mut reasons) {
            Ok(opened) => opened,
            Err(refused) => return refused,
        };
        let code_words = area.at(self.equipment_code, TEXT);
        let info_words = area.at(self.failure_info, TEXT);
        let code = take(
            text_from(&code_words),
            "equipment code",
            self.equipment_code,
            &code_words,
            &mut reasons,
        );
        let info = take(
            text_from(&info_words),
            "failure info",
            self.failure_info,
            &info_words,
            &mut reasons,
        );
        let content = match (code, info) {
            (Some(_), Some(info)) if reasons.is_empty() && is_no_event(&info) => {
                AreaContent::Nothing
            }
            (code, info) => {
                let time = self.time(&area, &mut reasons);
                if code.as_deref().is_some_and(|code| code.trim().is_empty()) {
                    reasons.push(AreaReason::Field {
                        field: "equipment code",
                        addr: self.equipment_code,
                        raw: code_words,
                        why: "is empty",
                    });
                }
                match (code, info) {
                    (Some(code), Some(info)) if reasons.is_empty() => {
                        AreaContent::Event(FailureEvent {
                            code,
                            info,
                            time,
                            hash: hash("millrace-failure-1", &area, &self.fields()),
                        })
                    }
                    (Some(_) | None, Some(_) | None) => AreaContent::Refused(reasons),
                }
            }
        };
        AreaReading {
            ack: ack.unwrap_or(false),
            content,
        }
    }

    /// The date words; all 0 is no date, which is allowed, anything else must be one.
    fn time(&self, area: &AreaWords<'_>, reasons: &mut Vec<AreaReason>) -> Option<PlcTime> {
        let addresses = [
            ("year", self.year),
            ("month", self.month),
            ("day", self.day),
            ("hour", self.hour),
            ("minute", self.minute),
            ("second", self.second),
        ];
        let raw = addresses.map(|(_, addr)| area.word(addr));
        if raw == [0; 6] {
            return None;
        }
        let before = reasons.len();
        let numbers = addresses.map(|(field, addr)| {
            let word = area.word(addr);
            let number = if addr == self.year {
                bcd4_from(word)
            } else {
                bcd2_from(word)
            };
            take(number, field, addr, &[word], reasons).unwrap_or_default()
        });
        if reasons.len() > before {
            return None;
        }
        let [year, month, day, hour, minute, second] = numbers;
        let time = PlcTime::new([year, month, day], [hour, minute, second]);
        if time.is_none() {
            reasons.push(AreaReason::Date {
                addr: self.year,
                raw: raw.to_vec(),
            });
        }
        time
    }
}

/// Spaces at the end are how some panels fill up a text.
fn is_no_event(info: &str) -> bool {
    NO_EVENT.contains(&info.trim_end_matches(' '))
}
