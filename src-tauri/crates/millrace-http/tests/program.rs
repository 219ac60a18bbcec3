//! The program as a process: what it prints, how it ends, and what it says when it cannot begin.
//! Leaves out what it serves (`api` beside this file).
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const EXAMPLE: &str = include_str!("../../../../assets/config.example.toml");

fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_millrace-headless"));
    // Nothing of the person who runs the tests is read or written.
    command
        .env_clear()
        .env("HOME", data)
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn check_ended(output: &Output, code: i32, sentences: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{told}");
    for sentence in sentences {
        assert!(
            told.contains(sentence),
            "{sentence:?} is missing in: {told}"
        );
    }
}

struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(command: &mut Command) -> Running {
        let mut child = command.spawn().expect("the program starts");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped"))
            .read_line(&mut line)
            .expect("a line");
        let Some(address) = line.trim().strip_prefix("Millrace is ready: ") else {
            let mut told = String::new();
            child
                .stderr
                .as_mut()
                .expect("piped")
                .read_to_string(&mut told)
                .expect("readable");
            panic!("not ready: {line:?} {told}");
        };
        Running {
            address: address.to_owned(),
            child,
        }
    }

    /// Ends it the way a service manager does.
    fn end(mut self) -> Output {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .expect("kill runs")
                .success()
        );
        let status = self.child.wait().expect("it ends");
        let mut stderr = Vec::new();
        self.child
            .stderr
            .take()
            .expect("piped")
            .read_to_end(&mut stderr)
            .expect("readable");
        Output {
            status,
            stdout: Vec::new(),
            stderr,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A failure here means that the process has already ended.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn it_tells_its_version_and_its_options() {
    let data = tempfile::tempdir().expect("a folder");
    let version = program(data.path())
        .arg("--version")
        .output()
        .expect("it runs");
    assert_eq!(
        String::from_utf8_lossy(&version.stdout).trim(),
        format!("millrace {}", millrace_http::VERSION)
    );
    let help = program(data.path())
        .arg("--help")
        .output()
        .expect("it runs");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for option in [
        "--demo",
        "--demo-speed",
        "--demo-reset",
        "--headless",
        "--config",
        "--data-dir",
        "--safe-graphics",
    ] {
        assert!(help.contains(option), "{option}");
    }
}

#[test]
fn without_a_configuration_it_says_how_to_get_one() {
    let data = tempfile::tempdir().expect("a folder");
    let output = program(data.path()).output().expect("it runs");
    check_ended(
        &output,
        78,
        &[
            ".config/millrace/config.toml",
            "config.example.toml",
            "--demo",
        ],
    );
    let config = data.path().join("wrong.toml");
    fs::write(&config, "colour = \"red\"\n").expect("written");
    let output = program(data.path())
        .arg("--config")
        .arg(&config)
        .output()
        .expect("it runs");
    check_ended(&output, 78, &["wrong.toml", "colour"]);
}

#[test]
fn the_demo_runs_once_and_ends_when_told() {
    let data = tempfile::tempdir().expect("a folder");
    let first = Running::start(program(data.path()).arg("--demo"));
    assert!(
        first.address.starts_with("http://127.0.0.1:"),
        "{}",
        first.address
    );
    let demo = data.path().join(".local/share/millrace/demo");
    assert!(demo.join("plant").is_dir());
    assert!(
        fs::read_dir(data.path().join(".local/state/millrace/log"))
            .expect("a folder")
            .next()
            .is_some()
    );

    let second = program(data.path())
        .args(["--demo", "--demo-reset"])
        .output()
        .expect("it runs");
    check_ended(&second, 75, &["already runs"]);
    assert!(
        demo.join("plant").is_dir(),
        "the second start deleted nothing"
    );

    let taken = first
        .address
        .trim_start_matches("http://")
        .trim_end_matches('/');
    let other = tempfile::tempdir().expect("a folder");
    let third = program(other.path())
        .args(["--demo", "--data-dir"])
        .arg(other.path())
        .args(["--listen", taken])
        .output()
        .expect("it runs");
    // The option was given twice.
    check_ended(&third, 2, &["--listen"]);
    let third = Command::new(env!("CARGO_BIN_EXE_millrace-headless"))
        .env_clear()
        .args(["--demo", "--listen", taken, "--data-dir"])
        .arg(other.path())
        .output()
        .expect("it runs");
    check_ended(&third, 69, &[taken, "another program"]);
    let open = Command::new(env!("CARGO_BIN_EXE_millrace-headless"))
        .env_clear()
        .args(["--demo", "--listen", "0.0.0.0:0", "--data-dir"])
        .arg(other.path())
        .output()
        .expect("it runs");
    check_ended(
        &open,
        78,
        &["reached from other machines", "http.certificate"],
    );

    check_ended(&first.end(), 0, &[]);
    check_ended(
        &Running::start(program(data.path()).args(["--demo", "--demo-reset"])).end(),
        0,
        &[],
    );
}

#[test]
fn the_example_configuration_starts_and_says_what_is_missing() {
    let data = tempfile::tempdir().expect("a folder");
    let config = data.path().join("config.toml");
    fs::write(&config, EXAMPLE).expect("written");
    let running = Running::start(program(data.path()).arg("--config").arg(&config));
    check_ended(&running.end(), 0, &["names no PLC", "names no silos file"]);
}

#[test]
fn every_setting_of_the_example_is_one_that_the_program_knows() {
    let switched_on: String = EXAMPLE
        .lines()
        .map(|line| {
            let setting = line
                .strip_prefix('#')
                .filter(|rest| rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()));
            format!("{}\n", setting.unwrap_or(line))
        })
        .collect();
    let config = millrace_app::config::Config::parse(&switched_on).expect("all settings are known");
    assert!(config.plc.is_some_and(|plc| plc.driver.validate().is_ok()));
    assert!(config.erp.is_some() && config.silos.is_some());
}
