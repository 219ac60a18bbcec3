//! Anchors: the trail's head in a text short enough for a label or the ERP's note. Whoever holds one
//! can prove later that the trail up to there is still the same. Leaves out where it is written down.

use std::fmt;
use std::str::FromStr;

use super::canonical_hash;

/// What every anchor begins with: format 1.
const MARK: &str = "MR1";
/// Digits of the row's hash that an anchor carries: 64 bits.
const HASH_DIGITS: usize = 16;
/// Digits that find a slip of the pen.
const CHECK_DIGITS: usize = 4;

/// The head of the trail at some moment: `MR1-<seq>-<16 digits of its hash>-<4 check digits>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    seq: i64,
    hash_start: String,
}

/// Why a text is no anchor. A sentence for whoever typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no anchor: {why}")]
pub struct NotAnchor {
    text: String,
    why: &'static str,
}

impl Anchor {
    /// The anchor of a row.
    ///
    /// # Errors
    /// [`NotAnchor`] when the row has no such number or hash.
    pub fn of(seq: i64, hash: &str) -> Result<Anchor, NotAnchor> {
        let start: String = hash.chars().take(HASH_DIGITS).collect();
        let is_hash = start.len() == HASH_DIGITS
            && start
                .bytes()
                .all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit));
        if seq < 1 || !is_hash {
            return Err(NotAnchor {
                text: format!("{seq} {hash}"),
                why: "a row has a number from 1 and a hash in hexadecimal",
            });
        }
        Ok(Anchor {
            seq,
            hash_start: start,
        })
    }

    /// The row it names.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// True when the row of that number has this hash.
    #[must_use]
    pub fn fits(&self, hash: &str) -> bool {
        hash.starts_with(&self.hash_start)
    }

    fn body(&self) -> String {
        format!("{MARK}-{}-{}", self.seq, self.hash_start)
    }
}

fn check(body: &str) -> String {
    canonical_hash(&["millrace-anchor-1", body])
        .chars()
        .take(CHECK_DIGITS)
        .collect()
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body();
        write!(f, "{body}-{}", check(&body))
    }
}

impl FromStr for Anchor {
    type Err = NotAnchor;

    /// Reads what a person typed from a label: capitals and spaces around it do not matter.
    fn from_str(text: &str) -> Result<Anchor, NotAnchor> {
        let no = |why| NotAnchor {
            text: text.trim().to_owned(),
            why,
        };
        let form = "it has the form MR1-<number>-<16 digits>-<4 digits>";
        let typed = text.trim().to_ascii_lowercase();
        let parts: Vec<&str> = typed.split('-').collect();
        let [mark, seq, hash, check_digits] = parts.as_slice() else {
            return Err(no(form));
        };
        if !mark.eq_ignore_ascii_case(MARK) || hash.len() != HASH_DIGITS {
            return Err(no(form));
        }
        let number: i64 = seq.parse().map_err(|_| no(form))?;
        let anchor = Anchor::of(number, hash).map_err(|_| no(form))?;
        if number.to_string() != *seq {
            return Err(no(form));
        }
        if check(&anchor.body()) != *check_digits {
            return Err(no(
                "its check digits do not fit, so something in it was copied wrongly",
            ));
        }
        Ok(anchor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn an_anchor_fits_on_a_label_and_is_read_back() {
        let anchor = Anchor::of(12_345_678, HASH).expect("a row");
        let text = anchor.to_string();
        assert!(text.starts_with("MR1-12345678-0123456789abcdef-"), "{text}");
        assert!(text.len() <= 36, "{text}");
        assert_eq!(text.parse(), Ok(anchor.clone()));
        assert_eq!(
            format!("  {} ", text.to_uppercase()).parse(),
            Ok(anchor.clone())
        );
        assert!(anchor.fits(HASH) && !anchor.fits(&HASH.replace('5', "6")));
    }

    #[test]
    fn a_slip_of_the_pen_is_found() {
        let text = Anchor::of(101, HASH).expect("a row").to_string();
        let mut slips = 0;
        for (at, digit) in text.char_indices().filter(|(at, c)| *at >= 4 && *c != '-') {
            for other in "0123456789abcdef".chars().filter(|other| *other != digit) {
                let mut slip = text.clone();
                slip.replace_range(at..=at, &other.to_string());
                assert!(slip.parse::<Anchor>().is_err(), "{slip}");
                slips += 1;
            }
        }
        assert!(slips > 300);
        for wrong in [
            "",
            "MR1",
            "MR2-1-0123456789abcdef-0000",
            "MR1--0123456789abcdef-0000",
        ] {
            assert!(wrong.parse::<Anchor>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_row_has_no_anchor() {
        assert!(Anchor::of(0, HASH).is_err());
        assert!(Anchor::of(1, "0123").is_err());
        assert!(Anchor::of(1, &HASH.to_uppercase()).is_err());
    }
}
