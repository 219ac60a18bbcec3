//! Adding and changing people, and the own secret. Each body judges by the books inside its transaction
//! and touches open sessions only after the commit. Leaves out the rules ([`millrace_core::access::manage`],
//! [`millrace_core::secret`]).

use millrace_core::access::manage::{self, PersonRefusal};
use millrace_core::access::{Grant, Place, Right};
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::UserId;
use millrace_core::secret;
use millrace_store::Write;
use millrace_store::table::audit::AuditEntry;
use millrace_store::table::person::PersonRow;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ts_rs::TS;

use super::person::{PersonGet, PersonView, has_other_super_admin, person_get, why_not};
use super::session::{SessionView, view};
use super::{Context, audit, not_logged_in};
use crate::error::AppError;
use crate::session::{Caller, authenticate, hash_secret, refresh, script};

/// More grants than anybody needs.
const GRANTS_MAX: usize = 64;
/// Characters of a one-time secret: 80 bits in 32 letters and digits that are told apart when read aloud.
const ONE_TIME_CHARS: usize = 16;
const ONE_TIME_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Add a person. The answer shows a one-time secret.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PersonAdd {
    /// Name, which is also the login; stays for ever.
    pub name: String,
    /// Name as signatures print it; empty = the name.
    pub full_name: String,
    /// What the person is, and where.
    pub grants: Vec<Grant>,
}

/// Change what a person is.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PersonChange {
    /// Which person.
    pub id: UserId,
    /// The version that the caller saw.
    pub version: i64,
    /// Name as signatures print it; empty = the name.
    pub full_name: String,
    /// All grants, in place of those of before.
    pub grants: Vec<Grant>,
}

/// Disable a person, let them in again, or give them a one-time secret.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PersonAct {
    /// Which person.
    pub id: UserId,
    /// The version that the caller saw.
    pub version: i64,
}

/// A person with a secret that is shown this once and is in no book.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct PersonSecretView {
    /// The person.
    pub person: PersonView,
    /// To be handed over; must be changed at the next login.
    pub secret: String,
}

impl std::fmt::Debug for PersonSecretView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonSecretView")
            .field("person", &self.person)
            .finish_non_exhaustive()
    }
}

/// Change the own secret.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SecretChange {
    /// The secret of until now.
    pub old: String,
    /// The new one.
    pub new: String,
}

impl std::fmt::Debug for SecretChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretChange")
    }
}

fn bad(why: impl Into<String>) -> AppError {
    AppError::refusal(ErrorCode::BadRequest, why)
}

fn refused(refusal: PersonRefusal) -> AppError {
    let code = match refusal {
        PersonRefusal::UnknownPlace => ErrorCode::BadRequest,
        _ if refusal.is_lack_of_right() => ErrorCode::NoRight,
        _ => ErrorCode::IllegalTransition,
    };
    AppError::refusal(code, refusal.to_string())
}

/// What the trail tells of a person: everything but the secret.
fn state(person: &PersonRow) -> Value {
    json!({
        "name": person.name,
        "full_name": person.full_name,
        "grants": person.grants,
        "is_disabled": person.is_disabled,
        "must_change_secret": person.must_change_secret,
        "secret_set_at_ms": person.secret_set_at_ms,
        "version": person.version,
    })
}

fn object(id: UserId) -> String {
    format!("person:{id}")
}

/// Who acts upon whom.
#[derive(Clone)]
struct Act {
    actor: UserId,
    here: Place,
    at_ms: i64,
    action: &'static str,
}

impl Act {
    fn of(context: &Context, action: &'static str) -> Result<Act, AppError> {
        let inner = &context.app.inner;
        Ok(Act {
            actor: context.caller()?.id,
            here: inner.place(),
            at_ms: inner.clock.now_ms(),
            action,
        })
    }

    /// The actor as the books know them now: what the session knew may be old by a moment.
    fn actor(&self, tx: &Write<'_>) -> Result<PersonRow, AppError> {
        let actor = tx.person(self.actor)?;
        if actor.is_disabled {
            return Err(not_logged_in());
        }
        Caller::at(&actor, &self.here).must(Right::PersonManage)?;
        Ok(actor)
    }

    /// The person, unless somebody changed them since the caller looked.
    fn person(&self, tx: &Write<'_>, id: UserId, version: i64) -> Result<PersonRow, AppError> {
        let person = tx.person(id)?;
        if person.version == version {
            return Ok(person);
        }
        let by = match person.changed_by.as_str() {
            "" => "somebody",
            by => by,
        };
        Err(AppError::refusal(
            ErrorCode::Changed,
            format!(
                "{} was changed by {by} while you were looking: look again",
                person.name
            ),
        ))
    }

