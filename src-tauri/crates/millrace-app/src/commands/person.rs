//! People and roles, as an administrator sees them. Leaves out changing them ([`super::person_act`]) and
//! the rules ([`millrace_core::access::manage`]).

use millrace_core::access::manage::{self, PersonRefusal};
use millrace_core::access::{Grant, Place, Right, Role};
use millrace_core::ids::UserId;
use millrace_store::table::person::PersonRow;
use millrace_store::{Read, StoreError};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::session::Nothing;
use crate::error::AppError;

/// Which person.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PersonGet {
    /// Its id.
    pub id: UserId,
}

/// A person; no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PersonView {
    /// Id.
    pub id: UserId,
    /// Name, which is also the login.
    pub name: String,
    /// Name as signatures print it.
    pub full_name: String,
    /// What the person is, and where.
    pub grants: Vec<Grant>,
    /// May no longer log in.
    pub is_disabled: bool,
    /// Since when.
    pub disabled_at_ms: Option<i64>,
    /// Has a secret that somebody else made, and must change it at the next login.
    pub must_change_secret: bool,
    /// When the secret was set.
    pub secret_set_at_ms: i64,
    /// When the person was added.
    pub created_at_ms: i64,
    /// When the person logged in last.
    pub last_login_at_ms: Option<i64>,
    /// No login before this time, after wrong secrets.
    pub locked_until_ms: Option<i64>,
    /// Goes back with every change.
    pub version: i64,
    /// Who made the last change.
    pub changed_by: String,
    /// Why the caller may not disable this person or reset the secret.
    pub why_not: Option<PersonRefusal>,
    /// Nobody else who may log in is super administrator here.
    pub is_last_super_admin: bool,
}

/// Everybody, and the place that grants may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PersonList {
    /// By name.
    pub people: Vec<PersonView>,
    /// Key of this site, as grants name it.
    pub site: String,
    /// Name of this site.
    pub site_name: String,
    /// Name of this line.
    pub line: String,
    /// The caller's own grants: a new grant reaches no further.
    pub own_grants: Vec<Grant>,
}

/// A role with its rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RoleView {
    /// The role.
    pub role: Role,
    /// What it carries, in the order of the rights table.
    pub rights: Vec<Right>,
    /// Only a super administrator gives or takes it.
    pub is_administrative: bool,
}

/// The table that decides: roles and rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RoleList {
    /// From the one that may least.
    pub roles: Vec<RoleView>,
    /// Every right, in order.
    pub rights: Vec<Right>,
}

/// Whether anybody but this person may log in and is super administrator at the place.
pub(super) fn has_other_super_admin(people: &[PersonRow], than: UserId, here: &Place) -> bool {
    people.iter().any(|other| {
        other.id != than && !other.is_disabled && manage::is_super_admin_at(&other.grants, here)
    })
}

/// Why the actor may not act upon the person.
pub(super) fn why_not(actor: &PersonRow, person: &PersonRow) -> Result<(), PersonRefusal> {
    if actor.id == person.id {
        return Err(PersonRefusal::Own);
    }
    manage::may_act_upon(&actor.grants, &person.grants)
}

/// Everybody as the caller sees them.
pub(super) fn list(
    read: &Read<'_>,
    actor: UserId,
    here: &Place,
    now_ms: i64,
) -> Result<(Vec<PersonView>, Vec<Grant>), StoreError> {
    let actor = read.person(actor)?;
    let people = read.people()?;
    let views = people
        .iter()
        .map(|person| PersonView {
            id: person.id,
            name: person.name.clone(),
            full_name: person.full_name.clone(),
            grants: person.grants.clone(),
            is_disabled: person.is_disabled,
            disabled_at_ms: person.disabled_at_ms,
            must_change_secret: person.must_change_secret,
            secret_set_at_ms: person.secret_set_at_ms,
            created_at_ms: person.created_at_ms,
            last_login_at_ms: person.last_login_at_ms,
            locked_until_ms: Some(person.locked_until_ms).filter(|until| *until > now_ms),
            version: person.version,
            changed_by: person.changed_by.clone(),
            why_not: why_not(&actor, person).err(),
            is_last_super_admin: !person.is_disabled
                && manage::is_super_admin_at(&person.grants, here)
                && !has_other_super_admin(&people, person.id, here),
        })
        .collect();
    Ok((views, actor.grants))
}

pub(super) async fn person_list(context: &Context, _: Nothing) -> Result<PersonList, AppError> {
    let inner = &context.app.inner;
    let (actor, here, now_ms) = (context.caller()?.id, inner.place(), inner.clock.now_ms());
    let (site_name, place) = (inner.site.name.clone(), here.clone());
    let (people, own_grants) = inner
        .store
        .read(move |read| Ok::<_, AppError>(list(read, actor, &here, now_ms)?))
        .await?;
    Ok(PersonList {
        people,
        site: place.site,
        site_name,
        line: place.line,
        own_grants,
    })
}

pub(super) async fn person_get(
    context: &Context,
    request: PersonGet,
) -> Result<PersonView, AppError> {
    let inner = &context.app.inner;
    let (actor, here, now_ms) = (context.caller()?.id, inner.place(), inner.clock.now_ms());
    inner
        .store
        .read(move |read| {
            let (people, _) = list(read, actor, &here, now_ms)?;
            people
                .into_iter()
                .find(|person| person.id == request.id)
                .ok_or_else(|| {
                    AppError::from(StoreError::Missing {
                        what: "person",
                        id: request.id.0,
                    })
                })
        })
        .await
}

pub(super) async fn role_list(_: &Context, _: Nothing) -> Result<RoleList, AppError> {
    Ok(RoleList {
        roles: Role::ALL
            .into_iter()
            .map(|role| RoleView {
                role,
                rights: role.rights().to_vec(),
                is_administrative: manage::is_administrative(role),
            })
            .collect(),
        rights: Right::ALL.to_vec(),
    })
}
