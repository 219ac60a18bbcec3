//! Bad starts: whatever is missing or wrong, the program says what and where, and the rest works.

use std::net::UdpSocket;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millrace_app::clock::{Clock, HandClock};
use millrace_app::commands::live::LinkStateView;
use millrace_app::{App, Pace, Setup};
use millrace_plant::{PlantConfig, RunningPlant};
use millrace_tests::NOON_MS;
use serde_json::{Value, json};

const REGISTERS: &str = include_str!("../../assets/registers/demo.toml");
const SILOS: &str = include_str!("../../assets/demo/silos.toml");

pub(super) async fn plant() -> RunningPlant {
    millrace_plant::start(PlantConfig {
        speed: 0.0,
        ..PlantConfig::default()
    })
    .await
    .expect("the virtual plant starts")
}

/// Writes a plant's configuration; what a test wants wrong it replaces afterwards.
pub(super) fn write(folder: &Path, plc: &str, erp: &str, password: &str) {
    std::fs::write(folder.join("registers.toml"), REGISTERS).expect("written");
    std::fs::write(folder.join("silos.toml"), SILOS).expect("written");
    let login = millrace_plant::run::OdooLogin::default();
    let text = format!(
        "silos = \"silos.toml\"\n[site]\nkey = \"north\"\nname = \"North mill\"\nline = \"Line 1\"\nzone = \"Asia/Jakarta\"\n\
         [plc]\nregisters = \"registers.toml\"\n[plc.driver]\nkind = \"fins_udp\"\naddress = \"{plc}\"\nnode_local = 1\nnode_plc = 2\n\
         timeout_ms = 100\nread_retries = 0\n[erp.connector]\nkind = \"odoo_addon\"\nurl = \"{erp}\"\ndatabase = \"{}\"\nlogin = \"{}\"\n\
         password = \"{password}\"\ntimeout_ms = 2000\n",
        login.db, login.login
    );
    millrace_tests::write_private(&folder.join("config.toml"), &text);
}

pub(super) fn setup(folder: &Path) -> Setup {
    let mut setup = Setup::from_file(&folder.join("config.toml"), &folder.join("data"), "test")
        .expect("the file itself is right");
    let clock: Arc<dyn Clock> = HandClock::at(NOON_MS);
    setup.clock = clock;
    setup.pace = Pace::ByHand;
    setup
}

/// Starts, makes the first administrator, and answers the application with the session's token.
pub(super) async fn start(folder: &Path) -> (App, String) {
    let app = App::start(setup(folder))
        .await
        .expect("it starts all the same");
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

pub(super) async fn problems(app: &App) -> Vec<(String, String)> {
    let info = app
        .dispatch("app_info", json!({}), None)
        .await
        .expect("public");
    info["problems"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|p| {
            let text = |key: &str| p[key].as_str().unwrap_or_default().to_owned();
            (text("area"), text("message"))
        })
        .collect()
}

async fn imports(app: &App, token: &str) -> Result<Value, millrace_app::AppError> {
    app.dispatch("order_import", json!({}), Some(token)).await
}

#[tokio::test]
async fn a_plc_that_is_silent_from_the_start_shows_as_lost_with_the_cause() {
    let folder = tempfile::tempdir().expect("a folder");
    let plant = plant().await;
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket that never answers");
    let address = silent.local_addr().expect("bound").to_string();
    write(folder.path(), &address, &plant.odoo_url(), "scada-demo");
    let (app, token) = start(folder.path()).await;
    for _ in 0..4 {
        app.cycle().await;
    }
    let live = app.live();
    assert_eq!(live.plc.state, LinkStateView::Lost);
    assert!(live.plc.cause.as_ref().is_some_and(|c| !c.is_empty()));
    imports(&app, &token)
        .await
        .expect("orders come all the same");
    let queue = app
        .dispatch("batch_list", json!({}), Some(&token))
        .await
        .expect("listed");
    let row = &queue["rows"][0];
    let approve = json!({ "id": row["id"], "version": row["version"], "content_hash": row["content_hash"], "secret": "a long enough secret" });
    let view = app
        .dispatch("batch_approve", approve, Some(&token))
        .await
        .expect("signing needs no PLC");
    let refused = app
        .dispatch(
            "batch_start",
            json!({ "id": row["id"], "version": view["row"]["version"] }),
            Some(&token),
        )
        .await
        .expect_err("starting does");
    assert!(refused.message.contains("PLC does not answer"), "{refused}");
    drop(silent);
}

#[tokio::test]
async fn a_password_in_a_file_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let plant = plant().await;
    let login = millrace_plant::run::OdooLogin::default();
    for mode in [0o644, 0o640, 0o604] {
        let folder = tempfile::tempdir().expect("a folder");
        let plc = plant.fins().to_string();
        write(folder.path(), &plc, &plant.odoo_url(), &login.password);
        let file = folder.path().join("config.toml");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).expect("ours");
        let (app, token) = start(folder.path()).await;
        let refused = imports(&app, &token).await.expect_err("not used");
        let told = format!("chmod 600 {}", file.display());
        assert!(refused.message.contains(&told), "{refused}");
        app.cycle().await;
        assert_eq!(app.live().plc.state, LinkStateView::Good, "the rest works");
    }
}

