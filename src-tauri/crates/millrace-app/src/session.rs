//! Sessions and secrets: Argon2id, bearer tokens kept as hashes, what an idle session may still do. Leaves out
//! rights (`millrace_core::access`), counting wrong secrets ([`guess`]), PINs and badges ([`quick`]).

pub(crate) mod guess;
pub(crate) mod quick;
pub(crate) mod script;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

pub(crate) use guess::authenticate;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use millrace_core::access::lock::{LockTimes, Standing};
use millrace_core::access::{self, Place, Right, Role};
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::UserId;
use millrace_store::Store;
use millrace_store::table::person::PersonRow;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::error::AppError;
use crate::inner::Inner;

/// A session ends at the latest after this.
const SESSION_MAX_MS: i64 = 12 * 60 * 60 * 1000;
/// How many tries to stop a line a session has that no pause holds back.
const STOP_TRIES_MAX: u32 = 5;
/// What hashing a secret costs, in memory (KiB), passes and lanes: 110 to 150 ms on the machine that
/// `docs/benchmarks.md` describes, 300 ms at the most on one half as fast. Above the floor of 19 MiB, 2, 1.
const COST: (u32, u32, u32) = (65_536, 2, 1);
/// How many secrets are hashed at once: many logins cost time, not the machine's memory.
static HASHING: Semaphore = Semaphore::const_new(2);

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Person.
    pub id: UserId,
    /// Name, for the trail.
    pub name: String,
    /// Name as signatures print it.
    pub full_name: String,
    /// What the person is at this place, from the role that may least.
    pub roles: Vec<Role>,
    /// The person's secret was made by somebody else: until it is changed nothing else is carried out.
    pub must_change_secret: bool,
    /// How much of the rights the session has now.
    pub standing: Standing,
    /// The rights that a program's token is bound to; `None` = a person's session.
    pub script: Option<Vec<Right>>,
}

impl Caller {
    /// A person, with the roles that their grants give at this place.
    pub(crate) fn at(person: &PersonRow, place: &Place) -> Caller {
        Caller {
            id: person.id,
            name: person.name.clone(),
            full_name: person.full_name.clone(),
            roles: access::roles_at(&person.grants, place),
            must_change_secret: person.must_change_secret,
            standing: Standing::Open,
            script: None,
        }
    }

    /// True when one of the roles carries the right, and the session or token has it now.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        access::may(&self.roles, right) && self.standing.allows(right) && self.is_within(right)
    }

    /// False where a program's token is not bound to the right.
    fn is_within(&self, right: Right) -> bool {
        self.script
            .as_ref()
            .is_none_or(|rights| rights.contains(&right))
    }

    /// Refuses when no role carries the right.
    ///
    /// # Errors
    /// [`ErrorCode::NoRight`]; [`ErrorCode::MustChangeSecret`] before anything else; [`ErrorCode::Locked`] and
    /// [`ErrorCode::SecretAgain`] where only the session stands too low.
    pub fn must(&self, right: Right) -> Result<(), AppError> {
        if self.must_change_secret {
            return Err(AppError::refusal(
                ErrorCode::MustChangeSecret,
                "choose a secret of your own first: the one you used was made by somebody else",
            ));
        }
        if self.may(right) {
            return Ok(());
        }
        if !self.is_within(right) {
            return Err(AppError::refusal(
                ErrorCode::NoRight,
                format!("the token {} lacks the right for this", self.name),
            ));
        }
        if access::may(&self.roles, right) {
            return Err(self.must_unlock());
        }
        let words: Vec<&str> = self.roles.iter().map(|role| role.word()).collect();
        let is = if words.is_empty() {
            "has no role".to_owned()
        } else {
            format!("is {}", words.join(", "))
        };
        Err(AppError::refusal(
            ErrorCode::NoRight,
            format!("{} {is} here and lacks the right for this", self.name),
        ))
    }
}

impl Caller {
    /// Why a session that stands too low does not do this.
    pub(crate) fn must_unlock(&self) -> AppError {
        if self.standing == Standing::Locked {
            AppError::refusal(
                ErrorCode::Locked,
                "the session is locked: unlock it, or hand over",
            )
        } else {
            AppError::refusal(
                ErrorCode::SecretAgain,
                "nobody has touched this session for a while: give your secret again first",
            )
        }
    }
}

#[derive(Debug, Clone)]
struct Session {
    caller: Caller,
    opened_mono_ms: i64,
    /// When somebody used it last.
    touched_mono_ms: i64,
    /// The lowest that it has stood since the last proof; a touch alone gives nothing back.
    reached: Standing,
    /// Secrets tried to stop a line since the last right one.
    stop_tries: u32,
}

impl Session {
    fn is_over(&self, mono_ms: i64) -> bool {
        mono_ms - self.opened_mono_ms >= SESSION_MAX_MS
    }

    fn settle(&mut self, mono_ms: i64, times: &LockTimes) -> Standing {
        let idle_ms = mono_ms.saturating_sub(self.touched_mono_ms);
        self.reached = self.reached.max(times.standing(idle_ms));
        self.reached
    }
}

