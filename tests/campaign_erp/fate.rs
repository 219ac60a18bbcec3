//! What befalls one request on its way to the ERP, in words for the tables, and the answers that never came from
//! the ERP. Leaves out when it befalls which request (`proxy`).

use std::time::Duration;

use millrace_plant::rng::Seeded;
use serde_json::{Value, json};

use super::plan::millis;

/// Longest delay of a request or an answer: beyond the client's patience.
const DELAY_MS_MAX: i64 = 2_200;

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Fair,
    RequestLost,
    /// The ERP has carried it out, and its answer is lost.
    AnswerLost,
    /// The same, and half of the answer arrives.
    AnswerHalved,
    /// Refused by something on the way.
    Status(u16),
    /// Carried out, and something on the way says it failed.
    StatusAfter(u16),
    Html,
    LoginPage,
    /// A business rule of Odoo says no, before anything is booked.
    Refused,
    RequestLate(Duration),
    AnswerLate(Duration),
    Twice,
    /// The connection ends, and the request is delivered all the same.
    Stray(Duration),
}

impl Fate {
    /// For a request that neither books nor closes: a lost answer is what happens most.
    pub(crate) fn draw(dice: &mut Seeded, late_ms_max: i64) -> Fate {
        match dice.between(0, 14) {
            0 => Fate::RequestLost,
            1..=3 => Fate::AnswerLost,
            4 => Fate::AnswerHalved,
            5 => Fate::Status(500),
            6 => Fate::Status(502),
            7 => Fate::Status(409),
            8 => Fate::StatusAfter(502),
            9 => Fate::Html,
            10 => Fate::LoginPage,
            11 => Fate::RequestLate(millis(dice, 1, DELAY_MS_MAX)),
            12 => Fate::AnswerLate(millis(dice, 1, DELAY_MS_MAX)),
            13 => Fate::Twice,
            _ => Fate::Stray(millis(dice, 1, late_ms_max)),
        }
    }

    /// For a request that books or closes: each fate in turn, so that none is left out by chance.
    pub(crate) fn dealt(turn: u64, dice: &mut Seeded, late_ms_max: i64) -> Fate {
        let count = u64::try_from(Fate::SPOILS.len()).expect("few");
        match Fate::SPOILS[usize::try_from(turn % count).expect("small")] {
            Fate::RequestLate(_) => Fate::RequestLate(millis(dice, 1, DELAY_MS_MAX)),
            Fate::AnswerLate(_) => Fate::AnswerLate(millis(dice, 1, DELAY_MS_MAX)),
            Fate::Stray(_) => Fate::Stray(millis(dice, 1, late_ms_max)),
            fixed => fixed,
        }
    }

    /// Everything but [`Fate::Fair`], without a pause.
    pub(crate) const SPOILS: [Fate; 14] = [
        Fate::RequestLost,
        Fate::AnswerLost,
        Fate::AnswerHalved,
        Fate::Status(409),
        Fate::Status(500),
        Fate::Status(502),
        Fate::StatusAfter(502),
        Fate::Html,
        Fate::LoginPage,
        Fate::Refused,
        Fate::RequestLate(Duration::ZERO),
        Fate::AnswerLate(Duration::ZERO),
        Fate::Twice,
        Fate::Stray(Duration::ZERO),
    ];

    /// The request reaches the ERP.
    pub(crate) fn is_carried_out(self) -> bool {
        match self {
            Fate::RequestLost | Fate::Status(_) | Fate::Html | Fate::LoginPage | Fate::Refused => {
                false
            }
            Fate::Fair
            | Fate::AnswerLost
            | Fate::AnswerHalved
            | Fate::StatusAfter(_)
            | Fate::RequestLate(_)
            | Fate::AnswerLate(_)
            | Fate::Twice
            | Fate::Stray(_) => true,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Fate::Fair => "fair",
            Fate::RequestLost => "request lost",
            Fate::AnswerLost => "answer lost after the commit",
            Fate::AnswerHalved => "half an answer",
            Fate::Status(409) => "409",
            Fate::Status(500) => "500",
            Fate::Status(_) => "502",
            Fate::StatusAfter(_) => "502 after the commit",
            Fate::Html => "HTML",
            Fate::LoginPage => "login page",
            Fate::Refused => "refused by a rule",
            Fate::RequestLate(_) => "request late",
            Fate::AnswerLate(_) => "answer late",
            Fate::Twice => "request twice",
            Fate::Stray(_) => "cut and delivered late",
        }
    }
}

/// As Odoo says no: over `/json/2` by a status, else within the envelope.
pub(crate) fn refusal(request: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(request);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let why = json!({ "name": "odoo.exceptions.UserError", "message": "The period is locked." });
    if head.contains(" /json/2/") {
        return whole_answer(422, "application/json", &why.to_string());
    }
    let call: Value = serde_json::from_str(body).unwrap_or_default();
    let error = json!({ "code": 200, "message": "Odoo Server Error", "data": why });
    let answer = json!({ "jsonrpc": "2.0", "id": call["id"], "error": error });
    whole_answer(200, "application/json", &answer.to_string())
}

/// A page that something on the way answers with.
pub(crate) fn page(status: u16, text: &str) -> Vec<u8> {
    let body = format!("<!doctype html><html><body>{text}</body></html>");
    whole_answer(status, "text/html", &body)
}

fn whole_answer(status: u16, kind: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} Proxy\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
