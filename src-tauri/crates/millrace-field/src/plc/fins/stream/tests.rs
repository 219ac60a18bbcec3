//! The stream codec: every cut, every bound, and that an error is for ever.

use std::collections::BTreeMap;

use super::*;

const CODES: &str = include_str!("../../../../../../../tests/fixtures/plc/fins_tcp_errors.csv");

fn messages() -> Vec<Message> {
    vec![
        Message::Hello { client: 0 },
        Message::Welcome {
            code: TcpCode::NORMAL,
            client: 239,
            server: 2,
        },
        Message::Frame(vec![7; 14]),
        Message::Check,
        Message::Frame(
            (0..FRAME_MAX)
                .map(|n| u8::try_from(n % 251).expect("small"))
                .collect(),
        ),
        Message::Notice(TcpCode::TOO_LONG),
    ]
}

fn all(stream: &mut Stream, mut bytes: &[u8]) -> Result<Vec<Message>, StreamError> {
    let mut found = Vec::new();
    while let Some(message) = stream.take(&mut bytes)? {
        found.push(message);
    }
    assert!(bytes.is_empty(), "nothing is left lying");
    Ok(found)
}

#[test]
fn the_handshake_is_byte_for_byte_as_the_manual_has_it() {
    assert_eq!(
        encode(&Message::Hello { client: 0 }),
        b"FINS\x00\x00\x00\x0C\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    );
    let welcome =
        b"FINS\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\xEF\x00\x00\x00\x02";
    assert_eq!(
        all(&mut Stream::default(), welcome),
        Ok(vec![Message::Welcome {
            code: TcpCode::NORMAL,
            client: 239,
            server: 2
        }])
    );
    assert_eq!(
        encode_frame(&[0x80, 1])[..16],
        *b"FINS\x00\x00\x00\x0A\x00\x00\x00\x02\x00\x00\x00\x00"
    );
}

#[test]
fn messages_survive_every_cut_and_every_merge() {
    let bytes: Vec<u8> = messages().iter().flat_map(encode).collect();
    for size in (1..64).chain([2_011, 2_028, bytes.len()]) {
        let mut stream = Stream::default();
        let found: Vec<Message> = bytes
            .chunks(size)
            .flat_map(|part| all(&mut stream, part).expect("good"))
            .collect();
        assert_eq!(found, messages(), "cut every {size} bytes");
    }
}

#[test]
fn what_is_no_message_is_an_error_for_ever() {
    let head = |length: u32, command: u32, code: u32, data: usize| {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([length, command, code].iter().flat_map(|n| n.to_be_bytes()));
        bytes.extend(vec![0; data]);
        bytes
    };
    let max = u32::try_from(FIXED + FRAME_MAX).expect("small");
    for (bytes, error) in [
        (b"FINT".to_vec(), StreamError::NotFins),
        (b"G".to_vec(), StreamError::NotFins),
        (head(7, 2, 0, 0), StreamError::Length(7)),
        (head(8, 2, 0, 0), StreamError::Length(8)),
        (head(max + 1, 2, 0, 0), StreamError::Length(max + 1)),
        (head(u32::MAX, 2, 0, 0), StreamError::Length(u32::MAX)),
        (head(8, 0, 0, 0), StreamError::Length(8)),
        (head(8, 1, 0, 0), StreamError::Length(8)),
        (head(12, 1, 0, 4), StreamError::Length(12)),
        (head(12, 3, 1, 4), StreamError::Length(12)),
        (head(9, 6, 0, 1), StreamError::Length(9)),
        (head(8, 4, 0, 0), StreamError::Command(4)),
        (head(9, 2, 0x22, 1), StreamError::Code(TcpCode(0x22))),
    ] {
        let mut stream = Stream::default();
        assert_eq!(all(&mut stream, &bytes), Err(error), "{bytes:?}");
        let good = encode(&Message::Check);
        assert_eq!(stream.take(&mut &good[..]), Err(error), "no way back");
        assert_eq!(stream.held.capacity(), 0);
    }
    assert_eq!(
        all(&mut Stream::default(), &head(8, 1, 0x20, 0)),
        Ok(vec![Message::Welcome {
            code: TcpCode::FULL,
            client: 0,
            server: 0
        }]),
        "a refusal may come without nodes"
    );
}

#[test]
fn any_bytes_end_in_a_message_or_an_error_within_bounded_memory() {
    let seed: u64 = 0x5EED_0009;
    println!("seed {seed:#x}");
    let mut state = seed;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let good: Vec<u8> = messages().iter().flat_map(encode).collect();
    for _ in 0..2_000 {
        let mut bytes = good.clone();
        for _ in 0..=random() % 4 {
            let at = usize::try_from(random() % 96).expect("small");
            bytes[at] = random().to_le_bytes()[0];
        }
        let mut stream = Stream::default();
        for part in bytes.chunks(usize::try_from(1 + random() % 900).expect("small")) {
            let mut rest = part;
            while let Ok(Some(_)) = stream.take(&mut rest) {}
            assert!(stream.held.len() <= MESSAGE_MAX);
        }
        assert!(stream.held.capacity() <= 2 * MESSAGE_MAX);
    }
}

#[test]
fn every_error_code_has_the_makers_meaning() {
    let listed: BTreeMap<u32, &str> = CODES
        .lines()
        .skip(1)
        .map(|line| {
            let (code, text) = line.split_once(',').expect("two columns");
            let code = u32::from_str_radix(code, 16).expect("hexadecimal");
            (code, text.trim_matches('"'))
        })
        .collect();
    assert_eq!(listed.len(), 10);
    for (code, text) in listed {
        assert_eq!(TcpCode(code).text(), text);
    }
    assert_eq!(TcpCode(0x99).text(), "unknown FINS/TCP error");
}
