//! The sheet that all charts are drawn on: ground, title, legend, axis, texts, and the SVG around
//! them. Leaves out what a chart shows.
//!
//! Coordinates are whole pixels. The view box is shifted by half a pixel, so that lines of one
//! pixel fall on one row of pixels instead of two.

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::tokens::Tokens;
use super::{ChartError, ChartLabels, SIZE_MAX, SIZE_MIN, Theme, axis_text};

/// Sizes of text in pixels, as on the screens.
pub(super) const CAPTION: f64 = 12.5;
const TITLE: f64 = 17.0;
const FONT: &str = "Atkinson Hyperlegible Next, sans-serif";
/// plotters' SVG divides font sizes by this.
const FONT_SCALE: f64 = 1.24;
/// Free room at the edges of the sheet.
pub(super) const EDGE: i32 = 16;
/// Room between plot and axis label.
const TICK: i32 = 4;
const LEGEND_GAP: i32 = 18;
const SWATCH: (i32, i32) = (20, 12);

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Plot<'p, 'a> =
    ChartContext<'p, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
pub(super) type Px = (i32, i32);

/// A sheet under the pen.
pub(super) struct Paper<'a> {
    area: Area<'a>,
    size: Px,
    pub(super) tokens: Tokens,
}

/// How a text stands at its point.
#[derive(Clone, Copy)]
pub(super) struct Hand {
    color: RGBColor,
    px: f64,
    is_bold: bool,
    h: HPos,
    is_upright: bool,
}

impl Hand {
    /// Caption-sized, to the right of its point.
    pub(super) fn new(color: RGBColor) -> Hand {
        Hand {
            color,
            px: CAPTION,
            is_bold: false,
            h: HPos::Left,
            is_upright: false,
        }
    }
    pub(super) fn sized(self, px: f64) -> Hand {
        Hand { px, ..self }
    }
    pub(super) fn bold(self) -> Hand {
        Hand {
            is_bold: true,
            ..self
        }
    }
    pub(super) fn centred(self) -> Hand {
        Hand {
            h: HPos::Center,
            ..self
        }
    }
    pub(super) fn left_of(self) -> Hand {
        Hand {
            h: HPos::Right,
            ..self
        }
    }
    /// Turned to read upwards.
    pub(super) fn upright(self) -> Hand {
        Hand {
            is_upright: true,
            ..self
        }
    }
}

/// What stands before a legend's words.
#[derive(Debug, Clone, Copy)]
pub(super) enum Swatch {
    /// The plan's bar with its target tick.
    Plan,
    /// The bar of what was used.
    Actual,
    /// The line of what was used.
    Line,
    /// The plan as a dashed line.
    Dashes,
}

/// The pixels that the plot leaves to the texts around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) top: i32,
    pub(super) left: i32,
    pub(super) bottom: i32,
}

/// Draws a sheet and gives its SVG.
pub(super) fn sheet(
    size: (u32, u32),
    theme: Theme,
    title: &str,
    draw: impl FnOnce(&Paper<'_>) -> Result<(), ChartError>,
) -> Result<String, ChartError> {
    let (width, height) = size;
    let fits =
        (SIZE_MIN.0..=SIZE_MAX.0).contains(&width) && (SIZE_MIN.1..=SIZE_MAX.1).contains(&height);
    let (Ok(w), Ok(h), true) = (i32::try_from(width), i32::try_from(height), fits) else {
        return Err(ChartError::Size { width, height });
    };
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let paper = Paper {
            area,
            size: (w, h),
            tokens: theme.tokens(),
        };
        paper.fill((-1, -1), (w + 1, h + 1), paper.tokens.ground)?;
        draw(&paper)?;
        paper.area.present().map_err(drawing)?;
    }
    let (_, body) = svg
        .split_once('\n')
        .ok_or_else(|| ChartError::Drawing("no SVG header".into()))?;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" \
         viewBox=\"-0.5 -0.5 {w} {h}\" role=\"img\" aria-label=\"{}\">\n{body}",
        attribute(&printable(title))
    ))
}

