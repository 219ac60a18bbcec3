//! Four eyes: when whoever asked for something may not be the one who signs it, and when an act needs two
//! persons. Leaves out rights, the secret, and where it is kept who asked.

use serde::{Deserialize, Serialize};

use crate::ids::UserId;

/// How much of a site's signing takes two persons. Stopping, pausing, rejecting and revoking never do:
/// the safe way must be open to whoever sees the danger first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FourEyes {
    /// One person may sign, unless the books hold it as that person's own request.
    #[default]
    Off,
    /// Nobody approves a batch whose order they brought in.
    Approve,
    /// As `Approve`; and what is closed without the ERP's word is signed by two.
    All,
}

/// How a person brought an order to what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// Fetched it, where the period would have done so later.
    Import,
    /// Signed that the ERP's new content is made.
    TakeOver,
    /// Signed that the old content is made although the ERP differs.
    Keep,
}

impl Hand {
    /// Every way.
    pub const ALL: [Hand; 3] = [Hand::Import, Hand::TakeOver, Hand::Keep];

    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Hand::Import => "import",
            Hand::TakeOver => "take_over",
            Hand::Keep => "keep",
        }
    }

    /// The way behind a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Hand> {
        Hand::ALL.into_iter().find(|hand| hand.word() == word)
    }

    /// What the person did, for the sentence of a refusal.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Hand::Import => "fetched the order by hand",
            Hand::TakeOver => "took over the order's new content",
            Hand::Keep => "kept the order against the ERP",
        }
    }
}

/// Who brought an order to what it is, last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requester {
    /// Who.
    pub person: UserId,
    /// How.
    pub hand: Hand,
}

/// What a signature under something that may need two comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Second {
    /// It is carried out.
    CarryOut,
    /// It is the first of two: it asks for another.
    Ask,
    /// The signer asked for it, and is not the one who may carry it out.
    Own,
}

impl FourEyes {
    /// Every rule.
    pub const ALL: [FourEyes; 3] = [FourEyes::Off, FourEyes::Approve, FourEyes::All];

    /// The word of the setting.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            FourEyes::Off => "off",
            FourEyes::Approve => "approve",
            FourEyes::All => "all",
        }
    }

    /// True when this person may approve a batch of an order that came so. `None` = it came by itself.
    ///
    /// Taking over a content is a signed request that batches be made of it, so it counts without the
    /// setting too; fetching early and keeping what was accepted add nothing to the order, and count
    /// where the site wants two pairs of eyes.
    #[must_use]
    pub fn may_approve(self, asked: Option<Requester>, signer: UserId) -> bool {
        let Some(asked) = asked.filter(|asked| asked.person == signer) else {
            return true;
        };
        match asked.hand {
            Hand::TakeOver => false,
            Hand::Import | Hand::Keep => self == FourEyes::Off,
        }
    }

    /// What a signature under a closing without the ERP's word comes to. `asked` is who signed first and
    /// waits for another. A request that stands is never carried out by the one who made it, whatever the
    /// setting has become since.
    #[must_use]
    pub fn second(self, asked: Option<UserId>, signer: UserId) -> Second {
        match asked {
            Some(first) if first == signer => Second::Own,
            Some(_) => Second::CarryOut,
            None if self == FourEyes::All => Second::Ask,
            None => Second::CarryOut,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SARI: UserId = UserId(2);
    const BUDI: UserId = UserId(3);

    #[test]
    fn who_may_approve_what() {
        use FourEyes::{All, Approve, Off};
        // The rule, how the order came, whether that was the signer, and whether the signature counts.
        for (rule, hand, is_own, may) in [
            (Off, None, false, true),
            (Approve, None, false, true),
            (All, None, false, true),
            (Off, Some(Hand::Import), true, true),
            (Off, Some(Hand::Keep), true, true),
            (Off, Some(Hand::TakeOver), true, false),
            (Off, Some(Hand::TakeOver), false, true),
            (Approve, Some(Hand::Import), true, false),
            (Approve, Some(Hand::Import), false, true),
            (Approve, Some(Hand::Keep), true, false),
            (Approve, Some(Hand::Keep), false, true),
            (Approve, Some(Hand::TakeOver), true, false),
            (Approve, Some(Hand::TakeOver), false, true),
            (All, Some(Hand::Import), true, false),
            (All, Some(Hand::Keep), true, false),
            (All, Some(Hand::TakeOver), true, false),
            (All, Some(Hand::Import), false, true),
        ] {
            let person = if is_own { SARI } else { BUDI };
            let asked = hand.map(|hand| Requester { person, hand });
            let row = format!("{rule:?} {hand:?} own {is_own}");
            assert_eq!(rule.may_approve(asked, SARI), may, "{row}");
        }
    }

    #[test]
    fn what_a_closing_signature_comes_to() {
        for (rule, asked, signer, is) in [
            (FourEyes::Off, None, SARI, Second::CarryOut),
            (FourEyes::Approve, None, SARI, Second::CarryOut),
            (FourEyes::All, None, SARI, Second::Ask),
            (FourEyes::All, Some(SARI), SARI, Second::Own),
            (FourEyes::All, Some(SARI), BUDI, Second::CarryOut),
            // The setting was changed while a request stood.
            (FourEyes::Off, Some(SARI), SARI, Second::Own),
            (FourEyes::Off, Some(SARI), BUDI, Second::CarryOut),
        ] {
            assert_eq!(rule.second(asked, signer), is, "{rule:?} {asked:?}");
        }
    }

    #[test]
    fn the_words_are_those_of_the_file_and_of_the_books() {
        for rule in FourEyes::ALL {
            let word = serde_json::json!(rule.word());
            assert_eq!(serde_json::from_value::<FourEyes>(word).ok(), Some(rule));
        }
        for hand in Hand::ALL {
            assert_eq!(Hand::from_word(hand.word()), Some(hand));
        }
        assert_eq!(Hand::from_word("x"), None);
    }
}
