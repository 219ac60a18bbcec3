//! Frozen records, changed in every way that somebody with the file can.

use std::convert::Infallible;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// Three batches with one, two and three revisions, and the rows that tell of them.
fn good() -> (Vec<RecordRow>, Vec<Told>) {
    let (mut rows, mut told) = (Vec::new(), Vec::new());
    let mut seq = 10;
    for batch_id in 1..=3_i64 {
        let mut prev_hash = String::new();
        for revision in 1..=batch_id {
            seq += 3;
            let mut row = RecordRow {
                batch_id,
                revision,
                at_ms: 1_795_348_800_000 + seq,
                content: format!("{{\"format\":\"{FORMAT}\",\"n\":{seq}}}"),
                prev_hash,
                hash: String::new(),
                audit_seq: seq,
            };
            row.hash = row.expected_hash();
            prev_hash = row.hash.clone();
            told.push(Told {
                seq,
                at_ms: row.at_ms,
                object: object(batch_id),
                after: after(revision, &row.hash),
            });
            rows.push(row);
        }
    }
    (rows, told)
}

/// As the books hand them out: by batch and revision.
fn faults(mut rows: Vec<RecordRow>, told: Vec<Told>) -> Vec<RecordFault> {
    rows.sort_by_key(|row| (row.batch_id, row.revision));
    let rows = rows.into_iter().map(Ok::<_, Infallible>);
    walk(rows, told).unwrap_or_else(|never| match never {})
}

fn flip(text: &mut String, at: usize, by: u8) {
    let mut bytes = text.clone().into_bytes();
    if bytes.is_empty() {
        bytes.push(by);
    } else {
        let at = at % bytes.len();
        bytes[at] ^= by;
    }
    // Bytes that are no text are read as another text; here their digits do.
    *text = String::from_utf8(bytes).unwrap_or_else(|bad| crate::audit::hex(bad.as_bytes()));
}

#[test]
fn good_records_are_good() {
    let (rows, told) = good();
    assert_eq!(faults(rows, told), []);
    assert_eq!(faults(Vec::new(), Vec::new()), []);
}

/// Somebody who hashes a record anew cannot make the trail tell of it.
#[test]
fn a_record_hashed_anew_is_named_and_so_is_every_one_behind_it() {
    let (mut rows, told) = good();
    for row in rows.iter_mut().filter(|row| row.batch_id == 3) {
        row.content.push(' ');
        row.hash = row.expected_hash();
    }
    let found = faults(rows, told);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].object.as_str(), found[0].revision),
        ("batch:3", 1)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_byte_of_any_record_is_found_and_its_batch_named(row in any::<Index>(), column in 0_usize..7, at in 0_usize..512, by in 1_u8..=255) {
        let (mut rows, told) = good();
        let n = row.index(rows.len());
        let row = &mut rows[n];
        let (object, revision) = (object(row.batch_id), row.revision);
        let number = |number: &mut i64| *number ^= i64::from(by) << (at % 7 * 8);
        match column {
            0 => number(&mut row.batch_id),
            1 => number(&mut row.revision),
            2 => number(&mut row.at_ms),
            3 => flip(&mut row.content, at, by),
            4 => flip(&mut row.prev_hash, at, by),
            5 => flip(&mut row.hash, at, by),
            _ => number(&mut row.audit_seq),
        }
        let found = faults(rows, told);
        prop_assert!(found.iter().any(|fault| fault.object == object), "{found:?}");
        if (2..=6).contains(&column) {
            let named: Vec<_> = found.iter().filter(|fault| fault.object == object).collect();
            prop_assert_eq!(named[0].revision, revision);
        }
    }

    #[test]
    fn a_record_taken_out_put_in_or_swapped_is_found(row in any::<Index>(), other in any::<Index>(), kind in 0..3) {
        let (mut rows, told) = good();
        let (row, other) = (row.index(rows.len()), other.index(rows.len()));
        let object = object(rows[row].batch_id);
        match kind {
            0 => drop(rows.remove(row)),
            1 => {
                let mut copy = rows[row].clone();
                copy.revision += 1;
                copy.hash = copy.expected_hash();
                rows.push(copy);
            }
            _ => {
                prop_assume!(row != other);
                let content = rows[row].content.clone();
                rows[row].content = rows[other].content.clone();
                rows[other].content = content;
            }
        }
        let found = faults(rows, told);
        prop_assert!(found.iter().any(|fault| fault.object == object), "{found:?}");
    }
}
