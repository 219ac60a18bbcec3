//! Planned against actual per silo, as standing bullet bars: a wide bar for the plan, a thin one
//! for what was used, the tolerance behind and the target across. Leaves out judging tolerances.

use super::paper::{CAPTION, EDGE, Frame, Hand, Paper, Plot, Px, Swatch, fitted, sheet, wide};
use super::{ChartError, ChartLabels, ConsumptionBar, Theme, axis_text, kg, kg_text, not_negative};

/// The axis of a chart that has nothing to show ends here, in kilograms.
const EMPTY_AXIS: f64 = 100.0;
/// Heights of the rows of text.
const ROW: i32 = 17;
/// Height of a badge with the room around it.
const BADGE: i32 = 22;

/// Consumption per silo as SVG text, `size` in pixels. Without bars the axes stay.
///
/// # Errors
/// [`ChartError`]: a size or a mass that cannot be drawn.
pub fn consumption(
    bars: &[ConsumptionBar],
    labels: &ChartLabels,
    theme: Theme,
    size: (u32, u32),
) -> Result<String, ChartError> {
    bars.iter().try_for_each(check)?;
    sheet(size, theme, &labels.title, |paper| {
        draw(paper, bars, labels)
    })
}

fn check(bar: &ConsumptionBar) -> Result<(), ChartError> {
    for grams in [Some(bar.planned_g), bar.actual_g, bar.low_g, bar.high_g] {
        not_negative(&bar.label, grams)?;
    }
    match (bar.low_g, bar.high_g) {
        (Some(low_g), Some(high_g)) if low_g > high_g => Err(ChartError::Tolerance {
            label: bar.label.clone(),
            low_g,
            high_g,
        }),
        _any => Ok(()),
    }
}

/// The highest mark of a bar, in grams.
fn top(bar: &ConsumptionBar) -> i64 {
    [bar.actual_g, bar.low_g, bar.high_g]
        .into_iter()
        .flatten()
        .fold(bar.planned_g, i64::max)
}

fn actual_text(bar: &ConsumptionBar) -> String {
    bar.actual_g.map_or_else(|| "\u{2014}".to_owned(), kg_text)
}

fn draw(
    paper: &Paper<'_>,
    bars: &[ConsumptionBar],
    labels: &ChartLabels,
) -> Result<(), ChartError> {
    let head = paper.head(
        labels,
        &[
            (Swatch::Plan, labels.planned.clone()),
            (Swatch::Actual, labels.actual.clone()),
        ],
    )?;
    let highest = kg(bars.iter().map(top).max().unwrap_or(0));
    let left = (wide(&axis_text(highest.round()), CAPTION) + 2)
        .max(wide(&labels.planned, CAPTION).min(84))
        + 8
        + EDGE;
    let count = f64::from(u32::try_from(bars.len().max(1)).unwrap_or(u32::MAX));
    let room = f64::from(paper.size().0 - left - EDGE) / count;
    let widest = bars
        .iter()
        .flat_map(|bar| [actual_text(bar), kg_text(bar.planned_g)])
        .map(|text| wide(&text, CAPTION))
        .max()
        .unwrap_or(0);
    // Values that are wider than their bar's share of the axis stand upright instead.
    let is_upright = f64::from(widest) > room - 4.0;
    let value = if is_upright { widest + 4 } else { ROW };
    let frame = Frame {
        top: head,
        left,
        bottom: 10 + 2 * ROW + value + EDGE / 2,
    };
    // Room above the highest mark for its value and a badge.
    let height = f64::from((paper.size().1 - frame.top - frame.bottom).max(1));
    let spare = f64::from(
        value
            + 6
            + if bars.iter().any(|bar| bar.is_outside) {
                BADGE
            } else {
                0
            },
    );
    let axis = if highest > 0.0 {
        highest * height / (height - spare).max(height / 3.0)
    } else {
        EMPTY_AXIS
    };
    let plot = paper.plot(frame, labels, count, axis)?;
    let sheet = Bars {
        paper,
        plot: &plot,
        room: room.floor() as i32,
        value,
        is_upright,
    };
    for (index, bar) in (0_u32..).zip(bars) {
        sheet.bar(f64::from(index) + 0.5, bar)?;
    }
    if bars.is_empty() {
        return Ok(());
    }
    let heading = fitted(&labels.planned, CAPTION, left - 8 - EDGE / 2);
    let y = sheet.pixel(0.0, 0).1 + 10 + 2 * ROW + value / 2;
    paper.text(
        (left - 8, y),
        &heading,
        Hand::new(paper.tokens.text_2).left_of(),
    )
}

