//! What an export carries beside the trail, held against it: the signatures and the frozen records. The
//! same questions that `millrace verify` asks of books, as far as a file can answer them: what a
//! signature on a message or on the silo ledger stands on is not in it. Leaves out reading the file (`super::export`).

use std::collections::{BTreeMap, BTreeSet};

use millrace_core::audit::chain::Row;
use millrace_core::deviation::LineKind;
use millrace_core::record::{self, RecordRow, Told};
use millrace_core::signature::content::AcceptedDeviation;
use millrace_core::signature::{FORMAT, ManualWeight, ObjectKind, Signature, Walk};
use millrace_core::signature_told::{Known, SIGNED_ALWAYS, Told as Named};
use millrace_core::units::Grams;
use serde_json::Value;

use super::check::TrailFinding;

/// Who signed what, when and why, as a record tells it.
type Frozen = (String, String, i64, Option<String>, String);

/// What a batch's newest record says of signatures and of what they stand on.
#[derive(Debug, Default)]
struct Facts {
    recipe_hash: String,
    /// By number of the line.
    weights: BTreeMap<i64, String>,
    /// What acceptances of deviations cover; `None` = content of before there were any.
    deviations: Option<BTreeSet<String>>,
    signatures: Vec<Frozen>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Facts {
    /// Of a record whose hash fits: what somebody changed says nothing.
    fn of(content: &str) -> Facts {
        let content: Value = serde_json::from_str(content).unwrap_or_default();
        let facts = &content["facts"];
        let recipe_hash = text(&facts["content_hash"]);
        let list = |name: &str| facts[name].as_array().cloned().unwrap_or_default();
        let weights = list("manual").into_iter().filter_map(|line| {
            let line_no = line["line_no"].as_i64()?;
            let weight = ManualWeight {
                recipe_hash: &recipe_hash,
                line_no,
                material: line["material"].as_str()?,
                planned: Grams(line["planned_g"].as_i64()?),
                actual: Grams(line["actual_g"].as_i64()?),
                by: line["entered_by"].as_str()?,
                at_ms: line["entered_at_ms"].as_i64()?,
            };
            Some((line_no, weight.hash()))
        });
        let weights = weights.collect();
        let deviations = facts["deviations"].as_array().map(|lines| {
            let hashes = lines.iter().filter_map(|line| {
                let accepted = AcceptedDeviation {
                    recipe_hash: &recipe_hash,
                    kind: LineKind::from_word(line["kind"].as_str()?)?,
                    line_no: line["line_no"].as_i64()?,
                    planned: Grams(line["planned_g"].as_i64()?),
                    actual: Grams(line["actual_g"].as_i64()?),
                };
                Some(accepted.hash())
            });
            hashes.collect()
        });
        let signatures = list("signatures").into_iter().map(|one| {
            (
                text(&one["person"]),
                text(&one["meaning"]),
                one["at_ms"].as_i64().unwrap_or_default(),
                one["reason"].as_str().map(str::to_owned),
                text(&one["content_hash"]),
            )
        });
        let signatures = signatures.collect();
        Facts {
            recipe_hash,
            weights,
            deviations,
            signatures,
        }
    }
}

/// Gathers what the trail says, then holds it against what stands beside it.
#[derive(Debug)]
pub(super) struct Beside {
    signatures: Vec<Signature>,
    /// Time and login of each signature that no row was met for yet.
    untold: BTreeSet<(i64, String)>,
    /// Time and object of each signature of a batch.
    signed: BTreeSet<(i64, String)>,
    /// Hashes of the rows that signatures stand on, by number.
    acts: BTreeMap<i64, Option<String>>,
    unsigned: Vec<String>,
    named: Named,
    told: Vec<Told>,
}

impl Beside {
    pub(super) fn new(signatures: Vec<Signature>) -> Beside {
        let of_batch = |s: &Signature| s.batch_id.map(|id| (s.at_ms, record::object(id)));
        let is_act = |s: &&Signature| s.object_kind == ObjectKind::Act.word();
        let new = signatures.iter().filter(|s| s.format == FORMAT);
        Beside {
            untold: new.map(|s| (s.at_ms, s.login.clone())).collect(),
            signed: signatures.iter().filter_map(of_batch).collect(),
            acts: signatures
                .iter()
                .filter(is_act)
                .map(|s| (s.object_id, None))
                .collect(),
            signatures,
            unsigned: Vec::new(),
            named: Named::default(),
            told: Vec::new(),
        }
    }

