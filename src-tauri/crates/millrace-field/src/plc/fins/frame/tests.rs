//! The recorded frames byte for byte, the strict reading of answers, and the PLC's side.

use super::*;

const FRAMES: &str = include_str!("../../../../../../../tests/fixtures/plc/fins_frames.csv");
const CODES: &str = include_str!("../../../../../../../tests/fixtures/plc/fins_end_codes.csv");
const NODES: Nodes = Nodes { local: 1, plc: 2 };

fn recorded(what: &str) -> Vec<u8> {
    let line = FRAMES
        .lines()
        .find(|line| line.trim_start_matches('"').starts_with(what))
        .expect("a recorded frame");
    let hex = line
        .split(',')
        .find(|cell| cell.len() > 5 && cell.bytes().all(|b| b == b' ' || b.is_ascii_hexdigit()))
        .expect("a column of bytes");
    hex.split_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16).expect("hex"))
        .collect()
}

fn read_awaited(sid: u8, words: u16) -> Awaited {
    Awaited {
        nodes: NODES,
        sid,
        read_words: Some(words),
    }
}

fn write_awaited(sid: u8) -> Awaited {
    Awaited {
        nodes: NODES,
        sid,
        read_words: None,
    }
}

#[test]
fn our_requests_are_the_recorded_ones() {
    assert_eq!(
        encode_read(NODES, 0x21, 6_000, 77),
        Ok(recorded("request: read 77"))
    );
    assert_eq!(
        encode_write(NODES, 0x24, 6_076, &[1]),
        Ok(recorded("request: write 0001"))
    );
    assert_eq!(
        encode_write(NODES, 0x25, 7_076, &[0]),
        Ok(recorded("request: write 0000"))
    );
}

#[test]
fn recorded_answers_give_their_words_and_marks() {
    let cases = [
        ("response: 2 words", 0x22, 0x0000, false, false),
        (
            "response: same data, CPU has a non-fatal",
            0x22,
            0x0040,
            true,
            false,
        ),
        (
            "response: same data, CPU has a fatal",
            0x22,
            0x0080,
            false,
            true,
        ),
    ];
    for (what, sid, raw, warning, fatal) in cases {
        let answer = parse_response(&recorded(what), &read_awaited(sid, 2)).expect(what);
        assert_eq!(answer.words, [1, 0], "{what}");
        assert_eq!(answer.end, EndCode(raw));
        assert!(answer.end.is_ok());
        assert_eq!(
            (answer.end.cpu_warning(), answer.end.cpu_fatal()),
            (warning, fatal),
            "{what}"
        );
    }
    let answer =
        parse_response(&recorded("response: write done"), &write_awaited(0x25)).expect("an answer");
    assert!(answer.end.is_ok() && answer.end.relay_error() && answer.end.cpu_warning());
    assert!(
        parse_response(&recorded("response: write accepted"), &write_awaited(0x25))
            .expect("an answer")
            .end
            .is_ok()
    );
    for (what, awaited, code) in [
        ("response: address range", read_awaited(0x23, 77), 0x1104),
        ("response: write refused", write_awaited(0x25), 0x2102),
    ] {
        let answer = parse_response(&recorded(what), &awaited).expect(what);
        assert_eq!((answer.end.code(), answer.words.len()), (code, 0));
        assert!(!answer.end.is_ok());
    }
}

#[test]
fn what_is_not_the_awaited_answer_is_not_taken() {
    let good = recorded("response: 2 words");
    let awaited = read_awaited(0x22, 2);
    assert!(parse_response(&good, &awaited).is_ok());
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        parse_response(&bytes, &awaited)
    };
    assert_eq!(with(0, 0x80), Err(NotOurs::NotAnAnswer));
    assert_eq!(with(4, 9), Err(NotOurs::Nodes));
    assert_eq!(with(7, 9), Err(NotOurs::Nodes));
    assert_eq!(with(9, 0x21), Err(NotOurs::Late(0x21)));
    assert_eq!(with(11, 2), Err(NotOurs::Command));
    assert_eq!(with(11, 4), Err(NotOurs::Command));
    for icf in [0xC1, 0x40, 0x41] {
        assert!(
            with(0, icf).is_ok(),
            "makers differ in the other bits: {icf:02X}"
        );
    }
    for length in 0..good.len() {
        assert!(
            parse_response(&good[..length], &awaited).is_err(),
            "{length} bytes"
        );
    }
    let mut long = good.clone();
    long.push(0);
    assert_eq!(
        parse_response(&long, &awaited),
        Err(NotOurs::Length {
            found: 19,
            expected: 18
        })
    );
    assert_eq!(
        parse_response(&good, &read_awaited(0x22, 3)),
        Err(NotOurs::Length {
            found: 18,
            expected: 20
        })
    );
}

