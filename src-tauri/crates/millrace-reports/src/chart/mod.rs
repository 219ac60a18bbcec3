//! Charts as SVG, the same picture on the screen and on paper. Drawn by plotters, in the colours
//! of the screens. Leaves out live charts (the UI draws those) and every choice of data.
//!
//! Masses come as whole grams and are shown as kilograms with one decimal and a point, without
//! grouping: a comma means different things in the languages of the product.

mod consumption;
mod paper;
mod tokens;
mod trend;

pub use consumption::consumption;
pub use trend::trend;

/// Narrowest and lowest picture in which the texts still have room, in pixels.
pub const SIZE_MIN: (u32, u32) = (320, 200);
/// Largest picture, in pixels.
pub const SIZE_MAX: (u32, u32) = (8_000, 8_000);

/// For which ground a chart is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light grey, as on the screen in a lit room.
    Day,
    /// Light on dark grey, as on the screen in a dark room.
    Night,
    /// The day's colours on white, for paper and mail.
    Print,
}

/// One silo of a consumption chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumptionBar {
    /// The silo's short name.
    pub label: String,
    /// What was in it.
    pub material: String,
    /// Planned, in grams.
    pub planned_g: i64,
    /// Used, in grams; `None` = not known, which is not zero.
    pub actual_g: Option<i64>,
    /// Lower limit of the tolerance, in grams.
    pub low_g: Option<i64>,
    /// Upper limit of the tolerance, in grams.
    pub high_g: Option<i64>,
    /// The caller's verdict; the chart does not judge by itself.
    pub is_outside: bool,
}

/// The words of a chart, in the reader's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartLabels {
    /// What the chart shows.
    pub title: String,
    /// "Planned".
    pub planned: String,
    /// "Actual".
    pub actual: String,
    /// The unit at the axis; values are always kilograms.
    pub unit: String,
}

/// Why there is no picture. All but the last are the caller's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// A picture without room for its texts, or one that is absurdly large.
    #[error("a chart of {width} x {height} pixels is outside {SIZE_MIN:?} to {SIZE_MAX:?}")]
    Size {
        /// Asked for.
        width: u32,
        /// Asked for.
        height: u32,
    },
    /// A mass below zero has no bar.
    #[error("{what}: {grams} g is below zero")]
    Negative {
        /// Whose mass.
        what: String,
        /// The mass.
        grams: i64,
    },
    /// A tolerance whose lower limit is above its upper one.
    #[error("{label}: the tolerance runs from {low_g} g down to {high_g} g")]
    Tolerance {
        /// Which silo.
        label: String,
        /// Lower limit in grams.
        low_g: i64,
        /// Upper limit in grams.
        high_g: i64,
    },
    /// Points that do not run forward from the start.
    #[error("point {index} is earlier than the one before it, or than the start")]
    TimeOrder {
        /// Counted from 0.
        index: usize,
    },
    /// The drawing library's own.
    #[error("the chart could not be drawn: {0}")]
    Drawing(String),
}

/// Refuses a mass that no axis from zero can show.
fn not_negative(what: &str, grams: Option<i64>) -> Result<(), ChartError> {
    match grams {
        Some(grams) if grams < 0 => Err(ChartError::Negative {
            what: what.to_owned(),
            grams,
        }),
        Some(_) | None => Ok(()),
    }
}

/// Kilograms for the drawing only; what is written comes from [`kg_text`].
fn kg(grams: i64) -> f64 {
    grams as f64 / 1_000.0
}

/// Kilograms with one decimal, rounded half up.
fn kg_text(grams: i64) -> String {
    let tenths = grams.unsigned_abs().saturating_add(50) / 100;
    let sign = if grams < 0 && tenths > 0 {
        "\u{2212}"
    } else {
        ""
    };
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

/// A value at the axis: as few decimals as say it, down to the gram.
fn axis_text(kg: f64) -> String {
    let text = format!("{kg:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_rounded_half_up_from_whole_grams() {
        for (grams, text) in [
            (0, "0.0"),
            (49, "0.0"),
            (50, "0.1"),
            (998_449, "998.4"),
            (-50, "\u{2212}0.1"),
            (-49, "0.0"),
        ] {
            assert_eq!(kg_text(grams), text, "{grams} g");
        }
    }

    #[test]
    fn an_axis_value_has_no_decimals_that_say_nothing() {
        for (kg, text) in [
            (0.0, "0"),
            (200.0, "200"),
            (0.1 + 0.2, "0.3"),
            (0.005, "0.005"),
        ] {
            assert_eq!(axis_text(kg), text);
        }
    }
}
