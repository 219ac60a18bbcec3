//! THE TABLE: everything a window, a browser or a script can ask for, with request, answer, the right
//! it needs, and whether it changes something on record. Transports and the UI's types come from it.
//! Leaves out transport.

mod action;
pub mod attention;
mod attention_record;
pub(crate) mod audit;
pub mod backup;
pub mod batch;
mod batch_act;
mod batch_command;
mod batch_view;
pub(crate) mod build;
pub mod chart;
pub mod deviation;
pub mod erp;
pub mod examine;
mod four_eyes;
pub mod hand_over;
pub mod history;
pub mod live;
pub mod lock;
pub(crate) mod manual;
pub mod note;
pub mod order;
pub mod order_decide;
pub mod outbox;
pub mod outbox_act;
pub mod outbox_second;
pub mod overview;
pub mod person;
pub mod person_act;
pub mod plc;
mod plc_decide;
pub mod plc_event;
mod plc_facts;
pub mod record;
pub mod record_print;
pub(crate) mod refused;
pub mod script;
pub mod session;
pub mod settings;
pub mod settings_act;
pub mod signature;
mod signing;
pub mod silo;
pub mod silo_act;
pub mod table;
pub mod trail;
pub mod training;
pub mod view;

use millrace_core::access::Right;
use millrace_core::access::lock::Standing;
use millrace_core::error_code::ErrorCode;
use serde_json::Value;

use crate::disk;
use crate::error::AppError;
use crate::session::Caller;
use crate::start::App;
use crate::station;

/// What a command needs of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing: anybody who reaches the program.
    Public,
    /// A session.
    Session,
    /// A session whose role carries the right.
    Right(Right),
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandInfo {
    /// Its name, `noun_verb`.
    pub name: &'static str,
    /// What it needs.
    pub access: Access,
    /// Whether it leaves a row in the audit trail.
    pub is_audited: bool,
}

/// What a body is given: the application, and who asks.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) app: App,
    pub(crate) caller: Option<Caller>,
    pub(crate) token: Option<String>,
}

impl Context {
    /// The caller; the table has checked that there is one.
    pub(crate) fn caller(&self) -> Result<&Caller, AppError> {
        self.caller.as_ref().ok_or_else(not_logged_in)
    }
}

fn not_logged_in() -> AppError {
    AppError::refusal(
        ErrorCode::NotLoggedIn,
        "log in first: there is no session, or it has ended",
    )
}

impl App {
    /// Who holds a token.
    pub(crate) fn caller(&self, token: Option<&str>) -> Result<Caller, AppError> {
        token
            .and_then(|token| {
                let inner = &self.inner;
                inner
                    .sessions
                    .caller(token, inner.clock.as_ref(), &inner.lock_times)
            })
            .ok_or_else(not_logged_in)
    }

    /// Carries out a command: looks it up, checks the right, parses, runs. The only way in.
    ///
    /// # Errors
    /// [`AppError`] with a code to branch on; nothing was changed unless the message says so.
    pub async fn dispatch(
        &self,
        command: &str,
        payload: Value,
        token: Option<&str>,
    ) -> Result<Value, AppError> {
        self.dispatch_from("", command, payload, token).await
    }

    /// As [`App::dispatch`]; what the command writes into the trail names this station.
    ///
    /// # Errors
    /// As [`App::dispatch`].
    pub async fn dispatch_from(
        &self,
        station: &str,
        command: &str,
        payload: Value,
        token: Option<&str>,
    ) -> Result<Value, AppError> {
        let info = table::COMMANDS
            .iter()
            .find(|info| info.name == command)
            .ok_or_else(|| {
                AppError::refusal(
                    ErrorCode::UnknownCommand,
                    format!("there is no command {command:?}"),
                )
            })?;
        let caller = match info.access {
            Access::Public => self.caller(token).ok(),
            Access::Session | Access::Right(_) => Some(self.caller(token)?),
        };
        let context = Context {
            app: self.clone(),
            caller,
            token: token.map(str::to_owned),
        };
        let allowed = match (info.access, &context.caller) {
            // Holding a line is never locked away; letting it go on is.
            (Access::Right(_), Some(caller))
                if caller.standing == Standing::Locked && info.name == "batch_resume" =>
            {
                Err(caller.must_unlock())
            }
            (Access::Right(right), Some(caller)) => caller.must(right),
            // A program has no session of its own to lock, change or hand over.
            (Access::Session, Some(caller))
                if caller.script.is_some() && info.name != "session_get" =>
            {
                Err(AppError::refusal(
                    ErrorCode::NoRight,
                    format!(
                        "the token {} is a program's, this is for people",
                        caller.name
                    ),
                ))
            }
            // Whoever is locked out may look, unlock, hand over and leave; nothing else of their own.
            (Access::Session, Some(caller))
                if caller.standing == Standing::Locked && !info.name.starts_with("session_") =>
            {
                Err(caller.must_unlock())
            }
            _ => Ok(()),
        };
        let allowed = match allowed {
            Ok(()) if info.is_audited => disk::must_be_writable(&self.inner),
            allowed => allowed,
        };
        let outcome = match allowed {
            Ok(()) => station::at(station, table::run(&context, info.name, payload)).await,
            Err(refusal) => Err(refusal),
        };
        if let (true, true, Some(token)) = (outcome.is_ok(), info.is_audited, token) {
            let inner = &self.inner;
            inner
                .sessions
                .touch(token, inner.clock.as_ref(), &inner.lock_times);
        }
        if let Err(error) = &outcome
            && error.code == ErrorCode::NoRight
        {
            let note = refused::note(&self.inner, context.caller.as_ref(), info.name);
            station::at(station, note).await;
        }
        outcome
    }
}
