//! A register map from anybody, and then a block of words under it. A map that is taken keeps every
//! address within the memory, and a block is judged without a word beyond it.
//! Leaves out what the judgement should be: the tests of `millrace-core` hold that.
#![no_main]

use libfuzzer_sys::fuzz_target;
use millrace_core::registers::{RegisterMap, accept};

/// Words of the data memory.
const MEMORY: u32 = 32_768;
/// Slots whose blocks are judged; all of them would make a slow input of a long map.
const JUDGED: usize = 4;

fuzz_target!(|input: &[u8]| {
    // A zero byte, which no map holds, parts the map from the words.
    let end = input.iter().position(|byte| *byte == 0);
    let (text, words) = input.split_at(end.unwrap_or(input.len()));
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let map = match RegisterMap::parse(text) {
        Ok(map) => map,
        Err(error) => {
            assert!(!error.to_string().is_empty(), "a refusal says why");
            return;
        }
    };
    for slot in map.slots() {
        let ends =
            [map.read_base(slot), map.write_base(slot)].map(|base| inside(base, map.block_words()));
        assert!(
            ends.into_iter().all(|is_inside| is_inside),
            "a block beyond the memory"
        );
        for addr in [
            map.ready_addr(slot),
            map.guard_addr(slot),
            map.ack_addr(slot),
        ] {
            assert!(inside(addr, 1), "a word beyond the memory");
        }
        for addr in [map.command_addr(slot), map.command_echo_addr(slot)]
            .into_iter()
            .flatten()
        {
            assert!(inside(addr, 1), "a word beyond the memory");
        }
    }
    let block = block(&words[words.len().min(1)..], map.block_words());
    for slot in map.slots().take(JUDGED) {
        let _verdict = accept(&map, slot, &block, None);
    }
});

fn inside(first: u16, count: u16) -> bool {
    u32::from(first) + u32::from(count) <= MEMORY
}

/// A block of the map's size, filled up with zeros.
fn block(bytes: &[u8], words: u16) -> Vec<u16> {
    let mut block: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    block.resize(usize::from(words), 0);
    block
}
