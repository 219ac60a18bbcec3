//! The policy by itself, and what the real frame parser makes of what it does.

use millrace_field::plc::fins::frame::{
    Awaited, Nodes, encode_read, encode_response, encode_write, parse_command, parse_response,
};

use super::*;

const NODES: Nodes = Nodes { local: 1, plc: 2 };
const SID: u8 = 7;
const WORDS: [u16; 4] = [1, 34_464, 101, 0];

fn read_answer() -> Vec<u8> {
    let request = encode_read(NODES, SID, 6_025, 4).expect("inside");
    encode_response(&parse_command(&request).expect("a command"), 0, &WORDS)
}

fn write_answer() -> Vec<u8> {
    let request = encode_write(NODES, SID, 6_076, &[1]).expect("inside");
    encode_response(&parse_command(&request).expect("a command"), 0, &[])
}

fn modbus_answer() -> Vec<u8> {
    vec![0, 9, 0, 0, 0, 7, 1, 3, 4, 0, 42, 0, 43]
}

fn only(kind: WireKind, permille: u16) -> WireFaults {
    let mut faults = WireFaults::new(11);
    faults.set_rate(kind, permille);
    faults
}

fn run(mut faults: WireFaults) -> (Vec<RequestFate>, Vec<Vec<Delivery>>, WireFaults) {
    let mut lane = Lane::default();
    let (mut fates, mut out) = (Vec::new(), Vec::new());
    for _ in 0..400 {
        fates.push(faults.request());
        out.push(faults.answer(&mut lane, Framing::Fins, &read_answer()));
    }
    (fates, out, faults)
}

#[test]
fn a_good_network_delivers_every_frame_once_and_at_once() {
    let (fates, out, faults) = run(WireFaults::new(3));
    assert!(fates.iter().all(|fate| *fate == RequestFate::Once));
    assert!(out.iter().all(|one| *one == [now(read_answer(), false)]));
    assert!(WireKind::ALL.iter().all(|kind| faults.count(*kind) == 0));
}

#[test]
fn the_same_seed_gives_the_same_sequence_and_another_does_not() {
    for level in [Level::Mild, Level::Rough, Level::Wild] {
        let once = run(WireFaults::from_seed(5, level));
        assert_eq!(once, run(WireFaults::from_seed(5, level)));
        assert_ne!(once, run(WireFaults::from_seed(6, level)));
    }
}

#[test]
fn switching_one_kind_does_not_shift_the_others() {
    let (_, dropped, _) = run(only(WireKind::Drop, 200));
    let mut both = only(WireKind::Drop, 200);
    both.set_rate(WireKind::Delay, 500);
    let (_, also, _) = run(both);
    let lost = |out: &[Vec<Delivery>]| out.iter().map(Vec::is_empty).collect::<Vec<_>>();
    assert_eq!(lost(&dropped), lost(&also));
}

#[test]
fn a_rate_is_the_share_of_frames_and_is_counted() {
    for kind in WireKind::ALL {
        let (fates, out, faults) = run(only(kind, 100));
        let on_requests = fates.iter().filter(|f| **f != RequestFate::Once).count();
        let count = usize::try_from(faults.count(kind)).expect("small");
        assert!(count > on_requests, "{kind:?}: {count}");
        let touched = count - on_requests;
        assert!((15..80).contains(&touched), "{kind:?}: {touched} of 400");
        let whole = out
            .iter()
            .filter(|one| **one == [now(read_answer(), false)]);
        assert!(whole.count() < 400, "{kind:?} shows");
        let (fates, _, never) = run(only(kind, 0));
        assert!(fates.iter().all(|f| *f == RequestFate::Once) && never.count(kind) == 0);
    }
}

#[test]
fn what_always_strikes_strikes_every_frame() {
    let (fates, out, _) = run(only(WireKind::Drop, 1_000));
    assert!(
        fates
            .iter()
            .all(|f| *f == RequestFate::Lost && f.times() == 0)
    );
    assert!(out.iter().all(Vec::is_empty));
    let (fates, out, _) = run(only(WireKind::Duplicate, 1_000));
    assert!(fates.iter().all(|f| *f == RequestFate::Twice));
    assert!(out.iter().all(|one| one.len() == 2 && one[0] == one[1]));
    let (_, out, _) = run(only(WireKind::Delay, 1_000));
    let most = out.iter().map(|one| one[0].after).max().expect("some");
    assert!(most <= Duration::from_millis(300) && most > Duration::from_millis(200));
}

