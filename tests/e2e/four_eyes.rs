//! Four eyes: who may not approve what they asked for, and what takes two persons. Leaves out the
//! signature itself (`sign`).

use millrace_app::AppError;
use millrace_core::access::Role;
use millrace_core::access::four_eyes::FourEyes;
use millrace_core::error_code::ErrorCode;
use millrace_tests::rivals::one_of;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

use super::order_life::{decide, edited};
use super::posting::{finished, message};

const LABEL: &str = "WH/MO/00101/1";

async fn site(seed: u64, rule: FourEyes) -> Rig {
    Rig::start_with(seed, |config| config.signature.four_eyes = rule).await
}

/// A session of somebody whom the rig knows already.
async fn log_in_again(rig: &Rig, name: &str) -> String {
    let open = json!({ "user": name, "secret": rig.secret("Supervisor 1").await });
    let session = rig.app.dispatch("session_open", open, None).await;
    let session = session.expect("may log in");
    session["token"].as_str().expect("a token").to_owned()
}

/// What somebody who approves sends; everybody of the rig has the supervisor's secret.
async fn approval(rig: &Rig, label: &str) -> Value {
    let batch = rig.batch(label).await;
    json!({
        "id": batch["row"]["id"],
        "version": batch["row"]["version"],
        "content_hash": batch["row"]["content_hash"],
        "secret": rig.secret("Supervisor 1").await
    })
}

/// The label of the batch of WH/MO/00101 that waits for a signature.
async fn waiting(rig: &Rig) -> String {
    let queue = rig.ok(Who::Operator, "batch_list", json!({})).await;
    let rows = queue["rows"].as_array().expect("rows");
    let row = rows
        .iter()
        .find(|row| row["order_name"] == "WH/MO/00101" && row["word"] == "pending");
    let label = row.expect("a batch that waits")["label"].clone();
    label.as_str().expect("a label").to_owned()
}

/// Why the screen of a supervisor does not offer an approval.
async fn why_not(rig: &Rig, label: &str) -> Value {
    let id = rig.batch(label).await["row"]["id"].clone();
    let view = rig
        .ok(Who::Supervisor, "batch_get", json!({ "id": id }))
        .await;
    let actions = view["actions"].as_array().expect("actions");
    let approve = actions.iter().find(|a| a["command"] == "batch_approve");
    approve.expect("the action")["why_not"]["code"].clone()
}

#[tokio::test]
async fn who_fetched_an_order_by_hand_does_not_approve_it_where_the_site_wants_four_eyes() {
    let rig = site(951, FourEyes::Approve).await;
    rig.ok(Who::Supervisor, "order_import", json!({})).await;
    // Who asked stands in the books.
    let rig = rig.crash_and_restart().await;
    assert_eq!(why_not(&rig, LABEL).await, "own_request");
    let approve = approval(&rig, LABEL).await;
    let refused = rig
        .call(Who::Supervisor, "batch_approve", approve.clone())
        .await
        .expect_err("the own request");
    assert_eq!(refused.code, ErrorCode::OwnRequest);
    assert_eq!(
        refused.message,
        "Supervisor 1 fetched the order by hand: somebody else must approve WH/MO/00101/1"
    );
    // The safe way is open to everybody, the one who asked included.
    let other = rig.batch("WH/MO/00102/1").await;
    let reject = json!({ "id": other["row"]["id"], "version": other["row"]["version"], "reason": "lab result is missing", "secret": approve["secret"] });
    rig.ok(Who::Supervisor, "batch_reject", reject).await;
    // Fetching again is not asking again: the order is here already.
    let sari = rig.log_in_as("Sari", Role::Supervisor).await;
    let seen = rig.call_as(&sari, "order_import", json!({})).await;
    assert_eq!(seen.expect("fetched")["new_batches"], 0);
    let view = rig.call_as(&sari, "batch_approve", approve).await;
    assert_eq!(view.expect("somebody else")["row"]["release"], "approved");
}

#[tokio::test]
async fn without_the_setting_who_fetched_an_order_approves_it() {
    let rig = site(952, FourEyes::Off).await;
    rig.ok(Who::Supervisor, "order_import", json!({})).await;
    assert_eq!(why_not(&rig, LABEL).await, Value::Null);
    rig.approve(LABEL).await;
}

#[tokio::test]
async fn a_decision_about_an_order_is_a_request() {
    for (seed, rule, choice, told) in [
        (953, FourEyes::Off, "take_over", Some("took over")),
        (954, FourEyes::Off, "keep", None),
        (955, FourEyes::Approve, "keep", Some("kept the order")),
    ] {
        let rig = site(seed, rule).await;
        rig.ok(Who::Operator, "order_import", json!({})).await;
        let edit = json!({ "quantity_g": 1_200_000 });
        let seen = edited(&rig, "WH/MO/00101", edit).await;
        let seen = seen.expect("it differs");
        decide(&rig, &seen, choice).await.expect("decided");
        let approve = approval(&rig, &waiting(&rig).await).await;
        let own = rig
            .call(Who::Supervisor, "batch_approve", approve.clone())
            .await;
        match told {
            None => assert!(own.is_ok(), "{choice}: {own:?}"),
            Some(told) => {
                let refused = own.expect_err("the own request");
                assert_eq!(refused.code, ErrorCode::OwnRequest);
                let names = format!("Supervisor 1 {told}");
                assert!(refused.message.starts_with(&names), "{refused}");
                let sari = rig.log_in_as("Sari", Role::Supervisor).await;
                let other = rig.call_as(&sari, "batch_approve", approve).await;
                assert!(other.is_ok(), "{choice}: {other:?}");
            }
        }
    }
}

