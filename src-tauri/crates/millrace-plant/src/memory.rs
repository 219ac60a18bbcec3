//! The PLC's data memory: 32,768 words, D0 to D32767. Leaves out what the words mean.

use serde::{Deserialize, Serialize};

/// Number of words of the DM area of a CJ2M.
pub const DM_WORDS: usize = 32_768;

/// An access outside the area. The asker's fault; nothing was read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// The first word lies beyond the end.
    #[error("D{0} does not exist")]
    First(u16),
    /// The first word exists, the last does not.
    #[error("{count} words from D{first} run past the end of the area")]
    End {
        /// First address asked for.
        first: u16,
        /// Number of words asked for.
        count: usize,
    },
}

/// The memory. Serialized as the runs of words that are not zero.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Runs", try_from = "Runs")]
pub struct Memory {
    words: Vec<u16>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let used = self.words.iter().filter(|w| **w != 0).count();
        write!(f, "Memory({used} words not zero)")
    }
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            words: vec![0; DM_WORDS],
        }
    }
}

impl Memory {
    fn range(first: u16, count: usize) -> Result<std::ops::Range<usize>, MemoryError> {
        let start = usize::from(first);
        if start >= DM_WORDS {
            return Err(MemoryError::First(first));
        }
        let end = start.saturating_add(count);
        if end > DM_WORDS {
            return Err(MemoryError::End { first, count });
        }
        Ok(start..end)
    }

    /// `count` words from `first`.
    ///
    /// # Errors
    /// [`MemoryError`] when any of them does not exist.
    pub fn read(&self, first: u16, count: usize) -> Result<&[u16], MemoryError> {
        Ok(&self.words[Memory::range(first, count)?])
    }

    /// Replaces the words from `first` on: all of them or none.
    ///
    /// # Errors
    /// [`MemoryError`] when any of them does not exist.
    pub fn write(&mut self, first: u16, words: &[u16]) -> Result<(), MemoryError> {
        let range = Memory::range(first, words.len())?;
        self.words[range].copy_from_slice(words);
        Ok(())
    }

    /// One word; 0 outside the area. For the ladder, whose addresses a valid layout keeps inside.
    #[must_use]
    pub fn get(&self, address: u16) -> u16 {
        self.words.get(usize::from(address)).copied().unwrap_or(0)
    }

    /// Sets one word; nothing outside the area. For the ladder, as [`Memory::get`].
    pub fn set(&mut self, address: u16, word: u16) {
        if let Some(place) = self.words.get_mut(usize::from(address)) {
            *place = word;
        }
    }

    /// Two words as one unsigned number, the high word at the lower address.
    #[must_use]
    pub fn get_pair(&self, address: u16) -> u32 {
        u32::from(self.get(address)) << 16 | u32::from(self.get(address.saturating_add(1)))
    }

    /// Sets two words from one unsigned number, the high word at the lower address.
    pub fn set_pair(&mut self, address: u16, value: u32) {
        let [a, b, c, d] = value.to_be_bytes();
        self.set(address, u16::from_be_bytes([a, b]));
        self.set(address.saturating_add(1), u16::from_be_bytes([c, d]));
    }
}

/// The serialized form: each run of words that are not zero, with its first address.
#[derive(Debug, Serialize, Deserialize)]
struct Runs(Vec<(u16, Vec<u16>)>);

impl From<Memory> for Runs {
    fn from(memory: Memory) -> Runs {
        let mut runs: Vec<(u16, Vec<u16>)> = Vec::new();
        let mut open = false;
        for (address, word) in (0_u16..).zip(memory.words) {
            if word == 0 {
                open = false;
            } else if let (true, Some((_, words))) = (open, runs.last_mut()) {
                words.push(word);
            } else {
                runs.push((address, vec![word]));
                open = true;
            }
        }
        Runs(runs)
    }
}

impl TryFrom<Runs> for Memory {
    type Error = MemoryError;

    fn try_from(Runs(runs): Runs) -> Result<Memory, MemoryError> {
        let mut memory = Memory::default();
        for (first, words) in runs {
            memory.write(first, &words)?;
        }
        Ok(memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_past_the_end_changes_nothing() {
        let mut memory = Memory::default();
        assert_eq!(
            memory.write(32_767, &[1, 2]),
            Err(MemoryError::End {
                first: 32_767,
                count: 2
            })
        );
        assert_eq!(memory, Memory::default());
        assert_eq!(memory.read(32_768, 1), Err(MemoryError::First(32_768)));
        assert!(memory.read(32_767, 1).is_ok());
    }

    #[test]
    fn a_pair_has_its_high_word_first() {
        let mut memory = Memory::default();
        memory.set_pair(6_025, 100_000);
        assert_eq!(memory.read(6_025, 2).expect("inside"), [1, 34_464]);
        assert_eq!(memory.get_pair(6_025), 100_000);
    }

    #[test]
    fn memory_survives_its_serialized_form() {
        let mut memory = Memory::default();
        memory.write(0, &[1, 0, 2, 3]).expect("inside");
        memory.write(32_766, &[9, 8]).expect("inside");
        let text = serde_json::to_string(&memory).expect("serializable");
        assert_eq!(text, "[[0,[1]],[2,[2,3]],[32766,[9,8]]]");
        assert_eq!(
            serde_json::from_str::<Memory>(&text).expect("readable"),
            memory
        );
        assert!(serde_json::from_str::<Memory>("[[32767,[1,1]]]").is_err());
    }
}
