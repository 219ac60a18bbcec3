//! Who may do what: rights are verbs, roles are sets of them, and a role is granted at a place
//! (`decisions.md` 28). Leaves out sessions and secrets (application) and where grants are stored (store).

pub mod four_eyes;
pub mod lock;
pub mod manage;
pub mod quick;
pub mod script;

use serde::{Deserialize, Serialize};

/// One thing a person may do. A row of the command table names exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Right {
    /// See every screen of the process.
    View,
    /// Fetch orders from the ERP now.
    OrderImport,
    /// Sign a pending batch.
    BatchApprove,
    /// Reject a pending batch, or revoke an approval before the download.
    BatchReject,
    /// Download an approved batch to the PLC.
    BatchStart,
    /// Pause and resume a running batch.
    BatchPause,
    /// Stop a running batch for good.
    BatchStop,
    /// Cancel a batch and its order.
    BatchCancel,
    /// Enter the weight of a manual line.
    ManualEnter,
    /// Accept, signed, that a batch lies outside its tolerances.
    DeviationAccept,
    /// Correct, signed, what the silo ledger says.
    StockCorrect,
    /// Send a refused or waiting message to the ERP again.
    OutboxRetry,
    /// Close a refused message without the ERP.
    OutboxWaive,
    /// Decide about a slot in which PLC and books differ, and set the flags of a new plant.
    PlcDecide,
    /// Decide about an order that is not in the ERP as it was accepted.
    OrderDecide,
    /// Have the PLC examined.
    PlcExamine,
    /// Have the way into the ERP examined.
    ErpExamine,
    /// Make faults in the virtual plant.
    Train,
    /// Add people, grant roles, reset secrets, disable.
    PersonManage,
    /// Read the audit trail and have it verified.
    AuditView,
    /// Take the audit trail out of the program.
    AuditExport,
    /// Make a backup and test that it can be restored.
    BackupMake,
    /// Change, export and import settings.
    SettingsChange,
}

impl Right {
    /// Every right, in the order of the rights table.
    pub const ALL: [Right; 23] = [
        Right::View,
        Right::OrderImport,
        Right::BatchApprove,
        Right::BatchReject,
        Right::BatchStart,
        Right::BatchPause,
        Right::BatchStop,
        Right::BatchCancel,
        Right::ManualEnter,
        Right::DeviationAccept,
        Right::StockCorrect,
        Right::OutboxRetry,
        Right::OutboxWaive,
        Right::PlcDecide,
        Right::OrderDecide,
        Right::PlcExamine,
        Right::ErpExamine,
        Right::Train,
        Right::PersonManage,
        Right::AuditView,
        Right::AuditExport,
        Right::BackupMake,
        Right::SettingsChange,
    ];
}

/// What a person is at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Role {
    /// Looks, changes nothing.
    Viewer,
    /// Runs the line.
    Operator,
    /// Decides which orders come in, and in which order they are made.
    Planner,
    /// Keeps PLC, links and backups in order.
    Maintenance,
    /// Reads the trail and takes it out; changes nothing.
    Auditor,
    /// Responsible for the site: signs, stops, decides.
    Supervisor,
    /// Manages people, settings and backups; signs nothing of the process.
    Admin,
    /// Everything.
    SuperAdmin,
}

impl Role {
    /// Every role, from the one that may least.
    pub const ALL: [Role; 8] = [
        Role::Viewer,
        Role::Operator,
        Role::Planner,
        Role::Maintenance,
        Role::Auditor,
        Role::Supervisor,
        Role::Admin,
        Role::SuperAdmin,
    ];

    /// The rights of this role: the one table that decides for the window, the browser and scripts.
    #[must_use]
    pub fn rights(self) -> &'static [Right] {
        match self {
            Role::Viewer => &[Right::View],
            Role::Operator => &[
                Right::View,
                Right::OrderImport,
                Right::BatchStart,
                Right::BatchPause,
                Right::BatchStop,
                Right::BatchCancel,
                Right::ManualEnter,
                Right::OutboxRetry,
                Right::PlcExamine,
                Right::ErpExamine,
                Right::Train,
            ],
            Role::Planner => &[
                Right::View,
                Right::OrderImport,
                Right::BatchCancel,
                Right::ErpExamine,
            ],
            Role::Maintenance => &[
                Right::View,
                Right::PlcExamine,
                Right::ErpExamine,
                Right::Train,
                Right::BackupMake,
            ],
            Role::Auditor => &[Right::View, Right::AuditView, Right::AuditExport],
            Role::Supervisor => &[
                Right::View,
                Right::OrderImport,
                Right::BatchApprove,
                Right::BatchReject,
                Right::BatchStart,
                Right::BatchPause,
                Right::BatchStop,
                Right::BatchCancel,
                Right::ManualEnter,
                Right::DeviationAccept,
                Right::StockCorrect,
                Right::OutboxRetry,
                Right::OutboxWaive,
                Right::PlcDecide,
                Right::OrderDecide,
                Right::PlcExamine,
                Right::ErpExamine,
                Right::Train,
                Right::AuditView,
            ],
            Role::Admin => &[
                Right::View,
                Right::PlcExamine,
                Right::ErpExamine,
                Right::Train,
                Right::PersonManage,
                Right::AuditView,
                Right::AuditExport,
                Right::BackupMake,
                Right::SettingsChange,
            ],
            Role::SuperAdmin => &Right::ALL,
        }
    }

    /// True when this role carries the right.
    #[must_use]
    pub fn may(self, right: Right) -> bool {
        self.rights().contains(&right)
    }

    /// The word stored in the database and shown in configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Planner => "planner",
            Role::Maintenance => "maintenance",
            Role::Auditor => "auditor",
            Role::Supervisor => "supervisor",
            Role::Admin => "admin",
            Role::SuperAdmin => "super_admin",
        }
    }

    /// The role for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }

    /// The role that may least among those that carry a right: whom to ask for it.
    #[must_use]
    pub fn least_with(right: Right) -> Role {
        Role::ALL
            .into_iter()
            .find(|role| role.may(right))
            .unwrap_or(Role::SuperAdmin)
    }
}

