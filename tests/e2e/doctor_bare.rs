//! The doctor where there is little to examine: a silent PLC, one that is too slow, none at all; and
//! what the PLC screen shows of settings and map.

use std::net::UdpSocket;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millrace_app::clock::{Clock, HandClock};
use millrace_app::commissioning::{self, Leave, SilosFile, Subject};
use millrace_app::config::Site;
use millrace_app::{App, Pace, Setup};
use millrace_core::error_code::ErrorCode;
use millrace_core::registers::RegisterMap;
use millrace_field::plc::DriverConfig;
use millrace_tests::{NOON_MS, Rig, Who};
use serde_json::json;

use super::doctor::{MAP, check_told, memory};

const SILOS: &str = include_str!("../../assets/demo/silos.toml");

#[tokio::test]
async fn settings_and_map_are_shown_as_configured() {
    let rig = Rig::start_with(410, |config| {
        let plc = config.plc.as_mut().expect("a PLC");
        plc.driver.gap_ms = 3;
    })
    .await;
    let view = rig.ok(Who::Operator, "plc_get", json!({})).await;
    let value = |key: &str| {
        let all = view["settings"].as_array().expect("settings");
        let one = all.iter().find(|one| one["key"] == key);
        one.unwrap_or_else(|| panic!("no {key} in {all:?}"))["value"].clone()
    };
    assert_eq!(value("kind"), "fins_udp");
    assert_eq!(value("address"), rig.plant.fins().to_string());
    assert_eq!(value("node_local"), "1");
    assert_eq!(value("timeout_ms"), "500");
    assert_eq!(value("gap_ms"), "3");
    assert_eq!(value("poll_live_ms"), "250");
    let map = &view["map"];
    assert_eq!(map["slots"], 10);
    assert_eq!(map["ready_rule"], "per_slot");
    assert_eq!(map["slot_free_when"], "ack_cleared");
    assert_eq!(map["has_download_id"], true);
    assert_eq!(map["has_command_word"], true);
    let missing = map["missing"].to_string();
    assert!(missing.contains("checksum of a download"), "{missing}");
    assert!(!missing.contains("boot counter"), "{missing}");
}

/// An application on a configuration file with this beside the site, and its administrator's token.
async fn configured(folder: &Path, more: &str) -> (App, String) {
    std::fs::write(folder.join("registers.toml"), MAP).expect("written");
    std::fs::write(folder.join("silos.toml"), SILOS).expect("written");
    let file = folder.join("config.toml");
    let site = "silos = \"silos.toml\"\n[site]\nkey = \"north\"\nname = \"North mill\"\nline = \"Line 1\"\nzone = \"Asia/Jakarta\"\n";
    std::fs::write(&file, format!("{site}{more}")).expect("written");
    let mut setup = Setup::from_file(&file, &folder.join("data"), "test").expect("a right file");
    let clock: Arc<dyn Clock> = HandClock::at(NOON_MS);
    setup.clock = clock;
    setup.pace = Pace::ByHand;
    let app = App::start(setup).await.expect("it starts all the same");
    let session = app
        .dispatch(
            "first_admin_create",
            json!({ "name": "Administrator", "secret": "a long enough secret" }),
            None,
        )
        .await
        .expect("the first administrator");
    let token = session["token"].as_str().expect("a token").to_owned();
    (app, token)
}

#[tokio::test]
async fn a_silent_plc_is_a_report_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("bound");
    let (app, token) = configured(
        folder.path(),
        &format!(
            "[plc]\nregisters = \"registers.toml\"\n[plc.driver]\nkind = \"fins_udp\"\naddress = \"{address}\"\nnode_local = 1\n\
             node_plc = 2\ntimeout_ms = 50\nread_retries = 0\n"
        ),
    )
    .await;
    let found = app
        .dispatch("plc_examine", json!({ "write_test": true }), Some(&token))
        .await
        .expect("a report");
    assert_eq!(found["is_sound"], false);
    assert_eq!(found["rtt_us"], json!(null));
    check_told(&found, "fault", "reach: PLC ");
    check_told(&found, "fault", "Nothing came back at all");
    let report = found["report"].as_str().expect("a report");
    for told in ["Faults: 1", "config.toml", "registers.toml"] {
        assert!(report.contains(told), "{told}: {report}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn an_examination_that_takes_too_long_is_broken_off_and_writes_nothing() {
    let rig = Rig::start(411).await;
    let driver = DriverConfig::fins_udp(rig.plant.fins(), 7, 2);
    let (plc, session) = millrace_field::plc::open(driver.clone()).expect("a right configuration");
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(session.run(stopped));
    let map = RegisterMap::parse(MAP).expect("the demo map");
    let site = Site {
        key: "north".to_owned(),
        name: "North mill".to_owned(),
        line: "Line 1".to_owned(),
        zone: "Asia/Jakarta".to_owned(),
        language: "en".to_owned(),
    };
    let subject = Subject {
        plc: &plc,
        driver: &driver,
        map: &map,
        site: &site,
        version: "test",
        at_ms: NOON_MS,
        config_file: "built in".to_owned(),
        map_file: "built in".to_owned(),
        silos: SilosFile::None,
        knock: None,
        // Shorter than the wait for the heartbeat.
        limit: Some(Duration::from_millis(500)),
    };
    let before = memory(&rig);
    let leave: Leave<'_> = Box::pin(async { Ok(()) });
    let outcome = commissioning::examine(&subject, Some(leave)).await;
    let examination = outcome.examination;
    assert!(!examination.is_sound && outcome.broken.is_none());
    let last = examination.findings.last().expect("findings");
    assert!(last.text.contains("Broken off after 500ms"), "{last:?}");
    assert_eq!(memory(&rig), before);
    stop.send_replace(true);
    running.await.expect("it ends");
}

#[tokio::test]
async fn without_a_plc_nothing_is_examined() {
    let folder = tempfile::tempdir().expect("a folder");
    let (app, token) = configured(folder.path(), "").await;
    let token = Some(token.as_str());
    let refused = app
        .dispatch("plc_examine", json!({}), token)
        .await
        .expect_err("there is none");
    assert_eq!(refused.code, ErrorCode::NotReady);
    let view = app
        .dispatch("plc_get", json!({}), token)
        .await
        .expect("a view");
    assert_eq!(view["settings"], json!([]));
    assert_eq!(view["map"], json!(null));
    app.shutdown().await;
}
