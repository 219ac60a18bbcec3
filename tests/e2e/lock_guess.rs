//! Guessing secrets: pauses that grow, for the person and for the station, over restarts and clocks that are
//! set back. On the hand clock.

use millrace_core::batch::run::Run;
use millrace_core::error_code::ErrorCode;
use millrace_tests::{Rig, Who};
use serde_json::json;

const HOUR_MS: i64 = 3_600_000;
/// Guesses within an hour, as many as the threat model in SECURITY.md names.
const TRIES: i64 = 100_000;

async fn try_at(rig: &Rig, station: &str, user: &str, secret: &str) -> Result<(), ErrorCode> {
    let open = json!({ "user": user, "secret": secret });
    let tried = rig
        .app
        .dispatch_from(station, "session_open", open, None)
        .await;
    tried.map(|_| ()).map_err(|error| error.code)
}

#[tokio::test]
async fn an_hour_of_guessing_judges_few_guesses_and_a_restart_gives_none_back() {
    let rig = Rig::start(1_620).await;
    let mut judged = 0;
    for n in 0..TRIES {
        match try_at(&rig, "", "Operator 1", "guess")
            .await
            .expect_err("wrong")
        {
            ErrorCode::WrongSecret => judged += 1,
            ErrorCode::LockedOut => {}
            other => panic!("{other:?}"),
        }
        let upto = |n: i64| n * HOUR_MS / TRIES;
        rig.clock.advance_ms(upto(n + 1) - upto(n));
    }
    assert!((5..=40).contains(&judged), "{judged} guesses were judged");
    // What a pause refused is not in the trail: nobody fills the books by knocking.
    assert_eq!(rig.audit_count("session_refused").await, judged);

    let right = rig.secret("Operator 1").await;
    let paused = try_at(&rig, "", "Operator 1", &right).await;
    assert_eq!(paused, Err(ErrorCode::LockedOut), "the right one waits too");
    // Setting the clock back by a year neither ends the pause nor makes it longer than a quarter of an hour.
    rig.clock.step_wall_ms(-365 * 24 * HOUR_MS);
    let paused = try_at(&rig, "", "Operator 1", &right).await;
    assert_eq!(paused, Err(ErrorCode::LockedOut));
    rig.clock.advance_ms(HOUR_MS / 4);
    assert_eq!(try_at(&rig, "", "Operator 1", &right).await, Ok(()));
}

#[tokio::test]
async fn a_station_pauses_whoever_is_named_and_others_go_on_elsewhere() {
    let rig = Rig::start(1_621).await;
    let right = rig.secret("Supervisor 1").await;
    for n in 0..9 {
        let name = format!("Nobody {n}");
        assert_eq!(
            try_at(&rig, "panel-1", &name, "x").await,
            Err(ErrorCode::WrongSecret)
        );
    }
    // A right one in between counts from nothing again.
    assert_eq!(
        try_at(&rig, "panel-1", "Supervisor 1", &right).await,
        Ok(())
    );
    for n in 0..10 {
        let name = format!("Nobody {n}");
        assert_eq!(
            try_at(&rig, "panel-1", &name, "x").await,
            Err(ErrorCode::WrongSecret)
        );
    }
    let paused = Err(ErrorCode::LockedOut);
    assert_eq!(
        try_at(&rig, "panel-1", "Supervisor 1", &right).await,
        paused
    );
    assert_eq!(
        try_at(&rig, "panel-2", "Supervisor 1", &right).await,
        Ok(())
    );
    let rig = rig.crash_and_restart().await;
    assert_eq!(
        try_at(&rig, "panel-1", "Supervisor 1", &right).await,
        paused
    );
    rig.clock.advance_ms(30_000);
    assert_eq!(
        try_at(&rig, "panel-1", "Supervisor 1", &right).await,
        Ok(())
    );
}

#[tokio::test]
async fn what_others_typed_at_a_panel_keeps_nobody_from_stopping_the_line() {
    let rig = Rig::start(1_622).await;
    let id = rig.begin("WH/MO/00101/1").await;
    rig.until("it doses", 400, |live| {
        live.batch
            .as_ref()
            .is_some_and(|batch| batch.run == Run::Running)
    })
    .await;
    let secret = rig.secret("Operator 1").await;
    let open = json!({ "user": "Operator 1", "secret": secret });
    let session = rig
        .app
        .dispatch_from("panel-1", "session_open", open, None)
        .await;
    let session = session.expect("in");
    let token = session["token"].as_str().expect("a token");
    for n in 0..10 {
        let name = format!("Nobody {n}");
        assert!(try_at(&rig, "panel-1", &name, "x").await.is_err());
    }
    let stop = json!({ "id": id, "version": 0, "reason": "wrong material", "secret": secret });
    rig.app
        .dispatch_from("panel-1", "batch_stop", stop, Some(token))
        .await
        .expect("stopping is not kept away");
    rig.finish().await;
}

