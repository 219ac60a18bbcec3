//! The charts as bytes: pictures that were looked at and kept, and what every picture obeys.
//!
//! After a wanted change: `MILLRACE_KEEP_PICTURES=1 cargo test -p millrace-reports --test chart`,
//! look at the pictures in `tests/golden`, and keep them.

use std::fs;
use std::path::Path;

use millrace_reports::chart::{
    ChartError, ChartLabels, ConsumptionBar, SIZE_MAX, Theme, consumption, trend,
};

fn labels(title: &str) -> ChartLabels {
    ChartLabels {
        title: title.into(),
        planned: "Plan".into(),
        actual: "Actual".into(),
        unit: "kg".into(),
    }
}

fn bar(
    label: &str,
    material: &str,
    planned_g: i64,
    actual_g: Option<i64>,
    percent: Option<i64>,
) -> ConsumptionBar {
    let share = percent.map(|percent| planned_g * percent / 100);
    let (low_g, high_g) = (share.map(|s| planned_g - s), share.map(|s| planned_g + s));
    let is_outside = match (actual_g, low_g, high_g) {
        (Some(actual), Some(low), Some(high)) => !(low..=high).contains(&actual),
        _unknown => false,
    };
    ConsumptionBar {
        label: label.into(),
        material: material.into(),
        planned_g,
        actual_g,
        low_g,
        high_g,
        is_outside,
    }
}

fn batch() -> Vec<ConsumptionBar> {
    vec![
        bar("A", "Wheat 72", 825_000, Some(825_500), Some(5)),
        bar("B", "Corn meal", 600_000, Some(600_300), Some(5)),
        bar("C", "Soy 46", 420_000, Some(444_200), Some(5)),
        bar("D", "Bran", 310_000, Some(188_000), None),
        bar("E", "Lime", 95_000, Some(0), Some(2)),
        bar("F", "Salt", 40_000, None, Some(2)),
        bar("LQ114", "Molasses", 60_000, Some(59_800), Some(3)),
    ]
}

/// All silos of a plant over a week, with values too wide to lie side by side.
fn week() -> Vec<ConsumptionBar> {
    (0..15)
        .map(|i| {
            let planned = 125_000_000 - i * 7_900_000;
            let actual = planned + (i % 4 - 1) * 1_700_000;
            bar(
                &format!("{}", 101 + i),
                "Extruded soybean meal",
                planned,
                Some(actual),
                Some(4),
            )
        })
        .collect()
}

fn course() -> Vec<(i64, Option<i64>)> {
    (0..=900)
        .map(|s| {
            let is_gap = (400..460).contains(&s) || (600..640).contains(&s) && s != 620;
            (
                s * 1_000,
                (!is_gap).then(|| s / 120 * 290_000 + 290_000.min(s % 120 * 3_200)),
            )
        })
        .collect()
}

fn kept(name: &str, svg: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(format!("{name}.svg"));
    if std::env::var_os("MILLRACE_KEEP_PICTURES").is_some() {
        fs::write(&path, svg).expect("the golden folder can be written");
    }
    let golden = fs::read_to_string(&path)
        .unwrap_or_default()
        .replace("\r\n", "\n");
    assert!(
        golden == svg,
        "{name} is no longer the picture that was kept in {}",
        path.display()
    );
}

#[test]
fn the_pictures_are_the_ones_that_were_kept() {
    for (name, theme) in [
        ("day", Theme::Day),
        ("night", Theme::Night),
        ("print", Theme::Print),
    ] {
        let title = labels("WH/MO/00042/1: dosing per silo");
        let svg = consumption(&batch(), &title, theme, (860, 380)).expect("drawn");
        kept(&format!("consumption-{name}"), &svg);
        let svg = trend(
            &course(),
            Some(2_350_000),
            &labels("Dosed in total"),
            theme,
            (860, 300),
        )
        .expect("drawn");
        kept(&format!("trend-{name}"), &svg);
    }
    let title = labels("Consumption per silo, week 47");
    kept(
        "consumption-week",
        &consumption(&week(), &title, Theme::Print, (720, 420)).expect("drawn"),
    );
    kept(
        "consumption-empty",
        &consumption(&[], &title, Theme::Day, (480, 260)).expect("drawn"),
    );
    let title = labels("Dosed in total");
    kept(
        "trend-empty",
        &trend(&[], None, &title, Theme::Day, (480, 260)).expect("drawn"),
    );
}

