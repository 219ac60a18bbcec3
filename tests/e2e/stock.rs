//! Correcting the stock of a silo: one count, one row of the ledger, one signature, whoever counts at
//! the same time; and books that were changed afterwards. Leaves out doses (see `main_job`).

use millrace_app::trail::check::of_file;
use millrace_core::access::Role;
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::SiloNo;
use millrace_tests::rivals::one_of;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

const LABEL: &str = "WH/MO/00101/1";
const REASON: &str = "counted with the dipstick after the delivery";

async fn silos(rig: &Rig) -> Vec<Value> {
    let list = rig.ok(Who::Operator, "silo_list", json!({})).await;
    list["silos"].as_array().expect("silos").clone()
}

/// The silo with this number as the screen shows it.
async fn silo(rig: &Rig, number: i64) -> Value {
    let silos = silos(rig).await;
    let found = silos.into_iter().find(|silo| silo["silo"] == number);
    found.expect("the silo")
}

/// A count that fits what the screen shows: a bit less.
async fn count(rig: &Rig, number: i64) -> Value {
    let silo = silo(rig, number).await;
    let level = silo["level_g"].as_i64().expect("a level");
    let secret = rig.secret("Supervisor 1").await;
    json!({ "silo": number, "counted_g": level - 12_340, "expected_g": level, "reason": REASON, "secret": secret })
}

async fn movements(rig: &Rig, number: i64) -> Vec<Value> {
    let asked = json!({ "silo": number, "limit": 500 });
    let page = rig.ok(Who::Operator, "silo_movements", asked).await;
    page["rows"].as_array().expect("rows").clone()
}

/// What the books hold against themselves.
fn found(rig: &Rig) -> Vec<String> {
    let report = of_file(rig.app.store().path(), Vec::new(), Vec::new()).expect("readable");
    assert_eq!(report.fault, None);
    let messages = report.further.into_iter();
    messages.map(|finding| finding.message).collect()
}

fn with(request: &Value, key: &str, value: Value) -> Value {
    let mut request = request.clone();
    request[key] = value;
    request
}

#[tokio::test]
async fn a_count_is_one_row_one_signature_and_survives_a_restart_without_plc_and_erp() {
    let rig = Rig::start(960).await;
    let number = silos(&rig).await[0]["silo"].as_i64().expect("a number");
    let request = count(&rig, number).await;
    let before = movements(&rig, number).await.len();
    // It needs neither the PLC nor the ERP.
    rig.erp_faults(json!({ "down": true }));
    rig.ok(Who::Supervisor, "silo_correct", request.clone())
        .await;
    let corrected = silo(&rig, number).await;
    assert_eq!(corrected["level_g"], request["counted_g"]);
    let rig = rig.crash_and_restart().await;
    assert_eq!(silo(&rig, number).await["level_g"], request["counted_g"]);
    let rows = movements(&rig, number).await;
    assert_eq!(rows.len(), before + 1);
    assert_eq!(rows[0]["kind"], "correction");
    assert_eq!(rows[0]["delta_g"], -12_340);
    let signature = &rows[0]["signature"];
    assert_eq!(signature["person"], "Supervisor 1");
    assert_eq!(signature["meaning"], "stock_correct");
    assert_eq!(signature["reason"], REASON);
    assert_eq!(signature["valid"], true);
    assert_eq!(found(&rig), Vec::<String>::new());
    // The trail says from what to what, and the journal tells it.
    let trail = rig
        .ok(
            Who::Supervisor,
            "audit_list",
            json!({ "action": "silo_correct", "limit": 200 }),
        )
        .await;
    let rows = trail["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    let level = |side: &str| {
        let text = row[side].as_str().expect("text");
        let value: Value = serde_json::from_str(text).expect("JSON");
        value["level_g"].clone()
    };
    assert_eq!(level("before"), request["expected_g"]);
    assert_eq!(level("after"), request["counted_g"]);
    assert_eq!(row["reason"], REASON);
}

#[tokio::test]
async fn the_second_of_two_who_count_is_told_who_was_first() {
    let rig = Rig::start(961).await;
    let number = silos(&rig).await[0]["silo"].as_i64().expect("a number");
    let sari = rig.log_in_as("Sari", Role::Supervisor).await;
    let budi = rig.log_in_as("Budi", Role::Supervisor).await;
    let request = count(&rig, number).await;
    let before = movements(&rig, number).await.len();
    let (a, b) = tokio::join!(
        rig.app
            .dispatch("silo_correct", request.clone(), Some(&sari)),
        rig.app
            .dispatch("silo_correct", request.clone(), Some(&budi))
    );
    let (is_sari, refused) = one_of(a, b);
    let first = if is_sari { "Sari" } else { "Budi" };
    assert_eq!(refused.code, ErrorCode::Changed);
    assert!(
        refused
            .message
            .contains(&format!("{first} counted it and signed")),
        "{refused}"
    );
    assert_eq!(movements(&rig, number).await.len(), before + 1);
    assert_eq!(found(&rig), Vec::<String>::new());
}

