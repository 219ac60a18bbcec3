//! Where no good answer comes: the exact cause, and its code.

use std::fs;
use std::net::{SocketAddr, UdpSocket};

use super::site::{MAP, Site, check};

/// What the doctor says when nothing good comes back, with code 69.
fn check_unreachable(plc: SocketAddr, told: &[&str]) {
    let site = Site::new(MAP, plc);
    let doctor = site.ask(&[
        "doctor",
        "plc",
        "--config",
        "config.toml",
        "--report",
        "report.txt",
    ]);
    check(&doctor, 69, told);
    check(
        &doctor,
        69,
        &[&plc.to_string(), "did not answer within 200 ms"],
    );
    let report = fs::read_to_string(site.path("report.txt")).expect("a report of it, too");
    assert!(report.contains("FAULT"), "{report}");
    check(
        &site.ask(&["plc", "read", "--config", "config.toml"]),
        69,
        told,
    );
    check(
        &site.ask(&["plc", "watch", "--config", "config.toml"]),
        69,
        told,
    );
}

fn loopback() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").expect("a free port")
}

#[test]
fn a_port_that_nobody_listens_on_is_told_from_a_silent_plc() {
    let socket = loopback();
    let address = socket.local_addr().expect("bound");
    check_unreachable(address, &["Nothing came back at all", "node 20"]);
    drop(socket);
    check_unreachable(address, &["nobody listens on its UDP port"]);
}

#[test]
fn answers_to_somebody_else_are_told_as_such() {
    let socket = loopback();
    let address = socket.local_addr().expect("bound");
    let echo = socket.try_clone().expect("a second handle");
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        while let Ok((length, from)) = echo.recv_from(&mut bytes) {
            // A request sent back is a frame for another node.
            if echo.send_to(&bytes[..length], from).is_err() {
                break;
            }
        }
    });
    check_unreachable(
        address,
        &["datagrams came that do not answer", "node_plc 10"],
    );
}

#[test]
fn a_configuration_without_a_plc_is_told() {
    let site = Site::paper(MAP);
    let text = fs::read_to_string(site.path("config.toml")).expect("it is there");
    let without = text.split("[plc]").next().expect("the site").to_owned();
    fs::write(site.path("config.toml"), without).expect("written");
    check(
        &site.ask(&["doctor", "plc", "--config", "config.toml"]),
        78,
        &["names no PLC"],
    );
    check(
        &site.ask(&["plc", "read", "--config", "none.toml"]),
        78,
        &["none.toml"],
    );
}
