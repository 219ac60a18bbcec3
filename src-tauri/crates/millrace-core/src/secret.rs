//! What a secret must be: long enough, not the name, not one of those that everybody tries first. Leaves
//! out hashing and counting tries (application).

use serde::{Deserialize, Serialize};

/// Shortest secret, characters.
pub const SECRET_CHARS_MIN: usize = 10;
/// Longest secret, characters: hashing shall not be asked to chew a book.
pub const SECRET_CHARS_MAX: usize = 200;
/// Fewer different characters than this are a pattern, not a secret.
const DIFFERENT_MIN: usize = 5;

/// The commonest secrets of at least [`SECRET_CHARS_MIN`] characters, in small letters without
/// separators; shorter ones are refused for their length.
const COMMON: [&str; 42] = [
    "0123456789",
    "1029384756",
    "0987654321",
    "1234567890",
    "12345678910",
    "123456789a",
    "1234567890a",
    "1234567890qwerty",
    "123qweasdzxc",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "a123456789",
    "abc1234567",
    "abcd123456",
    "abcdefghij",
    "administrator",
    "adminadmin",
    "admin12345",
    "asdfghjkl1",
    "basketball",
    "changeme123",
    "chelsea123",
    "computer123",
    "iloveyou123",
    "letmein123",
    "millrace123",
    "operator123",
    "password01",
    "password11",
    "password12",
    "password123",
    "password1234",
    "passwordpassword",
    "q1w2e3r4t5",
    "qwerty1234",
    "qwerty12345",
    "qwerty123456",
    "qwertyuiop",
    "supervisor",
    "welcome123",
    "zxcvbnm123",
];

/// Why a secret is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum SecretRefusal {
    /// Too short.
    #[error("the secret must have at least 10 characters")]
    Short,
    /// Too long.
    #[error("the secret must have at most 200 characters")]
    Long,
    /// The name, or the name with something trivial about it.
    #[error("the secret must not be the name")]
    Name,
    /// Among the commonest, or a pattern.
    #[error("this secret is among the first that anybody would try: choose another one")]
    Common,
}

/// What is left when case, separators and spelling by digits do not count.
fn core_of(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '@' | '4' => 'a',
            '0' => 'o',
            '3' => 'e',
            '$' | '5' => 's',
            other => other,
        })
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Judges a new secret of the person with this name.
///
/// # Errors
/// [`SecretRefusal`].
pub fn judge(name: &str, secret: &str) -> Result<(), SecretRefusal> {
    let count = secret.chars().count();
    if count < SECRET_CHARS_MIN {
        return Err(SecretRefusal::Short);
    }
    if count > SECRET_CHARS_MAX {
        return Err(SecretRefusal::Long);
    }
    let (name, core) = (core_of(name), core_of(secret));
    let bare = |text: &str| {
        text.trim_matches(|letter: char| letter.is_ascii_digit())
            .to_owned()
    };
    let is_name = !name.is_empty()
        && (core == name
            || core.replace(&name, "").is_empty()
            || (!bare(&name).is_empty() && bare(&core) == bare(&name)));
    if is_name {
        return Err(SecretRefusal::Name);
    }
    let plain: String = secret
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let mut different: Vec<char> = secret.chars().collect();
    different.sort_unstable();
    different.dedup();
    let is_common = COMMON
        .iter()
        .any(|common| *common == plain || core_of(common) == core);
    if is_common || different.len() < DIFFERENT_MIN {
        return Err(SecretRefusal::Common);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_enough_and_not_the_name() {
        assert_eq!(judge("Ana", "a long enough secret"), Ok(()));
        assert_eq!(judge("Ana", "123456789"), Err(SecretRefusal::Short));
        // Characters count, not bytes.
        assert_eq!(judge("Ana", "é è ê ë à"), Err(SecretRefusal::Short));
        assert_eq!(judge("Ana", &"ab3-_x".repeat(40)), Err(SecretRefusal::Long));
        for secret in [
            "Shift Leader 7",
            "SHIFT-LEADER",
            "shiftleader",
            "shift leader 99",
            "5hift l3ad3r",
        ] {
            assert_eq!(
                judge("Shift Leader", secret),
                Err(SecretRefusal::Name),
                "{secret}"
            );
        }
        assert_eq!(
            judge("Anastasia Z", "AnastasiaZAnastasiaZ"),
            Err(SecretRefusal::Name)
        );
        assert_eq!(judge("Ana", "Ana likes wheat bran"), Ok(()));
    }

    #[test]
    fn what_everybody_tries_first_is_refused() {
        for secret in COMMON.iter().copied().chain([
            "Password 123",
            "P@ssw0rd1234",
            "aaaaaaaaaaaa",
            "1212121212",
        ]) {
            assert_eq!(judge("Ana", secret), Err(SecretRefusal::Common), "{secret}");
        }
    }

    #[test]
    fn the_list_holds_nothing_that_its_length_refuses() {
        for common in COMMON {
            assert!(common.chars().count() >= SECRET_CHARS_MIN, "{common}");
        }
    }
}
