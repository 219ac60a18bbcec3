//! The anchor that goes with a posting: an ERP with our addon keeps it, and `millrace verify --anchor` holds
//! the trail against it years later. Leaves out what an ERP without a place for it does (the connector's own
//! tests) and anchors on paper (`record_print.rs`).

use millrace_app::config::MarkDone;
use millrace_app::trail::check::of_file;
use millrace_core::audit::anchor::Anchor;
use millrace_tests::Rig;
use serde_json::json;

use super::posting::{message, work};
use super::standard_job::{V17_KEY, on};

fn kept(rig: &Rig) -> Vec<Anchor> {
    let rows = rig.erp().postings.into_iter();
    rows.map(|row| {
        row.anchor
            .expect("an anchor")
            .parse()
            .expect("one that can be typed in")
    })
    .collect()
}

#[tokio::test]
async fn the_erp_keeps_an_anchor_of_the_trail_that_convicts_a_rewritten_one() {
    let rig = on(V17_KEY, 1_510, MarkDone::ByPerson).await;
    let id = rig.begin("WH/MO/00101/1").await;
    rig.finish().await;
    // The answer is lost, and the message is sent again from a longer trail: the first anchor stays.
    rig.erp_faults(json!({ "scope": "writes", "drop_after_commit": 1 }));
    work(&rig).await;
    let first = kept(&rig);
    rig.drain().await;
    let sent = message(&rig, "consumption", "WH/MO/00101/1").await;
    assert_eq!(sent["row"]["state"], "posted", "{sent:#}");
    assert_eq!(kept(&rig), first);
    let file = rig.app.store().path().to_owned();
    let report = of_file(&file, first.clone(), Vec::new()).expect("readable");
    assert!(report.is_good() && report.anchors >= 1, "{report:?}");
    // It vouches for the end of the batch and for its record.
    let record = rig
        .ok(
            millrace_tests::Who::Operator,
            "record_get",
            json!({ "id": id }),
        )
        .await;
    let frozen = record["revisions"][0]["audit_seq"].as_i64().expect("a row");
    assert!(first[0].seq() >= frozen, "{first:?} covers row {frozen}");
    // A trail made anew from one row before the anchor on does not fit it.
    let forged = Anchor::of(first[0].seq(), &"0f".repeat(32)).expect("an anchor");
    let report = of_file(&file, vec![forged], Vec::new()).expect("readable");
    assert_eq!(report.fault.map(|fault| fault.row), Some(first[0].seq()));
}