#[test]
fn the_same_data_give_the_same_bytes() {
    let draw = || consumption(&batch(), &labels("x"), Theme::Night, (640, 320)).expect("drawn");
    assert_eq!(draw(), draw());
}

/// Every tag is closed, nothing is loaded or run, and no text broke out of its place.
fn is_harmless(svg: &str) {
    for word in [
        "<script",
        "<image",
        "<foreignObject",
        "href",
        "url(",
        "javascript:",
        "data:",
        "<style",
        " on",
    ] {
        assert!(!svg.contains(word), "{word} in {svg}");
    }
    assert_eq!(
        svg.matches("http").count(),
        1,
        "only the namespace names an address"
    );
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag
            .split([' ', '/'])
            .find(|part| !part.is_empty())
            .expect("a tag has a name");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} left open");
    assert!(
        svg.chars().all(|c| c == '\n' || !c.is_control()),
        "a control character"
    );
    assert!(
        !svg.contains("NaN") && !svg.contains("inf"),
        "a number that is none"
    );
}

#[test]
fn a_text_of_strangers_stays_a_text() {
    let mut bars = batch();
    bars[0].label = "<script>alert(1)</script>".into();
    bars[1].label = "A\u{0}\u{7}\"'&<".into();
    bars[1].material = "]]>\u{FFFF}\u{202E}".into();
    let words = ChartLabels {
        title: "\" onload=\"alert(1) <b>".into(),
        planned: "</text><script/>".into(),
        actual: "&amp;\n".into(),
        unit: "<kg>".into(),
    };
    for svg in [
        consumption(&bars, &words, Theme::Day, (900, 400)).expect("drawn"),
        trend(&course(), Some(1), &words, Theme::Day, (900, 400)).expect("drawn"),
    ] {
        is_harmless(&svg.replace(" onload=&quot;", ""));
    }
}

#[test]
fn anything_that_can_be_drawn_is_drawn() {
    let extremes = [0, 1, 9, 10, 1_000, 3_000_000, i64::MAX / 2, i64::MAX];
    for size in [(320, 200), (321, 777), (8_000, 200)] {
        for planned_g in extremes {
            for actual_g in extremes.map(Some).into_iter().chain([None]) {
                let one = ConsumptionBar {
                    label: "A".into(),
                    material: String::new(),
                    planned_g,
                    actual_g,
                    low_g: Some(planned_g / 2),
                    high_g: None,
                    is_outside: actual_g == Some(0),
                };
                is_harmless(
                    &consumption(&vec![one; 3], &labels("x"), Theme::Day, size).expect("drawn"),
                );
                let points = [
                    (0, Some(planned_g)),
                    (planned_g, actual_g),
                    (i64::MAX, None),
                ];
                is_harmless(
                    &trend(&points, actual_g, &labels("x"), Theme::Print, size).expect("drawn"),
                );
            }
        }
        let many = vec![batch().remove(2); 400];
        is_harmless(&consumption(&many, &labels("x"), Theme::Night, size).expect("drawn"));
    }
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let ok = labels("x");
    let draw = |bars: &[ConsumptionBar]| consumption(bars, &ok, Theme::Day, (640, 320));
    for size in [
        (319, 200),
        (320, 199),
        (SIZE_MAX.0 + 1, 200),
        (0, 0),
        (u32::MAX, u32::MAX),
    ] {
        let refused = ChartError::Size {
            width: size.0,
            height: size.1,
        };
        assert_eq!(
            consumption(&[], &ok, Theme::Day, size),
            Err(refused.clone())
        );
        assert_eq!(trend(&[], None, &ok, Theme::Day, size), Err(refused));
    }
    let below = bar("A", "", 1_000, Some(-1), None);
    assert_eq!(
        draw(&[below]),
        Err(ChartError::Negative {
            what: "A".into(),
            grams: -1
        })
    );
    let mut swapped = bar("B", "", 1_000, None, Some(5));
    (swapped.low_g, swapped.high_g) = (swapped.high_g, swapped.low_g);
    let refused = ChartError::Tolerance {
        label: "B".into(),
        low_g: 1_050,
        high_g: 950,
    };
    assert_eq!(draw(&[swapped]), Err(refused));
    let course = |points: &[(i64, Option<i64>)]| trend(points, None, &ok, Theme::Day, (640, 320));
    assert_eq!(
        course(&[(0, None), (5, Some(1)), (4, None)]),
        Err(ChartError::TimeOrder { index: 2 })
    );
    assert_eq!(
        course(&[(-1, None)]),
        Err(ChartError::TimeOrder { index: 0 })
    );
    assert!(matches!(
        course(&[(0, Some(-1))]),
        Err(ChartError::Negative { .. })
    ));
}

