//! The colours of the screens that charts need. A test compares them with the screens' own
//! `tokens.css`, so that paper and screen cannot drift apart. Leaves out every other colour.

use plotters::style::RGBColor;

use super::Theme;

/// One theme's colours, named as on the screens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tokens {
    pub(super) ground: RGBColor,
    pub(super) line: RGBColor,
    pub(super) ctl: RGBColor,
    pub(super) text: RGBColor,
    pub(super) text_2: RGBColor,
    pub(super) live: RGBColor,
    pub(super) plan: RGBColor,
    pub(super) actual: RGBColor,
    pub(super) band: RGBColor,
    pub(super) target: RGBColor,
    pub(super) al_2: RGBColor,
    pub(super) on_al_2: RGBColor,
    pub(super) al_2_text: RGBColor,
    pub(super) al_outline: RGBColor,
}

const fn hex(rgb: u32) -> RGBColor {
    let [_, r, g, b] = rgb.to_be_bytes();
    RGBColor(r, g, b)
}

const DAY: Tokens = Tokens {
    ground: hex(0x00EC_EEF0),
    line: hex(0x00B4_BAC0),
    ctl: hex(0x006F_7780),
    text: hex(0x001A_1E22),
    text_2: hex(0x0044_4B52),
    live: hex(0x0012_386B),
    plan: hex(0x00B9_C0C7),
    actual: hex(0x002F_5D8A),
    band: hex(0x00C9_D3DC),
    target: hex(0x001A_1E22),
    al_2: hex(0x00E6_7E00),
    on_al_2: hex(0x001A_1E22),
    al_2_text: hex(0x007A_4200),
    al_outline: hex(0x001A_1E22),
};

const NIGHT: Tokens = Tokens {
    ground: hex(0x0028_2D32),
    line: hex(0x0045_4C54),
    ctl: hex(0x008A_939C),
    text: hex(0x00E4_E7EA),
    text_2: hex(0x00B7_BEC5),
    live: hex(0x00A9_CBF5),
    plan: hex(0x004A_525B),
    actual: hex(0x007F_B2E5),
    band: hex(0x003B_4854),
    target: hex(0x00F2_F4F6),
    al_2: hex(0x00FF_9326),
    on_al_2: hex(0x0020_1200),
    al_2_text: hex(0x00FF_C98F),
    al_outline: hex(0x000C_0E10),
};

impl Theme {
    pub(super) fn tokens(self) -> Tokens {
        match self {
            Theme::Day => DAY,
            Theme::Night => NIGHT,
            Theme::Print => Tokens {
                ground: RGBColor(255, 255, 255),
                ..DAY
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSS: &str = include_str!("../../../../../ui/src/styles/tokens.css");

    fn in_css(theme: &str, name: &str) -> String {
        let (_, block) = CSS
            .split_once(&format!("[data-theme=\"{theme}\"] {{"))
            .expect("the theme");
        let (_, value) = block.split_once(&format!("--{name}: ")).expect("the token");
        value
            .split(';')
            .next()
            .expect("split gives one part")
            .to_owned()
    }

    #[test]
    fn charts_have_the_colours_of_the_screens() {
        for (theme, t) in [("day", DAY), ("night", NIGHT)] {
            for (name, RGBColor(r, g, b)) in [
                ("bg-panel", t.ground),
                ("line", t.line),
                ("ctl", t.ctl),
                ("text", t.text),
                ("text-2", t.text_2),
                ("live", t.live),
                ("plan", t.plan),
                ("actual", t.actual),
                ("band", t.band),
                ("target", t.target),
                ("al-2", t.al_2),
                ("on-al-2", t.on_al_2),
                ("al-2-text", t.al_2_text),
                ("al-outline", t.al_outline),
            ] {
                assert_eq!(
                    format!("#{r:02x}{g:02x}{b:02x}"),
                    in_css(theme, name),
                    "{theme} {name}"
                );
            }
        }
    }
}
