//! Thousands of seeded forgeries of an export: a byte of any column or of the file, a line taken out, put
//! in, put elsewhere, or the end cut off, with the counts made to fit. Ours and the inspector's program
//! find each of them and name the place. Leaves out forgeries by somebody who has the key.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use millrace_app::clock::Clock as _;
use millrace_app::trail::check::of_export;
use millrace_core::access::Role;
use millrace_core::audit::anchor::Anchor;
use millrace_core::ids::UserId;
use millrace_core::signature::ObjectKind;
use millrace_plant::rng::Seeded;
use millrace_store::StoreError;
use millrace_store::table::audit::AuditEntry;
use millrace_store::table::signature::SignatureNew;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

/// How many forgeries.
const CASES: usize = 2_000;
const SEED: u64 = 20_261_128;
/// The kinds of lines that stand for something in the books, in the order of the file.
const KINDS: [&str; 4] = ["row", "seal", "record", "signature"];

/// An act that is signed by its row of the trail, as a change of a setting is.
async fn signed_act(rig: &Rig) {
    let at_ms = rig.clock.now_ms();
    let written = rig.app.store().write(move |tx| {
        tx.audit_add(&AuditEntry {
            at_ms,
            actor: "Supervisor 1".into(),
            action: "acted".into(),
            object: "test".into(),
            before: "null".into(),
            after: "null".into(),
            reason: "as agreed".into(),
        })?;
        let (seq, hash) = tx.audit_head()?.expect("a row");
        tx.signature_add(&SignatureNew {
            object_kind: ObjectKind::Act,
            object_id: seq,
            batch_id: None,
            person_id: UserId(1),
            login: "Supervisor 1".into(),
            person: "Supervisor 1".into(),
            meaning: "acted".into(),
            at_ms,
            site: "north".into(),
            reason: Some("as agreed".into()),
            content_hash: hash,
        })?;
        Ok::<_, StoreError>(())
    });
    written.await.expect("committed");
}

/// The export of a plant that made and posted two batches, one with a weight by hand, and rejected one.
async fn exported(rig: &Rig) -> Vec<Vec<u8>> {
    rig.begin("WH/MO/00101/1").await;
    rig.finish().await;
    rig.drain().await;
    rig.app.work_trail().await.expect("sealed");
    let id = rig.begin("WH/MO/00102/1").await;
    let weight = json!({
        "id": id, "version": 0, "line_no": 1, "weight_g": 12_040,
        "secret": rig.secret("Operator 1").await,
    });
    rig.ok(Who::Operator, "manual_line_enter", weight).await;
    rig.finish().await;
    rig.drain().await;
    signed_act(rig).await;
    rig.app.work_trail().await.expect("sealed");
    let batch = rig.batch("WH/MO/00103/1").await;
    let reject = json!({
        "id": batch["row"]["id"], "version": batch["row"]["version"], "reason": "wrong recipe",
        "secret": rig.secret("Supervisor 1").await,
    });
    rig.ok(Who::Supervisor, "batch_reject", reject).await;
    rig.clock.advance_ms(600_000);
    rig.app.work_trail().await.expect("sealed");
    let auditor = rig.log_in_as("Auditor 1", Role::Auditor).await;
    let request = json!({ "name": "base" });
    let answer = rig.call_as(&auditor, "audit_export", request).await;
    let path = answer.expect("written")["path"].clone();
    let bytes = std::fs::read(path.as_str().expect("a path")).expect("readable");
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.map(|line| line[..line.len() - 1].to_vec()).collect()
}

/// Lines that take the place of those from `from` to before `to`.
type Change = (usize, usize, Vec<Vec<u8>>);

/// One forgery and where it must be found: one of the rows, one of the words in a sentence, or a line.
struct Case {
    what: String,
    changes: Vec<Change>,
    rows: Vec<i64>,
    words: Vec<String>,
    lines: Vec<usize>,
    /// The end of the seals alone may be cut: no row is missing, and the counts tell.
    is_counted: bool,
}

struct Forger {
    base: Vec<Vec<u8>>,
    values: Vec<Value>,
    seeded: Seeded,
}

fn number(value: &Value, column: &str) -> i64 {
    value[column].as_i64().expect("a number")
}

impl Forger {
    fn pick(&mut self, below: usize) -> usize {
        let below = i64::try_from(below).expect("few");
        usize::try_from(self.seeded.between(0, below - 1)).expect("not negative")
    }

