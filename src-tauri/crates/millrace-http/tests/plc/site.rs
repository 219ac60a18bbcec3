//! A folder with map, silos and configuration, the program asked in it, and the recorded blocks.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(super) const MAP: &str = include_str!("../../../../../assets/registers/demo.toml");
const SILOS: &str = include_str!("../../../../../assets/demo/silos.toml");
const IMAGES: &str = include_str!("../../../../../tests/fixtures/plc/block_images.csv");

/// A folder with a map, a silos file and a configuration.
pub(super) struct Site {
    folder: TempDir,
}

impl Site {
    pub(super) fn new(map: &str, plc: SocketAddr) -> Site {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("map.toml"), map).expect("written");
        fs::write(folder.path().join("silos.toml"), SILOS).expect("written");
        let config = format!(
            "silos = \"silos.toml\"\n[site]\nkey = \"north\"\nname = \"North mill\"\nline = \"Line 1\"\nzone = \"Asia/Jakarta\"\n\
             [plc]\nregisters = \"map.toml\"\n[plc.driver]\nkind = \"fins_udp\"\naddress = \"{plc}\"\nnode_local = 20\nnode_plc = 10\n\
             timeout_ms = 200\nread_retries = 1\n"
        );
        fs::write(folder.path().join("config.toml"), config).expect("written");
        Site { folder }
    }

    /// For questions that need no PLC.
    pub(super) fn paper(map: &str) -> Site {
        Site::new(map, ([127, 0, 0, 1], 9).into())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_millrace-headless"));
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(super) fn ask(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    pub(super) fn decode(&self, words: &str, more: &[&str]) -> Value {
        let mut arguments = vec!["plc", "decode", "--map", "map.toml", "--words", words];
        arguments.extend(more);
        let output = self.ask(&arguments);
        check(&output, 0, &[]);
        let text = out(&output);
        assert_eq!(text.lines().count(), 1, "one line: {text}");
        serde_json::from_str(&text).expect("JSON")
    }
}

pub(super) fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The exit code, and what must be told on either stream, wherever its lines are broken.
pub(super) fn check(output: &Output, code: i32, told: &[&str]) {
    let all = format!("{}{}", out(output), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{all}");
    let flowing = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let read = flowing(&all);
    for sentence in told {
        assert!(
            read.contains(&flowing(sentence)),
            "{sentence:?} is missing in: {all}"
        );
    }
}

/// Scenario, expectation and words of each recorded block.
pub(super) fn images() -> Vec<(String, String, String)> {
    IMAGES
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split(',');
            let scenario = cells.next().expect("a scenario");
            let expected = cells.next().expect("an expectation");
            let words = line.rsplit(',').next().expect("words");
            (scenario.to_owned(), expected.to_owned(), words.to_owned())
        })
        .collect()
}

pub(super) fn image(scenario: &str) -> String {
    images()
        .into_iter()
        .find(|(name, _, _)| name == scenario)
        .expect("recorded")
        .2
}

/// The finished block of slot 1 with one word replaced.
pub(super) fn finished_with(offset: usize, word: &str) -> String {
    let words = image("finished");
    let mut words: Vec<&str> = words.split(' ').collect();
    words[offset] = word;
    words.join(" ")
}