/// Where something is done: a line of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Key of the site.
    pub site: String,
    /// Name of the line.
    pub line: String,
}

/// A role at a place. Without a line it holds for every line of the site, without a site everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Key of the site; `None` = every site.
    pub site: Option<String>,
    /// Name of the line; `None` = every line of the site. Means nothing without a site.
    pub line: Option<String>,
}

impl Grant {
    /// A role at every site.
    #[must_use]
    pub fn everywhere(role: Role) -> Grant {
        Grant {
            role,
            site: None,
            line: None,
        }
    }

    /// True when the grant holds at the place.
    #[must_use]
    pub fn holds_at(&self, place: &Place) -> bool {
        match (&self.site, &self.line) {
            (None, None) => true,
            // A line without a site names no place.
            (None, Some(_)) => false,
            (Some(site), None) => *site == place.site,
            (Some(site), Some(line)) => *site == place.site && *line == place.line,
        }
    }
}

/// The roles that a person's grants give at a place, from the one that may least, each once.
#[must_use]
pub fn roles_at(grants: &[Grant], place: &Place) -> Vec<Role> {
    Role::ALL
        .into_iter()
        .filter(|role| {
            grants
                .iter()
                .any(|grant| grant.role == *role && grant.holds_at(place))
        })
        .collect()
}

/// True when one of the roles carries the right.
#[must_use]
pub fn may(roles: &[Role], right: Right) -> bool {
    roles.iter().any(|role| role.may(right))
}

/// What the roles may do together, in the order of the rights table, each right once.
#[must_use]
pub fn rights_of(roles: &[Role]) -> Vec<Right> {
    Right::ALL
        .into_iter()
        .filter(|right| may(roles, *right))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn north() -> Place {
        Place {
            site: "north".into(),
            line: "Line 1".into(),
        }
    }

    fn grant(role: Role, site: Option<&str>, line: Option<&str>) -> Grant {
        Grant {
            role,
            site: site.map(Into::into),
            line: line.map(Into::into),
        }
    }

    #[test]
    fn only_who_is_responsible_for_the_process_signs() {
        let signers: Vec<Role> = Role::ALL
            .into_iter()
            .filter(|r| r.may(Right::BatchApprove))
            .collect();
        assert_eq!(signers, [Role::Supervisor, Role::SuperAdmin]);
    }

    #[test]
    fn who_manages_people_touches_no_batch() {
        for right in [
            Right::BatchApprove,
            Right::BatchStart,
            Right::BatchStop,
            Right::OutboxWaive,
            Right::StockCorrect,
        ] {
            assert!(!Role::Admin.may(right), "{right:?}");
        }
    }

    #[test]
    fn a_viewer_may_only_look() {
        assert_eq!(Role::Viewer.rights(), [Right::View]);
    }

    #[test]
    fn everybody_sees_the_process_and_each_right_stands_once() {
        for role in Role::ALL {
            assert!(role.may(Right::View), "{role:?}");
            let mut rights = role.rights().to_vec();
            rights.sort_unstable();
            rights.dedup();
            assert_eq!(rights.len(), role.rights().len(), "{role:?}");
        }
        for right in Right::ALL {
            assert!(Role::least_with(right).may(right));
        }
    }

    #[test]
    fn a_role_is_read_back_from_its_word() {
        for role in Role::ALL {
            assert_eq!(Role::from_word(role.word()), Some(role));
        }
        assert_eq!(Role::from_word("root"), None);
    }

    #[test]
    fn a_grant_holds_at_its_place_only() {
        for (site, line, holds) in [
            (None, None, true),
            (Some("north"), None, true),
            (Some("north"), Some("Line 1"), true),
            (Some("north"), Some("Line 2"), false),
            (Some("south"), None, false),
            (Some("south"), Some("Line 1"), false),
            (None, Some("Line 1"), false),
        ] {
            assert_eq!(
                grant(Role::Operator, site, line).holds_at(&north()),
                holds,
                "{site:?} {line:?}"
            );
        }
    }

    #[test]
    fn roles_at_a_place_add_up_and_foreign_ones_do_not_count() {
        let grants = [
            grant(Role::Auditor, Some("north"), None),
            grant(Role::Operator, Some("north"), Some("Line 1")),
            grant(Role::SuperAdmin, Some("south"), None),
        ];
        let roles = roles_at(&grants, &north());
        assert_eq!(roles, [Role::Operator, Role::Auditor]);
        assert!(may(&roles, Right::BatchStart));
        assert!(may(&roles, Right::AuditExport));
        assert!(!may(&roles, Right::BatchApprove));
        assert!(rights_of(&[]).is_empty());
    }
}