    /// Where the lines of a kind stand.
    fn block(&self, kind: &str) -> std::ops::Range<usize> {
        let is_kind = |value: &Value| value["kind"] == kind;
        let from = self.values.iter().position(is_kind).expect("there");
        let count = self.values.iter().filter(|value| is_kind(value)).count();
        from..from + count
    }

    /// The row that a fault of this line is named by, or what its sentence says.
    fn place(&self, at: usize, value: &Value) -> (Vec<i64>, Vec<String>) {
        match value["kind"].as_str().expect("a kind") {
            "row" => (vec![number(value, "seq")], vec![]),
            "seal" => {
                let before = &self.values[at - 1];
                let is_first = before["kind"] == "row";
                let sealed = if is_first { 0 } else { number(before, "seq") };
                (vec![sealed + 1], vec![])
            }
            "record" => {
                let (id, revision) = (number(value, "batch_id"), number(value, "revision"));
                (
                    vec![],
                    vec![format!("record of batch:{id}, revision {revision}:")],
                )
            }
            _ => (vec![], vec![format!("signature {} ", number(value, "id"))]),
        }
    }

    fn case(&self, what: String, changes: Vec<Change>, places: &[(usize, Value)]) -> Case {
        let mut case = Case {
            what,
            changes,
            rows: vec![],
            words: vec![],
            lines: vec![],
            is_counted: false,
        };
        let of_other_batch =
            |(at, value): &(usize, Value)| value["batch_id"] != self.values[*at]["batch_id"];
        for (at, value) in places {
            let (rows, words) = self.place(*at, value);
            case.rows.extend(rows);
            case.words.extend(words);
        }
        if places.iter().any(of_other_batch) {
            case.of_batches();
        }
        case
    }

    /// One byte of a column.
    fn column(&mut self, kind: &str) -> Option<Case> {
        let block = self.block(kind);
        let at = block.start + self.pick(block.len());
        let mut value = self.values[at].clone();
        let columns: Vec<String> = value
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        let columns: Vec<String> = columns.into_iter().filter(|name| name != "kind").collect();
        let column = columns[self.pick(columns.len())].clone();
        let (place, bit) = (self.pick(1 << 20), self.pick(127) + 1);
        let was = value[column.as_str()].clone();
        value[column.as_str()] = match &was {
            Value::Number(n) => json!(
                n.as_i64().expect("whole")
                    ^ (i64::try_from(bit).expect("small") << (8 * (place % 8)))
            ),
            Value::String(text) if text.is_empty() => {
                json!(char::from(u8::try_from(bit).expect("small")).to_string())
            }
            Value::String(text) => {
                let mut bytes = text.clone().into_bytes();
                let place = place % bytes.len();
                bytes[place] ^= u8::try_from(bit).expect("small");
                json!(String::from_utf8(bytes).ok()?)
            }
            Value::Null => json!(if column == "reason" {
                json!("")
            } else {
                json!(bit)
            }),
            other => panic!("{other}"),
        };
        let changes = vec![(at, at + 1, vec![value.to_string().into_bytes()])];
        let places = [(at, self.values[at].clone()), (at, value)];
        Some(self.case(format!("line {at}, {column} was {was}"), changes, &places))
    }

    /// One byte of the file.
    fn byte(&mut self, kind: &str) -> Option<Case> {
        let block = self.block(kind);
        let at = block.start + self.pick(block.len());
        let mut line = self.base[at].clone();
        let (place, bit) = (self.pick(line.len()), self.pick(255) + 1);
        line[place] ^= u8::try_from(bit).expect("a byte");
        let now: Option<Value> = serde_json::from_slice(&line).ok();
        if now.as_ref() == Some(&self.values[at]) {
            return None;
        }
        let mut places = vec![(at, self.values[at].clone())];
        // Where it can be read still, it may call itself another one.
        let name = ["seq", "seal_no", "batch_id", "id"];
        let is_whole =
            |value: &Value| value["kind"] == kind && name.iter().any(|name| value[*name].is_i64());
        let whole =
            now.filter(|value| is_whole(value) && value.get("revision").is_none_or(Value::is_i64));
        let whole = whole.filter(|value| {
            self.values[at]
                .as_object()
                .is_some_and(|was| was.keys().all(|key| value.get(key).is_some()))
        });
        places.extend(whole.map(|value| (at, value)));
        let what = format!(
            "line {at}, byte {place} by {bit}: {}",
            String::from_utf8_lossy(&line)
        );
        let mut case = self.case(what, vec![(at, at + 1, vec![line])], &places);
        case.lines = vec![at + 1];
        Some(case)
    }

