//! Forgeries of a trail, of every kind and many of each: all are found, and the first bad row is named.

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::seal::{Sealer, fingerprint};
use super::*;

const SITE: &str = "north";

#[derive(Debug, Clone)]
struct Trail {
    rows: Vec<Row>,
    keys: Vec<SealKey>,
    seals: Vec<Seal>,
}

fn sealer(n: u8) -> Sealer {
    Sealer::new(&[n; 32], SITE)
}

impl Trail {
    fn push(&mut self, action: &str, object: &str, after: &str) {
        let prev = self
            .rows
            .last()
            .map_or(GENESIS, |row| row.hash.as_str())
            .to_owned();
        let seq = i64::try_from(self.rows.len()).expect("few") + 1;
        let is_old = seq <= 7;
        let mut row = Row {
            format: if is_old { 1 } else { 2 },
            seq,
            at_ms: 1_795_348_800_000 + seq * 1_000,
            actor: "Supervisor 1".into(),
            action: action.into(),
            object: object.into(),
            before: "{\"run\":\"idle\"}".into(),
            after: after.into(),
            reason: format!("because {seq}"),
            station: if is_old {
                String::new()
            } else {
                "panel-1".into()
            },
            prev_hash: prev.clone(),
            hash: String::new(),
        };
        row.hash = row.hash_after(&prev).expect("a known format");
        self.rows.push(row);
    }

    fn add_key(&mut self, n: u8) {
        let public_key = sealer(n).public_key();
        let key_no = i64::try_from(self.keys.len()).expect("few") + 1;
        self.push(KEY_ACTION, &key_object(key_no), &key_after(&public_key));
        let row = self.rows.last().expect("just added");
        self.keys.push(SealKey {
            key_no,
            site: SITE.into(),
            public_key,
            since_ms: row.at_ms,
            audit_seq: row.seq,
        });
        self.seal(n, SealCause::Key);
    }

    fn seal(&mut self, n: u8, cause: SealCause) {
        let row = self.rows.last().expect("rows");
        let seal = Seal {
            seal_no: i64::try_from(self.seals.len()).expect("few") + 1,
            seq: row.seq,
            hash: row.hash.clone(),
            at_ms: row.at_ms + 5,
            cause: cause.word().into(),
            key_no: i64::try_from(self.keys.len()).expect("few"),
            signature: String::new(),
        };
        let prev = self.seals.last().map_or("", |seal| seal.signature.as_str());
        let seal = sealer(n).sign(seal, prev);
        self.seals.push(seal);
    }

    /// Rows of the old format, a key, seals, a second key, more seals; sealed to its end.
    fn good() -> Trail {
        let mut trail = Trail {
            rows: Vec::new(),
            keys: Vec::new(),
            seals: Vec::new(),
        };
        for n in 0..9 {
            trail.push(
                "batch_approve",
                &format!("batch:{n}"),
                "{\"release\":\"approved\"}",
            );
        }
        trail.add_key(1);
        for n in 0..10 {
            trail.push(
                "batch_start",
                &format!("batch:{n}"),
                "{\"run\":\"downloading\"}",
            );
            if n % 4 == 3 {
                trail.seal(1, SealCause::Rows);
            }
        }
        trail.add_key(2);
        for n in 0..10 {
            trail.push(
                "engine_store_final",
                &format!("batch:{n}"),
                "{\"run\":\"complete\"}",
            );
            if n % 3 == 0 {
                trail.seal(2, SealCause::Batch);
            }
        }
        trail
    }

    fn check(&self) -> Verdict {
        self.check_with(&Expect::default())
    }

    fn check_with(&self, expect: &Expect) -> Verdict {
        let rows = self.rows.iter().cloned().map(Ok::<_, ()>);
        let seals = self.seals.iter().cloned().map(Ok);
        walk(expect, &self.keys, rows, seals).expect("nothing to fail")
    }

    /// Hashes everything from a row on, as whoever forges it must.
    fn rehash_from(&mut self, at: usize) {
        for n in at..self.rows.len() {
            let prev = n
                .checked_sub(1)
                .map_or(GENESIS, |before| &self.rows[before].hash)
                .to_owned();
            let row = &mut self.rows[n];
            row.seq = i64::try_from(n).expect("few") + 1;
            row.hash = row.hash_after(&prev).expect("a known format");
            row.prev_hash = prev;
        }
    }