    /// The next row of the trail.
    pub(super) fn row(&mut self, row: &Row) {
        self.untold.remove(&(row.at_ms, row.actor.clone()));
        if let Some(hash) = self.acts.get_mut(&row.seq) {
            *hash = Some(row.hash.clone());
        }
        let is_signed = || self.signed.contains(&(row.at_ms, row.object.clone()));
        if SIGNED_ALWAYS.contains(&row.action.as_str()) && !is_signed() {
            self.unsigned.push(format!(
                "row {} of the trail ({} of {}) has no signature",
                row.seq, row.action, row.object
            ));
        }
        self.named
            .row(row.seq, &row.action, &row.object, &row.after);
        if row.action == record::ACTION {
            self.told.push(Told {
                seq: row.seq,
                at_ms: row.at_ms,
                object: row.object.clone(),
                after: row.after.clone(),
            });
        }
    }

    /// Everything that does not fit, signatures first.
    ///
    /// # Errors
    /// What reading a record answers.
    pub(super) fn findings(
        mut self,
        records: impl Iterator<Item = Result<RecordRow, String>>,
    ) -> Result<Vec<TrailFinding>, String> {
        let mut facts: BTreeMap<i64, Facts> = BTreeMap::new();
        let records = records.inspect(|row| {
            if let Ok(row) = row
                && row.expected_hash() == row.hash
            {
                facts.insert(row.batch_id, Facts::of(&row.content));
            }
        });
        let faults = record::walk(records, std::mem::take(&mut self.told))?;
        let mut found = self.of_signatures(&facts);
        let mut of_records: Vec<String> = faults.iter().map(ToString::to_string).collect();
        for (id, facts) in &facts {
            let object = record::object(*id);
            let of_batch = |s: &&Signature| s.batch_id == Some(*id);
            let told = self.signatures.iter().filter(of_batch).map(|s| {
                (
                    s.person.clone(),
                    s.meaning.clone(),
                    s.at_ms,
                    s.reason.clone(),
                    s.content_hash.clone(),
                )
            });
            if faults.iter().all(|fault| fault.object != object)
                && !told.eq(facts.signatures.clone())
            {
                of_records.push(format!(
                    "{object}: the signatures are not those that its record froze"
                ));
            }
        }
        let finding = |check: &str, message| TrailFinding {
            check: check.to_owned(),
            message,
        };
        let mut all: Vec<TrailFinding> = found
            .drain(..)
            .map(|message| finding("signature", message))
            .collect();
        all.extend(
            of_records
                .into_iter()
                .map(|message| finding("records", message)),
        );
        Ok(all)
    }

    /// What a signature stands on, as the file tells it; its own word where the file cannot.
    fn content(&self, signature: &Signature, facts: &BTreeMap<i64, Facts>) -> Option<String> {
        let own = || Some(signature.content_hash.clone());
        let id = signature.object_id;
        match ObjectKind::from_word(&signature.object_kind) {
            None => None,
            Some(ObjectKind::Message | ObjectKind::SiloMovement) => own(),
            Some(ObjectKind::Deviation) => signature
                .batch_id
                .and_then(|batch| facts.get(&batch))
                .and_then(|facts| facts.deviations.as_ref())
                .map_or_else(own, |hashes| hashes.get(&signature.content_hash).cloned()),
            Some(ObjectKind::Act) => self.acts.get(&id).cloned().flatten(),
            Some(ObjectKind::Batch) => facts
                .get(&id)
                .map_or_else(own, |facts| Some(facts.recipe_hash.clone())),
            Some(ObjectKind::ManualLine) => signature
                .batch_id
                .and_then(|batch| facts.get(&batch))
                .map_or_else(own, |facts| facts.weights.get(&id).cloned()),
        }
    }

    fn of_signatures(&self, facts: &BTreeMap<i64, Facts>) -> Vec<String> {
        let mut walk = Walk::default();
        let mut found = Vec::new();
        for signature in &self.signatures {
            let content = self.content(signature, facts);
            found.extend(walk.step(signature, content.as_deref()));
            let teller = (signature.at_ms, signature.login.clone());
            if signature.format == FORMAT && self.untold.contains(&teller) {
                found.push(format!(
                    "signature {} ({} by {}): the trail does not tell of it",
                    signature.id, signature.meaning, signature.person
                ));
            }
        }
        found.extend(self.unsigned.iter().cloned());
        found.extend(self.named.findings(self.signatures.iter().map(Known::from)));
        found
    }
}
