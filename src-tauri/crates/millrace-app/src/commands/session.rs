//! Logging in and out, the first administrator, and what the login screen must know.
//! Leaves out hashing and lockout arithmetic ([`crate::session`]).

use millrace_core::access::lock::Standing;
use millrace_core::access::{self, Grant, Right, Role, manage};
use millrace_core::error_code::ErrorCode;
use millrace_core::secret;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::lock::whole_given;
use super::{Context, audit};
use crate::error::AppError;
use crate::session::{Caller, authenticate, hash_secret, open_for, strengthen};

/// No parameters.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Done, with nothing to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Done {}

/// What the program is and how it stands, before anybody logs in. No secret outside demo mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AppInfo {
    /// Version of the program.
    pub version: String,
    /// True on the virtual plant.
    pub is_demo: bool,
    /// Speed of the virtual plant, in percent of real time.
    pub demo_speed_pct: i64,
    /// The demo's people, with their secrets; empty outside demo mode.
    pub demo_people: Vec<DemoPerson>,
    /// True until the first administrator is created.
    pub needs_first_admin: bool,
    /// Name of the site.
    pub site: String,
    /// Name of the line.
    pub line: String,
    /// IANA name of the site's time zone, in which times are shown.
    pub zone: String,
    /// Language of the installation: `en`, `nl` or `id`.
    pub language: String,
    /// The backend's clock.
    pub now_ms: i64,
    /// Where the PLC is, for people.
    pub plc: String,
    /// Where the ERP is, for people.
    pub erp: String,
    /// What is wrong with the set-up and what still works, one sentence each.
    pub problems: Vec<StartProblem>,
}

/// Something wrong at start that does not stop the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StartProblem {
    /// What it concerns: `plc`, `erp`, `config`, `store`.
    pub area: String,
    /// What is wrong, where, and what still works.
    pub message: String,
}

/// A person of the demo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DemoPerson {
    /// Name, which is also the login.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Secret, made at first start.
    pub secret: String,
}

/// Log in. Prints without the secret.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SessionOpen {
    /// The person's name.
    pub user: String,
    /// The person's secret.
    pub secret: String,
}

impl std::fmt::Debug for SessionOpen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SessionOpen({:?}, ***)", self.user)
    }
}

/// A session, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionView {
    /// Bearer token; goes with every command. Empty in answers to `session_get`.
    pub token: String,
    /// The person's name.
    pub user: String,
    /// The name as signatures print it.
    pub full_name: String,
    /// What the person is at this place, from the role that may least.
    pub roles: Vec<Role>,
    /// What these roles may do.
    pub rights: Vec<Right>,
    /// The secret was made by somebody else: only `secret_change` is open.
    pub must_change_secret: bool,
    /// How much of the rights the session has now.
    pub standing: Standing,
    /// How long until it stands lower when nobody touches it, ms; `None` = never, or it is locked.
    pub next_in_ms: Option<i64>,
}

/// Create the first administrator; possible only while there is nobody.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct FirstAdminCreate {
    /// Login name.
    pub name: String,
    /// Secret, at least 10 characters.
    pub secret: String,
}

pub(super) async fn app_info(context: &Context, _: Nothing) -> Result<AppInfo, AppError> {
    let inner = &context.app.inner;
    let counted = inner
        .store
        .read(|read| read.person_count().map_err(AppError::from))
        .await;
    let people = match counted {
        Ok(people) => people,
        // Damaged, perhaps there: the login screen still tells what is wrong, and begins nothing anew.
        Err(_) if inner.store.trouble().is_some() => 1,
        Err(error) => return Err(error),
    };
    Ok(AppInfo {
        version: inner.version.clone(),
        is_demo: inner.demo.is_some(),
        demo_speed_pct: inner.speed_pct(),
        demo_people: inner.demo_people.clone(),
        needs_first_admin: people == 0,
        site: inner.site.name.clone(),
        line: inner.site.line.clone(),
        zone: inner.site.zone.clone(),
        language: inner.site.language.clone(),
        now_ms: inner.clock.now_ms(),
        plc: inner.plc_address.clone(),
        erp: inner.erp_address.clone(),
        problems: inner.problems.clone(),
    })
}