#[tokio::test]
async fn a_wrong_erp_password_is_named_and_the_plc_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let plant = plant().await;
    write(
        folder.path(),
        &plant.fins().to_string(),
        &plant.odoo_url(),
        "not the password",
    );
    let (app, token) = start(folder.path()).await;
    let refused = imports(&app, &token).await.expect_err("not let in");
    assert!(refused.message.contains("does not let us in"), "{refused}");
    assert!(
        !refused.message.contains("not the password"),
        "a secret in a message"
    );
    app.cycle().await;
    assert_eq!(app.live().plc.state, LinkStateView::Good);
    assert_eq!(app.live().erp.state, LinkStateView::Lost);
}

#[tokio::test]
async fn an_erp_that_is_down_at_the_start_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let plant = plant().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", free.local_addr().expect("bound"));
    drop(free);
    write(folder.path(), &plant.fins().to_string(), &url, "scada-demo");
    let (app, token) = start(folder.path()).await;
    let refused = imports(&app, &token).await.expect_err("nobody there");
    assert!(refused.message.contains("cannot be reached"), "{refused}");
    app.cycle().await;
    assert_eq!(app.live().plc.state, LinkStateView::Good);
}

#[tokio::test]
async fn a_wrong_or_missing_register_map_leaves_orders_and_signatures() {
    for (name, content, names) in [
        ("missing", None, "registers.toml"),
        (
            "wrong",
            Some(REGISTERS.replace("stride = 100", "stride = 10")),
            "stride",
        ),
        (
            "another",
            Some(REGISTERS.replace("number = 101", "number = 901")),
            "901",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let plant = plant().await;
        write(
            folder.path(),
            &plant.fins().to_string(),
            &plant.odoo_url(),
            "scada-demo",
        );
        let path = folder.path().join("registers.toml");
        match content {
            Some(text) => std::fs::write(&path, text).expect("written"),
            None => std::fs::remove_file(&path).expect("removed"),
        }
        let (app, token) = start(folder.path()).await;
        let found = problems(&app).await;
        assert!(
            found.iter().any(|(area, message)| area == "plc"
                && (message.contains(names) || message.contains("101"))
                && message.contains("orders, signatures and history work")),
            "{name}: {found:?}"
        );
        app.cycle().await;
        assert_eq!(app.live().plc.state, LinkStateView::Off, "{name}");
        imports(&app, &token)
            .await
            .unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[tokio::test]
async fn a_wrong_key_or_address_in_the_configuration_is_named_with_its_file() {
    for (from, to, names) in [
        ("node_plc = 2", "node_plc = 2\ncolour = \"red\"", "colour"),
        ("kind = \"fins_udp\"", "kind = \"fins_upd\"", "fins_upd"),
        (
            "zone = \"Asia/Jakarta\"",
            "zone = \"Asia/Nowhere\"",
            "site.zone",
        ),
        (
            "address = \"127.0.0.1:9600\"",
            "address = \"192.168.1.2\"",
            "address",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "127.0.0.1:9600", "http://127.0.0.1:1", "x");
        let path = folder.path().join("config.toml");
        let text = std::fs::read_to_string(&path).expect("written");
        assert!(text.contains(from), "{from}");
        std::fs::write(&path, text.replace(from, to)).expect("written");
        let error = Setup::from_file(&path, &folder.path().join("data"), "test")
            .expect_err("refused")
            .to_string();
        assert!(
            error.contains("config.toml") && error.contains(names),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_second_start_and_a_newer_database_are_refused_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let plant = plant().await;
    write(
        folder.path(),
        &plant.fins().to_string(),
        &plant.odoo_url(),
        "scada-demo",
    );
    let (app, _) = start(folder.path()).await;
    let second = App::start(setup(folder.path())).await.expect_err("in use");
    assert!(second.to_string().contains("already runs"), "{second}");
    app.shutdown().await;
    drop(app);

    let other = tempfile::tempdir().expect("a folder");
    write(
        other.path(),
        &plant.fins().to_string(),
        &plant.odoo_url(),
        "scada-demo",
    );
    std::fs::create_dir_all(other.path().join("data")).expect("made");
    // The header of a database whose user_version (bytes 60 to 63) is 99.
    let source = folder.path().join("data/millrace.db");
    let mut bytes = std::fs::read(source).expect("the first one's books");
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(other.path().join("data/millrace.db"), bytes).expect("written");
    let newer = App::start(setup(other.path())).await.expect_err("newer");
    assert!(
        newer.to_string().contains("install the newer program"),
        "{newer}"
    );
}

#[tokio::test]
async fn the_link_comes_back_by_itself_when_the_plc_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let plant = plant().await;
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("bound");
    write(
        folder.path(),
        &address.to_string(),
        &plant.odoo_url(),
        "scada-demo",
    );
    let (app, _) = start(folder.path()).await;
    for _ in 0..4 {
        app.cycle().await;
    }
    assert_eq!(app.live().plc.state, LinkStateView::Lost);
    drop(silent);
    let late = millrace_plant::start(PlantConfig {
        speed: 0.0,
        fins: address,
        ..PlantConfig::default()
    })
    .await
    .expect("the PLC is switched on");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while app.live().plc.state != LinkStateView::Good {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{:?}",
            app.live().plc
        );
        app.cycle().await;
    }
    late.shutdown().await.expect("it stops");
}
