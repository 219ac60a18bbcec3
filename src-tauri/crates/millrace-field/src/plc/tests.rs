//! The configuration: what is required, what has a default, what is refused.

use std::net::SocketAddr;

use super::*;

const MINIMAL: &str =
    r#"{"kind":"fins_udp","address":"127.0.0.1:9600","node_local":1,"node_plc":2}"#;

fn parse(json: &str) -> Result<DriverConfig, String> {
    let config: DriverConfig = serde_json::from_str(json).map_err(|error| error.to_string())?;
    config.validate().map_err(|error| error.to_string())?;
    Ok(config)
}

#[test]
fn the_least_configuration_names_the_plc_and_both_nodes() {
    let config = parse(MINIMAL).expect("valid");
    assert_eq!(
        config,
        DriverConfig::fins_udp("127.0.0.1:9600".parse().expect("an address"), 1, 2)
    );
    assert_eq!(
        (config.timeout_ms, config.read_retries, config.max_words),
        (2_000, 2, 999)
    );
    assert_eq!(config.gap_ms, 0);
    for key in ["kind", "address", "node_local", "node_plc"] {
        let json = MINIMAL.replace(&format!("\"{key}\""), "\"timeout_ms\"");
        assert!(parse(&json).is_err(), "without {key}");
    }
}

#[test]
fn a_configuration_that_cannot_be_right_is_refused_by_name() {
    for (from, to, names) in [
        ("\"node_plc\":2", "\"node_plc\":1", "must differ"),
        ("\"node_plc\":2", "\"node_plc\":255", "node_plc"),
        ("\"node_local\":1", "\"node_local\":0", "node_local"),
        (":9600", ":0", "port"),
        ("127.0.0.1", "0.0.0.0", "nobody"),
        ("127.0.0.1", "plc", "address"),
        ("fins_udp", "fins", "fins"),
        ("2}", "2,\"colour\":1}", "colour"),
        ("2}", "2,\"timeout_ms\":0}", "timeout_ms"),
        ("2}", "2,\"max_words\":1000}", "max_words"),
        ("2}", "2,\"read_retries\":11}", "read_retries"),
        ("2}", "2,\"gap_ms\":1001}", "gap_ms"),
    ] {
        let error = parse(&MINIMAL.replacen(from, to, 1)).expect_err(to);
        assert!(error.contains(names), "{to}: {error}");
    }
}

const TCP: &str = r#"{"kind":"fins_tcp","address":"127.0.0.1:9600"}"#;
const MODBUS: &str = r#"{"kind":"modbus_tcp","address":"127.0.0.1:502"}"#;

#[test]
fn each_protocol_has_its_own_settings_and_their_defaults() {
    let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
    assert_eq!(parse(TCP), Ok(DriverConfig::fins_tcp(at(9600))));
    let modbus = parse(MODBUS).expect("valid");
    assert_eq!(modbus, DriverConfig::modbus_tcp(at(502)));
    assert_eq!(modbus.max_words, 125);
    assert_eq!(
        modbus.kind,
        DriverKind::ModbusTcp {
            unit_id: 255,
            base: 0
        }
    );
    let set = parse(&TCP.replace("}", r#","node_local":20,"nodes_swapped":true}"#));
    assert_eq!(
        set.expect("valid").kind,
        DriverKind::FinsTcp {
            node_local: 20,
            nodes_swapped: true
        }
    );
    assert_eq!(
        modbus.tcp,
        TcpConfig {
            local_port: 0,
            keepalive_s: 10
        }
    );
    for config in [TCP, MODBUS] {
        let set = parse(&config.replace("}", r#","local_port":9601,"keepalive_s":0}"#));
        let never = TcpConfig {
            local_port: 9_601,
            keepalive_s: 0,
        };
        assert_eq!(set.expect("valid").tcp, never);
    }
    let set = parse(&MODBUS.replace("}", r#","unit_id":1,"base":6000,"max_words":80}"#));
    let set = set.expect("valid");
    assert_eq!(
        (set.kind, set.max_words),
        (
            DriverKind::ModbusTcp {
                unit_id: 1,
                base: 6_000
            },
            80
        )
    );
}

#[test]
fn a_setting_of_another_protocol_is_refused_by_name() {
    for (config, setting) in [
        (MINIMAL, "\"nodes_swapped\":true"),
        (MINIMAL, "\"unit_id\":1"),
        (TCP, "\"node_plc\":2"),
        (MINIMAL, "\"keepalive_s\":5"),
        (TCP, "\"keepalive_s\":3601"),
        (TCP, "\"base\":0"),
        (MODBUS, "\"node_local\":1"),
        (MODBUS, "\"nodes_swapped\":false"),
        (MODBUS, "\"colour\":1"),
        (MODBUS, "\"max_words\":126"),
        (TCP, "\"node_local\":255"),
    ] {
        let error = parse(&config.replace("}", &format!(",{setting}}}"))).expect_err(setting);
        let name = setting.split('"').nth(1).expect("quoted");
        assert!(error.contains(name), "{setting}: {error}");
    }
}

#[test]
fn a_configuration_that_is_written_reads_the_same() {
    for json in [MINIMAL, TCP, MODBUS] {
        let config = parse(json).expect("valid");
        let written = serde_json::to_string(&config).expect("serializable");
        assert_eq!(parse(&written), Ok(config), "{written}");
    }
}

#[test]
fn a_driver_takes_only_its_own_configuration() {
    let wire = || std::sync::Arc::new(net::Machine);
    let at = SocketAddr::from(([127, 0, 0, 1], 9_600));
    let (udp, tcp) = (DriverConfig::fins_udp(at, 1, 2), DriverConfig::fins_tcp(at));
    assert!(fins::udp::FinsUdp::new(&tcp, wire()).is_err());
    assert!(fins::tcp::FinsTcp::new(&udp, wire()).is_err());
    assert!(modbus::ModbusTcp::new(&udp, wire()).is_err());
    for config in [udp, tcp, DriverConfig::modbus_tcp(at)] {
        assert!(open(config).is_ok());
    }
}

const EXAMPLE: &str = include_str!("../../../../../assets/config.example.toml");

#[test]
fn the_example_shows_each_other_protocol_as_it_can_be_written() {
    let mut shown = Vec::new();
    for line in EXAMPLE.lines() {
        if let Some(setting) = line.strip_prefix("#     ") {
            if setting.starts_with("kind") {
                shown.push(String::new());
            }
            let config = shown.last_mut().expect("the kind comes first");
            config.push_str(setting);
            config.push('\n');
        }
    }
    let kinds: Vec<DriverKind> = shown
        .iter()
        .map(|text| {
            let config: DriverConfig = toml::from_str(text).expect("known settings");
            config.validate().expect("valid");
            config.kind
        })
        .collect();
    assert!(
        matches!(
            kinds[..],
            [DriverKind::FinsTcp { .. }, DriverKind::ModbusTcp { .. }]
        ),
        "{kinds:?}"
    );
}