impl<'a> Paper<'a> {
    pub(super) fn size(&self) -> Px {
        self.size
    }

    pub(super) fn text(&self, at: Px, text: &str, hand: Hand) -> Result<(), ChartError> {
        let weight = if hand.is_bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        let turn = if hand.is_upright {
            FontTransform::Rotate270
        } else {
            FontTransform::None
        };
        let style = FontDesc::new(FontFamily::Name(FONT), hand.px * FONT_SCALE, weight)
            .transform(turn)
            .color(&hand.color)
            .pos(Pos::new(hand.h, VPos::Center));
        self.area
            .draw(&Text::new(printable(text), at, style))
            .map_err(drawing)
    }

    pub(super) fn fill(&self, from: Px, to: Px, color: RGBColor) -> Result<(), ChartError> {
        self.area
            .draw(&Rectangle::new([from, to], color.filled()))
            .map_err(drawing)
    }

    /// A filled box with an outline of one pixel.
    pub(super) fn outlined(
        &self,
        from: Px,
        to: Px,
        fill: RGBColor,
        outline: RGBColor,
    ) -> Result<(), ChartError> {
        self.fill(from, to, fill)?;
        self.area
            .draw(&Rectangle::new([from, to], outline))
            .map_err(drawing)
    }

    pub(super) fn line(
        &self,
        points: Vec<Px>,
        color: RGBColor,
        width: u32,
    ) -> Result<(), ChartError> {
        self.area
            .draw(&PathElement::new(points, color.stroke_width(width)))
            .map_err(drawing)
    }

    pub(super) fn dashes(
        &self,
        points: Vec<Px>,
        color: RGBColor,
        dash: i32,
        gap: i32,
    ) -> Result<(), ChartError> {
        self.area
            .draw(&DashedPathElement::new(points, dash, gap, color))
            .map_err(drawing)
    }

    pub(super) fn dot(&self, at: Px, color: RGBColor) -> Result<(), ChartError> {
        self.area
            .draw(&Circle::new(at, 3, color.filled()))
            .map_err(drawing)
    }

    /// The badge of priority 2, its foot at `foot`: triangle, digit and outline besides the colour.
    pub(super) fn badge(&self, foot: Px) -> Result<(), ChartError> {
        let (x, y) = foot;
        let corners = vec![(x - 9, y), (x, y - 16), (x + 9, y)];
        self.area
            .draw(&Polygon::new(corners.clone(), self.tokens.al_2.filled()))
            .map_err(drawing)?;
        let around = corners.iter().chain(&corners[..2]).copied().collect();
        self.line(around, self.tokens.al_outline, 1)?;
        self.text(
            (x, y - 5),
            "2",
            Hand::new(self.tokens.on_al_2).sized(9.5).bold().centred(),
        )
    }

    /// Title on the left and legend on the right, or below it when there is no room beside it.
    /// Answers where the plot may begin.
    pub(super) fn head(
        &self,
        labels: &ChartLabels,
        legend: &[(Swatch, String)],
    ) -> Result<i32, ChartError> {
        let (width, t) = (self.size.0, self.tokens);
        let legend_width: i32 = legend
            .iter()
            .map(|(_, words)| SWATCH.0 + 6 + wide(words, CAPTION) + LEGEND_GAP)
            .sum::<i32>()
            - LEGEND_GAP;
        let is_beside =
            EDGE + wide(&labels.title, TITLE) + LEGEND_GAP + legend_width + EDGE <= width;
        let title = fitted(&labels.title, TITLE, width - 2 * EDGE);
        self.text((EDGE, 24), &title, Hand::new(t.text).sized(TITLE).bold())?;
        let (mut x, y) = if is_beside {
            (width - EDGE - legend_width, 24)
        } else {
            (EDGE, 48)
        };
        for (swatch, words) in legend {
            self.swatch((x, y - SWATCH.1 / 2), *swatch)?;
            x += SWATCH.0 + 6;
            self.text((x, y), words, Hand::new(t.text_2))?;
            x += wide(words, CAPTION) + LEGEND_GAP;
        }
        Ok(y + 38)
    }

