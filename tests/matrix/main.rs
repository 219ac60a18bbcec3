//! The permission matrix: every command × every role × every place × every state of a session, through
//! every door (window, bearer token, cookie, command line). What is expected stands in `table.rs`, by hand.
//!
//! A payload that no command takes goes along: *allowed* then shows as `bad_request`, which is judged after
//! the right, and nothing is carried out.

mod site;
mod table;

use std::collections::BTreeSet;

use clap::CommandFactory;
use millrace_app::commands::table::COMMANDS;
use millrace_core::access::{Grant, Role};
use millrace_core::error_code::ErrorCode;
use site::{Door, Site};
use table::{COMMAND_LINE, For, PLACES, TABLE};

/// What access says to a caller whose session is good.
fn expected(whom: For, role: Option<Role>, holds: bool) -> ErrorCode {
    let is_allowed = match whom {
        For::Anybody | For::Session => true,
        For::Roles(roles) => holds && role.is_some_and(|role| roles.contains(&role)),
    };
    if is_allowed {
        ErrorCode::BadRequest
    } else {
        ErrorCode::NoRight
    }
}

#[test]
fn the_matrix_names_every_command_once() {
    let listed: Vec<&str> = TABLE.iter().map(|(name, _)| *name).collect();
    let unique: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(unique.len(), listed.len(), "a command stands twice");
    let commands: BTreeSet<&str> = COMMANDS.iter().map(|command| command.name).collect();
    let missing: Vec<_> = commands.difference(&unique).collect();
    assert!(
        missing.is_empty(),
        "say in matrix/table.rs whom {missing:?} is for"
    );
    let gone: Vec<_> = unique.difference(&commands).collect();
    assert!(gone.is_empty(), "no longer commands: {gone:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_matrix_of_commands_roles_and_places_holds_through_every_door() {
    let site = Site::open().await;
    let mut people = vec![("nobody".to_owned(), None, false, Vec::new())];
    for role in Role::ALL {
        for (place, at_site, at_line, holds) in PLACES {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let grant = Grant {
                role,
                site: some(at_site),
                line: some(at_line),
            };
            people.push((
                format!("{} at {place}", role.word()),
                Some(role),
                holds,
                vec![grant],
            ));
        }
    }
    let mut refused = 0;
    let mut wrong = Vec::new();
    for (name, role, holds, grants) in people {
        site.add(&name, &grants).await;
        let token = site.log_in(&name).await;
        for (command, whom) in TABLE {
            let expected = expected(*whom, role, holds);
            refused += i64::from(expected == ErrorCode::NoRight);
            for door in Door::ALL {
                let answer = site.knock(door, command, Some(&token)).await;
                if answer != expected {
                    wrong.push(format!(
                        "{name}, {command}, {door:?}: {answer:?} for {expected:?}"
                    ));
                }
            }
        }
        // The stream of events shows what every screen shows: it is for who may look.
        let expected = expected(For::Roles(&Role::ALL), role, holds);
        let listens = site.listen(Some(&token)).await;
        if listens != (expected == ErrorCode::BadRequest) {
            wrong.push(format!("{name}, events: {listens}"));
        }
    }
    assert!(wrong.is_empty(), "{} cells: {wrong:#?}", wrong.len());
    // One row for each person and command in the first minute, whatever the number of doors.
    assert_eq!(site.audit_count("right_refused").await, refused);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_matrix_of_commands_and_states_of_a_session_holds_through_every_door() {
    let site = Site::open().await;
    let everything = [Grant::everywhere(Role::SuperAdmin)];
    for name in ["Boss", "Closed", "Disabled", "Expired", "Reset"] {
        site.add(name, &everything).await;
    }
    let boss = site.log_in("Boss").await;
    let closed = site.log_in("Closed").await;
    site.ok("session_close", serde_json::json!({}), &closed)
        .await;
    let disabled = site.log_in("Disabled").await;
    site.act("person_disable", "Disabled", &boss).await;
    let reset = site.log_in("Reset").await;
    let one_time = site.act("person_secret_reset", "Reset", &boss).await;
    let must_change = site
        .log_in_with("Reset", one_time["secret"].as_str().expect("a secret"))
        .await;
    let expired = site.log_in("Expired").await;

    let mut wrong = Vec::new();
    let mut check = async |state: &str, token: Option<&str>, without: fn(For) -> ErrorCode| {
        for (command, whom) in TABLE {
            for door in Door::ALL {
                let answer = site.knock(door, command, token).await;
                let expected = without(*whom);
                if answer != expected {
                    wrong.push(format!(
                        "{state}, {command}, {door:?}: {answer:?} for {expected:?}"
                    ));
                }
            }
        }
        if site.listen(token).await {
            wrong.push(format!("{state}, events"));
        }
    };
    fn out(whom: For) -> ErrorCode {
        match whom {
            For::Anybody => ErrorCode::BadRequest,
            For::Session | For::Roles(_) => ErrorCode::NotLoggedIn,
        }
    }
    check("no session", None, out).await;
    check("a token of nobody", Some("0000"), out).await;
    check("a session that was closed", Some(&closed), out).await;
    check("disabled", Some(&disabled), out).await;
    check("the secret was reset", Some(&reset), out).await;
    check(
        "must change the secret first",
        Some(&must_change),
        |whom| match whom {
            For::Anybody | For::Session => ErrorCode::BadRequest,
            For::Roles(_) => ErrorCode::MustChangeSecret,
        },
    )
    .await;
    site.clock.advance_ms(12 * 60 * 60 * 1000);
    check("expired", Some(&expired), out).await;
    assert!(wrong.is_empty(), "{} cells: {wrong:#?}", wrong.len());
    site.close().await;
}

#[test]
fn the_matrix_of_the_command_line_names_every_subcommand_with_its_reason() {
    fn leaves(command: &clap::Command, path: &str, into: &mut BTreeSet<String>) {
        for sub in command.get_subcommands() {
            let path = format!("{path} {}", sub.get_name()).trim().to_owned();
            if sub.has_subcommands() {
                leaves(sub, &path, into);
            }
            // `backup` makes one by itself, and has questions below it.
            if !sub.is_subcommand_required_set() {
                into.insert(path);
            }
        }
    }
    let mut found = BTreeSet::new();
    leaves(&millrace_http::cli::Cli::command(), "", &mut found);
    let listed: BTreeSet<String> = COMMAND_LINE
        .iter()
        .map(|(path, _)| (*path).to_owned())
        .collect();
    assert_eq!(
        found, listed,
        "say in matrix/table.rs why a subcommand needs no login"
    );
    assert!(COMMAND_LINE.iter().all(|(_, reason)| reason.len() > 10));
}