#[test]
fn the_recorded_foreign_and_late_answers_are_not_taken() {
    let awaited = read_awaited(0x21, 77);
    assert_eq!(
        parse_response(&recorded("FOREIGN"), &awaited),
        Err(NotOurs::Command)
    );
    assert_eq!(
        parse_response(&recorded("response: late"), &awaited),
        Err(NotOurs::Late(0x20))
    );
}

#[test]
fn a_request_that_no_frame_can_say_is_refused() {
    assert_eq!(
        encode_read(NODES, 1, 0, 0),
        Err(FrameError::Count { count: 0, max: 999 })
    );
    assert_eq!(
        encode_read(NODES, 1, 0, 1_000),
        Err(FrameError::Count {
            count: 1_000,
            max: 999
        })
    );
    assert_eq!(
        encode_read(NODES, 1, 32_767, 2),
        Err(FrameError::Range {
            addr: 32_767,
            count: 2
        })
    );
    assert!(encode_read(NODES, 1, 32_767, 1).is_ok());
    assert_eq!(
        encode_write(NODES, 1, 0, &[]),
        Err(FrameError::Count { count: 0, max: 996 })
    );
    let longest = encode_write(NODES, 1, 0, &[0; 996]).expect("fits");
    assert!(longest.len() <= FRAME_MAX && encode_write(NODES, 1, 0, &[0; 997]).is_err());
}

#[test]
fn a_plc_reads_our_requests_back_and_its_answers_fit() {
    let request = parse_command(&recorded("request: read 77")).expect("a command");
    assert_eq!(
        request.command,
        Ok(Command::Read {
            addr: 6_000,
            count: 77
        })
    );
    assert_eq!(
        (
            request.sid(),
            request.source_node(),
            request.destination_node()
        ),
        (0x21, 1, 2)
    );
    assert!(request.wants_answer());
    let words: Vec<u16> = (0..77).collect();
    let answer = parse_response(
        &encode_response(&request, 0, &words),
        &read_awaited(0x21, 77),
    );
    assert_eq!(
        answer,
        Ok(Answer {
            end: EndCode(0),
            words
        })
    );

    let request = parse_command(&recorded("request: write 0001")).expect("a command");
    assert_eq!(
        request.command,
        Ok(Command::Write {
            addr: 6_076,
            words: vec![1]
        })
    );
    let bytes = encode_response(&request, 0, &[]);
    assert_eq!(
        parse_response(&bytes, &write_awaited(0x24)),
        Ok(Answer {
            end: EndCode(0),
            words: vec![]
        })
    );
    assert_eq!(bytes, [0xC0, 0, 2, 0, 1, 0, 0, 2, 0, 0x24, 1, 2, 0, 0]);
}

#[test]
fn a_plc_answers_each_wrong_command_with_its_end_code() {
    let good = recorded("request: write 0001");
    let code = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        parse_command(&bytes)
            .expect("a command")
            .command
            .expect_err("wrong")
            .0
    };
    assert_eq!(code(&|b| b[11] = 4), 0x0401);
    assert_eq!(code(&|b| b.truncate(17)), 0x1002);
    assert_eq!(code(&|b| b.truncate(19)), 0x1003);
    assert_eq!(code(&|b| b.push(0)), 0x1003);
    assert_eq!(code(&|b| b[12] = 0xB0), 0x1101);
    assert_eq!(code(&|b| b[13] = 0x80), 0x1103);
    assert_eq!(code(&|b| b[15] = 1), 0x1103);
    assert_eq!(code(&|b| (b[13], b[14], b[17]) = (0x7F, 0xFF, 2)), 0x1104);
    assert_eq!(code(&|b| b[17] = 0), 0x110C);
    assert_eq!(code(&|b| (b[11], b[16], b[17]) = (1, 3, 0xE7)), 0x1001);
    let mut long = encode_read(NODES, 1, 0, 999).expect("fits");
    (long[16], long[17]) = (0x03, 0xE8);
    assert_eq!(
        parse_command(&long).expect("a command").command,
        Err(EndCode(0x110B))
    );
}

#[test]
fn bytes_that_are_no_command_get_no_answer() {
    assert!(parse_command(&[]).is_err());
    assert!(parse_command(&recorded("request: read 77")[..11]).is_err());
    assert!(parse_command(&recorded("response: 2 words")).is_err());
}

#[test]
fn every_end_code_of_the_list_has_its_text() {
    for line in CODES.lines().skip(1) {
        let (code, text) = line.split_once(',').expect("two columns");
        let end = EndCode(u16::from_str_radix(code, 16).expect("hex"));
        assert_eq!(end.text(), text);
        assert_eq!(
            EndCode(end.0 | 0x80C0).text(),
            text,
            "marks do not change the meaning"
        );
    }
    assert_eq!(EndCode(0x7777).text(), "unknown end code");
}
