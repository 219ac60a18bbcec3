//! Bytes of a FINS/TCP connection, cut anywhere: however they come, the same messages come out, and
//! then the same end. A message that is taken can be said again byte for byte.
//! Leaves out what stands in the frames (`fins_frame`), and sockets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use millrace_field::plc::fins::stream::{
    MESSAGE_MAX, Message, Stream, StreamError, TcpCode, encode,
};

fuzz_target!(|input: &[u8]| {
    // The first bytes say where the others are cut.
    let cuts = usize::from(input.first().copied().unwrap_or(0) % 8);
    let Some((cuts, bytes)) = input.get(1..).and_then(|rest| rest.split_at_checked(cuts)) else {
        return;
    };
    let whole = taken(&mut [bytes].into_iter());
    assert_eq!(taken(&mut pieces(bytes, cuts).into_iter()), whole, "cut");
    assert_eq!(taken(&mut bytes.chunks(1)), whole, "byte by byte");
    let again: Vec<u8> = whole.0.iter().flat_map(said_again).collect();
    if whole.0.iter().all(is_whole) {
        assert_eq!(again, bytes[..again.len()], "messages as they came");
    }
});

fn pieces<'a>(mut bytes: &'a [u8], cuts: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, rest) = bytes.split_at(bytes.len().min(usize::from(*cut)));
        pieces.push(piece);
        bytes = rest;
    }
    pieces.push(bytes);
    pieces
}

/// The messages of a connection and the error that ended it.
fn taken(pieces: &mut dyn Iterator<Item = &[u8]>) -> (Vec<Message>, Option<StreamError>) {
    let mut stream = Stream::default();
    let mut messages = Vec::new();
    for mut piece in pieces {
        loop {
            let before = piece.len();
            match stream.take(&mut piece) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => {
                    assert!(piece.is_empty(), "more is asked for while bytes are left");
                    break;
                }
                Err(error) => {
                    let end = stream.take(&mut &b"FINS"[..]);
                    assert_eq!(end, Err(error), "a broken stream stays broken");
                    return (messages, Some(error));
                }
            }
            assert!(before > piece.len(), "a message took bytes");
        }
    }
    (messages, None)
}

fn said_again(message: &Message) -> Vec<u8> {
    let bytes = encode(message);
    assert!(bytes.len() <= MESSAGE_MAX, "a message fits");
    bytes
}

/// False for a refusal: it may come without nodes, which we would say with them.
fn is_whole(message: &Message) -> bool {
    match message {
        Message::Welcome { code, .. } => *code == TcpCode::NORMAL,
        Message::Hello { .. } | Message::Frame(_) | Message::Notice(_) | Message::Check => true,
    }
}
