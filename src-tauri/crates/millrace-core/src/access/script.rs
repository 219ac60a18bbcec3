//! What a program may do with a token of its own: look, and what needs no signature. Leaves out people's
//! sessions and where tokens are stored.

use super::Right;

/// The rights that a token may carry. Nothing that moves material, is signed, or manages people and settings:
/// there a person acts.
pub const RIGHTS: [Right; 8] = [
    Right::View,
    Right::OrderImport,
    Right::OutboxRetry,
    Right::PlcExamine,
    Right::ErpExamine,
    Right::AuditView,
    Right::AuditExport,
    Right::BackupMake,
];

/// Longest time that a token holds, days: who still needs it makes a new one.
pub const DAYS_MAX: i64 = 366;
/// Longest name of a token, characters.
const NAME_CHARS_MAX: usize = 32;

/// Judges a token before it is made. `own` are the rights of who makes it: it never reaches further.
///
/// # Errors
/// A sentence that says what does not fit.
pub fn judge(name: &str, rights: &[Right], days: i64, own: &[Right]) -> Result<(), String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || !name.chars().all(is_plain) {
        return Err(format!(
            "a token's name has 1 to {NAME_CHARS_MAX} letters, digits, - or _"
        ));
    }
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(format!("a token holds for 1 to {DAYS_MAX} days"));
    }
    if rights.is_empty() {
        return Err("give the token at least one right".into());
    }
    for (at, right) in rights.iter().enumerate() {
        if rights[..at].contains(right) {
            return Err("a right stands twice".into());
        }
        if !RIGHTS.contains(right) {
            return Err(
                "a program signs nothing and moves nothing: this right is a person's".into(),
            );
        }
        if !own.contains(right) {
            return Err("a token reaches no further than who makes it".into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;

    #[test]
    fn a_token_is_bound() {
        let own = Role::Supervisor.rights();
        let fits = |name: &str, rights: &[Right], days| judge(name, rights, days, own);
        assert_eq!(
            fits("nightly-export_2", &[Right::View, Right::OrderImport], 1),
            Ok(())
        );
        assert_eq!(fits("x", &[Right::View], DAYS_MAX), Ok(()));
        for (name, rights, days) in [
            ("", &[Right::View][..], 1),
            ("a b", &[Right::View], 1),
            ("a/b", &[Right::View], 1),
            (&*"x".repeat(33), &[Right::View], 1),
            ("x", &[], 1),
            ("x", &[Right::View], 0),
            ("x", &[Right::View], DAYS_MAX + 1),
            ("x", &[Right::View, Right::View], 1),
            ("x", &[Right::BatchApprove], 1),
            ("x", &[Right::BatchStart], 1),
            // A supervisor exports no trail.
            ("x", &[Right::AuditExport], 1),
        ] {
            assert!(
                fits(name, rights, days).is_err(),
                "{name} {rights:?} {days}"
            );
        }
    }

    #[test]
    fn nothing_that_is_signed_or_moves_material_is_a_programs() {
        for right in [
            Right::BatchApprove,
            Right::BatchReject,
            Right::BatchStart,
            Right::BatchPause,
            Right::BatchStop,
            Right::BatchCancel,
            Right::ManualEnter,
            Right::DeviationAccept,
            Right::StockCorrect,
            Right::OutboxWaive,
            Right::PlcDecide,
            Right::OrderDecide,
            Right::Train,
            Right::PersonManage,
            Right::SettingsChange,
        ] {
            assert!(!RIGHTS.contains(&right), "{right:?}");
        }
    }
}
