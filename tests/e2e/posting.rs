//! Messages on their way to the ERP: what was tried is kept, a refusal waits for a person, a part that
//! was left out is sorted, a backlog keeps its order and its bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use millrace_core::batch::attempt::AttemptAct;
use millrace_core::batch::posting::Posting;
use millrace_core::erp::{ConsumptionPost, ErpOrderState, PostAnswer};
use millrace_core::ids::OutboxId;
use millrace_core::units::Grams;
use millrace_office::erp::{ErpConnector, ErpError, Guarantee, OrderPage, ProbeReport};
use millrace_plant::odoo::OrderEdit;
use millrace_tests::{Rig, WHOLE_BATCH, Who};
use serde_json::{Value, json};

const ORDER: &str = "WH/MO/00101";
const FIRST: &str = "WH/MO/00101/1";
const DAY_MS: i64 = 86_400_000;

/// The message of this kind that a batch or an order has.
pub(super) async fn message(rig: &Rig, kind: &str, label: &str) -> Value {
    let list = rig
        .ok(Who::Operator, "outbox_list", json!({ "limit": 200 }))
        .await;
    let rows = list["rows"].as_array().expect("rows").clone();
    let row = rows
        .iter()
        .find(|row| row["kind"] == kind && row["batch_label"] == label)
        .unwrap_or_else(|| panic!("no {kind} of {label} in {rows:#?}"));
    rig.ok(Who::Operator, "outbox_get", json!({ "id": row["id"] }))
        .await
}

/// The attempts of a message, oldest first: what was done, how it ended.
fn tried(message: &Value) -> Vec<(String, String)> {
    let mut tried: Vec<(String, String)> = message["attempts"]
        .as_array()
        .expect("attempts")
        .iter()
        .map(|attempt| {
            let word = |key: &str| attempt[key].as_str().unwrap_or("open").to_owned();
            (word("act"), word("outcome"))
        })
        .collect();
    tried.reverse();
    tried
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(act, outcome)| ((*act).to_owned(), (*outcome).to_owned()))
        .collect()
}

pub(super) async fn work(rig: &Rig) {
    while rig.app.work_outbox().await.expect("the books take it") {}
}

pub(super) fn edit(rig: &Rig, name: &str, edit: Value) {
    let mut edit: OrderEdit = serde_json::from_value(edit).expect("an edit");
    edit.name = name.into();
    rig.plant.erp().edit_order(edit).expect("the ERP takes it");
}

/// A finished batch, whose message was not worked on yet.
pub(super) async fn finished(rig: &Rig) -> Value {
    let id = rig.begin(FIRST).await;
    rig.finish().await;
    id
}

#[tokio::test]
async fn attempts_are_kept_over_a_crash() {
    let mut rig = Rig::start(400).await;
    finished(&rig).await;
    rig.erp_faults(json!({ "scope": "writes", "drop_before": 1 }));
    rig.app.work_outbox().await.expect("one attempt");
    rig = rig.crash_and_restart().await;
    let message_now = message(&rig, "consumption", FIRST).await;
    assert_eq!(message_now["row"]["state"], "in_doubt");
    assert_eq!(tried(&message_now), pairs(&[("send", "in_doubt")]));
    rig.drain().await;
    let message_now = message(&rig, "consumption", FIRST).await;
    assert_eq!(
        tried(&message_now),
        pairs(&[
            ("send", "in_doubt"),
            ("read_back", "not_sent"),
            ("send", "posted")
        ])
    );
    let newest = &message_now["attempts"][0];
    assert!(newest["ended_at_ms"].as_i64() >= newest["began_at_ms"].as_i64());
    assert_eq!(newest["answer"], "booked and read back equal");
    assert_eq!(message_now["attempt_count"], 3);
    rig.check_books(ORDER).await;
}