/// Heights of the boxes filled with a colour, legend and ground left out.
fn heights(svg: &str, fill: &str) -> Vec<f64> {
    let number = |line: &str, name: &str| -> Option<f64> {
        line.split_once(&format!(" {name}=\""))?
            .1
            .split('"')
            .next()?
            .parse()
            .ok()
    };
    svg.lines()
        .filter(|line| line.starts_with("<rect") && line.contains(&format!(" fill=\"{fill}\"")))
        .filter(|line| number(line, "y").is_some_and(|y| y > 50.0))
        .filter_map(|line| number(line, "height"))
        .collect()
}

#[test]
fn a_bar_is_as_high_as_its_share_of_the_plan() {
    for planned_g in [40_000, 825_000, 3_000_000] {
        for permille in [1, 250, 876, 1_000, 1_058, 1_500, 4_000] {
            let actual_g = planned_g * permille / 1_000;
            let one = bar("A", "", planned_g, Some(actual_g), None);
            let svg = consumption(&[one], &labels("x"), Theme::Day, (640, 900)).expect("drawn");
            let (plan, actual) = (heights(&svg, "#B9C0C7"), heights(&svg, "#2F5D8A"));
            let (&[plan], &[actual]) = (plan.as_slice(), actual.as_slice()) else {
                panic!("one bar each: {plan:?} {actual:?}");
            };
            // Half a pixel for rounding each of the two.
            let share = actual_g as f64 / planned_g as f64;
            let tolerance = 0.5 + 0.5 * share.max(1.0);
            assert!(
                (actual - plan * share).abs() <= tolerance,
                "{permille} of {planned_g}: {actual} {plan}"
            );
        }
    }
}

#[test]
fn unknown_is_not_zero() {
    let draw = |actual| {
        let one = bar("A", "", 1_000, actual, None);
        consumption(&[one], &labels("x"), Theme::Day, (640, 320)).expect("drawn")
    };
    assert!(draw(None).contains("\u{2014}") && !draw(None).contains("0.0"));
    assert!(draw(Some(0)).contains("0.0") && !draw(Some(0)).contains("\u{2014}"));
}

#[test]
fn outside_is_said_by_shape_and_digit_besides_the_colour() {
    let draw = |is_outside| {
        let one = ConsumptionBar {
            is_outside,
            ..bar("A", "", 1_000, Some(2_000), None)
        };
        consumption(&[one], &labels("x"), Theme::Day, (640, 320)).expect("drawn")
    };
    let (inside, outside) = (draw(false), draw(true));
    assert!(
        !inside.contains("<polygon") && !inside.contains("#E67E00"),
        "calm needs no alarm colour"
    );
    assert!(
        outside.contains("<polygon")
            && outside.contains(">\n2\n<") | outside.contains("2\n</text>")
    );
    assert_eq!(heights(&outside, "#E67E00").len(), 1);
}

#[test]
fn a_gap_is_never_bridged() {
    let lines = |points: &[(i64, Option<i64>)]| {
        let svg = trend(points, None, &labels("x"), Theme::Day, (640, 320)).expect("drawn");
        let of = |tag| {
            svg.lines()
                .filter(|l| l.starts_with(tag) && l.contains("#2F5D8A"))
                .count()
        };
        (of("<polyline") - 1, of("<circle")) // one line stands in the legend
    };
    let value = |s: i64| (s * 1_000, Some(s * 10));
    let none = |s: i64| (s * 1_000, None);
    assert_eq!(lines(&[value(0), value(9)]), (1, 1));
    assert_eq!(
        lines(&[value(0), value(3), none(4), value(5), value(9)]),
        (2, 1)
    );
    // A lone value is a dot, whatever stands at the ends.
    assert_eq!(
        lines(&[
            none(0),
            value(3),
            none(4),
            none(5),
            value(7),
            value(9),
            none(10)
        ]),
        (1, 2)
    );
    assert_eq!(lines(&[none(0), none(9)]), (0, 0));
}

#[test]
fn a_long_course_does_not_make_a_long_picture() {
    let points: Vec<_> = (0..200_000)
        .map(|s| (s * 1_000, Some(s * 7 + (s % 13) * 900)))
        .collect();
    let svg = trend(&points, None, &labels("x"), Theme::Day, (860, 300)).expect("drawn");
    assert!(svg.len() < 40_000, "{} bytes", svg.len());
}