    /// The seal that covers a row: its first and its last row.
    fn sealed_range(&self, row: i64) -> (i64, i64) {
        let at = self
            .seals
            .iter()
            .position(|seal| seal.seq >= row)
            .expect("sealed to its end");
        let from = at
            .checked_sub(1)
            .map_or(1, |before| self.seals[before].seq + 1);
        (from, self.seals[at].seq)
    }
}

/// Flips one byte of a number.
fn flip_number(number: &mut i64, at: usize, by: u8) {
    let mut bytes = number.to_le_bytes();
    bytes[at % 8] ^= by;
    *number = i64::from_le_bytes(bytes);
}

/// Flips one byte of a text, so that it stays a text; an empty one gets a byte.
fn flip_text(text: &mut String, at: usize, by: u8) {
    let mut bytes = text.clone().into_bytes();
    if bytes.is_empty() {
        bytes.push(by & 0x7f);
    } else {
        let at = at % bytes.len();
        bytes[at] ^= (by & 0x7f).max(1);
    }
    *text = String::from_utf8(bytes).expect("seven bits");
}

fn flip_row(row: &mut Row, column: usize, at: usize, by: u8) {
    match column % 12 {
        0 => flip_number(&mut row.format, at, by),
        1 => flip_number(&mut row.seq, at, by),
        2 => flip_number(&mut row.at_ms, at, by),
        3 => flip_text(&mut row.actor, at, by),
        4 => flip_text(&mut row.action, at, by),
        5 => flip_text(&mut row.object, at, by),
        6 => flip_text(&mut row.before, at, by),
        7 => flip_text(&mut row.after, at, by),
        8 => flip_text(&mut row.reason, at, by),
        9 => flip_text(&mut row.station, at, by),
        10 => flip_text(&mut row.prev_hash, at, by),
        _ => flip_text(&mut row.hash, at, by),
    }
}

fn flip_seal(seal: &mut Seal, column: usize, at: usize, by: u8) {
    match column % 7 {
        0 => flip_number(&mut seal.seal_no, at, by),
        1 => flip_number(&mut seal.seq, at, by),
        2 => flip_text(&mut seal.hash, at, by),
        3 => flip_number(&mut seal.at_ms, at, by),
        4 => flip_text(&mut seal.cause, at, by),
        5 => flip_number(&mut seal.key_no, at, by),
        _ => flip_text(&mut seal.signature, at, by),
    }
}

#[test]
fn a_good_trail_is_good_to_its_end() {
    let trail = Trail::good();
    let verdict = trail.check();
    assert_eq!(verdict.fault, None);
    assert_eq!((verdict.rows, verdict.seals), (31, 8));
    assert_eq!(verdict.head, trail.rows[30].hash);
    let sealed = verdict.sealed.expect("sealed");
    assert_eq!((sealed.seq, sealed.key_no), (31, 2));
    assert_eq!(fingerprint(&trail.keys[0].public_key).len(), 39);
}

#[test]
fn a_trail_without_rows_is_good() {
    let empty = Trail {
        rows: Vec::new(),
        keys: Vec::new(),
        seals: Vec::new(),
    };
    assert_eq!(empty.check().fault, None);
}

/// Every byte of every column of every row, one bit each.
#[test]
fn each_byte_of_each_row_counts_and_its_row_is_named() {
    let good = Trail::good();
    let mut mutants = 0;
    for n in 0..good.rows.len() {
        for column in 0..12 {
            for at in 0..70 {
                let mut trail = good.clone();
                flip_row(&mut trail.rows[n], column, at, 1);
                if trail.rows[n].seq != good.rows[n].seq {
                    trail.rows.sort_by_key(|row| row.seq);
                }
                let fault = trail
                    .check()
                    .fault
                    .unwrap_or_else(|| panic!("row {n} column {column} byte {at}"));
                let expected = i64::try_from(n).expect("few") + 1;
                assert!(fault.row() <= expected, "{fault}");
                // A number that became another one is named by the first place where it shows.
                if column != 1 {
                    assert_eq!(fault.row(), expected, "column {column}: {fault}");
                }
                mutants += 1;
            }
        }
    }
    assert_eq!(mutants, 31 * 12 * 70);
}

