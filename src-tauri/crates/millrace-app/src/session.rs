//! Sessions and secrets: Argon2id, lockout with growing delay that survives a restart, bearer
//! tokens kept as hashes. Leaves out rights (`millrace_core::access`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use millrace_core::access::{self, Place, Right, Role};
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::UserId;
use millrace_store::Store;
use millrace_store::table::person::PersonRow;
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::error::AppError;

/// A session ends at the latest after this.
const SESSION_MAX_MS: i64 = 12 * 60 * 60 * 1000;
/// Wrong secrets before a pause.
const ATTEMPTS_MAX: i64 = 5;
/// First pause; it doubles with each further wrong secret.
const LOCK_FIRST_MS: i64 = 30_000;
/// Longest pause.
const LOCK_LONGEST_MS: i64 = 15 * 60_000;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Person.
    pub id: UserId,
    /// Name, for signatures and the trail.
    pub name: String,
    /// What the person is at this place, from the role that may least.
    pub roles: Vec<Role>,
}

impl Caller {
    /// A person, with the roles that their grants give at this place.
    pub(crate) fn at(person: &PersonRow, place: &Place) -> Caller {
        Caller {
            id: person.id,
            name: person.name.clone(),
            roles: access::roles_at(&person.grants, place),
        }
    }

    /// True when one of the roles carries the right.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        access::may(&self.roles, right)
    }

    /// Refuses when no role carries the right.
    ///
    /// # Errors
    /// [`ErrorCode::NoRight`].
    pub fn must(&self, right: Right) -> Result<(), AppError> {
        if self.may(right) {
            return Ok(());
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

#[derive(Debug, Clone)]
struct Session {
    caller: Caller,
    opened_mono_ms: i64,
}

/// The open sessions, by hash of their token. They live as long as the program.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<[u8; 32], Session>>,
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
        open.retain(|_, session| now - session.opened_mono_ms < SESSION_MAX_MS);
        open.insert(
            token_hash(&token),
            Session {
                caller,
                opened_mono_ms: now,
            },
        );
        Ok(token)
    }

    /// Who holds this token.
    pub(crate) fn caller(&self, token: &str, clock: &dyn Clock) -> Option<Caller> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(&token_hash(token))
            .filter(|session| clock.mono_ms() - session.opened_mono_ms < SESSION_MAX_MS)
            .map(|session| session.caller.clone())
    }

    /// Ends a session.
    pub(crate) fn close(&self, token: &str) {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&token_hash(token));
    }
}

/// The hash of a secret in PHC form (Argon2id, 19 MiB, 2 passes), on a thread that may block.
pub(crate) async fn hash_secret(secret: String) -> Result<String, AppError> {
    tokio::task::spawn_blocking(move || {
        Argon2::default()
            .hash_password(secret.as_bytes())
            .map(|hash| hash.to_string())
    })
    .await
    .map_err(|error| AppError::fault(ErrorCode::Internal, "hashing was interrupted", &error))?
    .map_err(|error| {
        AppError::fault(
            ErrorCode::Internal,
            "the secret could not be hashed",
            &error,
        )
    })
}

async fn matches(secret: String, phc: String) -> bool {
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
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bWlsbHJhY2Utbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The person behind a name and a secret. Wrong attempts are counted in the store before the answer
/// leaves, so that neither a restart nor many clients at once give more tries.
///
/// # Errors
/// [`ErrorCode::WrongSecret`] alike for an unknown name, a disabled person and a wrong secret;
/// [`ErrorCode::LockedOut`] during a pause.
pub(crate) async fn authenticate(
    store: &Store,
    clock: &dyn Clock,
    name: &str,
    secret: &str,
) -> Result<PersonRow, AppError> {
    let wrong = || AppError::refusal(ErrorCode::WrongSecret, "the name or the secret is wrong");
    let lookup = name.to_owned();
    let person = store
        .read(move |read| read.person_by_name(&lookup).map_err(AppError::from))
        .await?
        .filter(|person| !person.is_disabled);
    let Some(person) = person else {
        matches(secret.to_owned(), NOBODY.to_owned()).await;
        return Err(wrong());
    };
    // Count the try first, in one transaction with the check: a crash or many clients at once then
    // cost tries, never give one away.
    let now = clock.now_ms();
    let lookup = person.name.clone();
    let id = store
        .write(move |tx| {
            let person = tx.person_by_name(&lookup)?.ok_or_else(|| {
                AppError::refusal(ErrorCode::WrongSecret, "the name or the secret is wrong")
            })?;
            let left_ms = person.locked_until_ms - now;
            // A pause longer than the longest one comes from a clock that was set back since.
            if (1..=LOCK_LONGEST_MS).contains(&left_ms) {
                let left_s = left_ms / 1000 + 1;
                return Err(AppError::refusal(
                    ErrorCode::LockedOut,
                    format!(
                        "too many wrong secrets for {}: try again in {left_s} s",
                        person.name
                    ),
                ));
            }
            let failed = person.failed_attempts + 1;
            let locked_until = if failed >= ATTEMPTS_MAX {
                let doublings = u32::try_from((failed - ATTEMPTS_MAX).min(10)).unwrap_or(10);
                now + (LOCK_FIRST_MS << doublings).min(LOCK_LONGEST_MS)
            } else {
                0
            };
            tx.person_attempts_set(person.id, failed, locked_until)?;
            Ok::<_, AppError>(person.id)
        })
        .await?;
    if !matches(secret.to_owned(), person.secret_phc.clone()).await {
        return Err(wrong());
    }
    store
        .write(move |tx| tx.person_attempts_set(id, 0, 0).map_err(AppError::from))
        .await?;
    Ok(person)
}
