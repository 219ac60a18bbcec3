//! The ERP's password stays where it was put: books, logs, messages, views, errors, what is printed
//! for a developer and the report of the connection test are searched for it, for right and wrong
//! ones. Leaves out where it may come from (`millrace-office`, `secret.rs`).

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use millrace_app::Setup;
use millrace_app::config::Config;
use millrace_office::erp::{ErpConfig, Secret, examine, open};
use millrace_plant::{PlantConfig, RunningPlant};
use millrace_tests::{DEMO_MAP, NOON_MS, Rig, Who};
use serde_json::{Value, json};

/// What is searched for. No part of it occurs by chance.
const PLANTED: &str = "Zq7vXw2KpT9mLr4d";
const SILOS: &str = include_str!("../../assets/demo/silos.toml");

fn plant_with(password: &str) -> PlantConfig {
    let mut plant = PlantConfig::default();
    plant.odoo_login.password = password.to_owned();
    plant
}

/// The ways in which a text could carry it.
fn forms() -> [Vec<u8>; 2] {
    [PLANTED.as_bytes().to_vec(), STANDARD.encode(PLANTED).into()]
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[track_caller]
fn check_clean(what: &str, bytes: &[u8]) {
    for form in forms() {
        assert!(!has(bytes, &form), "{what} holds the password");
    }
}

/// Every file below a folder with its content.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let content = std::fs::read(&path).expect("readable");
            found.push((path.display().to_string(), content));
        }
    }
    found
}

/// Searches a folder, and shows by `known` that it looked where things are written.
fn check_folder(folder: &Path, known: &str) {
    let found = files(folder);
    assert!(
        found.iter().any(|(_, bytes)| has(bytes, known.as_bytes())),
        "{known} must stand in one of {} files",
        found.len()
    );
    for (name, bytes) in &found {
        check_clean(name, bytes);
    }
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let text = format!("password = {PLANTED}!");
    let coded = format!("Basic {}", STANDARD.encode(PLANTED));
    assert!(has(text.as_bytes(), &forms()[0]) && has(coded.as_bytes(), &forms()[1]));
}

async fn ask(rig: &Rig, command: &str, payload: Value) {
    let answer = rig.call(Who::Supervisor, command, payload).await;
    let shown = match &answer {
        Ok(answer) => format!("{answer} {answer:?}"),
        Err(error) => format!("{error} {error:?}"),
    };
    check_clean(command, shown.as_bytes());
}

#[tokio::test]
async fn books_messages_and_views_hold_no_password() {
    let rig = Rig::start_on(plant_with(PLANTED), |config, _| {
        let erp = config.erp.as_mut().expect("an ERP");
        erp.connector.password = Some(Secret::new(PLANTED));
    })
    .await;
    check_clean("the application", format!("{:?}", rig.app).as_bytes());
    rig.begin("WH/MO/00101/1").await;
    rig.finish().await;
    rig.erp_faults(json!({"drop_after_commit": 1, "status_500": 1, "half_body": 1}));
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
    // What fails is told, too.
    rig.erp_faults(json!({"html": 1}));
    for command in ["order_import", "outbox_list", "batch_list", "app_info"] {
        ask(&rig, command, json!({})).await;
    }
    check_folder(rig.folder(), "WH/MO/00101");
}

/// A configuration whose password stands in a file beside it.
fn write_config(folder: &Path, plant: &RunningPlant, kind: &str, more: &str) {
    std::fs::write(folder.join("registers.toml"), DEMO_MAP).expect("written");
    std::fs::write(folder.join("silos.toml"), SILOS).expect("written");
    let login = millrace_plant::run::OdooLogin::default();
    let text = format!(
        "silos = \"silos.toml\"\n[site]\nkey = \"north\"\nname = \"North mill\"\nline = \"Line 1\"\nzone = \"Asia/Jakarta\"\n\
         [plc]\nregisters = \"registers.toml\"\n[plc.driver]\nkind = \"fins_udp\"\naddress = \"{}\"\nnode_local = 1\nnode_plc = 2\n\
         [erp.connector]\nkind = \"{kind}\"\nurl = \"{}\"\ndatabase = \"{}\"\nlogin = \"{}\"\npassword_file = \"erp-password\"\n{more}",
        plant.fins(),
        plant.odoo_url(),
        login.db,
        login.login,
    );
    std::fs::write(folder.join("config.toml"), text).expect("written");
    let secret = folder.join("erp-password");
    std::fs::write(&secret, format!("{PLANTED}\n")).expect("written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o600)).expect("ours");
    }
}