    /// Takes the next version, and refuses when nobody would be left to manage administrators.
    fn finish(
        &self,
        tx: &Write<'_>,
        actor: &PersonRow,
        before: &PersonRow,
        full_name: &str,
    ) -> Result<PersonRow, AppError> {
        tx.person_change(before.id, before.version, full_name, &actor.name)?;
        let after = tx.person(before.id)?;
        let was = !before.is_disabled && manage::is_super_admin_at(&before.grants, &self.here);
        let is = !after.is_disabled && manage::is_super_admin_at(&after.grants, &self.here);
        if was && !is && !has_other_super_admin(&tx.people()?, before.id, &self.here) {
            return Err(refused(PersonRefusal::LastSuperAdmin));
        }
        tx.audit_add(&audit::of_change(
            &actor.name,
            self.action,
            &object(after.id),
            "",
            self.at_ms,
            (state(before), state(&after)),
        ))?;
        Ok(after)
    }
}

/// What the demo's login screen shows must stay true.
fn is_of_demo(context: &Context, name: &str) -> Result<(), AppError> {
    let people = &context.app.inner.demo_people;
    if people.iter().any(|person| person.name == name) {
        return Err(AppError::refusal(
            ErrorCode::NotReady,
            "the demo's people keep the secrets that the login screen shows",
        ));
    }
    Ok(())
}

fn one_time_secret() -> Result<String, AppError> {
    let mut bytes = [0_u8; ONE_TIME_CHARS];
    getrandom::fill(&mut bytes).map_err(|error| {
        AppError::fault(
            ErrorCode::Internal,
            "the system gives no random numbers",
            &error,
        )
    })?;
    let mut text = String::with_capacity(ONE_TIME_CHARS + 3);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % 4 == 0 {
            text.push('-');
        }
        // The alphabet has 32 letters: five bits choose one, none more often than another.
        let letter = ONE_TIME_ALPHABET.get(usize::from(byte & 31));
        text.extend(letter.map(|letter| char::from(*letter)));
    }
    Ok(text)
}

/// The printed name as typed; empty means the login name.
fn printed(full_name: &str, name: &str) -> Result<String, AppError> {
    match full_name.trim() {
        "" => Ok(name.to_owned()),
        text => manage::name(text).map_err(bad),
    }
}

fn ordered(mut grants: Vec<Grant>) -> Result<Vec<Grant>, AppError> {
    grants.sort_unstable();
    grants.dedup();
    if grants.len() > GRANTS_MAX {
        return Err(bad(format!("at most {GRANTS_MAX} grants a person")));
    }
    Ok(grants)
}

pub(super) async fn person_add(
    context: &Context,
    request: PersonAdd,
) -> Result<PersonSecretView, AppError> {
    let act = Act::of(context, "person_add")?;
    let name = manage::login(&request.name).map_err(bad)?;
    let full_name = printed(&request.full_name, &name)?;
    let grants = ordered(request.grants)?;
    let secret = one_time_secret()?;
    let phc = hash_secret(secret.clone()).await?;
    let inner = &context.app.inner;
    let id = inner
        .commit(move |tx| {
            let actor = act.actor(tx)?;
            // The database compares plain letters only; people do not tell Ä from ä either.
            let lower = name.to_lowercase();
            if let Some(taken) = tx
                .people()?
                .iter()
                .find(|person| person.name.to_lowercase() == lower)
            {
                let disabled = if taken.is_disabled {
                    ", who is disabled"
                } else {
                    ""
                };
                return Err(bad(format!(
                    "there is {} already{disabled}: choose another name",
                    taken.name
                )));
            }
            manage::may_regrant(&actor.grants, &[], &grants, &act.here).map_err(refused)?;
            let id = tx.person_add(&name, &grants, &phc, act.at_ms)?;
            tx.person_secret_set(id, &phc, true, act.at_ms)?;
            // Whoever reset the secret does not vouch for a PIN that was set with the old one.
            tx.person_quick_clear(id, None)?;
            let added = tx.person(id)?;
            tx.person_change(id, added.version, &full_name, &actor.name)?;
            tx.audit_add(&AuditEntry {
                at_ms: act.at_ms,
                actor: actor.name,
                action: act.action.into(),
                object: object(id),
                before: "null".into(),
                after: state(&tx.person(id)?).to_string(),
                reason: String::new(),
            })?;
            Ok::<_, AppError>(id)
        })
        .await?;
    Ok(PersonSecretView {
        person: person_get(context, PersonGet { id }).await?,
        secret,
    })
}

pub(super) async fn person_change(
    context: &Context,
    request: PersonChange,
) -> Result<PersonView, AppError> {
    let act = Act::of(context, "person_change")?;
    let grants = ordered(request.grants)?;
    let PersonChange {
        id,
        version,
        full_name,
        ..
    } = request;
    let inner = &context.app.inner;
    inner
        .commit(move |tx| {
            let actor = act.actor(tx)?;
            let before = act.person(tx, id, version)?;
            let full_name = printed(&full_name, &before.name)?;
            let mut held = before.grants.clone();
            held.sort_unstable();
            if held != grants {
                if actor.id == id {
                    return Err(refused(PersonRefusal::Own));
                }
                manage::may_regrant(&actor.grants, &held, &grants, &act.here).map_err(refused)?;
                tx.person_grants_set(id, &grants)?;
            }
            if full_name != before.full_name && actor.id != id {
                manage::may_act_upon(&actor.grants, &before.grants).map_err(refused)?;
            }
            act.finish(tx, &actor, &before, &full_name)
        })
        .await?;
    refresh(inner, id).await?;
    script::refresh(inner).await?;
    person_get(context, PersonGet { id }).await
}