#[tokio::test]
async fn keeping_an_order_later_does_not_hide_that_its_content_was_taken_over() {
    let rig = site(956, FourEyes::Off).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    for (quantity_g, choice) in [(1_200_000, "take_over"), (1_300_000, "keep")] {
        let edit = json!({ "quantity_g": quantity_g });
        let seen = edited(&rig, "WH/MO/00101", edit).await;
        let seen = seen.expect("it differs");
        decide(&rig, &seen, choice).await.expect("decided");
    }
    let approve = approval(&rig, &waiting(&rig).await).await;
    let own = rig.call(Who::Supervisor, "batch_approve", approve).await;
    let refused = own.expect_err("the own request");
    assert_eq!(refused.code, ErrorCode::OwnRequest, "{refused}");
    assert!(refused.message.contains("took over"), "{refused}");
}

/// A site that wants two persons, with a message in doubt about a finished batch.
async fn in_doubt(seed: u64) -> Rig {
    let rig = site(seed, FourEyes::All).await;
    finished(&rig).await;
    rig.erp_faults(json!({ "scope": "writes", "drop_after_commit": 1 }));
    rig.app.work_outbox().await.expect("one attempt");
    assert_eq!(row(&rig).await["state"], "in_doubt");
    rig
}

async fn row(rig: &Rig) -> Value {
    message(rig, "consumption", LABEL).await["row"].clone()
}

/// Signs about the message; `asked` is the request that the person saw.
async fn close(
    rig: &Rig,
    token: &str,
    command: &str,
    asked: Option<&Value>,
) -> Result<Value, AppError> {
    let secret = rig.secret("Supervisor 1").await;
    let mut request =
        json!({ "id": row(rig).await["id"], "reason": "booked by the office", "secret": secret });
    if let Some(asked) = asked {
        request["asked"] = asked["signature"].clone();
    }
    rig.call_as(token, command, request).await
}

async fn batch_of_message(rig: &Rig) -> Value {
    let id = row(rig).await["batch_id"].clone();
    rig.ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await
}

/// What the signatures on the batch mean, oldest first; all of them hold.
async fn meanings(rig: &Rig) -> Vec<String> {
    let batch = batch_of_message(rig).await;
    let signatures = batch["signatures"].as_array().expect("signatures");
    assert!(
        signatures.iter().all(|s| s["valid"] == true),
        "{signatures:#?}"
    );
    let meaning = |s: &Value| s["meaning"].as_str().expect("a word").to_owned();
    signatures.iter().map(meaning).collect()
}

#[tokio::test]
async fn two_persons_close_a_message_with_a_restart_between_their_signatures() {
    let rig = in_doubt(956).await;
    assert_eq!(row(&rig).await["needs_two"], true);
    let sari = rig.log_in_as("Sari", Role::Supervisor).await;
    let view = close(&rig, &sari, "outbox_by_hand", None).await;
    let view = view.expect("the first signature");
    assert_eq!(view["row"]["state"], "in_doubt", "nothing is carried out");
    assert_eq!(view["row"]["needs_two"], false);
    assert_eq!(view["row"]["asked"]["person"], "Sari");
    assert_eq!(view["row"]["asked"]["close"], "by_hand");
    assert_eq!(view["row"]["asked"]["reason"], "booked by the office");

    let rig = rig.crash_and_restart().await;
    let asked = row(&rig).await["asked"].clone();
    assert_eq!(asked, view["row"]["asked"], "it survives a restart");
    let sari = log_in_again(&rig, "Sari").await;
    let own = close(&rig, &sari, "outbox_by_hand", Some(&asked)).await;
    let own = own.expect_err("the own request");
    assert_eq!(own.code, ErrorCode::OwnRequest);
    assert_eq!(
        own.message,
        "Sari asked that this message be closed as booked by hand: somebody else must sign it"
    );
    let budi = rig.log_in_as("Budi", Role::Supervisor).await;
    let unseen = close(&rig, &budi, "outbox_by_hand", None).await;
    let unseen = unseen.expect_err("who did not see the request does not sign it");
    assert_eq!(unseen.code, ErrorCode::Changed);
    assert!(unseen.message.contains("Sari asked"), "{unseen}");
    let done = close(&rig, &budi, "outbox_by_hand", Some(&asked)).await;
    let done = done.expect("the second signature");
    assert_eq!(done["row"]["state"], "by_hand");
    assert_eq!(done["row"]["asked"], Value::Null);
    assert_eq!(
        meanings(&rig).await,
        ["approve", "by_hand_asked", "by_hand"]
    );
    let late = close(&rig, &budi, "outbox_by_hand", Some(&asked)).await;
    let late = late.expect_err("once");
    assert!(
        late.message
            .contains("already closed as booked by hand by Budi"),
        "{late}"
    );
    assert_eq!(super::sign::found(&rig), Vec::<String>::new());
}