#[tokio::test]
async fn a_crash_between_the_commit_and_the_answer_leaves_an_open_attempt_that_is_told() {
    let mut rig = Rig::start(401).await;
    finished(&rig).await;
    // As it stands in the books when the program dies while it sends.
    rig.app
        .store()
        .write(|tx| {
            let mut row = tx.outbox_page(&[Posting::Queued], None, 1)?.remove(0);
            row.state = Posting::Sending;
            row.attempts = 1;
            tx.outbox_save(&row)?;
            tx.outbox_attempt_begin(row.id, AttemptAct::Send, row.created_at_ms)
        })
        .await
        .expect("the books take it");
    rig = rig.crash_and_restart().await;
    assert_eq!(
        tried(&message(&rig, "consumption", FIRST).await),
        pairs(&[("send", "open")])
    );
    rig.drain().await;
    let message_now = message(&rig, "consumption", FIRST).await;
    assert_eq!(
        tried(&message_now),
        pairs(&[
            ("send", "in_doubt"),
            ("read_back", "not_sent"),
            ("send", "posted")
        ])
    );
    assert_eq!(
        message_now["attempts"][2]["answer"],
        "the program ended while sending"
    );
    rig.check_books(ORDER).await;
}

#[tokio::test]
async fn a_refusal_is_never_repeated_by_itself() {
    let mut rig = Rig::start(402).await;
    finished(&rig).await;
    edit(&rig, ORDER, json!({ "name": "", "state": "cancel" }));
    work(&rig).await;
    let refused = message(&rig, "consumption", FIRST).await;
    assert_eq!(refused["row"]["state"], "refused");
    assert_eq!(tried(&refused), pairs(&[("send", "refused")]));
    for _ in 0..10 {
        rig.clock.advance_ms(DAY_MS);
        assert!(!rig.app.work_outbox().await.expect("nothing is due"));
    }
    edit(&rig, ORDER, json!({ "name": "", "state": "confirmed" }));
    rig.clock.advance_ms(DAY_MS);
    assert!(!rig.app.work_outbox().await.expect("nothing is due"));
    rig.log_in().await;
    let id = refused["row"]["id"].clone();
    let again = rig
        .ok(Who::Operator, "outbox_retry", json!({ "id": id }))
        .await;
    assert_eq!(again["row"]["state"], "queued");
    work(&rig).await;
    assert_eq!(
        tried(&message(&rig, "consumption", FIRST).await),
        pairs(&[("send", "refused"), ("send", "posted")])
    );
    rig.check_books(ORDER).await;
}

#[tokio::test]
async fn a_part_that_never_goes_in_waits_for_a_person_with_its_list() {
    let rig = Rig::start(403).await;
    finished(&rig).await;
    edit(
        &rig,
        ORDER,
        json!({ "name": "", "remove_component": "silo102" }),
    );
    work(&rig).await;
    let refused = message(&rig, "consumption", FIRST).await;
    assert_eq!(refused["row"]["state"], "refused");
    assert_eq!(
        refused["items"],
        json!([{ "text": "silo102: No raw material move found for this equipment", "fate": "permanent" }])
    );
    let lines = refused["lines"].as_array().expect("lines").clone();
    let line = |code: &str| {
        let found = lines.iter().find(|line| line["erp_code"] == code);
        found.expect("the line").clone()
    };
    assert_eq!(line("silo101")["is_proved"], true);
    assert_eq!(line("silo101")["planned_g"], 120_000);
    assert_eq!(line("silo102")["is_proved"], false);
    assert_eq!(line("silo102")["erp_g"], 0);
    rig.clock.advance_ms(DAY_MS);
    assert!(!rig.app.work_outbox().await.expect("nothing is due"));
}

/// The real connector, whose posts are told to have left one item out for some calls.
#[derive(Debug)]
struct LeavesOut {
    real: Arc<dyn ErpConnector>,
    text: &'static str,
    left: AtomicU32,
    posts: Arc<AtomicU32>,
}