/// A session that was opened just now.
pub(super) fn view(context: &Context, token: String, caller: &Caller) -> SessionView {
    let inner = &context.app.inner;
    let held = if token.is_empty() {
        context.token.clone().unwrap_or_default()
    } else {
        token.clone()
    };
    let mut rights = access::rights_of(&caller.roles);
    rights.retain(|right| caller.may(*right));
    SessionView {
        token,
        user: caller.name.clone(),
        full_name: caller.full_name.clone(),
        roles: caller.roles.clone(),
        rights,
        must_change_secret: caller.must_change_secret,
        standing: caller.standing,
        next_in_ms: inner
            .sessions
            .next_in_ms(&held, inner.clock.as_ref(), &inner.lock_times),
    }
}

/// The caller's session as it stands now.
pub(super) fn view_of(context: &Context, token: String) -> Result<SessionView, AppError> {
    let now = context.app.caller(context.token.as_deref())?;
    Ok(view(context, token, &now))
}

pub(super) async fn session_open(
    context: &Context,
    request: SessionOpen,
) -> Result<SessionView, AppError> {
    let inner = &context.app.inner;
    let at_ms = inner.clock.now_ms();
    match authenticate(
        &inner.store,
        inner.clock.as_ref(),
        &request.user,
        &request.secret,
    )
    .await
    {
        Ok(person) => {
            if inner.strengthens_secrets {
                strengthen(&inner.store, &person, &request.secret).await;
            }
            whole_given(inner, person.id).await?;
            let caller = Caller::at(&person, &inner.place());
            let id = person.id;
            let entry = audit::of(
                &caller.name,
                "session_open",
                "session",
                "",
                at_ms,
                &serde_json::json!({ "roles": caller.roles }),
            );
            inner
                .commit_quietly(false, move |tx| {
                    tx.person_login_set(id, at_ms)?;
                    Ok(tx.audit_add(&entry)?)
                })
                .await?;
            let (token, caller) = open_for(inner, &person).await?;
            Ok(view(context, token, &caller))
        }
        Err(refusal) => {
            // What a pause refuses was not judged, and would only fill the trail.
            if refusal.code == ErrorCode::WrongSecret {
                // The name as typed, cut: it may be a secret typed into the wrong field.
                let typed: String = request.user.chars().take(64).collect();
                let entry = audit::of(
                    "unknown",
                    "session_refused",
                    "session",
                    "",
                    at_ms,
                    &serde_json::json!({ "name": typed, "code": refusal.code }),
                );
                inner
                    .commit_quietly(false, move |tx| Ok(tx.audit_add(&entry)?))
                    .await?;
            }
            Err(refusal)
        }
    }
}

pub(super) async fn first_admin_create(
    context: &Context,
    request: FirstAdminCreate,
) -> Result<SessionView, AppError> {
    let bad = |why: &str| Err(AppError::refusal(ErrorCode::BadRequest, why.to_owned()));
    let name = match manage::login(&request.name) {
        Ok(name) => name,
        Err(why) => return bad(&why),
    };
    if let Err(refusal) = secret::judge(&name, &request.secret) {
        return bad(&refusal.to_string());
    }
    let inner = &context.app.inner;
    let taken = || {
        AppError::refusal(
            ErrorCode::NoRight,
            "there is an administrator already: log in",
        )
    };
    if inner
        .store
        .read(|read| read.person_count().map_err(AppError::from))
        .await?
        > 0
    {
        return Err(taken());
    }
    let phc = hash_secret(request.secret).await?;
    let at_ms = inner.clock.now_ms();
    let caller = inner
        .commit(move |tx| {
            // Again inside the transaction: two first starts at once make one administrator.
            if tx.person_count()? > 0 {
                return Err(taken());
            }
            let id = tx.person_add(&name, &[Grant::everywhere(Role::SuperAdmin)], &phc, at_ms)?;
            tx.audit_add(&audit::of(
                &name,
                "first_admin_create",
                &format!("person:{id}"),
                "",
                at_ms,
                &serde_json::json!({ "roles": [Role::SuperAdmin] }),
            ))?;
            Ok(Caller {
                id,
                full_name: name.clone(),
                name,
                roles: vec![Role::SuperAdmin],
                must_change_secret: false,
                standing: Standing::Open,
                script: None,
            })
        })
        .await?;
    let token = inner.sessions.open(caller.clone(), inner.clock.as_ref())?;
    Ok(view(context, token, &caller))
}

pub(super) async fn session_get(context: &Context, _: Nothing) -> Result<SessionView, AppError> {
    view_of(context, String::new())
}

pub(super) async fn session_close(context: &Context, _: Nothing) -> Result<Done, AppError> {
    if let Some(token) = &context.token {
        context.app.inner.sessions.close(token);
    }
    Ok(Done {})
}