fn connector(folder: &Path) -> ErpConfig {
    let setup = Setup::from_file(&folder.join("config.toml"), &folder.join("data"), "test")
        .expect("the file is right");
    check_clean("the setup", format!("{setup:?}").as_bytes());
    setup.config.erp.expect("an ERP").connector
}

/// Both connectors, and passwords that the ERP takes and does not take.
const WAYS: [(&str, &str); 2] = [
    ("odoo_addon", ""),
    (
        "odoo_standard",
        "api = \"jsonrpc\"\n[erp.connector.materials]\nnothing = \"manual\"\n",
    ),
];

#[tokio::test]
async fn the_report_of_the_connection_test_holds_no_password() {
    for (kind, more) in WAYS {
        for right in [PLANTED, "another"] {
            let plant = millrace_plant::start(plant_with(right)).await;
            let plant = plant.expect("the virtual plant starts");
            let folder = tempfile::tempdir().expect("a folder");
            write_config(folder.path(), &plant, kind, more);
            let settings = connector(folder.path());
            let report = examine(&settings, Some(NOON_MS)).await;
            assert_eq!(report.info.is_some(), right == PLANTED, "{report:?}");
            let erp = open(&settings).expect("good settings");
            let shown = format!(
                "{report:?} {settings:?} {erp:?} {:?} {:?}",
                report.first_failure(),
                erp.open_orders(1, 0).await
            );
            check_clean(kind, shown.as_bytes());
        }
    }
}

#[test]
fn a_wrong_setting_is_told_without_its_neighbours_value() {
    let site = "[site]\nkey = \"north\"\nname = \"North mill\"\nline = \"Line 1\"\nzone = \"Asia/Jakarta\"\n";
    for line in [
        format!("pasword = \"{PLANTED}\""),
        format!("password = [\"{PLANTED}\"]"),
        format!("password = {{ value = \"{PLANTED}\" }}"),
        format!("password = \"{PLANTED}"),
        format!("password_file = [\"{PLANTED}\"]"),
        format!("timeout_ms = 1, password = \"{PLANTED}\""),
    ] {
        let text = format!("{site}[erp.connector]\nkind = \"odoo_addon\"\n{line}\n");
        let error = Config::parse(&text).expect_err(&line);
        check_clean(&line, format!("{error} {error:?}").as_bytes());
        assert!(error.to_string().contains("line 8"), "{error}");
    }
}

/// The program as its own process, with its real log at debug level on file and on stderr.
fn start(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_crash-node"))
        .arg("--config")
        .arg(folder.join("config.toml"))
        .arg("--data-dir")
        .arg(folder.join("data"))
        .args(["--listen", "127.0.0.1:0", "--log", "debug"])
        .env("MILLRACE_ERP_PASSWORD", PLANTED)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the process starts")
}

#[cfg(unix)]
#[tokio::test]
async fn the_log_at_debug_level_holds_no_password() {
    for (kind, more) in WAYS {
        for right in [PLANTED, "another"] {
            let plant = millrace_plant::start(plant_with(right)).await;
            let plant = plant.expect("the virtual plant starts");
            let folder = tempfile::tempdir().expect("a folder");
            write_config(folder.path(), &plant, kind, more);
            let mut node = start(folder.path());
            let lines = BufReader::new(node.stderr.take().expect("piped")).lines();
            // It imports by itself when it starts: the first answer is in the log then.
            let screen = tokio::task::spawn_blocking(move || {
                let mut screen = String::new();
                let mut lines = lines.map_while(Result::ok);
                for line in lines.by_ref() {
                    screen.push_str(&line);
                    if line.contains("the ERP answered") {
                        break;
                    }
                }
                (screen, lines)
            });
            let (mut screen, rest) = screen.await.expect("it reads");
            assert!(screen.contains("DEBUG"), "{screen}");
            let ended = Command::new("sh")
                .args(["-c", &format!("kill {}", node.id())])
                .status();
            assert!(ended.is_ok_and(|status| status.success()));
            node.wait().expect("it ends in good order");
            rest.for_each(|line| screen.push_str(&line));
            check_clean("standard error", screen.as_bytes());
            // The file that the password was put into is the one place where it stands.
            std::fs::remove_file(folder.path().join("erp-password")).expect("ours");
            check_folder(folder.path(), "the ERP answered");
        }
    }
}
