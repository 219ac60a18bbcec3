//! An export is verified by two programs that share nothing: ours, and the inspector's in Python. Both
//! find it good, and both name the same first bad row in every forgery.

use std::path::{Path, PathBuf};
use std::process::Command;

use millrace_app::trail::check::{CheckError, TrailReport, of_export};
use millrace_core::access::Role;
use millrace_core::audit::anchor::Anchor;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

/// What the inspector's program says: exit code and text.
fn inspect(file: &Path, more: &[&str]) -> (i32, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/verify/verify_audit.py");
    let output = Command::new("python3")
        .arg("-B")
        .arg(script)
        .arg(file)
        .args(more)
        .output()
        .expect("python3 runs (test.sh installs it)");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let faults = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(faults.is_empty(), "{faults}");
    (output.status.code().expect("it ended by itself"), text)
}

fn ours(file: &Path) -> Result<TrailReport, CheckError> {
    of_export(file, Vec::new(), Vec::new())
}

/// A plant that has made a batch, its trail exported. Answers the file and its lines.
async fn exported(rig: &Rig) -> (PathBuf, Vec<Value>, Value) {
    rig.begin("WH/MO/00101/1").await;
    rig.finish().await;
    rig.app.work_trail().await.expect("sealed");
    rig.approve("WH/MO/00102/1").await;
    rig.clock.advance_ms(600_000);
    rig.app.work_trail().await.expect("sealed");
    let auditor = rig.log_in_as("Auditor 1", Role::Auditor).await;
    let request = json!({ "name": "for-the-inspector" });
    let answer = rig
        .call_as(&auditor, "audit_export", request)
        .await
        .expect("written");
    let file = PathBuf::from(answer["path"].as_str().expect("a path"));
    let text = std::fs::read_to_string(&file).expect("readable");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    (file, lines, answer)
}

fn save(file: &Path, lines: &[Value]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(file, text).expect("written");
}

#[tokio::test]
async fn two_programs_find_an_export_good_and_name_the_same_row_of_every_forgery() {
    let rig = Rig::start(910).await;
    let (file, lines, answer) = exported(&rig).await;
    let report = ours(&file).expect("readable");
    assert!(report.is_good(), "{report:?}");
    assert_eq!(json!(report.rows), answer["rows"]);
    assert!(report.rows > 15 && report.seals >= 3, "{report:?}");
    let (code, text) = inspect(&file, &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("The trail is whole"), "{text}");
    assert!(
        text.contains(&report.keys[0].fingerprint),
        "the same key: {text}"
    );

    let bad = file.with_file_name("bad.jsonl");
    let of_kind = |kind: &'static str| {
        let found: Vec<usize> = (0..lines.len())
            .filter(|n| lines[*n]["kind"] == kind)
            .collect();
        found
    };
    let (rows, seals) = (of_kind("row"), of_kind("seal"));
    let mut forgeries: Vec<(String, Vec<Value>)> = Vec::new();
    // One byte of each column of some rows and of every seal.
    for at in [rows[0], rows[5], rows[rows.len() - 2]]
        .into_iter()
        .chain(seals.clone())
    {
        let columns: Vec<String> = lines[at]
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        for column in columns.into_iter().filter(|column| column != "kind") {
            let mut forged = lines.clone();
            let value = &mut forged[at][column.as_str()];
            *value = match &*value {
                Value::Number(number) => json!(number.as_i64().expect("whole") ^ 1),
                Value::String(text) => {
                    let mut text = text.clone();
                    let last = text.pop().unwrap_or('a');
                    text.push(if last == '1' { '2' } else { '1' });
                    json!(text)
                }
                other => panic!("{other}"),
            };
            forgeries.push((format!("line {at} {column}"), forged));
        }
    }
    for at in [rows[0], rows[4], seals[0], seals[1]] {
        let mut forged = lines.clone();
        forged.remove(at);
        forgeries.push((format!("line {at} taken out"), forged));
    }
    let mut forged = lines.clone();
    forged.swap(rows[3], rows[4]);
    forgeries.push(("rows swapped".into(), forged));
    let mut forged = lines.clone();
    forged.insert(rows[3], lines[rows[3]].clone());
    forgeries.push(("a row twice".into(), forged));
    let mut forged = lines.clone();
    let last = *rows.last().expect("rows");
    forged.drain(last - 8..=last);
    forgeries.push(("the end cut, the seals left".into(), forged));
    let mut forged = lines.clone();
    forged[0]["keys"][0]["since_ms"] = json!(1);
    forgeries.push(("a key's time".into(), forged));
    let mut forged = lines.clone();
    forged[0]["keys"][0]["site"] = json!("elsewhere");
    forgeries.push(("a key's site".into(), forged));

    assert!(forgeries.len() > 55, "{}", forgeries.len());
    for (what, forged) in forgeries {
        save(&bad, &forged);
        let named = ours(&bad)
            .unwrap_or_else(|error| panic!("{what}: {error}"))
            .fault;
        let named = named.unwrap_or_else(|| panic!("{what}: not found"));
        let (code, text) = inspect(&bad, &[]);
        assert_eq!(code, 1, "{what}: {text}");
        let same = format!("first bad row {}:", named.row);
        assert!(
            text.starts_with(&same),
            "{what}: ours {named:?}, the inspector's {text}"
        );
    }
}

