//! Sessions that nobody uses, and handing the workstation over: what is lost when, what brings it back, and
//! what is never locked away. On the hand clock. Leaves out wrong secrets (`lock_guess`).

use millrace_app::AppError;
use millrace_app::config::Session;
use millrace_core::batch::run::Run;
use millrace_core::error_code::ErrorCode;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

const FIRST: &str = "WH/MO/00101/1";
const MIN_MS: i64 = 60_000;

/// Rights beyond an operator's go after 5 minutes, the session is locked after 10.
pub(super) async fn idle(seed: u64) -> Rig {
    Rig::start_with(seed, |config| config.session = Session::default()).await
}

/// A proof as the lock screen sends it.
pub(super) fn proof(kind: &str, text: &str) -> Value {
    json!({ "proof": { "kind": kind, "text": text } })
}

async fn standing(rig: &Rig, who: Who) -> Value {
    let view = rig.ok(who, "session_get", json!({})).await;
    view["standing"].clone()
}

async fn approve(rig: &Rig, label: &str) -> Result<Value, AppError> {
    let batch = rig.batch(label).await;
    let secret = rig.secret("Supervisor 1").await;
    rig.call(
        Who::Supervisor,
        "batch_approve",
        json!({ "id": batch["row"]["id"], "version": batch["row"]["version"], "content_hash": batch["row"]["content_hash"], "secret": secret }),
    )
    .await
}

#[tokio::test]
async fn a_supervisors_rights_go_before_an_operators_and_a_secret_brings_them_back() {
    let rig = idle(1_600).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    let view = rig.ok(Who::Supervisor, "session_get", json!({})).await;
    assert_eq!(view["standing"], "open");
    assert!(view["next_in_ms"].as_i64().expect("it will") <= 5 * MIN_MS);
    rig.clock.advance_ms(5 * MIN_MS);

    let refused = approve(&rig, FIRST).await.expect_err("too long ago");
    assert_eq!(refused.code, ErrorCode::SecretAgain);
    let view = rig.ok(Who::Supervisor, "session_get", json!({})).await;
    assert_eq!(view["standing"], "lowered");
    let rights = view["rights"].as_array().expect("rights").clone();
    assert!(rights.contains(&json!("batch_start")) && !rights.contains(&json!("batch_approve")));
    let shown = rig
        .ok(
            Who::Supervisor,
            "batch_get",
            json!({ "id": rig.batch(FIRST).await["row"]["id"] }),
        )
        .await;
    let action = |name: &str| {
        let all = shown["actions"].as_array().expect("actions");
        let found = all.iter().find(|one| one["command"] == name);
        found.expect("it").clone()
    };
    assert_eq!(action("batch_approve")["why_not"]["code"], "session_low");

    // Touching keeps what is there and gives nothing back.
    rig.ok(Who::Supervisor, "session_touch", json!({})).await;
    assert_eq!(standing(&rig, Who::Supervisor).await, "lowered");
    rig.clock.advance_ms(9 * MIN_MS);
    assert_eq!(standing(&rig, Who::Supervisor).await, "lowered");

    let wrong = rig
        .call(
            Who::Supervisor,
            "session_unlock",
            proof("secret", "not this"),
        )
        .await;
    assert_eq!(wrong.expect_err("wrong").code, ErrorCode::WrongSecret);
    assert_eq!(standing(&rig, Who::Supervisor).await, "lowered");
    let secret = rig.secret("Supervisor 1").await;
    let view = rig
        .ok(Who::Supervisor, "session_unlock", proof("secret", &secret))
        .await;
    assert_eq!(view["standing"], "open");
    approve(&rig, FIRST).await.expect("unlocked");
}

#[tokio::test]
async fn a_locked_session_looks_holds_the_line_and_does_nothing_else() {
    let rig = idle(1_601).await;
    rig.begin(FIRST).await;
    rig.until("it doses", 400, |live| {
        live.batch
            .as_ref()
            .is_some_and(|batch| batch.run == Run::Running)
    })
    .await;
    let view = rig.ok(Who::Operator, "session_lock", json!({})).await;
    assert_eq!(view["standing"], "locked");
    assert_eq!(view["next_in_ms"], Value::Null);

    for command in [
        "live_get",
        "overview_get",
        "batch_list",
        "silo_list",
        "session_get",
    ] {
        rig.ok(Who::Operator, command, json!({})).await;
    }
    let batch = rig.batch(FIRST).await;
    let id = batch["row"]["id"].clone();
    let which = json!({ "id": id, "version": batch["row"]["version"] });
    for (command, payload) in [
        ("order_import", json!({})),
        ("batch_start", which.clone()),
        ("batch_resume", which.clone()),
        ("quick_list", json!({})),
    ] {
        let refused = rig.call(Who::Operator, command, payload).await;
        assert_eq!(
            refused.expect_err(command).code,
            ErrorCode::Locked,
            "{command}"
        );
    }
    // A touch does not open it.
    rig.ok(Who::Operator, "session_touch", json!({})).await;
    assert_eq!(standing(&rig, Who::Operator).await, "locked");

    let pause = json!({ "id": id, "version": 0, "reason": "somebody is in the way" });
    rig.ok(Who::Operator, "batch_pause", pause).await;
    rig.until("it is paused", 400, |live| {
        live.batch
            .as_ref()
            .is_some_and(|batch| batch.run == Run::Paused)
    })
    .await;
    let secret = rig.secret("Operator 1").await;
    let stop = json!({ "id": id, "version": 0, "reason": "end of it", "secret": secret });
    rig.ok(Who::Operator, "batch_stop", stop).await;
    rig.finish().await;
    assert_eq!(standing(&rig, Who::Operator).await, "locked");
    rig.ok(Who::Operator, "session_unlock", proof("secret", &secret))
        .await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
}