#[tokio::test]
async fn a_count_that_cannot_be_is_refused_and_leaves_nothing() {
    let rig = Rig::start(962).await;
    let number = silos(&rig).await[0]["silo"].as_i64().expect("a number");
    let good = count(&rig, number).await;
    let capacity = silo(&rig, number).await["capacity_g"]
        .as_i64()
        .expect("a capacity");
    let before = movements(&rig, number).await.len();
    let operators = rig.secret("Operator 1").await;
    for (request, code, says) in [
        (
            with(&good, "counted_g", json!(-10)),
            ErrorCode::BadRequest,
            "zero or more",
        ),
        (
            with(&good, "counted_g", json!(1_005)),
            ErrorCode::BadRequest,
            "steps of 10 g",
        ),
        (
            with(&good, "counted_g", json!(capacity + 10)),
            ErrorCode::BadRequest,
            "can hold",
        ),
        (
            with(&good, "counted_g", good["expected_g"].clone()),
            ErrorCode::BadRequest,
            "nothing to correct",
        ),
        (
            with(&good, "expected_g", json!(null)),
            ErrorCode::Changed,
            "first stock was entered",
        ),
        (
            with(&good, "reason", json!(" x ")),
            ErrorCode::BadRequest,
            "reason",
        ),
        (
            with(&good, "secret", json!(operators)),
            ErrorCode::WrongSecret,
            "nothing was signed",
        ),
        (
            with(&good, "silo", json!(9_999)),
            ErrorCode::NotFound,
            "no silo",
        ),
    ] {
        let refused = rig
            .call(Who::Supervisor, "silo_correct", request.clone())
            .await
            .expect_err(says);
        assert_eq!(refused.code, code, "{refused}");
        assert!(refused.message.contains(says), "{refused}");
    }
    // An operator may not, with a secret that is right.
    let mine = with(&good, "secret", json!(operators));
    let refused = rig.call(Who::Operator, "silo_correct", mine).await;
    assert_eq!(
        refused.expect_err("no right").code,
        ErrorCode::NoRight,
        "an operator does not correct stock"
    );
    assert_eq!(movements(&rig, number).await.len(), before);
    assert_eq!(rig.audit_count("silo_correct").await, 0);
}

#[tokio::test]
async fn nobody_counts_a_silo_that_a_batch_in_the_plc_uses() {
    let rig = Rig::start(963).await;
    rig.begin(LABEL).await;
    let batch = rig.batch(LABEL).await;
    let lines = batch["lines"].as_array().expect("lines").clone();
    let used = lines[0]["silo"].as_i64().expect("a silo");
    let free = silos(&rig).await.into_iter().find(|silo| {
        let is_used = lines.iter().any(|line| line["silo"] == silo["silo"]);
        !is_used && silo["level_g"].as_i64().is_some_and(|g| g > 100_000)
    });
    let free = free.expect("a silo that is not used")["silo"]
        .as_i64()
        .expect("a number");
    let request = count(&rig, used).await;
    let refused = rig.call(Who::Supervisor, "silo_correct", request).await;
    let refused = refused.expect_err("it is being dosed from");
    assert_eq!(refused.code, ErrorCode::NotReady);
    assert!(refused.message.contains(LABEL), "{refused}");
    let request = count(&rig, free).await;
    rig.ok(Who::Supervisor, "silo_correct", request).await;
    rig.finish().await;
    // Who saw the stock from before the dose is told of the dose.
    let level = silo(&rig, used).await["level_g"].as_i64().expect("a level");
    let late = with(
        &count(&rig, used).await,
        "expected_g",
        json!(level + 1_000_000),
    );
    let refused = rig.call(Who::Supervisor, "silo_correct", late).await;
    let refused = refused.expect_err("the dose came between");
    assert!(
        refused.message.contains(&format!("{LABEL} took ")),
        "{refused}"
    );
    let request = count(&rig, used).await;
    rig.ok(Who::Supervisor, "silo_correct", request.clone())
        .await;
    // The ledger is the sum of its rows, doses and counts.
    let used = u16::try_from(used).expect("a number");
    let rows = rig.app.store().read(move |read| {
        let rows = read.silo_movements(Some(SiloNo(used)), i64::MIN, 500)?;
        Ok::<_, millrace_store::StoreError>(rows)
    });
    let rows = rows.await.expect("readable");
    let sum: i64 = rows.iter().map(|row| row.delta_g.0).sum();
    assert_eq!(json!(sum), request["counted_g"]);
    assert_eq!(found(&rig), Vec::<String>::new());
}

#[tokio::test]
async fn a_count_that_was_changed_is_named_with_its_signature() {
    for (sql, says) in [
        (
            "DROP TRIGGER silo_movement_is_append_only_u; UPDATE silo_movement SET note = 'another' WHERE kind = 'correction'",
            vec!["signature 1 (stock_correct by Supervisor 1): the silo_movement"],
        ),
        (
            "DROP TRIGGER silo_movement_is_append_only_u; UPDATE silo_movement SET level_g = level_g + 10 WHERE kind = 'correction'",
            vec![
                "signature 1 (stock_correct by Supervisor 1): the silo_movement",
                "is not the stock before it and its change",
            ],
        ),
        (
            "DROP TRIGGER signature_is_append_only_d; DELETE FROM signature",
            vec![
                "was corrected and nobody signed it",
                "signature 1 is not there; row",
            ],
        ),
    ] {
        let rig = Rig::start(964).await;
        let number = silos(&rig).await[0]["silo"].as_i64().expect("a number");
        let request = count(&rig, number).await;
        rig.ok(Who::Supervisor, "silo_correct", request).await;
        assert_eq!(found(&rig), Vec::<String>::new());
        let changed = std::process::Command::new("python3")
            .args(["-c", "import sqlite3, sys\nbooks = sqlite3.connect(sys.argv[1])\nbooks.executescript(sys.argv[2])"])
            .arg(rig.app.store().path())
            .arg(sql)
            .status()
            .expect("python3 runs (test.sh installs it)");
        assert!(changed.success());
        let found = found(&rig);
        assert_eq!(found.len(), says.len(), "{found:?}");
        for says in says {
            assert!(found.iter().any(|text| text.contains(says)), "{found:?}");
        }
        let rows = movements(&rig, number).await;
        assert_ne!(rows[0]["signature"]["valid"], true, "{rows:#?}");
    }
}
