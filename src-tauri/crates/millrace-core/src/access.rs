//! Who may do what: rights are verbs, roles are sets of them (`decisions.md` 28).
//! Leaves out sessions and secrets (application) and where a person's roles are stored (store).

use serde::{Deserialize, Serialize};

/// One thing a person may do. A row of the command table names exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Right {
    /// See every screen.
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
}

impl Right {
    /// Every right, in the order of the rights table.
    pub const ALL: [Right; 16] = [
        Right::View,
        Right::OrderImport,
        Right::BatchApprove,
        Right::BatchReject,
        Right::BatchStart,
        Right::BatchPause,
        Right::BatchStop,
        Right::BatchCancel,
        Right::ManualEnter,
        Right::OutboxRetry,
        Right::OutboxWaive,
        Right::PlcDecide,
        Right::OrderDecide,
        Right::PlcExamine,
        Right::ErpExamine,
        Right::Train,
    ];
}

/// What a person is at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Role {
    /// Looks, changes nothing.
    Viewer,
    /// Runs the line.
    Operator,
    /// Responsible for the site: signs, stops, cancels.
    Supervisor,
    /// Everything at this installation.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Operator, Role::Supervisor, Role::Admin];

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
            Role::Supervisor | Role::Admin => &Right::ALL,
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
            Role::Supervisor => "supervisor",
            Role::Admin => "admin",
        }
    }

    /// The role for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_supervisor_or_an_administrator_signs() {
        let signers: Vec<Role> = Role::ALL
            .into_iter()
            .filter(|r| r.may(Right::BatchApprove))
            .collect();
        assert_eq!(signers, [Role::Supervisor, Role::Admin]);
    }

    #[test]
    fn a_viewer_may_only_look() {
        assert_eq!(Role::Viewer.rights(), [Right::View]);
    }

    #[test]
    fn a_role_is_read_back_from_its_word() {
        for role in Role::ALL {
            assert_eq!(Role::from_word(role.word()), Some(role));
        }
        assert_eq!(Role::from_word("root"), None);
    }
}