/// Every byte of every column of every seal and key.
#[test]
fn each_byte_of_each_seal_and_key_counts() {
    let good = Trail::good();
    for n in 0..good.seals.len() {
        for column in 0..7 {
            for at in 0..128 {
                let mut trail = good.clone();
                flip_seal(&mut trail.seals[n], column, at, 1);
                trail.seals.sort_by_key(|seal| seal.seal_no);
                let fault = trail
                    .check()
                    .fault
                    .unwrap_or_else(|| panic!("seal {n} column {column} byte {at}"));
                assert!(fault.row() <= good.seals[n].seq + 1, "{fault}");
            }
        }
    }
    for n in 0..good.keys.len() {
        for at in 0..64 {
            let mut changed: [Trail; 5] = std::array::from_fn(|_| good.clone());
            flip_number(&mut changed[0].keys[n].key_no, at, 1);
            flip_text(&mut changed[1].keys[n].public_key, at, 1);
            flip_number(&mut changed[2].keys[n].since_ms, at, 1);
            flip_number(&mut changed[3].keys[n].audit_seq, at, 1);
            flip_text(&mut changed[4].keys[n].site, at, 1);
            for trail in changed {
                assert!(
                    trail.check().fault.is_some(),
                    "key {n} byte {at}: {:?}",
                    trail.keys
                );
            }
        }
    }
}

#[test]
fn a_seal_or_a_key_that_is_gone_is_found() {
    let good = Trail::good();
    // The newest seals are the ones that only an anchor misses.
    for n in 0..good.seals.len() - 1 {
        let mut trail = good.clone();
        trail.seals.remove(n);
        assert!(trail.check().fault.is_some(), "seal {}", n + 1);
    }
    for n in 0..good.keys.len() {
        let mut trail = good.clone();
        trail.keys.remove(n);
        assert!(trail.check().fault.is_some(), "key {}", n + 1);
    }
    let mut trail = good;
    trail.seals.clear();
    assert!(trail.check().fault.is_some(), "no seal at all");
}

#[test]
fn a_tail_that_was_cut_is_found_by_its_seal_and_with_its_seals_by_an_anchor() {
    let good = Trail::good();
    for keep in 0..good.rows.len() {
        let mut trail = good.clone();
        trail.rows.truncate(keep);
        let fault = trail
            .check()
            .fault
            .unwrap_or_else(|| panic!("cut to {keep}"));
        let first_missing = i64::try_from(keep).expect("few") + 1;
        assert_eq!(fault.row(), first_missing, "{fault}");
        // With the seals and the keys cut in the same place nothing inside tells it.
        let last = trail.rows.last().map_or(0, |row| row.seq);
        trail.seals.retain(|seal| seal.seq <= last);
        trail.keys.retain(|key| key.audit_seq <= last);
        let head = good.rows.last().expect("rows");
        let expect = Expect {
            anchors: vec![Anchor::of(head.seq, &head.hash).expect("a row")],
            ..Expect::default()
        };
        let fault = trail
            .check_with(&expect)
            .fault
            .unwrap_or_else(|| panic!("cut to {keep}"));
        assert_eq!(fault.row(), first_missing, "{fault}");
    }
}

