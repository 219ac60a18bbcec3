//! The binary as a process: its start line, its refusal of foreign addresses, and a kill in the
//! middle of its life. Leaves out what the plant does (`plc` beside this file).

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Plant {
    child: Child,
    line: serde_json::Value,
}

impl Plant {
    fn start(state: &Path) -> Plant {
        let mut child = Command::new(env!("CARGO_BIN_EXE_millrace-plant"))
            .args([
                "--fins",
                "127.0.0.1:0",
                "--fins-tcp",
                "127.0.0.1:0",
                "--modbus",
                "127.0.0.1:0",
                "--odoo",
                "127.0.0.1:0",
                "--state-dir",
            ])
            .arg(state)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let line = serde_json::from_str(&line).expect("one line of JSON");
        Plant { child, line }
    }

    fn ask(&self, frame: &[u8]) -> Vec<u8> {
        let at = self.line["fins"].as_str().expect("an address");
        let at: SocketAddr = at.parse().expect("an address");
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket
            .set_read_timeout(Some(Duration::from_secs(5)))
            .expect("set");
        socket.send_to(frame, at).expect("sent");
        let mut answer = [0; 64];
        let (length, _) = socket.recv_from(&mut answer).expect("answered");
        answer[..length].to_vec()
    }
}

impl Drop for Plant {
    fn drop(&mut self) {
        // A failure here means that the process has already ended.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

const HEADER: [u8; 10] = [0x80, 0, 2, 0, 2, 0, 0, 1, 0, 7];

#[test]
fn a_write_that_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let plant = Plant::start(folder.path());
    assert!(
        plant.line["odoo"]
            .as_str()
            .expect("a URL")
            .starts_with("http://127.0.0.1:")
    );
    for port in ["fins_tcp", "modbus"] {
        let at = plant.line[port].as_str().expect("an address");
        let at: SocketAddr = at.parse().expect("an address");
        std::net::TcpStream::connect(at).expect(port);
    }
    let write = [&HEADER[..], &[1, 2, 0x82, 0x27, 0x10, 0, 0, 1, 0, 42]].concat();
    assert_eq!(plant.ask(&write)[10..], [1, 2, 0, 0]);
    drop(plant);
    let plant = Plant::start(folder.path());
    let read = [&HEADER[..], &[1, 1, 0x82, 0x27, 0x10, 0, 0, 1]].concat();
    assert_eq!(plant.ask(&read)[10..], [1, 1, 0, 0, 0, 42]);
}

#[cfg(unix)]
#[test]
fn a_termination_signal_ends_it_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plant = Plant::start(folder.path());
    let pid = plant.child.id().to_string();
    let sent = Command::new("kill")
        .args(["-TERM", &pid])
        .status()
        .expect("kill is there");
    assert!(sent.success());
    assert!(plant.child.wait().expect("waited").success());
}

#[test]
fn an_address_that_other_machines_reach_is_refused() {
    for (port, other) in [
        ("--fins", "--modbus"),
        ("--fins-tcp", "--fins"),
        ("--modbus", "--fins"),
    ] {
        let ended = Command::new(env!("CARGO_BIN_EXE_millrace-plant"))
            .args([other, "127.0.0.1:0", "--odoo", "127.0.0.1:0"])
            .args([port, "0.0.0.0:0"])
            .output()
            .expect("the binary starts");
        assert!(!ended.status.success(), "{port}");
        assert!(ended.stdout.is_empty(), "{port}");
    }
}
