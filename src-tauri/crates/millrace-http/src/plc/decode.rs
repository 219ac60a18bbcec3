//! `plc decode`: the words of one slot judged by the same rules as on a live line, as one line of
//! JSON. A refused block shows its reasons and no values. Leaves out any PLC.

use millrace_app::commissioning::words;
use millrace_core::ids::SlotNo;
use millrace_core::registers::{Expected, RegisterMap, SlotBlock, Verdict, accept};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{DecodeArgs, USAGE, load_map};
use crate::launch::Exit;

/// What is printed.
#[derive(Debug, serde::Serialize)]
struct Answer {
    accepted: bool,
    reasons: Vec<String>,
    values: Values,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    empty: bool,
}

#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
enum Values {
    None {},
    Block(Box<Block>),
}

#[derive(Debug, serde::Serialize)]
struct Block {
    batch_no: u16,
    order_name: String,
    bom_text: String,
    product_text: String,
    planned_g: i64,
    silos: Silos,
    finished: bool,
    failed: bool,
    /// `null` where the map's rule says that the plant did not fill it.
    weight_g: Option<i64>,
    flag: bool,
}

/// Grams by tag, in the order of the map.
#[derive(Debug)]
struct Silos(Vec<(String, i64)>);

impl Serialize for Silos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (tag, grams) in &self.0 {
            map.serialize_entry(tag, grams)?;
        }
        map.end()
    }
}

/// The line to print.
///
/// # Errors
/// Code 2: the map or the words cannot be read. A refused block is no error.
pub(super) fn line(args: &DecodeArgs) -> Result<String, Exit> {
    let unreadable = |message: String| Exit {
        code: USAGE,
        message,
    };
    let map = load_map(&args.map).map_err(unreadable)?;
    let words =
        words::from_hex(&args.words).map_err(|why| unreadable(format!("--words: {why}.")))?;
    let answer = judge(&map, &words, args.slot, args.order.as_deref());
    serde_json::to_string(&answer)
        .map_err(|error| unreadable(format!("The answer cannot be written: {error}.")))
}

fn judge(map: &RegisterMap, words: &[u16], slot: Option<u16>, order: Option<&str>) -> Answer {
    let named = words
        .get(usize::from(map.fields().batch_no.offset))
        .copied()
        .filter(|number| map.has_slot(SlotNo(*number)));
    let slot = SlotNo(slot.or(named).unwrap_or(1));
    let planned_at = usize::from(map.fields().planned.offset);
    let planned = words.get(planned_at..planned_at + 2);
    let expected = order.zip(planned).map(|(order_name, pair)| Expected {
        slot,
        order_name,
        // All that is known here of the plan is what the block itself repeats.
        planned_total: words::mass(map, [pair[0], pair[1]]),
        max_dose: &[],
        stopped: false,
    });
    match accept(map, slot, words, expected.as_ref()) {
        Verdict::Empty => Answer {
            accepted: true,
            reasons: Vec::new(),
            values: Values::None {},
            empty: true,
        },
        Verdict::Accepted(block) => Answer {
            accepted: true,
            reasons: Vec::new(),
            values: Values::Block(Box::new(shown(map, block))),
            empty: false,
        },
        Verdict::Refused(reasons) => Answer {
            accepted: false,
            reasons: reasons.iter().map(ToString::to_string).collect(),
            values: Values::None {},
            empty: false,
        },
    }
}

fn shown(map: &RegisterMap, block: SlotBlock) -> Block {
    let weight_g = block.reported_weight(map.rules()).map(|weight| weight.0);
    let silos = map.silos().iter().zip(&block.silos);
    Block {
        silos: Silos(
            silos
                .map(|(silo, (_, mass))| (silo.tag.clone(), mass.0))
                .collect(),
        ),
        batch_no: block.batch_no,
        order_name: block.order_name,
        bom_text: block.bom_text,
        product_text: block.product_text,
        planned_g: block.planned.0,
        finished: block.finished,
        failed: block.failed,
        weight_g,
        flag: block.flag,
    }
}