#[tokio::test]
async fn work_keeps_a_session_open_and_polling_does_not() {
    let rig = idle(1_602).await;
    for _ in 0..6 {
        rig.clock.advance_ms(4 * MIN_MS);
        rig.ok(Who::Operator, "order_import", json!({})).await;
        rig.ok(Who::Supervisor, "live_get", json!({})).await;
    }
    assert_eq!(standing(&rig, Who::Operator).await, "open");
    assert_eq!(standing(&rig, Who::Supervisor).await, "locked");
    let never = Rig::start(1_603).await;
    never.clock.advance_ms(11 * 60 * MIN_MS);
    assert_eq!(standing(&never, Who::Supervisor).await, "open", "0 = never");
}

#[tokio::test]
async fn a_pin_unlocks_where_the_whole_secret_was_given_and_signs_nothing() {
    let rig = idle(1_604).await;
    let secret = rig.secret("Supervisor 1").await;
    for (text, why) in [
        ("12345", "digits"),
        ("123456", "in a row"),
        ("404040", "repeat"),
    ] {
        let weak = json!({ "kind": "pin", "text": text, "secret": secret });
        let refused = rig.call(Who::Supervisor, "quick_set", weak).await;
        assert!(refused.expect_err(text).message.contains(why), "{text}");
    }
    let guessed = json!({ "kind": "pin", "text": "402917", "secret": "not mine" });
    let refused = rig.call(Who::Supervisor, "quick_set", guessed).await;
    assert_eq!(
        refused.expect_err("not theirs").code,
        ErrorCode::WrongSecret
    );
    let set = json!({ "kind": "pin", "text": "402917", "secret": secret });
    let list = rig.ok(Who::Supervisor, "quick_set", set).await;
    assert_eq!(list["own"][0]["kind"], "pin");
    assert_eq!(list["is_known_here"], true);
    assert_eq!(list["others"], json!(["Operator 1"]));

    rig.ok(Who::Supervisor, "session_lock", json!({})).await;
    rig.ok(Who::Supervisor, "session_unlock", proof("pin", "402917"))
        .await;
    // What goes beyond an operator's rights asks for the whole secret, and a PIN is no signature.
    assert_eq!(standing(&rig, Who::Supervisor).await, "lowered");
    let early = rig.batch_signed_with(&secret).await;
    assert_eq!(early.expect_err("lowered").code, ErrorCode::SecretAgain);
    rig.ok(Who::Supervisor, "session_unlock", proof("secret", &secret))
        .await;
    let as_signature = rig.batch_signed_with("402917").await;
    assert_eq!(as_signature.expect_err("no").code, ErrorCode::WrongSecret);

    // Three wrong ones switch it off, the right one too, until the whole secret is given.
    rig.ok(Who::Supervisor, "session_lock", json!({})).await;
    for _ in 0..3 {
        let wrong = rig
            .call(Who::Supervisor, "session_unlock", proof("pin", "918273"))
            .await;
        assert_eq!(wrong.expect_err("wrong").code, ErrorCode::WrongSecret);
    }
    let off = rig
        .call(Who::Supervisor, "session_unlock", proof("pin", "402917"))
        .await;
    assert_eq!(off.expect_err("off").code, ErrorCode::LockedOut);
    rig.ok(Who::Supervisor, "session_unlock", proof("secret", &secret))
        .await;
    rig.ok(Who::Supervisor, "session_lock", json!({})).await;
    rig.ok(Who::Supervisor, "session_unlock", proof("pin", "402917"))
        .await;

    // A working day later the whole secret is asked for.
    let mut rig = rig;
    rig.clock.advance_ms(12 * 60 * MIN_MS);
    let operator = {
        let open = json!({ "user": "Operator 1", "secret": rig.secret("Operator 1").await });
        let session = rig.app.dispatch("session_open", open, None).await;
        session.expect("in")["token"]
            .as_str()
            .expect("a token")
            .to_owned()
    };
    let over = json!({ "user": "Supervisor 1", "proof": { "kind": "pin", "text": "402917" } });
    let late = rig.call_as(&operator, "session_hand_over", over).await;
    assert_eq!(late.expect_err("a day later").code, ErrorCode::WrongSecret);
    rig.log_in().await;
    let clear = json!({ "kind": "pin" });
    rig.ok(Who::Supervisor, "quick_clear", clear).await;
    let list = rig.ok(Who::Supervisor, "quick_list", json!({})).await;
    assert_eq!(list["own"], json!([]));
    rig.ok(Who::Supervisor, "session_lock", json!({})).await;
    let gone = rig
        .call(Who::Supervisor, "session_unlock", proof("pin", "402917"))
        .await;
    assert_eq!(gone.expect_err("taken away").code, ErrorCode::WrongSecret);
}

