//! Who may change whom: grants reach no further than those of the person who gives them, nobody changes
//! their own, and the last super administrator stays. Leaves out where people are stored.

use serde::{Deserialize, Serialize};

use super::{Grant, Place, Right, Role};

/// Longest login name and printed name, characters.
pub const NAME_CHARS_MAX: usize = 64;
/// Names under which the trail keeps what no person did.
const RESERVED: [&str; 2] = ["system", "unknown"];

/// Why a person may not be changed so. The first two depend on the person alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum PersonRefusal {
    /// It is the caller.
    #[error("nobody changes what they themselves may do: ask another administrator")]
    Own,
    /// The person is, or would become, an administrator, and the caller is no super administrator.
    #[error("only a super administrator changes, makes or unmakes an administrator")]
    NeedsSuperAdmin,
    /// A grant at a place where the caller does not manage people.
    #[error("a grant reaches beyond the places where you manage people")]
    BeyondPlace,
    /// A new grant names a site or a line that these books do not know.
    #[error("a grant names a site or a line that is not this one; nothing would hold there")]
    UnknownPlace,
    /// Nobody would be left who may grant every role.
    #[error(
        "this is the last super administrator: make another one first, or nobody can manage administrators"
    )]
    LastSuperAdmin,
}

impl PersonRefusal {
    /// True where the caller lacks a right; otherwise nobody could do it.
    #[must_use]
    pub fn is_lack_of_right(self) -> bool {
        match self {
            PersonRefusal::Own | PersonRefusal::NeedsSuperAdmin | PersonRefusal::BeyondPlace => {
                true
            }
            PersonRefusal::UnknownPlace | PersonRefusal::LastSuperAdmin => false,
        }
    }
}

/// True for the roles that manage people: only a super administrator gives or takes them.
#[must_use]
pub fn is_administrative(role: Role) -> bool {
    role.may(Right::PersonManage)
}

/// True when the wider grant holds wherever the narrower one does.
fn covers(wider: &Grant, narrower: &Grant) -> bool {
    match (&wider.site, &wider.line) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some(_), None) => wider.site == narrower.site,
        (Some(_), Some(_)) => wider.site == narrower.site && wider.line == narrower.line,
    }
}

/// Judges one grant that is given, taken, or held by a person who is acted upon.
fn reaches(actor: &[Grant], grant: &Grant) -> Result<(), PersonRefusal> {
    let is_administrative = is_administrative(grant.role);
    let with = |needed: fn(Role) -> bool| {
        actor
            .iter()
            .any(|own| needed(own.role) && covers(own, grant))
    };
    if is_administrative && !with(|role| role == Role::SuperAdmin) {
        return Err(PersonRefusal::NeedsSuperAdmin);
    }
    if !with(self::is_administrative) {
        return Err(PersonRefusal::BeyondPlace);
    }
    Ok(())
}

/// Judges whether a person with the grants of `actor` may act upon one who holds `held`: disable, let in
/// again, reset the secret. Whoever resets the secret of another could become that other.
///
/// # Errors
/// [`PersonRefusal::NeedsSuperAdmin`] or [`PersonRefusal::BeyondPlace`].
pub fn may_act_upon(actor: &[Grant], held: &[Grant]) -> Result<(), PersonRefusal> {
    held.iter().try_for_each(|grant| reaches(actor, grant))
}

/// Judges a change of grants. What stays as it is needs no right.
///
/// # Errors
/// [`PersonRefusal::UnknownPlace`] for a new grant elsewhere than at `here`, every line of its site, or
/// everywhere; else as [`may_act_upon`].
pub fn may_regrant(
    actor: &[Grant],
    before: &[Grant],
    after: &[Grant],
    here: &Place,
) -> Result<(), PersonRefusal> {
    for added in after.iter().filter(|grant| !before.contains(grant)) {
        if !added.holds_at(here) {
            return Err(PersonRefusal::UnknownPlace);
        }
        reaches(actor, added)?;
    }
    before
        .iter()
        .filter(|grant| !after.contains(grant))
        .try_for_each(|taken| reaches(actor, taken))
}

/// True when somebody with these grants may make administrators at the place.
#[must_use]
pub fn is_super_admin_at(grants: &[Grant], here: &Place) -> bool {
    grants
        .iter()
        .any(|grant| grant.role == Role::SuperAdmin && grant.holds_at(here))
}

/// A name as a person typed it: without the spaces around it.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn name(typed: &str) -> Result<String, String> {
    let name = typed.trim();
    let count = name.chars().count();
    if !(1..=NAME_CHARS_MAX).contains(&count) {
        return Err(format!("give a name of 1 to {NAME_CHARS_MAX} characters"));
    }
    if name.chars().any(char::is_control) {
        return Err("a name holds no control characters".into());
    }
    if RESERVED.contains(&name.to_lowercase().as_str()) {
        return Err(format!(
            "{name:?} stands in the audit trail for what no person did: choose another name"
        ));
    }
    Ok(name.to_owned())
}

