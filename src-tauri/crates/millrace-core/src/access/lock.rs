//! When a session that nobody uses loses its rights: first those beyond an operator's, then all but looking
//! (`reliability.md` S4). Leaves out clocks, and who is logged in.

use serde::{Deserialize, Serialize};

use super::{Right, Role};

/// How much of its rights a session has now.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Standing {
    /// All of them.
    #[default]
    Open,
    /// Those of an operator: what goes beyond asks for the secret first.
    Lowered,
    /// It looks, and may hold the line.
    Locked,
}

/// After which idle time what is lost; 0 = never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockTimes {
    /// Until rights beyond an operator's are gone, ms.
    pub lower_after_ms: i64,
    /// Until the session is locked, ms.
    pub lock_after_ms: i64,
}

impl LockTimes {
    /// How a session stands that was used last so long ago.
    #[must_use]
    pub fn standing(&self, idle_ms: i64) -> Standing {
        let is_over = |limit: i64| limit > 0 && idle_ms >= limit;
        if is_over(self.lock_after_ms) {
            Standing::Locked
        } else if is_over(self.lower_after_ms) {
            Standing::Lowered
        } else {
            Standing::Open
        }
    }

    /// How long until it stands lower than now, ms; `None` = never, or it is locked.
    #[must_use]
    pub fn next_in_ms(&self, idle_ms: i64) -> Option<i64> {
        [self.lower_after_ms, self.lock_after_ms]
            .into_iter()
            .filter(|limit| *limit > idle_ms)
            .min()
            .map(|limit| limit - idle_ms)
            .filter(|_| self.standing(idle_ms) != Standing::Locked)
    }
}

impl Standing {
    /// Whether a right may be used in this standing. Holding the line is never locked away: pausing asks for
    /// no secret, stopping asks for the own one by itself.
    #[must_use]
    pub fn allows(self, right: Right) -> bool {
        match self {
            Standing::Open => true,
            Standing::Lowered => is_everyday(right),
            Standing::Locked => matches!(right, Right::View | Right::BatchPause | Right::BatchStop),
        }
    }
}

/// Looking, and what an operator may: the rights that do not drop early.
fn is_everyday(right: Right) -> bool {
    right == Right::AuditView || Role::Operator.rights().contains(&right)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: LockTimes = LockTimes {
        lower_after_ms: 300_000,
        lock_after_ms: 600_000,
    };

    #[test]
    fn rights_go_in_two_steps() {
        for (idle, standing, next) in [
            (0, Standing::Open, Some(300_000)),
            (299_999, Standing::Open, Some(1)),
            (300_000, Standing::Lowered, Some(300_000)),
            (599_999, Standing::Lowered, Some(1)),
            (600_000, Standing::Locked, None),
            (i64::MAX, Standing::Locked, None),
        ] {
            assert_eq!(TIMES.standing(idle), standing, "{idle}");
            assert_eq!(TIMES.next_in_ms(idle), next, "{idle}");
        }
        let never = LockTimes {
            lower_after_ms: 0,
            lock_after_ms: 0,
        };
        assert_eq!(never.standing(i64::MAX), Standing::Open);
        assert_eq!(never.next_in_ms(5), None);
        let sooner = LockTimes {
            lower_after_ms: 600_000,
            lock_after_ms: 60_000,
        };
        assert_eq!(sooner.standing(60_000), Standing::Locked);
        assert_eq!(sooner.next_in_ms(60_000), None);
    }

    #[test]
    fn each_right_stands_in_one_of_three_rows() {
        let lowered = [
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
            Right::AuditView,
        ];
        let locked = [Right::View, Right::BatchPause, Right::BatchStop];
        for right in Right::ALL {
            assert!(Standing::Open.allows(right));
            assert_eq!(
                Standing::Lowered.allows(right),
                lowered.contains(&right),
                "{right:?}"
            );
            assert_eq!(
                Standing::Locked.allows(right),
                locked.contains(&right),
                "{right:?}"
            );
        }
    }
}