/// The open sessions, by hash of their token. They live as long as the program.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<[u8; 32], Session>>,
    /// Who gave the whole secret at which station, and when (monotonic clock).
    whole: Mutex<HashMap<(String, UserId), i64>>,
    /// Tokens of programs.
    scripts: script::Scripts,
    /// Held while sessions are brought to what the books say, so that the newest books win.
    turn: tokio::sync::Mutex<()>,
}

fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// 32 random bytes as hexadecimal, or the fault that the system gives no randomness.
pub(crate) fn random_token() -> Result<String, AppError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        AppError::fault(
            ErrorCode::Internal,
            "the system gives no random numbers",
            &error,
        )
    })?;
    Ok(millrace_core::audit::hex(&bytes))
}

impl Sessions {
    /// Opens a session and answers its token.
    pub(crate) fn open(&self, caller: Caller, clock: &dyn Clock) -> Result<String, AppError> {
        let token = random_token()?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock.mono_ms();
        open.retain(|_, session| !session.is_over(now));
        open.insert(
            token_hash(&token),
            Session {
                caller,
                opened_mono_ms: now,
                touched_mono_ms: now,
                reached: Standing::Open,
                stop_tries: 0,
            },
        );
        Ok(token)
    }

    /// Who holds this token, with what the session has left of the rights.
    pub(crate) fn caller(
        &self,
        token: &str,
        clock: &dyn Clock,
        times: &LockTimes,
    ) -> Option<Caller> {
        let now = clock.mono_ms();
        let hash = token_hash(token);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let session = open
            .get_mut(&hash)
            .filter(|session| !session.is_over(now))
            .map(|session| Caller {
                standing: session.settle(now, times),
                ..session.caller.clone()
            });
        drop(open);
        session.or_else(|| self.scripts.caller(&hash, clock.now_ms()))
    }

    fn with<T>(&self, token: &str, act: impl FnOnce(&mut Session) -> T) -> Option<T> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get_mut(&token_hash(token)).map(act)
    }

    /// Somebody uses the session. What it has lost comes back with a proof only; a locked one stays locked.
    pub(crate) fn touch(&self, token: &str, clock: &dyn Clock, times: &LockTimes) {
        let now = clock.mono_ms();
        self.with(token, |session| {
            if session.settle(now, times) != Standing::Locked {
                session.touched_mono_ms = now;
            }
        });
    }

    /// Counts a try to stop a line in this session, before it is judged. True for the first ones, which no
    /// pause holds back: whoever guesses gets these few for a session that took the secret to open.
    pub(crate) fn may_stop_at_once(&self, token: &str) -> bool {
        self.with(token, |session| {
            session.stop_tries = session.stop_tries.saturating_add(1);
            session.stop_tries <= STOP_TRIES_MAX
        })
        .unwrap_or(false)
    }

    /// The secret was right: the tries begin anew.
    pub(crate) fn stopped(&self, token: &str) {
        self.with(token, |session| session.stop_tries = 0);
    }

    /// Locks a session at once.
    pub(crate) fn lock(&self, token: &str) {
        self.with(token, |session| session.reached = Standing::Locked);
    }

    /// Gives a session its rights again, as far as the proof goes.
    pub(crate) fn unlock(&self, token: &str, clock: &dyn Clock, to: Standing) {
        let now = clock.mono_ms();
        self.with(token, |session| {
            session.reached = to;
            session.touched_mono_ms = now;
        });
    }

    /// How long until the session stands lower, ms; `None` = never, or it is locked.
    pub(crate) fn next_in_ms(
        &self,
        token: &str,
        clock: &dyn Clock,
        times: &LockTimes,
    ) -> Option<i64> {
        let now = clock.mono_ms();
        self.with(token, |session| {
            let is_locked = session.settle(now, times) == Standing::Locked;
            (!is_locked).then(|| times.next_in_ms(now.saturating_sub(session.touched_mono_ms)))?
        })
        .flatten()
    }

    /// Ends a session.
    pub(crate) fn close(&self, token: &str) {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&token_hash(token));
    }

    /// Ends every session of a person: disabled, or with a new secret.
    pub(crate) fn end_of(&self, person: UserId) {
        self.end_of_but(person, None);
    }

    /// Ends every session of a person except the one with this token.
    pub(crate) fn end_of_but(&self, person: UserId, token: Option<&str>) {
        let kept = token.map(token_hash);
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|hash, session| session.caller.id != person || Some(*hash) == kept);
    }

    /// Brings a person's open sessions to what the books say now: a right that was taken is gone with
    /// the next command.
    fn refresh(&self, now: &Caller) {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values_mut()
            .filter(|session| session.caller.id == now.id)
            .for_each(|session| session.caller = now.clone());
    }
}

