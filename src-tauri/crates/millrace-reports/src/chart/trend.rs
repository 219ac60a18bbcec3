//! One value over the time of a batch, as a line whose gaps stay gaps. Leaves out clock times: the
//! axis counts from the start.

use super::paper::{CAPTION, EDGE, Frame, Hand, Paper, Plot, Px, Swatch, sheet, wide};
use super::{ChartError, ChartLabels, Theme, axis_text, kg, kg_text, not_negative};

/// Shown when there is no time to show: one minute.
const EMPTY_SPAN_MS: i64 = 60_000;
/// The axis of a chart that has nothing to show ends here, in kilograms.
const EMPTY_AXIS: f64 = 100.0;
/// Distances of ticks, in seconds, that people can count in.
const STEPS_S: [i64; 16] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800,
];
/// Least distance of ticks, in pixels.
const TICK_ROOM: i64 = 64;
const BOTTOM: i32 = 36;
/// Positions are rounded down to whole pixels, so a straight line may be off by this much.
const STAIR: f64 = 1.0;

/// A course over time as SVG text: points are milliseconds from the start, in order, with grams, or
/// `None` where nothing is known; `planned_g` is drawn across. Without points the axes stay.
///
/// # Errors
/// [`ChartError`]: a size, a mass or an order of points that cannot be drawn.
pub fn trend(
    points: &[(i64, Option<i64>)],
    planned_g: Option<i64>,
    labels: &ChartLabels,
    theme: Theme,
    size: (u32, u32),
) -> Result<String, ChartError> {
    not_negative(&labels.planned, planned_g)?;
    let mut before = 0;
    for (index, (ms, grams)) in points.iter().enumerate() {
        if *ms < before {
            return Err(ChartError::TimeOrder { index });
        }
        before = *ms;
        not_negative(&labels.actual, *grams)?;
    }
    sheet(size, theme, &labels.title, |paper| {
        draw(paper, points, planned_g, labels)
    })
}

fn draw(
    paper: &Paper<'_>,
    points: &[(i64, Option<i64>)],
    planned_g: Option<i64>,
    labels: &ChartLabels,
) -> Result<(), ChartError> {
    let t = paper.tokens;
    let with_value = |words: &str, grams: Option<i64>| match grams {
        Some(grams) => format!("{words} {} {}", kg_text(grams), labels.unit),
        None => words.to_owned(),
    };
    let last = points.iter().rev().find_map(|(_, grams)| *grams);
    let mut legend = vec![(Swatch::Line, with_value(&labels.actual, last))];
    if planned_g.is_some() {
        legend.push((Swatch::Dashes, with_value(&labels.planned, planned_g)));
    }
    let top = paper.head(labels, &legend)?;
    let known = points.iter().filter_map(|(_, grams)| *grams);
    let highest = kg(known.chain(planned_g).max().unwrap_or(0));
    let axis = if highest > 0.0 {
        highest * 1.06
    } else {
        EMPTY_AXIS
    };
    let left =
        (wide(&axis_text(axis.round()), CAPTION) + 2).max(wide(&labels.unit, CAPTION)) + 8 + EDGE;
    let span = points.last().map_or(0, |(ms, _)| *ms);
    let span = if span > 0 { span } else { EMPTY_SPAN_MS };
    let plot = paper.plot(
        Frame {
            top,
            left,
            bottom: BOTTOM,
        },
        labels,
        span as f64,
        axis,
    )?;
    time_axis(paper, &plot, span)?;
    let pixel = |ms: i64, grams: i64| plot.plotting_area().map_coordinate(&(ms as f64, kg(grams)));
    if let Some(planned) = planned_g {
        paper.dashes(
            vec![pixel(0, planned), pixel(span, planned)],
            t.target,
            6,
            3,
        )?;
    }
    let mut runs = points
        .split(|(_, grams)| grams.is_none())
        .filter(|run| !run.is_empty())
        .peekable();
    while let Some(run) = runs.next() {
        let line = straightened(&thinned(
            run.iter()
                .filter_map(|(ms, grams)| grams.map(|grams| pixel(*ms, grams))),
        ));
        // A value alone between two gaps has no line; the newest one is marked.
        if let Some(end) = line.last()
            && (line.len() == 1 || runs.peek().is_none())
        {
            paper.dot(*end, t.actual)?;
        }
        if line.len() > 1 {
            paper.line(line, t.actual, 2)?;
        }
    }
    Ok(())
}

/// Of all points on one column of pixels only the first, the lowest, the highest and the last:
/// they draw the same picture.
fn thinned(points: impl Iterator<Item = Px>) -> Vec<Px> {
    let mut line: Vec<Px> = Vec::new();
    let mut column: Vec<Px> = Vec::new();
    for point in points {
        if column.first().is_some_and(|first| first.0 != point.0) {
            flush(&mut column, &mut line);
        }
        column.push(point);
    }
    flush(&mut column, &mut line);
    line
}