/// Disables or lets in again.
async fn set_disabled(
    context: &Context,
    request: PersonAct,
    action: &'static str,
    is_disabled: bool,
) -> Result<PersonView, AppError> {
    let act = Act::of(context, action)?;
    let PersonAct { id, version } = request;
    let inner = &context.app.inner;
    inner
        .commit(move |tx| {
            let actor = act.actor(tx)?;
            let before = act.person(tx, id, version)?;
            why_not(&actor, &before).map_err(refused)?;
            if before.is_disabled == is_disabled {
                let is = if is_disabled {
                    "disabled"
                } else {
                    "not disabled"
                };
                return Err(AppError::refusal(
                    ErrorCode::IllegalTransition,
                    format!("{} is {is} already", before.name),
                ));
            }
            tx.person_disabled_set(id, is_disabled.then_some(act.at_ms))?;
            act.finish(tx, &actor, &before, &before.full_name)
        })
        .await?;
    inner.sessions.end_of(id);
    script::refresh(inner).await?;
    person_get(context, PersonGet { id }).await
}

pub(super) async fn person_disable(
    context: &Context,
    request: PersonAct,
) -> Result<PersonView, AppError> {
    set_disabled(context, request, "person_disable", true).await
}

pub(super) async fn person_enable(
    context: &Context,
    request: PersonAct,
) -> Result<PersonView, AppError> {
    set_disabled(context, request, "person_enable", false).await
}

pub(super) async fn person_secret_reset(
    context: &Context,
    request: PersonAct,
) -> Result<PersonSecretView, AppError> {
    let act = Act::of(context, "person_secret_reset")?;
    let PersonAct { id, version } = request;
    let inner = &context.app.inner;
    let name = person_get(context, PersonGet { id }).await?.name;
    is_of_demo(context, &name)?;
    let secret = one_time_secret()?;
    let phc = hash_secret(secret.clone()).await?;
    inner
        .commit(move |tx| {
            let actor = act.actor(tx)?;
            let before = act.person(tx, id, version)?;
            why_not(&actor, &before).map_err(refused)?;
            tx.person_secret_set(id, &phc, true, act.at_ms)?;
            // Whoever reset the secret does not vouch for a PIN that was set with the old one.
            tx.person_quick_clear(id, None)?;
            act.finish(tx, &actor, &before, &before.full_name)
        })
        .await?;
    inner.sessions.end_of(id);
    inner.sessions.forget_whole(id);
    script::refresh(inner).await?;
    Ok(PersonSecretView {
        person: person_get(context, PersonGet { id }).await?,
        secret,
    })
}

pub(super) async fn secret_change(
    context: &Context,
    request: SecretChange,
) -> Result<SessionView, AppError> {
    let caller = context.caller()?;
    let inner = &context.app.inner;
    is_of_demo(context, &caller.name)?;
    secret::judge(&caller.name, &request.new).map_err(|refusal| bad(refusal.to_string()))?;
    if request.new == request.old {
        return Err(bad("the new secret must differ from the old one"));
    }
    let known = authenticate(
        &inner.store,
        inner.clock.as_ref(),
        &caller.name,
        &request.old,
    )
    .await
    .map_err(|error| {
        if error.code == ErrorCode::WrongSecret {
            AppError::refusal(
                ErrorCode::WrongSecret,
                "this is not your secret; nothing was changed",
            )
        } else {
            error
        }
    })?;
    let phc = hash_secret(request.new).await?;
    let at_ms = inner.clock.now_ms();
    let after = inner
        .commit(move |tx| {
            let before = tx.person(known.id)?;
            // Somebody disabled the person, or reset the secret, while this one was hashed.
            if before.is_disabled || before.secret_set_at_ms != known.secret_set_at_ms {
                return Err(not_logged_in());
            }
            tx.person_secret_set(before.id, &phc, false, at_ms)?;
            let after = tx.person(before.id)?;
            tx.audit_add(&audit::of_change(
                &after.name,
                "secret_change",
                &object(after.id),
                "",
                at_ms,
                (state(&before), state(&after)),
            ))?;
            Ok(after)
        })
        .await?;
    inner
        .sessions
        .end_of_but(after.id, context.token.as_deref());
    let now = refresh(inner, after.id).await?;
    script::refresh(inner).await?;
    Ok(view(
        context,
        String::new(),
        &Caller::at(&now, &inner.place()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_one_time_secret_is_long_and_another_one_each_time() {
        let first = one_time_secret().expect("randomness");
        assert_eq!(first.len(), ONE_TIME_CHARS + 3);
        assert!(
            first
                .bytes()
                .all(|byte| byte == b'-' || ONE_TIME_ALPHABET.contains(&byte)),
            "{first}"
        );
        assert_ne!(first, one_time_secret().expect("randomness"));
        assert_eq!(secret::judge("Ana", &first), Ok(()));
        let mut letters = ONE_TIME_ALPHABET.to_vec();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), 32);
    }
}