    /// A line taken out, doubled, swapped with another one, or the last ones cut off.
    fn order(&mut self, kind: &str) -> Option<Case> {
        let block = self.block(kind);
        let a = block.start + self.pick(block.len());
        let b = block.start + self.pick(block.len());
        let (value, other) = (self.values[a].clone(), self.values[b].clone());
        let (first, last) = (a.min(b), a.max(b));
        match self.pick(4) {
            0 => {
                let mut case = self.case(
                    format!("line {a} taken out"),
                    vec![(a, a + 1, vec![])],
                    &[(a, value)],
                );
                case.is_counted = kind == "seal" && a + 1 == block.end;
                Some(case)
            }
            1 => {
                let changes = vec![(b, b, vec![self.base[a].clone()])];
                let mut places = vec![(a, value), (b, other)];
                // Before itself or behind itself is the same: the second of two is named.
                if a + 1 < block.end {
                    places.push((a + 1, self.values[a + 1].clone()));
                }
                let mut case =
                    self.case(format!("line {a} again before line {b}"), changes, &places);
                case.of_batches();
                if kind == "seal" && a + 1 == block.end {
                    case.rows.push(number(&self.values[a], "seq") + 1);
                }
                Some(case)
            }
            2 if a != b => {
                let changes = vec![
                    (last, last + 1, vec![self.base[first].clone()]),
                    (first, first + 1, vec![self.base[last].clone()]),
                ];
                let mut case = self.case(
                    format!("lines {a} and {b} swapped"),
                    changes,
                    &[(a, value), (b, other)],
                );
                case.of_batches();
                Some(case)
            }
            3 => {
                let mut case = self.case(
                    format!("cut from line {a}"),
                    vec![(a, block.end, vec![])],
                    &[(a, value)],
                );
                case.is_counted = kind == "seal";
                Some(case)
            }
            _ => None,
        }
    }

    /// The same trail as an older program wrote it: without records and signatures.
    fn old_form(&self) -> Case {
        let last = self.base.len() - 1;
        let (mut header, mut end) = (self.values[0].clone(), self.values[last].clone());
        header["format"] = json!("millrace-trail-1");
        end = json!({ "kind": "end", "rows": end["rows"].take(), "seals": end["seals"].take() });
        let beside = self.block("record").start..self.block("signature").end;
        let line = |value: Value| vec![value.to_string().into_bytes()];
        let changes = vec![
            (last, last + 1, line(end)),
            (beside.start, beside.end, vec![]),
            (0, 1, line(header)),
        ];
        self.case("of the old form".into(), changes, &[])
    }

    fn next(&mut self) -> Case {
        loop {
            let kind = KINDS[self.pick(KINDS.len())];
            let case = match self.pick(3) {
                0 => self.column(kind),
                1 => self.byte(kind),
                _ => self.order(kind),
            };
            if let Some(mut case) = case {
                self.count(&mut case, kind);
                return case;
            }
        }
    }

    /// Makes the last line count what is there, except where that is all that tells.
    fn count(&self, case: &mut Case, kind: &str) {
        if case.is_counted {
            return;
        }
        let is_kind = |line: &Vec<u8>| {
            serde_json::from_slice::<Value>(line).is_ok_and(|value| value["kind"] == kind)
        };
        let gained: i64 = case
            .changes
            .iter()
            .map(|(from, to, new)| {
                let new = new.iter().filter(|line| is_kind(line)).count();
                i64::try_from(new).expect("few") - i64::try_from(to - from).expect("few")
            })
            .sum();
        if gained == 0 || !case.lines.is_empty() {
            return;
        }
        let at = self.base.len() - 1;
        let mut end = self.values[at].clone();
        let name = format!("{kind}s");
        end[name.as_str()] = json!(number(&end, &name) + gained);
        case.changes
            .insert(0, (at, at + 1, vec![end.to_string().into_bytes()]));
    }
}

impl Case {
    /// Which revision is the first that is wrong depends on what lies between.
    fn of_batches(&mut self) {
        for word in &mut self.words {
            if let Some((batch, _)) = word.split_once(", ") {
                *word = format!("{batch},");
            }
        }
    }

    fn apply(&self, base: &[Vec<u8>]) -> Vec<u8> {
        let mut lines = base.to_vec();
        for (from, to, new) in &self.changes {
            lines.splice(*from..*to, new.iter().cloned());
        }
        lines
            .iter()
            .flat_map(|line| [line.as_slice(), b"\n"].concat())
            .collect()
    }

