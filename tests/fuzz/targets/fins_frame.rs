//! FINS frames from anybody: the answers that our drivers take, the commands that the virtual PLC
//! takes. A frame that is taken must be the frame that we ourselves would have made.
//! Leaves out sockets, and the stream that carries frames over TCP (`fins_tcp_stream`).
#![no_main]

use libfuzzer_sys::fuzz_target;
use millrace_field::plc::fins::frame::{
    Awaited, Command, FRAME_MAX, Nodes, encode_read, encode_response, encode_write, parse_command,
    parse_response,
};

/// What a driver waits for stands before the frame: nodes, number, and how many words (0: a write).
const AWAITED: usize = 5;
/// Bytes of a command before its data's address, which both ends write alike.
const HEADER: usize = 10;
/// Bytes of an answer before its words.
const ANSWER: usize = 14;

fuzz_target!(|input: &[u8]| {
    if let Some((awaited, frame)) = input.split_first_chunk::<AWAITED>() {
        answer(*awaited, frame);
    }
    command(input);
});

fn answer([local, plc, sid, high, low]: [u8; AWAITED], frame: &[u8]) {
    let words = u16::from_be_bytes([high, low]);
    let awaited = Awaited {
        nodes: Nodes { local, plc },
        sid,
        read_words: (words != 0).then_some(words),
    };
    let Ok(answer) = parse_response(frame, &awaited) else {
        return;
    };
    assert_eq!(
        (frame[4], frame[7], frame[9]),
        (local, plc, sid),
        "an answer of somebody else was taken"
    );
    let expected = if answer.end.is_ok() { words } else { 0 };
    assert_eq!(answer.words.len(), usize::from(expected), "words of a read");
    let bytes: Vec<u8> = answer.words.iter().flat_map(|w| w.to_be_bytes()).collect();
    assert_eq!(bytes, frame[ANSWER..], "words as they came");
}

fn command(frame: &[u8]) {
    let Ok(request) = parse_command(frame) else {
        return;
    };
    let nodes = Nodes {
        local: request.source_node(),
        plc: request.destination_node(),
    };
    let (again, words) = match &request.command {
        Err(end) => {
            assert!(!end.is_ok(), "a refusal says no");
            (None, Vec::new())
        }
        Ok(Command::Read { addr, count }) => (
            Some(encode_read(nodes, request.sid(), *addr, *count)),
            vec![0; usize::from(*count)],
        ),
        Ok(Command::Write { addr, words }) => (
            Some(encode_write(nodes, request.sid(), *addr, words)),
            Vec::new(),
        ),
    };
    if let Some(again) = again {
        let again = again.expect("what a PLC takes, a client may say");
        assert_eq!(again[HEADER..], frame[HEADER..], "one command, one frame");
    }
    assert!(
        encode_response(&request, 0, &words).len() <= FRAME_MAX,
        "an answer fits a frame"
    );
}