    fn swatch(&self, (x, y): Px, swatch: Swatch) -> Result<(), ChartError> {
        let (w, h) = SWATCH;
        let t = self.tokens;
        match swatch {
            Swatch::Plan => {
                self.outlined((x, y), (x + w - 4, y + h), t.plan, t.ctl)?;
                self.line(
                    vec![(x + w - 4, y - 3), (x + w - 4, y + h + 3)],
                    t.target,
                    2,
                )
            }
            Swatch::Actual => self.fill((x, y + 3), (x + w, y + h - 3), t.actual),
            Swatch::Line => self.line(vec![(x, y + h / 2), (x + w, y + h / 2)], t.actual, 2),
            Swatch::Dashes => self.dashes(vec![(x, y + h / 2), (x + w, y + h / 2)], t.target, 6, 3),
        }
    }

    /// The plot with its axis in kilograms and a calm grid.
    pub(super) fn plot(
        &self,
        frame: Frame,
        labels: &ChartLabels,
        x: f64,
        y: f64,
    ) -> Result<Plot<'_, 'a>, ChartError> {
        let t = self.tokens;
        let mut plot: Plot<'_, 'a> = ChartBuilder::on(&self.area)
            .margin_top(frame.top)
            .margin_right(EDGE)
            .set_label_area_size(LabelAreaPosition::Left, frame.left)
            .set_label_area_size(LabelAreaPosition::Bottom, frame.bottom)
            .build_cartesian_2d(0.0..x, 0.0..y)
            .map_err(drawing)?;
        let (_, height) = plot.plotting_area().dim_in_pixel();
        let lines = usize::try_from(height / 30).unwrap_or(0).clamp(3, 11);
        let font = FontDesc::new(
            FontFamily::Name(FONT),
            CAPTION * FONT_SCALE,
            FontStyle::Normal,
        );
        plot.configure_mesh()
            .disable_x_mesh()
            .disable_x_axis()
            .y_labels(lines)
            .bold_line_style(t.line)
            .light_line_style(TRANSPARENT)
            .axis_style(t.ctl)
            .set_all_tick_mark_size(TICK)
            .y_label_style(font.color(&t.text_2))
            .y_label_formatter(&|kg| axis_text(*kg))
            .draw()
            .map_err(drawing)?;
        let (start, zero) = plot.plotting_area().map_coordinate(&(0.0, 0.0));
        let (end, _) = plot.plotting_area().map_coordinate(&(x, 0.0));
        self.line(vec![(start, zero), (end, zero)], t.ctl, 1)?;
        let unit = fitted(&labels.unit, CAPTION, frame.left);
        self.text(
            (frame.left - 2 * TICK, frame.top - 14),
            &unit,
            Hand::new(t.text_2).left_of(),
        )?;
        Ok(plot)
    }
}

/// How wide a text is, a little generous: the SVG's reader has the font, we do not.
pub(super) fn wide(text: &str, px: f64) -> i32 {
    let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    // Saturates for a text that is absurdly long, which then is cut.
    (f64::from(chars) * px * 0.6).ceil() as i32
}

/// The text, cut with an ellipsis when it is wider than `room`; empty when not even five
/// characters have room.
pub(super) fn fitted(text: &str, px: f64, room: i32) -> String {
    if wide(text, px) <= room {
        return text.to_owned();
    }
    let mut cut: Vec<char> = text.chars().collect();
    while cut.pop().is_some() {
        let short: String = cut.iter().collect::<String>().trim_end().to_owned() + "\u{2026}";
        if wide(&short, px) <= room {
            return if cut.len() < 5 { String::new() } else { short };
        }
    }
    String::new()
}

/// Characters that XML cannot carry become the mark for "unknown character".
fn printable(text: &str) -> String {
    let is_bad = |c: char| c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    text.chars()
        .map(|c| {
            if is_bad(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}

fn attribute(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

pub(super) fn drawing(error: impl std::fmt::Display) -> ChartError {
    ChartError::Drawing(error.to_string())
}