#[test]
fn a_whole_file_made_anew_with_another_key_is_found_by_the_public_key_and_by_an_anchor() {
    let good = Trail::good();
    let mut forged = good.clone();
    forged.rows[2].reason = "never said".into();
    let after = key_after(&sealer(9).public_key());
    forged.rows[9].after = after;
    forged.keys[0].public_key = sealer(9).public_key();
    let keys = std::mem::take(&mut forged.keys);
    let seals = std::mem::take(&mut forged.seals);
    forged.rows.truncate(20);
    forged.rehash_from(2);
    forged.keys.push(keys[0].clone());
    for seal in seals.iter().filter(|seal| seal.seq <= 20) {
        let prev = forged
            .seals
            .last()
            .map_or("", |seal| seal.signature.as_str())
            .to_owned();
        let hash = forged.rows[usize::try_from(seal.seq).expect("few") - 1]
            .hash
            .clone();
        let seal = Seal {
            hash,
            ..seal.clone()
        };
        forged.seals.push(sealer(9).sign(seal, &prev));
    }
    assert_eq!(
        forged.check().fault,
        None,
        "a perfect forgery agrees with itself"
    );
    let with_key = Expect {
        public_keys: vec![good.keys[0].public_key.clone()],
        ..Expect::default()
    };
    assert_eq!(
        forged.check_with(&with_key).fault,
        Some(Fault::OtherKey { row: 1 })
    );
    let row = &good.rows[5];
    let with_anchor = Expect {
        anchors: vec![Anchor::of(row.seq, &row.hash).expect("a row")],
        ..Expect::default()
    };
    let fault = forged.check_with(&with_anchor).fault.expect("found");
    assert!(matches!(fault, Fault::Anchored { row: 6, .. }), "{fault}");
    assert_eq!(good.check_with(&with_anchor).anchors, 1);
    let newest = Expect {
        public_keys: vec![good.keys[1].public_key.clone()],
        ..Expect::default()
    };
    assert_eq!(
        good.check_with(&newest).fault,
        None,
        "the newest key vouches for all before"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_byte_of_any_row_in_any_way(row in any::<Index>(), column in 0_usize..12, at in 0_usize..512, by in 1_u8..=255) {
        let good = Trail::good();
        let mut trail = good.clone();
        let n = row.index(trail.rows.len());
        flip_row(&mut trail.rows[n], column, at, by);
        trail.rows.sort_by_key(|row| row.seq);
        // A text's eighth bit alone is no change of ours: such bytes are no text, and storage says so.
        prop_assume!(trail.rows != good.rows);
        let fault = trail.check().fault;
        prop_assert!(fault.is_some_and(|fault| fault.row() <= good.rows[n].seq));
    }

    #[test]
    fn a_row_taken_out_put_in_or_swapped(row in any::<Index>(), other in any::<Index>(), kind in 0..4) {
        let good = Trail::good();
        let mut trail = good.clone();
        let (n, m) = (row.index(31), other.index(31));
        let first = i64::try_from(n.min(m)).expect("few") + 1;
        match kind {
            0 => { trail.rows.remove(n); }
            1 => {
                // Put in behind, numbers moved on, and all hashed again: only the seals know.
                let copy = trail.rows[n].clone();
                trail.rows.insert(n, Row { reason: "put in".into(), ..copy });
                trail.rehash_from(n);
            }
            2 => {
                prop_assume!(n != m);
                trail.rows.swap(n, m);
                let (a, b) = (trail.rows[n].seq, trail.rows[m].seq);
                (trail.rows[n].seq, trail.rows[m].seq) = (b, a);
            }
            _ => {
                // Taken out, numbers closed up, and all hashed again.
                prop_assume!(n < 30);
                trail.rows.remove(n);
                trail.rehash_from(n);
            }
        }
        let fault = trail.check().fault;
        prop_assert!(fault.is_some(), "kind {kind} {n} {m}");
        let named = fault.map_or(0, |fault| fault.row());
        let at = i64::try_from(n).expect("few") + 1;
        match kind {
            0 => prop_assert_eq!(named, at),
            2 => prop_assert_eq!(named, first),
            _ => {
                let (from, to) = good.sealed_range(at);
                prop_assert!((from..=to + 1).contains(&named), "{} of {}..{}", named, from, to);
            }
        }
    }

    #[test]
    fn a_file_hashed_anew_is_found_in_the_sealed_stretch(row in any::<Index>(), by in 1_u8..128) {
        let good = Trail::good();
        let mut trail = good.clone();
        let n = row.index(31);
        flip_text(&mut trail.rows[n].reason, 3, by);
        trail.rehash_from(n);
        let (from, to) = good.sealed_range(i64::try_from(n).expect("few") + 1);
        let fault = trail.check().fault.expect("found");
        prop_assert!(matches!(fault, Fault::Rewritten { row, to: end, .. } if row == from && end == to), "{fault}");
        // With the seals' hashes set to match, their signatures do not.
        for seal in &mut trail.seals {
            seal.hash = trail.rows[usize::try_from(seal.seq).expect("few") - 1].hash.clone();
        }
        let fault = trail.check().fault.expect("found");
        prop_assert!(matches!(fault, Fault::SealForged { row, to: end, .. } if row == from && end == to), "{fault}");
    }
}