#[async_trait]
impl ErpConnector for LeavesOut {
    async fn examine(&self, now_ms: Option<i64>) -> ProbeReport {
        self.real.examine(now_ms).await
    }

    async fn guarantee_found(&self) -> Result<Guarantee, ErpError> {
        Ok(Guarantee::UniqueKey {
            version: "1.0".into(),
        })
    }

    async fn open_orders(&self, limit: u32, offset: u32) -> Result<OrderPage, ErpError> {
        self.real.open_orders(limit, offset).await
    }

    async fn order_state(&self, name: &str) -> Result<ErpOrderState, ErpError> {
        self.real.order_state(name).await
    }

    async fn post_consumption(&self, post: &ConsumptionPost) -> Result<PostAnswer, ErpError> {
        self.posts.fetch_add(1, Ordering::SeqCst);
        let mut post = post.clone();
        let is_hit = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok();
        if is_hit {
            post.lines.remove(0);
        }
        let mut answer = self.real.post_consumption(&post).await?;
        if is_hit {
            answer.item_errors.push(self.text.to_owned());
        }
        Ok(answer)
    }

    async fn cancel_order(&self, name: &str, reason: &str) -> Result<(), ErpError> {
        self.real.cancel_order(name, reason).await
    }

    async fn mark_done(&self, name: &str, finished: Grams, ended_at: &str) -> Result<(), ErpError> {
        self.real.mark_done(name, finished, ended_at).await
    }
}

async fn leaves_out(seed: u64, text: &'static str, times: u32) -> (Rig, Arc<AtomicU32>) {
    let posts = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&posts);
    let rig = Rig::start_through(seed, move |real| {
        Arc::new(LeavesOut {
            real,
            text,
            left: AtomicU32::new(times),
            posts: counted,
        })
    })
    .await;
    finished(&rig).await;
    (rig, posts)
}

#[tokio::test]
async fn a_part_that_was_locked_has_the_whole_call_repeated_after_a_pause() {
    let lock = "silo101: could not obtain lock on row in relation \"stock_move\"";
    let (rig, posts) = leaves_out(404, lock, 5).await;
    work(&rig).await;
    let waiting = message(&rig, "consumption", FIRST).await;
    assert_eq!(waiting["row"]["state"], "queued");
    assert_eq!(tried(&waiting), pairs(&[("send", "partial")]));
    assert_eq!(waiting["items"][0]["fate"], "temporary");
    assert_eq!(posts.load(Ordering::SeqCst), 1, "not at once");
    rig.drain().await;
    let posted = message(&rig, "consumption", FIRST).await;
    assert_eq!(posted["row"]["state"], "posted");
    assert_eq!(posted["items"], json!([]));
    assert_eq!(posts.load(Ordering::SeqCst), 6);
    let erp = rig.ok(Who::Operator, "erp_get", json!({})).await;
    let key = json!({ "kind": "unique_key", "version": "1.0" });
    assert_eq!(erp["guarantee"], key, "what the connector tells is shown");
    rig.check_books(ORDER).await;
}

#[tokio::test]
async fn a_part_with_an_unknown_text_waits_for_a_person_at_once() {
    let (rig, posts) = leaves_out(405, "silo101: Something went wrong", 100).await;
    rig.drain().await;
    let refused = message(&rig, "consumption", FIRST).await;
    assert_eq!(refused["row"]["state"], "refused");
    assert_eq!(refused["items"][0]["fate"], "unknown");
    assert_eq!(posts.load(Ordering::SeqCst), 1);
    assert_eq!(tried(&refused), pairs(&[("send", "refused")]));
}