#[tokio::test]
async fn a_badge_counts_at_its_station_only() {
    let rig = idle(1_605).await;
    let secret = rig.secret("Operator 1").await;
    let at = async |station: &str, token: Option<&str>, command: &str, payload: Value| {
        rig.app
            .dispatch_from(station, command, payload, token)
            .await
    };
    let open = json!({ "user": "Operator 1", "secret": secret });
    let panel = at("panel-1", None, "session_open", open.clone())
        .await
        .expect("in");
    let panel = panel["token"].as_str().expect("a token").to_owned();
    let set = json!({ "kind": "badge", "text": "04A1B2C3D4E580", "secret": secret });
    at("panel-1", Some(&panel), "quick_set", set)
        .await
        .expect("set");
    at("panel-1", Some(&panel), "session_lock", json!({}))
        .await
        .expect("locked");
    let read = proof("badge", "04A1B2C3D4E580");
    let elsewhere = at("panel-2", Some(&panel), "session_unlock", read.clone()).await;
    assert_eq!(
        elsewhere.expect_err("never seen there").code,
        ErrorCode::WrongSecret
    );
    at("panel-1", Some(&panel), "session_unlock", read)
        .await
        .expect("known here");
}

#[tokio::test]
async fn the_next_shift_takes_over_with_a_note() {
    let rig = idle(1_606).await;
    let secret = rig.secret("Supervisor 1").await;
    let token = {
        let open = json!({ "user": "Operator 1", "secret": rig.secret("Operator 1").await });
        let session = rig
            .app
            .dispatch("session_open", open, None)
            .await
            .expect("in");
        session["token"].as_str().expect("a token").to_owned()
    };
    rig.call_as(&token, "session_lock", json!({}))
        .await
        .expect("locked");
    let over = |user: &str, text: &str, note: &str| json!({ "user": user, "proof": { "kind": "secret", "text": text }, "note": note });
    for (request, code) in [
        (over("Supervisor 1", "wrong", ""), ErrorCode::WrongSecret),
        (over("Nobody", &secret, ""), ErrorCode::WrongSecret),
        (
            over("Supervisor 1", &secret, &"x".repeat(501)),
            ErrorCode::BadRequest,
        ),
        (
            over("Supervisor 1", &secret, "a\u{7}b"),
            ErrorCode::BadRequest,
        ),
        (
            over("Operator 1", &rig.secret("Operator 1").await, ""),
            ErrorCode::BadRequest,
        ),
    ] {
        let refused = rig
            .call_as(&token, "session_hand_over", request.clone())
            .await;
        assert_eq!(refused.expect_err("refused").code, code, "{request}");
    }
    let view = rig
        .call_as(
            &token,
            "session_hand_over",
            over(
                "Supervisor 1",
                &secret,
                "Silo C doses slowly.\nMO 43 waits for premix.",
            ),
        )
        .await
        .expect("taken over");
    assert_eq!(view["user"], "Supervisor 1");
    assert_eq!(view["standing"], "open");
    let gone = rig
        .app
        .dispatch("session_get", json!({}), Some(&token))
        .await;
    assert_eq!(
        gone.expect_err("the old session ended").code,
        ErrorCode::NotLoggedIn
    );
    let fresh = view["token"].as_str().expect("a token");
    let overview = rig
        .call_as(fresh, "overview_get", json!({}))
        .await
        .expect("may look");
    let told = overview["events"]
        .as_array()
        .expect("events")
        .iter()
        .any(|event| {
            event["kind"] == "handed_over"
                && event["params"]["reason"]
                    .as_str()
                    .is_some_and(|note| note.starts_with("Silo C"))
                && event["params"]["from"] == "Operator 1"
                && event["params"]["person"] == "Supervisor 1"
        });
    assert!(told, "{overview:#}");
    let notes = rig
        .call_as(fresh, "hand_over_list", json!({}))
        .await
        .expect("may look");
    let newest = &notes["rows"][0];
    assert_eq!(
        (newest["from"].as_str(), newest["to"].as_str()),
        (Some("Operator 1"), Some("Supervisor 1"))
    );
    assert_eq!(
        newest["note"],
        "Silo C doses slowly.\nMO 43 waits for premix."
    );
    assert_eq!(notes["rows"].as_array().map(Vec::len), Some(1));
}