#[tokio::test]
async fn what_others_typed_under_a_name_keeps_its_owner_from_nothing_but_a_few_stops() {
    let rig = Rig::start(1_625).await;
    let id = rig.begin("WH/MO/00101/1").await;
    rig.until("it doses", 400, |live| {
        live.batch
            .as_ref()
            .is_some_and(|batch| batch.run == Run::Running)
    })
    .await;
    for _ in 0..5 {
        assert!(
            try_at(&rig, "panel-9", "Operator 1", "guess")
                .await
                .is_err()
        );
    }
    let right = rig.secret("Operator 1").await;
    let stop = |secret: &str| {
        let stop = json!({ "id": id, "version": 0, "reason": "wrong material", "secret": secret });
        rig.call(Who::Operator, "batch_stop", stop)
    };
    // An open session is no way around the pauses either: it has five tries, then it waits like all others.
    let mut codes = Vec::new();
    for _ in 0..8 {
        codes.push(stop("guess").await.expect_err("wrong").code);
    }
    assert_eq!(codes[..5], [ErrorCode::WrongSecret; 5]);
    assert_eq!(codes[5..], [ErrorCode::LockedOut; 3]);
    let waits = stop(&right).await.expect_err("a pause");
    assert_eq!(waits.code, ErrorCode::LockedOut);
    rig.clock.advance_ms(HOUR_MS / 4);
    let rig = rig.crash_and_restart().await;
    // A session opened before somebody guessed stops at once.
    for _ in 0..5 {
        assert!(
            try_at(&rig, "panel-9", "Operator 1", "guess")
                .await
                .is_err()
        );
    }
    let paused = try_at(&rig, "panel-1", "Operator 1", &right).await;
    assert_eq!(paused, Err(ErrorCode::LockedOut));
    let stop = json!({ "id": id, "version": 0, "reason": "wrong material", "secret": right });
    rig.ok(Who::Operator, "batch_stop", stop).await;
    rig.finish().await;
}

#[tokio::test]
async fn many_clients_at_once_get_no_more_tries_than_one() {
    let rig = Rig::start(1_626).await;
    let mut clients = tokio::task::JoinSet::new();
    for n in 0..400 {
        let app = rig.app.clone();
        clients.spawn(async move {
            let open = json!({ "user": "Supervisor 1", "secret": format!("guess {n}") });
            let station = format!("http {n}");
            let tried = app
                .dispatch_from(&station, "session_open", open, None)
                .await;
            tried.expect_err("wrong").code
        });
    }
    let codes = clients.join_all().await;
    let judged = codes
        .iter()
        .filter(|code| **code == ErrorCode::WrongSecret)
        .count();
    assert_eq!(judged, 5, "as many as one client alone");
    assert_eq!(
        codes
            .iter()
            .filter(|code| **code == ErrorCode::LockedOut)
            .count(),
        395
    );
    assert_eq!(rig.audit_count("session_refused").await, 5);
}

#[tokio::test]
async fn wrong_secrets_under_a_signature_count_as_well() {
    let rig = Rig::start(1_623).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    for _ in 0..5 {
        let wrong = rig.batch_signed_with("wrong").await;
        assert_eq!(wrong.expect_err("wrong").code, ErrorCode::WrongSecret);
    }
    let right = rig.secret("Supervisor 1").await;
    let paused = rig.batch_signed_with(&right).await;
    assert_eq!(paused.expect_err("a pause").code, ErrorCode::LockedOut);
    rig.clock.advance_ms(30_000);
    rig.batch_signed_with(&right)
        .await
        .expect("after the pause");
}

#[tokio::test]
async fn a_name_that_nobody_has_is_answered_as_one_that_somebody_has() {
    let rig = Rig::start(1_624).await;
    let mut answers = Vec::new();
    for name in ["Operator 1", "Nobody 1"] {
        let mut told = Vec::new();
        for _ in 0..7 {
            let open = json!({ "user": name, "secret": "guess" });
            let error = rig.app.dispatch("session_open", open, None).await;
            let error = error.expect_err("wrong");
            told.push((error.code, error.message.replace(name, "NAME")));
        }
        answers.push(told);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0][6].0, ErrorCode::LockedOut);
}