#[tokio::test]
async fn what_is_in_doubt_and_was_booked_by_hand_is_closed_by_signature() {
    let mut rig = Rig::start(406).await;
    let id = finished(&rig).await;
    rig.erp_faults(json!({ "scope": "writes", "drop_after_commit": 1 }));
    rig.app.work_outbox().await.expect("one attempt");
    let doubt = message(&rig, "consumption", FIRST).await;
    assert_eq!(doubt["row"]["state"], "in_doubt");
    let signed = |secret: String| json!({ "id": doubt["row"]["id"], "reason": "booked in the ERP by the office", "secret": secret });
    let operator = rig.secret("Operator 1").await;
    assert!(
        rig.call(Who::Operator, "outbox_by_hand", signed(operator))
            .await
            .is_err(),
        "an operator does not sign that"
    );
    let supervisor = rig.secret("Supervisor 1").await;
    let closed = rig
        .ok(
            Who::Supervisor,
            "outbox_by_hand",
            signed(supervisor.clone()),
        )
        .await;
    assert_eq!(closed["row"]["state"], "by_hand");
    let batch = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    assert_eq!(batch["posting"]["state"], "by_hand");
    let signature = batch["signatures"]
        .as_array()
        .expect("signatures")
        .iter()
        .find(|s| s["meaning"] == "by_hand")
        .expect("a meaning of its own")
        .clone();
    assert_eq!(signature["person"], "Supervisor 1");
    assert_eq!(signature["reason"], "booked in the ERP by the office");
    assert!(
        batch["events"]
            .as_array()
            .expect("events")
            .iter()
            .any(|event| event["kind"] == "posting_by_hand")
    );
    let posts = rig.erp().posts;
    rig.clock.advance_ms(DAY_MS);
    assert!(!rig.app.work_outbox().await.expect("nothing is due"));
    assert_eq!(rig.erp().posts, posts, "nothing is sent any more");
    rig.log_in().await;
    assert!(
        rig.call(Who::Supervisor, "outbox_by_hand", signed(supervisor))
            .await
            .is_err(),
        "once"
    );
    let rig = &rig;
    let page = |tab: &'static str| async move {
        rig.ok(Who::Operator, "outbox_list", json!({ "tab": tab }))
            .await
    };
    assert_eq!(page("closed_by_hand").await["rows"][0]["state"], "by_hand");
    assert_eq!(page("in_doubt").await["rows"], json!([]));
    assert_eq!(page("posted").await["counts"]["closed_by_hand"], 1);
}

#[tokio::test]
async fn a_person_who_closes_a_message_while_the_erp_is_asked_has_the_last_word() {
    let rig = Rig::start(407).await;
    finished(&rig).await;
    rig.erp_faults(json!({ "scope": "writes", "drop_before": 1 }));
    rig.app.work_outbox().await.expect("one attempt");
    rig.clock.advance_ms(5_000);
    // The read-back waits until the person has signed, and finds that nothing arrived.
    rig.erp_faults(json!({ "hold": true }));
    let id: OutboxId = OutboxId(
        message(&rig, "consumption", FIRST).await["row"]["id"]
            .as_i64()
            .expect("an id"),
    );
    let secret = rig.secret("Supervisor 1").await;
    let request = json!({ "id": id, "reason": "booked by hand", "secret": secret });
    let (worked, closed) = tokio::join!(rig.app.work_outbox(), async {
        rig.plant.erp().until_held().await;
        let closed = rig.call(Who::Supervisor, "outbox_by_hand", request).await;
        rig.erp_faults(json!({ "hold": false }));
        closed
    });
    worked.expect("the books take it");
    closed.expect("signed");
    let message_now = message(&rig, "consumption", FIRST).await;
    assert_eq!(message_now["row"]["state"], "by_hand", "{message_now:#}");
    rig.clock.advance_ms(DAY_MS);
    assert!(!rig.app.work_outbox().await.expect("nothing is due"));
    assert_eq!(rig.erp().posts, 0);
}

