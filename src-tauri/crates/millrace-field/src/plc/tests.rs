//! The configuration: what is required, what has a default, what is refused.

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
    assert_eq!((config.local_port, config.gap_ms), (0, 0));
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