/// Whole pixels turn a gentle slope into stairs; this takes the stairs out again. No point that is
/// left out lies farther than [`STAIR`] from the line.
fn straightened(points: &[Px]) -> Vec<Px> {
    let mut keep = vec![false; points.len()];
    let Some(last) = points.len().checked_sub(1) else {
        return Vec::new();
    };
    (keep[0], keep[last]) = (true, true);
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let farthest = (from + 1..to)
            .map(|i| (off(points[i], points[from], points[to]), i))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((distance, i)) = farthest
            && distance > STAIR
        {
            keep[i] = true;
            open.extend([(from, i), (i, to)]);
        }
    }
    points
        .iter()
        .zip(keep)
        .filter(|(_, keep)| *keep)
        .map(|(point, _)| *point)
        .collect()
}

/// How far `point` lies from the straight line between two others, in pixels.
fn off(point: Px, from: Px, to: Px) -> f64 {
    let vector = |a: Px, b: Px| (f64::from(b.0 - a.0), f64::from(b.1 - a.1));
    let ((dx, dy), (px, py)) = (vector(from, to), vector(from, point));
    let length = dx.hypot(dy);
    if length == 0.0 {
        px.hypot(py)
    } else {
        (dx * py - dy * px).abs() / length
    }
}

fn flush(column: &mut Vec<Px>, line: &mut Vec<Px>) {
    let extreme = |better: fn(i32, i32) -> bool| {
        (0..column.len()).reduce(|best, i| {
            if better(column[i].1, column[best].1) {
                i
            } else {
                best
            }
        })
    };
    let mut keep: Vec<usize> = [
        Some(0),
        extreme(|a, b| a < b),
        extreme(|a, b| a > b),
        column.len().checked_sub(1),
    ]
    .into_iter()
    .flatten()
    .collect();
    keep.sort_unstable();
    let mut kept: Vec<Px> = keep
        .into_iter()
        .filter_map(|i| column.get(i).copied())
        .collect();
    kept.dedup();
    line.append(&mut kept);
    column.clear();
}

fn time_axis(paper: &Paper<'_>, plot: &Plot<'_, '_>, span_ms: i64) -> Result<(), ChartError> {
    let t = paper.tokens;
    let (across, down) = plot.plotting_area().get_pixel_range();
    let ticks_max = (i64::from(across.end - across.start) / TICK_ROOM).max(1);
    let fits = |step: &i64| span_ms / (step * 1_000) <= ticks_max;
    // Beyond the longest step whole days, as many as it takes.
    let days = || (span_ms / 86_400_000 / ticks_max + 1) * 86_400;
    let step = STEPS_S.into_iter().find(fits).unwrap_or_else(days);
    let (unit, unit_s) = match step {
        ..60 => ("s", 1),
        60..3_600 => ("min", 60),
        3_600.. => ("h", 3_600),
    };
    for tick in 0..=span_ms / (step * 1_000) {
        let (x, y) = plot
            .plotting_area()
            .map_coordinate(&((tick * step * 1_000) as f64, 0.0));
        paper.line(vec![(x, y), (x, y + 4)], t.ctl, 1)?;
        let words = format!("{} {unit}", tick * step / unit_s);
        let hand = Hand::new(t.text_2);
        // Near the right edge a centred text would leave the sheet.
        let is_at_edge = x + wide(&words, CAPTION) / 2 > across.end + EDGE;
        let (x, hand) = if is_at_edge {
            (across.end + EDGE, hand.left_of())
        } else {
            (x, hand.centred())
        };
        paper.text((x, down.end + 16), &words, hand)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_ends_and_extremes_of_each_column() {
        let points = [
            (0, 5),
            (1, 9),
            (1, 3),
            (1, 7),
            (1, 12),
            (1, 8),
            (2, 1),
            (2, 1),
        ];
        assert_eq!(
            thinned(points.into_iter()),
            [(0, 5), (1, 9), (1, 3), (1, 12), (1, 8), (2, 1)]
        );
        assert_eq!(thinned(std::iter::empty()), []);
    }

    #[test]
    fn straightening_takes_stairs_out_and_leaves_steps_in() {
        let slope: Vec<Px> = (0..200).map(|x| (x, x / 7)).collect();
        assert_eq!(straightened(&slope).len(), 2);
        let steps: Vec<Px> = (0..200)
            .map(|x| (x, if (80..90).contains(&x) { 2 } else { 0 }))
            .collect();
        let ends = [(0, 0), (79, 0), (80, 2), (89, 2), (90, 0), (199, 0)];
        assert_eq!(straightened(&steps), ends);
        assert_eq!(straightened(&[]), []);
        assert_eq!(straightened(&[(3, 3)]), [(3, 3)]);
    }
}