#[tokio::test]
async fn a_file_that_was_cut_is_told_and_an_anchor_finds_what_was_cut_with_care() {
    let rig = Rig::start(911).await;
    let (file, lines, _) = exported(&rig).await;
    let bad = file.with_file_name("bad.jsonl");
    // The last line alone.
    save(&bad, &lines[..lines.len() - 1]);
    assert!(ours(&bad).is_err());
    assert_eq!(inspect(&bad, &[]).0, 2);
    // Rows, seals and counts cut alike: a shorter trail that agrees with itself.
    let seal_lines: Vec<&Value> = lines.iter().filter(|line| line["kind"] == "seal").collect();
    let keep = seal_lines[0]["seq"].as_i64().expect("a row");
    let mut cut: Vec<Value> = lines
        .iter()
        .filter(|line| {
            line["kind"] == "header" || line["seq"].as_i64().is_some_and(|seq| seq <= keep)
        })
        .cloned()
        .collect();
    cut.push(json!({ "kind": "end", "rows": keep, "seals": 1 }));
    save(&bad, &cut);
    assert!(ours(&bad).expect("readable").is_good());
    assert_eq!(inspect(&bad, &[]).0, 0);
    // A label from later tells.
    let newest = seal_lines.last().expect("seals");
    let anchor = Anchor::of(
        newest["seq"].as_i64().expect("a row"),
        newest["hash"].as_str().expect("a hash"),
    )
    .expect("an anchor");
    let found = of_export(&bad, vec![anchor.clone()], Vec::new()).expect("readable");
    assert_eq!(found.fault.map(|fault| fault.row), Some(keep + 1));
    let typed = anchor.to_string();
    let (code, text) = inspect(&bad, &["--anchor", &typed]);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.starts_with(&format!("first bad row {}:", keep + 1)),
        "{text}"
    );
    assert_eq!(inspect(&file, &["--anchor", &typed.to_lowercase()]).0, 0);
    let slip = typed.replace("MR1-", "MR1-1");
    assert_eq!(
        inspect(&file, &["--anchor", &slip]).0,
        2,
        "a slip of the pen"
    );
    // The site's public key vouches for it, another one does not.
    let public = rig.folder().join("keys/seal.pub");
    let public = public.to_str().expect("a path");
    assert_eq!(inspect(&file, &["--public-key", public]).0, 0);
    let other = rig.folder().join("other.pub");
    std::fs::write(&other, format!("{}\n", "0d".repeat(32))).expect("written");
    assert_eq!(
        inspect(&file, &["--public-key", other.to_str().expect("a path")]).0,
        1
    );
    let other = of_export(&file, Vec::new(), vec!["0d".repeat(32)]).expect("readable");
    assert_eq!(
        other.fault.map(|fault| fault.kind),
        Some("other_key".into())
    );
}

#[tokio::test]
async fn an_export_is_a_right_and_leaves_its_hash_in_the_trail() {
    let rig = Rig::start(912).await;
    let request = json!({ "name": "x" });
    for who in [Who::Operator, Who::Supervisor] {
        assert!(
            rig.call(who, "audit_export", request.clone())
                .await
                .is_err()
        );
    }
    let (_, _, answer) = exported(&rig).await;
    let auditor = rig.log_in_as("Auditor 2", Role::Auditor).await;
    let again = json!({ "name": "for-the-inspector" });
    let refused = rig
        .call_as(&auditor, "audit_export", again)
        .await
        .expect_err("there is one");
    assert!(refused.message.contains("another name"), "{refused}");
    for name in ["", "../books", "a/b", ".x"] {
        let refused = rig
            .call_as(&auditor, "audit_export", json!({ "name": name }))
            .await;
        assert!(refused.is_err(), "{name}");
    }
    let page = json!({ "action": "audit_export", "limit": 5 });
    let page = rig
        .call_as(&auditor, "audit_list", page)
        .await
        .expect("an auditor reads");
    let told: Value =
        serde_json::from_str(page["rows"][0]["after"].as_str().expect("text")).expect("JSON");
    assert_eq!(told["sha256"], answer["sha256"]);
    let name = "for-the-inspector.jsonl";
    assert!(rig.app.export_file(Some(&auditor), name).is_ok());
    assert!(rig.app.export_file(None, name).is_err());
    assert!(rig.app.export_file(Some(&auditor), "other.jsonl").is_err());
    assert!(
        rig.app
            .export_file(Some(&auditor), "../millrace.db")
            .is_err()
    );
}
