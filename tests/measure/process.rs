//! What the kernel says of a process and of all that it started: memory and processor time. Linux
//! only. Leaves out starting and ending processes.

use std::collections::BTreeMap;
use std::fs;

use crate::Failure;

/// A process, as `/proc/PID/stat` shows it.
#[derive(Debug, Clone)]
struct Stat {
    pid: u32,
    parent: u32,
    name: String,
    /// Processor time so far, in clock ticks.
    ticks: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // A name may hold anything, brackets included; it ends with the last one.
    let (head, rest) = text.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat {
        pid,
        parent: u32::try_from(number(1)?).ok()?,
        name,
        ticks: number(11)? + number(12)?,
    })
}

fn all() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(stat)
        .collect()
}

/// A process and everything below it.
fn tree(root: u32) -> Vec<Stat> {
    let all = all();
    let mut found: Vec<Stat> = all.iter().filter(|one| one.pid == root).cloned().collect();
    let mut next = 0;
    while let Some(parent) = found.get(next).map(|one| one.pid) {
        found.extend(all.iter().filter(|one| one.parent == parent).cloned());
        next += 1;
    }
    found
}

/// Memory of a process tree.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    /// Proportional set size of all together, MiB.
    pub(crate) total: f64,
    /// The same by program name.
    pub(crate) by_name: BTreeMap<String, f64>,
}

/// The proportional set size of a process and all that it started: shared pages count in parts.
///
/// # Errors
/// The process is gone, or its memory may not be looked at.
pub(crate) fn memory(root: u32) -> Result<Memory, Failure> {
    let mut memory = Memory::default();
    for process in tree(root) {
        // One that ends meanwhile holds nothing any more.
        let Ok(text) = fs::read_to_string(format!("/proc/{}/smaps_rollup", process.pid)) else {
            continue;
        };
        let kib: f64 = text
            .lines()
            .find_map(|line| line.strip_prefix("Pss:"))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse().ok())
            .ok_or("/proc/PID/smaps_rollup says nothing of Pss")?;
        memory.total += kib / 1024.0;
        *memory.by_name.entry(process.name).or_default() += kib / 1024.0;
    }
    if memory.by_name.is_empty() {
        return Err(format!("process {root} is gone, or belongs to somebody else").into());
    }
    Ok(memory)
}

/// Processor time of a process tree so far, in clock ticks.
pub(crate) fn ticks(root: u32) -> u64 {
    tree(root).iter().map(|one| one.ticks).sum()
}

/// Clock ticks per second.
pub(crate) fn ticks_per_second() -> Result<f64, Failure> {
    let output = std::process::Command::new("getconf")
        .arg("CLK_TCK")
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

/// How many processes on the machine have this in their name: they share libraries with ours, and
/// so make its proportional size smaller.
pub(crate) fn count_named(part: &str) -> usize {
    all().iter().filter(|one| one.name.contains(part)).count()
}