#[test]
fn a_held_answer_comes_after_the_next_of_its_lane() {
    let mut faults = only(WireKind::Reorder, 1_000);
    let (mut lane, mut other) = (Lane::default(), Lane::default());
    assert!(faults.answer(&mut lane, Framing::Fins, &[1; 20]).is_empty());
    faults.clear();
    assert_eq!(faults.answer(&mut other, Framing::Fins, &[9; 20]).len(), 1);
    assert!(!lane.is_empty());
    let next = faults.answer(&mut lane, Framing::Fins, &[2; 20]);
    let bytes: Vec<_> = next.into_iter().map(|d| d.bytes).collect();
    assert_eq!(bytes, [[2; 20], [1; 20]]);
    assert!(lane.is_empty());
}

/// What the driver's parser takes from everything that one kind makes of an answer.
fn taken(kind: WireKind, answer: &[u8], words: Option<u16>) -> Vec<Vec<u16>> {
    let awaited = Awaited {
        nodes: NODES,
        sid: SID,
        read_words: words,
    };
    let (mut faults, mut lane) = (only(kind, 1_000), Lane::default());
    (0..2_000)
        .flat_map(|_| faults.answer(&mut lane, Framing::Fins, answer))
        .filter(|delivery| delivery.foreign == (kind == WireKind::Foreign))
        .filter_map(|delivery| parse_response(&delivery.bytes, &awaited).ok())
        .filter(|answer| answer.end.is_ok())
        .map(|answer| answer.words)
        .collect()
}

#[test]
fn a_cut_garbled_or_foreign_frame_never_becomes_a_wrong_value() {
    assert_eq!(taken(WireKind::Truncate, &read_answer(), Some(4)).len(), 0);
    assert_eq!(taken(WireKind::Foreign, &read_answer(), Some(4)).len(), 0);
    assert_eq!(taken(WireKind::Truncate, &write_answer(), None).len(), 0);
    assert_eq!(taken(WireKind::Foreign, &write_answer(), None).len(), 0);
    // Header bytes that nobody reads may differ; the values are the right ones then.
    let read = taken(WireKind::GarbleHeader, &read_answer(), Some(4));
    assert!(read.len() < 1_500, "{} of 2000", read.len());
    assert!(read.iter().all(|words| *words == WORDS));
}

#[test]
fn a_wrong_payload_bit_passes_every_check_of_fins_and_is_exactly_one() {
    let read = taken(WireKind::GarblePayload, &read_answer(), Some(4));
    assert_eq!(read.len(), 2_000);
    for words in read {
        let bits: u32 = words
            .iter()
            .zip(WORDS)
            .map(|(a, b)| (a ^ b).count_ones())
            .sum();
        assert_eq!(bits, 1);
    }
    let mut faults = only(WireKind::GarblePayload, 1_000);
    let answer = faults.answer(&mut Lane::default(), Framing::Fins, &write_answer());
    assert_eq!(answer[0].bytes, write_answer());
    assert_eq!(faults.count(WireKind::GarblePayload), 0);
}

#[test]
fn a_damaged_modbus_frame_keeps_the_stream_in_step() {
    for kind in WireKind::ALL {
        let (mut faults, mut lane) = (only(kind, 1_000), Lane::default());
        for _ in 0..500 {
            for one in faults.answer(&mut lane, Framing::Modbus, &modbus_answer()) {
                let said = usize::from(u16::from_be_bytes([one.bytes[4], one.bytes[5]]));
                assert_eq!(said + 6, one.bytes.len(), "{kind:?} {:02X?}", one.bytes);
                assert!(!one.foreign || one.bytes[..2] != [0, 9]);
            }
        }
    }
}

#[test]
fn half_open_strikes_so_many_connections_or_every_one_until_it_is_ended() {
    let mut faults = WireFaults::new(1);
    assert!(!faults.connection_dies());
    faults.set_half_open(Some(2));
    let died: Vec<_> = (0..4).map(|_| faults.connection_dies()).collect();
    assert_eq!(died, [true, true, false, false]);
    assert!(!faults.is_half_open());
    faults.set_half_open(Some(0));
    assert!((0..50).all(|_| faults.connection_dies()));
    faults.clear();
    assert!(!faults.connection_dies());
    assert_eq!(faults.half_opened(), 52);
}