/// The plot with what all its bars share; lengths in pixels.
struct Bars<'b, 'p, 'a> {
    paper: &'b Paper<'a>,
    plot: &'b Plot<'p, 'a>,
    /// One bar's share of the axis.
    room: i32,
    /// Height of a value's text.
    value: i32,
    is_upright: bool,
}

impl Bars<'_, '_, '_> {
    fn pixel(&self, x: f64, grams: i64) -> Px {
        self.plot.plotting_area().map_coordinate(&(x, kg(grams)))
    }

    fn bar(&self, x: f64, bar: &ConsumptionBar) -> Result<(), ChartError> {
        let (paper, t) = (self.paper, self.paper.tokens);
        let (middle, zero) = self.pixel(x, 0);
        let y = |grams: i64| self.pixel(x, grams).1;
        // Half widths: plan, actual within it, tolerance and target beyond it.
        let plan = (self.room * 23 / 100).clamp(3, 20);
        let actual = (plan * 11 / 20).max(1);
        let beyond = plan + (plan * 2 / 5).max(2);
        let planned = y(bar.planned_g);
        paper.outlined(
            (middle - plan, planned),
            (middle + plan, zero),
            t.plan,
            t.ctl,
        )?;
        match (bar.low_g, bar.high_g) {
            (Some(low), Some(high)) => {
                let (from, to) = ((middle - beyond, y(high)), (middle + beyond, y(low)));
                paper.fill(from, to, t.band)?;
                let around = vec![from, (to.0, from.1), to, (from.0, to.1), from];
                paper.dashes(around, t.ctl, 2, 2)?;
            }
            (Some(limit), None) | (None, Some(limit)) => {
                let across = vec![(middle - beyond, y(limit)), (middle + beyond, y(limit))];
                paper.dashes(across, t.ctl, 2, 2)?;
            }
            (None, None) => {}
        }
        if let Some(grams) = bar.actual_g.filter(|grams| *grams > 0) {
            let (from, to) = ((middle - actual, y(grams)), (middle + actual, zero));
            if bar.is_outside {
                paper.outlined(from, to, t.al_2, t.al_outline)?;
            } else {
                paper.outlined(from, to, t.actual, t.actual)?;
            }
        }
        paper.line(
            vec![(middle - beyond, planned), (middle + beyond, planned)],
            t.target,
            2,
        )?;
        self.above(middle, y(top(bar)) - 5, bar)?;
        self.below(middle, zero + 10, bar)
    }

    /// The actual value, and the badge above it.
    fn above(&self, x: i32, foot: i32, bar: &ConsumptionBar) -> Result<(), ChartError> {
        let t = self.paper.tokens;
        let hand = Hand::new(if bar.is_outside { t.al_2_text } else { t.live }).bold();
        let text = actual_text(bar);
        let length = wide(&text, CAPTION);
        let (across, height) = if self.is_upright {
            (ROW, length)
        } else {
            (length, ROW)
        };
        // No line of the grid through the digits.
        let corner = (x - across / 2, foot - height);
        self.paper.fill(corner, (x + across / 2, foot), t.ground)?;
        if self.is_upright {
            self.paper.text((x, foot), &text, hand.upright())?;
        } else {
            self.paper
                .text((x, foot - ROW / 2 + 1), &text, hand.centred())?;
        }
        if bar.is_outside {
            self.paper.badge((x, foot - height - 2))?;
        }
        Ok(())
    }

    /// Silo, material and planned value.
    fn below(&self, x: i32, head: i32, bar: &ConsumptionBar) -> Result<(), ChartError> {
        let (paper, t) = (self.paper, self.paper.tokens);
        let room = self.room - 2;
        let label = fitted(&bar.label, CAPTION, room);
        let name = if label.is_empty() { &bar.label } else { &label };
        paper.text(
            (x, head + ROW / 2),
            name,
            Hand::new(t.text).bold().centred(),
        )?;
        let material = fitted(&bar.material, CAPTION, room);
        if !material.is_empty() {
            paper.text(
                (x, head + ROW + ROW / 2),
                &material,
                Hand::new(t.text_2).centred(),
            )?;
        }
        let planned = kg_text(bar.planned_g);
        let hand = Hand::new(t.text_2);
        if self.is_upright {
            let at = (x, head + 2 * ROW + self.value);
            paper.text(at, &planned, hand.upright())
        } else {
            paper.text((x, head + 2 * ROW + ROW / 2), &planned, hand.centred())
        }
    }
}