/// The hash of a secret in PHC form (Argon2id at today's [`COST`]), on a thread that may block.
pub(crate) async fn hash_secret(secret: String) -> Result<String, AppError> {
    let fault = |error: &dyn std::error::Error| {
        AppError::fault(ErrorCode::Internal, "the secret could not be hashed", error)
    };
    let (memory_kib, passes, lanes) = COST;
    let params = Params::new(memory_kib, passes, lanes, None).map_err(|error| fault(&error))?;
    let _turn = HASHING.acquire().await.map_err(|error| fault(&error))?;
    tokio::task::spawn_blocking(move || {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password(secret.as_bytes())
            .map(|hash| hash.to_string())
    })
    .await
    .map_err(|error| fault(&error))?
    .map_err(|error| fault(&error))
}

/// True when a kept hash costs an attacker less than one made today; then the login makes a new one.
#[must_use]
pub(crate) fn needs_rehash(phc: &str) -> bool {
    let Ok(hash) = PasswordHash::new(phc) else {
        return true;
    };
    let Ok(params) = Params::try_from(&hash) else {
        return true;
    };
    let (memory_kib, passes, lanes) = COST;
    hash.algorithm.as_str() != Algorithm::Argon2id.as_str()
        || params.m_cost() < memory_kib
        || params.t_cost() < passes
        || params.p_cost() < lanes
}

async fn matches(secret: String, phc: String) -> bool {
    let Ok(_turn) = HASHING.acquire().await else {
        return false;
    };
    tokio::task::spawn_blocking(move || {
        PasswordHash::new(&phc).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(secret.as_bytes(), &hash)
                .is_ok()
        })
    })
    .await
    .unwrap_or(false)
}

/// A PHC string that no secret matches, so that an unknown name costs as much as a known one.
const NOBODY: &str = "$argon2id$v=19$m=65536,t=2,p=1$bWlsbHJhY2Utbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes a secret that was just given right anew where its hash is weaker than today's. A fault leaves
/// the old hash: logging in does not depend on it.
pub(crate) async fn strengthen(store: &Store, person: &PersonRow, secret: &str) {
    if !needs_rehash(&person.secret_phc) {
        return;
    }
    let Ok(phc) = hash_secret(secret.to_owned()).await else {
        return;
    };
    let (id, old) = (person.id, person.secret_phc.clone());
    let kept = store.write(move |tx| tx.person_secret_rehash(id, &old, &phc));
    if let Err(error) = kept.await {
        tracing::warn!(%error, "a secret keeps its older hash until the next login");
    }
}

/// Opens a session for a person whose secret was right. What an administrator changed between the secret
/// and the session counts: it ended no session that was not there yet.
///
/// # Errors
/// [`ErrorCode::NotLoggedIn`] when the person was disabled or got another secret meanwhile.
pub(crate) async fn open_for(
    inner: &Inner,
    person: &PersonRow,
) -> Result<(String, Caller), AppError> {
    let place = inner.place();
    let token = inner
        .sessions
        .open(Caller::at(person, &place), inner.clock.as_ref())?;
    match refresh(inner, person.id).await {
        Ok(now) if !now.is_disabled && now.secret_set_at_ms == person.secret_set_at_ms => {
            Ok((token, Caller::at(&now, &place)))
        }
        outcome => {
            inner.sessions.close(&token);
            outcome?;
            Err(AppError::refusal(
                ErrorCode::NotLoggedIn,
                "an administrator disabled you or reset your secret just now",
            ))
        }
    }
}

/// Brings a person's open sessions to what the books say now; answers the person.
///
/// # Errors
/// As the store reports them.
pub(crate) async fn refresh(inner: &Inner, id: UserId) -> Result<PersonRow, AppError> {
    let _turn = inner.sessions.turn.lock().await;
    let now = inner
        .store
        .read(move |read| read.person(id).map_err(AppError::from))
        .await?;
    if now.is_disabled {
        inner.sessions.end_of(id);
    } else {
        inner.sessions.refresh(&Caller::at(&now, &inner.place()));
    }
    Ok(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_that_costs_less_than_todays_is_made_anew() {
        let today = hash_secret("a long enough secret".into())
            .await
            .expect("hashed");
        assert!(
            today.starts_with("$argon2id$v=19$m=65536,t=2,p=1$"),
            "{today}"
        );
        assert!(!needs_rehash(&today));
        assert!(
            !needs_rehash(NOBODY),
            "an unknown name costs what a known one does"
        );
        let stronger = today.replace("t=2", "t=4");
        assert!(!needs_rehash(&stronger), "nothing is ever made weaker");
        for weaker in [
            today.replace("m=65536", "m=19456"),
            today.replace("t=2", "t=1"),
            today.replace("argon2id", "argon2i"),
            "not a hash".to_owned(),
        ] {
            assert!(needs_rehash(&weaker), "{weaker}");
        }
    }

    #[tokio::test]
    async fn a_secret_matches_its_hash_whatever_it_cost() {
        let today = hash_secret("a long enough secret".into())
            .await
            .expect("hashed");
        assert!(matches("a long enough secret".into(), today.clone()).await);
        assert!(!matches("a long enough secreT".into(), today).await);
        assert!(!matches(String::new(), NOBODY.into()).await);
    }
}