    /// Found, and named by its place.
    fn is_named_by(&self, verdict: &Value) -> bool {
        if let Some(row) = verdict["row"].as_i64() {
            return self.rows.contains(&row);
        }
        if let Some(why) = verdict["unreadable"].as_str() {
            return (self.is_counted && why.contains("its last line"))
                || self.lines.iter().any(|line| {
                    why.contains(&format!("line {line} ")) || why.contains(&format!("line {line}:"))
                });
        }
        ["signatures", "records"].iter().any(|list| {
            let sentences = verdict[*list].as_array().into_iter().flatten();
            sentences
                .filter_map(Value::as_str)
                .any(|text| self.words.iter().any(|word| text.contains(word.as_str())))
        })
    }
}

fn ours(file: &Path, anchor: &Anchor) -> Value {
    match of_export(file, vec![anchor.clone()], Vec::new()) {
        Err(error) => json!({ "unreadable": error.to_string() }),
        Ok(report) => match (&report.fault, report.is_good()) {
            (Some(fault), _) => json!({ "row": fault.row }),
            (None, true) => json!({ "good": true }),
            (None, false) => {
                let of = |check: &str| {
                    let found = report
                        .further
                        .iter()
                        .filter(|finding| finding.check == check);
                    found
                        .map(|finding| finding.message.clone())
                        .collect::<Vec<_>>()
                };
                json!({ "signatures": of("signature"), "records": of("records") })
            }
        },
    }
}

/// What the inspector's program says to each case; one process for all of them.
fn theirs(base: &Path, anchor: &Anchor, cases: &[Case]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("verify/tamper.py");
    let input = base.with_file_name("cases");
    let mut file = std::fs::File::create(&input).expect("a file");
    let hexed = |lines: &[Vec<u8>]| {
        lines
            .iter()
            .map(|line| millrace_core::audit::hex(line))
            .collect::<Vec<_>>()
    };
    for case in cases {
        let changes: Vec<_> = case
            .changes
            .iter()
            .map(|(from, to, new)| (from, to, hexed(new)))
            .collect();
        writeln!(file, "{}", json!(changes)).expect("written");
    }
    let output = Command::new("python3")
        .arg("-B")
        .arg(script)
        .arg(base)
        .arg(anchor.to_string())
        .stdin(Stdio::from(std::fs::File::open(&input).expect("the cases")))
        .output()
        .expect("python3 runs (test.sh installs it)");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn thousands_of_forgeries_are_found_and_named_by_both_programs() {
    let rig = Rig::start(913).await;
    let base = exported(&rig).await;
    let values: Vec<Value> = base
        .iter()
        .map(|line| serde_json::from_slice(line).expect("JSON"))
        .collect();
    let mut forger = Forger {
        base,
        values,
        seeded: Seeded::new(SEED),
    };
    for (kind, least) in KINDS.into_iter().zip([40, 4, 5, 5]) {
        let count = forger.block(kind).len();
        assert!(count >= least, "{kind}: {count}");
    }
    let rows = forger.block("row");
    let last = &forger.values[rows.end - 1];
    let anchor =
        Anchor::of(number(last, "seq"), last["hash"].as_str().expect("a hash")).expect("an anchor");
    let good = forger.case("untouched".into(), vec![], &[]);
    let mut cases = vec![good, forger.old_form()];
    cases.extend((0..CASES).map(|_| forger.next()));

    let file = rig.folder().join("base.jsonl");
    std::fs::write(&file, cases[0].apply(&forger.base)).expect("written");
    let inspected = theirs(&file, &anchor, &cases);
    assert_eq!(inspected.len(), cases.len());
    let bad = rig.folder().join("bad.jsonl");
    let whole = json!({ "good": true });
    for (number, (case, theirs)) in cases.iter().zip(&inspected).enumerate() {
        std::fs::write(&bad, case.apply(&forger.base)).expect("written");
        let ours = ours(&bad, &anchor);
        if number < 2 {
            assert_eq!((&ours, theirs), (&whole, &whole), "{}", case.what);
            continue;
        }
        let told = format!("{}\nours: {ours}\nthe inspector's: {theirs}", case.what);
        assert!(case.is_named_by(&ours), "not named by ours: {told}");
        assert!(
            case.is_named_by(theirs),
            "not named by the inspector's: {told}"
        );
        // A number that is none for one of them is a wrong one for the other.
        if ours["unreadable"].is_null() && theirs["unreadable"].is_null() {
            assert_eq!(&ours, theirs, "{told}");
        }
    }
}