#[tokio::test]
async fn a_backlog_drains_no_faster_than_the_setting() {
    let rig = Rig::start_with(408, |config| {
        config.erp.as_mut().expect("an ERP").posts_per_second_max = "2".parse().expect("a number");
    })
    .await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    for label in [
        FIRST,
        "WH/MO/00102/1",
        "WH/MO/00103/1",
        "WH/MO/00105/1",
        "WH/MO/00106/1",
    ] {
        let batch = rig.batch(label).await;
        let secret = rig.secret("Supervisor 1").await;
        rig.ok(
            Who::Supervisor,
            "batch_cancel",
            json!({ "id": batch["row"]["id"], "version": batch["row"]["version"], "reason": "not needed", "secret": secret }),
        )
        .await;
    }
    let waiting = |rig: &Rig| rig.live().outbox.waiting;
    rig.step().await;
    assert_eq!(waiting(&rig), 5);
    let mut worked = Vec::new();
    for _ in 0..4 {
        let mut turns = 0;
        while rig.app.work_outbox().await.expect("the books take it") {
            turns += 1;
        }
        worked.push(turns);
        // A wall clock that jumps gives no more turns.
        rig.clock.step_wall_ms(3_600_000);
        assert!(!rig.app.work_outbox().await.expect("the books take it"));
        rig.clock.advance_ms(1_000);
    }
    assert_eq!(worked, [2, 2, 1, 0]);
    let cancelled = rig.erp().orders;
    assert_eq!(
        cancelled
            .iter()
            .filter(|o| o.cancel_reason.is_some())
            .count(),
        5
    );
}

#[tokio::test]
async fn messages_of_one_order_keep_their_order_through_days_without_the_erp() {
    let mut rig = Rig::start(409).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    rig.erp_faults(json!({ "down": true }));
    for label in ["WH/MO/00104/1", "WH/MO/00104/2"] {
        rig.approve(label).await;
        rig.start_batch(label).await;
        rig.until("the batch is done", WHOLE_BATCH, |live| {
            live.batch.is_none()
        })
        .await;
        for _ in 0..10 {
            rig.step().await;
        }
        work(&rig).await;
    }
    for _ in 0..6 {
        rig.clock.advance_ms(DAY_MS / 2);
        work(&rig).await;
    }
    rig.log_in().await;
    let second = message(&rig, "consumption", "WH/MO/00104/2").await;
    assert_eq!(second["attempts"], json!([]), "it waits for the first");
    rig.erp_faults(json!({ "down": false }));
    rig.clock.advance_ms(DAY_MS);
    rig.drain().await;
    let totals: Vec<i64> = rig
        .erp()
        .material_log
        .iter()
        .filter(|row| row.equipment == "silo101")
        .map(|row| row.applied_g.0)
        .collect();
    assert_eq!(totals.len(), 2, "{totals:?}");
    assert!(totals[0] < totals[1], "running totals: {totals:?}");
    rig.check_books("WH/MO/00104").await;
}

#[tokio::test]
async fn the_connection_test_tells_each_step_and_the_exact_cause() {
    let rig = Rig::start(410).await;
    let good = rig.ok(Who::Operator, "erp_examine", json!({})).await;
    assert_eq!(good["steps"].as_array().map(Vec::len), Some(11), "{good:#}");
    // The test's clock is not the machine's: that is told, and nothing else.
    let failed: Vec<&str> = good["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .filter(|step| step["outcome"] == "failed")
        .map(|step| step["step"].as_str().expect("a word"))
        .collect();
    assert_eq!(failed, ["clock"], "{good:#}");
    rig.erp_faults(json!({ "down": true }));
    let bad = rig.ok(Who::Operator, "erp_examine", json!({})).await;
    assert_eq!(bad["is_sound"], false);
    let erp = rig.ok(Who::Operator, "erp_get", json!({})).await;
    assert_eq!(erp["link"]["state"], "lost");
    assert_eq!(erp["guarantee"]["kind"], "read_back");
    assert_eq!(erp["settings"]["mark_done"], "by_person");
    assert_eq!(erp["settings"]["connector"], "odoo_addon");
    let text = erp.to_string();
    let login = millrace_plant::run::OdooLogin::default();
    assert!(!text.contains(&login.password), "{text}");
}
