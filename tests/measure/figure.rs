//! Repeated figures and how they are shown: smallest, median, largest, and the ratio to a floor of
//! the same run. Leaves out what is measured.

use std::fmt::Write;
use std::time::Duration;

/// One quantity, measured several times.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series {
    values: Vec<f64>,
}

impl Series {
    pub(crate) fn push(&mut self, value: f64) {
        self.values.push(value);
    }

    pub(crate) fn push_ms(&mut self, time: Duration) {
        self.push(time.as_secs_f64() * 1e3);
    }

    pub(crate) fn median(&self) -> Option<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let upper = sorted.get(middle).copied()?;
        if sorted.len() % 2 == 1 {
            return Some(upper);
        }
        sorted
            .get(middle.checked_sub(1)?)
            .map(|lower| f64::midpoint(*lower, upper))
    }

    fn extremes(&self) -> Option<(f64, f64)> {
        let least = self.values.iter().copied().min_by(f64::total_cmp)?;
        let most = self.values.iter().copied().max_by(f64::total_cmp)?;
        Some((least, most))
    }
}

/// A table that grows row by row, in Markdown.
#[derive(Debug)]
pub(crate) struct Table(String);

impl Table {
    pub(crate) fn new() -> Table {
        Table(
            "| | n | min | median | max | against its floor |\n|--|--:|--:|--:|--:|--:|\n"
                .to_owned(),
        )
    }

    /// A row; a quantity that was never measured gets none.
    pub(crate) fn row(&mut self, name: &str, unit: &str, series: &Series, floor: Option<&Series>) {
        let (Some(median), Some((least, most))) = (series.median(), series.extremes()) else {
            return;
        };
        let ratio = match floor.and_then(Series::median) {
            Some(floor) if floor > 0.0 => format!("{:.2}", median / floor),
            Some(_) | None => "–".to_owned(),
        };
        writeln!(
            self.0,
            "| {name}, {unit} | {} | {least:.1} | {median:.1} | {most:.1} | {ratio} |",
            series.values.len()
        )
        .expect("a String takes all that is written to it");
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}