/// As [`name`], for a login: without the `/` behind which the trail names a person's programs.
///
/// # Errors
/// As [`name`].
pub fn login(typed: &str) -> Result<String, String> {
    let login = name(typed)?;
    if login.contains('/') {
        return Err("a name has no /: the trail names programs that way".into());
    }
    Ok(login)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_a_name_that_no_program_can_have() {
        assert_eq!(login(" Ana ").as_deref(), Ok("Ana"));
        assert!(login("ana/erp-sync").is_err());
        assert!(login("").is_err());
    }

    fn here() -> Place {
        Place {
            site: "north".into(),
            line: "Line 1".into(),
        }
    }

    fn at(role: Role, site: Option<&str>, line: Option<&str>) -> Grant {
        Grant {
            role,
            site: site.map(Into::into),
            line: line.map(Into::into),
        }
    }

    fn everywhere(role: Role) -> Vec<Grant> {
        vec![Grant::everywhere(role)]
    }

    #[test]
    fn only_a_super_administrator_makes_or_unmakes_an_administrator() {
        for role in [Role::Admin, Role::SuperAdmin] {
            let new = everywhere(role);
            for (before, after) in [(vec![], new.clone()), (new.clone(), vec![])] {
                assert_eq!(
                    may_regrant(&everywhere(Role::Admin), &before, &after, &here()),
                    Err(PersonRefusal::NeedsSuperAdmin),
                    "{role:?}"
                );
                assert_eq!(
                    may_regrant(&everywhere(Role::SuperAdmin), &before, &after, &here()),
                    Ok(())
                );
            }
            assert_eq!(
                may_act_upon(&everywhere(Role::Admin), &new),
                Err(PersonRefusal::NeedsSuperAdmin)
            );
        }
        assert_eq!(
            may_regrant(
                &everywhere(Role::Admin),
                &[],
                &everywhere(Role::Supervisor),
                &here()
            ),
            Ok(())
        );
    }

    #[test]
    fn nobody_gives_more_place_than_they_have() {
        let actor = [at(Role::Admin, Some("north"), Some("Line 1"))];
        for (site, line, verdict) in [
            (Some("north"), Some("Line 1"), Ok(())),
            (Some("north"), None, Err(PersonRefusal::BeyondPlace)),
            (None, None, Err(PersonRefusal::BeyondPlace)),
        ] {
            let grant = [at(Role::Operator, site, line)];
            assert_eq!(may_regrant(&actor, &[], &grant, &here()), verdict);
            assert_eq!(may_regrant(&actor, &grant, &[], &here()), verdict);
            assert_eq!(may_act_upon(&actor, &grant), verdict);
        }
        // Being super administrator elsewhere helps nobody here.
        let foreign = [
            at(Role::Admin, Some("north"), None),
            at(Role::SuperAdmin, Some("south"), None),
        ];
        assert_eq!(
            may_regrant(
                &foreign,
                &[],
                &[at(Role::Admin, Some("north"), None)],
                &here()
            ),
            Err(PersonRefusal::NeedsSuperAdmin)
        );
    }

    #[test]
    fn a_new_grant_names_a_place_that_is_known_and_an_old_one_may_stay() {
        let actor = everywhere(Role::SuperAdmin);
        let foreign = at(Role::Operator, Some("south"), None);
        for wrong in [
            foreign.clone(),
            at(Role::Operator, Some("north"), Some("Line 2")),
            at(Role::Operator, None, Some("Line 1")),
        ] {
            assert_eq!(
                may_regrant(&actor, &[], std::slice::from_ref(&wrong), &here()),
                Err(PersonRefusal::UnknownPlace),
                "{wrong:?}"
            );
        }
        let kept = [foreign.clone(), at(Role::Viewer, Some("north"), None)];
        assert_eq!(may_regrant(&actor, &[foreign], &kept, &here()), Ok(()));
    }

    #[test]
    fn without_a_role_nobody_manages_anybody() {
        for role in Role::ALL {
            let verdict = may_regrant(&everywhere(role), &[], &everywhere(Role::Viewer), &here());
            assert_eq!(
                verdict.is_ok(),
                matches!(role, Role::Admin | Role::SuperAdmin),
                "{role:?}"
            );
        }
    }

    #[test]
    fn a_name_is_a_name_and_not_the_trails_own() {
        assert_eq!(name("  Ana Dijk "), Ok("Ana Dijk".into()));
        assert_eq!(name(&"x".repeat(64)).map(|n| n.len()), Ok(64));
        for wrong in ["", "   ", "a\u{7}b", "System", "UNKNOWN", &"x".repeat(65)] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
    }
}