#[tokio::test]
async fn a_request_is_withdrawn_or_declined_and_then_asked_anew() {
    let rig = in_doubt(957).await;
    let sari = rig.log_in_as("Sari", Role::Supervisor).await;
    let budi = rig.log_in_as("Budi", Role::Supervisor).await;
    for (who, meaning) in [(&sari, "ask_withdrawn"), (&budi, "ask_declined")] {
        let asked = close(&rig, &sari, "outbox_by_hand", None).await;
        let asked = asked.expect("asked")["row"]["asked"].clone();
        let unseen = close(&rig, who, "outbox_decline", None).await;
        assert_eq!(unseen.expect_err("not seen").code, ErrorCode::Changed);
        let ended = close(&rig, who, "outbox_decline", Some(&asked)).await;
        let ended = ended.expect("ended");
        assert_eq!(ended["row"]["asked"], Value::Null);
        assert_eq!(ended["row"]["state"], "in_doubt");
        assert_eq!(
            meanings(&rig).await.last().map(String::as_str),
            Some(meaning)
        );
        let gone = close(&rig, &budi, "outbox_by_hand", Some(&asked)).await;
        let gone = gone.expect_err("the request does not stand any more");
        assert_eq!(gone.code, ErrorCode::Changed);
    }
}

#[tokio::test]
async fn of_two_who_sign_first_at_once_one_asks_and_the_other_is_told() {
    let rig = in_doubt(958).await;
    let sari = rig.log_in_as("Sari", Role::Supervisor).await;
    let budi = rig.log_in_as("Budi", Role::Supervisor).await;
    let ani = rig.log_in_as("Ani", Role::Supervisor).await;
    let id = row(&rig).await["id"].clone();
    let secret = rig.secret("Supervisor 1").await;
    let send = |token: &str, asked: Option<&Value>| {
        let mut request = json!({ "id": id, "reason": "booked by the office", "secret": secret });
        if let Some(asked) = asked {
            request["asked"] = asked["signature"].clone();
        }
        let (app, token) = (rig.app.clone(), token.to_owned());
        async move { app.dispatch("outbox_by_hand", request, Some(&token)).await }
    };
    let (a, b) = tokio::join!(send(&sari, None), send(&budi, None));
    let (is_sari, refused) = one_of(a, b);
    let first = if is_sari { "Sari" } else { "Budi" };
    assert_eq!(refused.code, ErrorCode::Changed);
    assert!(
        refused.message.starts_with(&format!("{first} asked")),
        "{refused}"
    );
    // Both of the others sign second.
    let asked = row(&rig).await["asked"].clone();
    let other = if first == "Sari" { &budi } else { &sari };
    let (a, b) = tokio::join!(send(other, Some(&asked)), send(&ani, Some(&asked)));
    assert!(a.is_ok() != b.is_ok(), "one of them closes it: {a:?} {b:?}");
    let refused = a.err().or(b.err()).expect("the other is told");
    assert!(
        refused
            .message
            .contains("already closed as booked by hand by"),
        "{refused}"
    );
    assert_eq!(
        meanings(&rig).await,
        ["approve", "by_hand_asked", "by_hand"]
    );
    assert_eq!(super::sign::found(&rig), Vec::<String>::new());
}

#[tokio::test]
async fn a_refused_message_is_waived_by_two_and_a_stop_takes_one() {
    let rig = site(959, FourEyes::All).await;
    let id = rig.begin(LABEL).await;
    for _ in 0..40 {
        rig.step().await;
    }
    // Who sees the danger stops alone, the one who asked for the batch included.
    let batch = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    let stop = json!({ "id": id, "version": batch["row"]["version"], "reason": "the mixer is open", "secret": rig.secret("Operator 1").await });
    rig.ok(Who::Operator, "batch_stop", stop).await;
    rig.finish().await;
    super::posting::edit(&rig, "WH/MO/00101", json!({ "name": "", "state": "done" }));
    super::posting::work(&rig).await;
    assert_eq!(row(&rig).await["state"], "refused");
    let sari = rig.log_in_as("Sari", Role::Supervisor).await;
    let budi = rig.log_in_as("Budi", Role::Supervisor).await;
    let asked = close(&rig, &sari, "outbox_waive", None).await;
    let asked = asked.expect("the first signature")["row"]["asked"].clone();
    let other = close(&rig, &budi, "outbox_by_hand", Some(&asked)).await;
    let other = other.expect_err("that was not asked for");
    assert!(
        other
            .message
            .contains("Sari asked that this message be waived"),
        "{other}"
    );
    let done = close(&rig, &budi, "outbox_waive", Some(&asked)).await;
    assert_eq!(
        done.expect("the second signature")["row"]["state"],
        "waived"
    );
    assert_eq!(super::sign::found(&rig), Vec::<String>::new());
}
