//! Settings changed from a screen: comments stay, a wrong value changes no byte, two people do not
//! overwrite each other, the trail tells before and after. A real file, the real application.

use std::path::PathBuf;

use millrace_app::{App, Pace, Setup};
use millrace_core::access::{Grant, Role};
use millrace_tests::NOON_MS;
use serde_json::{Value, json};

const EXAMPLE: &str = include_str!("../../assets/config.example.toml");
const SECRET: &str = "one long secret";

struct Site {
    app: App,
    token: String,
    file: PathBuf,
    folder: tempfile::TempDir,
}

impl Site {
    async fn open(text: &str) -> Site {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.toml");
        std::fs::write(&file, text).expect("written");
        Site::again(folder, file).await
    }

    async fn again(folder: tempfile::TempDir, file: PathBuf) -> Site {
        let mut setup = Setup::from_file(&file, folder.path(), "test").expect("a valid file");
        setup.pace = Pace::ByHand;
        let app = App::start(setup).await.expect("it starts");
        let first = json!({"name": "Admin 1", "secret": SECRET});
        // The second start finds the administrator there.
        if app
            .dispatch("first_admin_create", first, None)
            .await
            .is_ok()
        {
            let admin = app.store().read(|read| read.person_by_name("Admin 1"));
            let phc = admin.await.expect("readable").expect("there").secret_phc;
            let operator = [Grant::everywhere(Role::Operator)];
            app.store()
                .write(move |tx| tx.person_add("Operator 1", &operator, &phc, NOON_MS))
                .await
                .expect("written");
        }
        let token = login(&app, "Admin 1").await;
        Site {
            app,
            token,
            file,
            folder,
        }
    }

    async fn call(&self, command: &str, payload: Value) -> Result<Value, Value> {
        self.app
            .dispatch(command, payload, Some(&self.token))
            .await
            .map_err(|error| serde_json::to_value(error).expect("an error"))
    }

    async fn list(&self) -> Value {
        self.call("settings_list", json!({})).await.expect("listed")
    }

    async fn set(&self, seen: &Value, key: &str, value: Option<&str>) -> Result<Value, Value> {
        let payload = json!({
            "key": key, "value": value, "fingerprint": seen["fingerprint"],
            "reason": "as agreed", "secret": SECRET
        });
        self.call("setting_set", payload).await
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.file).expect("readable")
    }
}

async fn login(app: &App, user: &str) -> String {
    let payload = json!({"user": user, "secret": SECRET});
    let view = app
        .dispatch("session_open", payload, None)
        .await
        .expect("in");
    view["token"].as_str().expect("a token").to_owned()
}

fn row<'a>(list: &'a Value, key: &str) -> &'a Value {
    list["settings"]
        .as_array()
        .and_then(|rows| rows.iter().find(|row| row["key"] == key))
        .unwrap_or_else(|| panic!("{key} is not listed"))
}

/// What a change of one value may do to a file: one line more or another one, every other the same.
fn check_one_line(before: &str, after: &str) {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let missing = old.iter().filter(|line| !new.contains(line)).count();
    let added = new.iter().filter(|line| !old.contains(line)).count();
    assert!(missing <= 1 && added <= 1, "{missing} gone, {added} new");
}

#[tokio::test]
async fn a_change_keeps_comments_and_counts_after_a_restart() {
    let site = Site::open(EXAMPLE).await;
    let list = site.list().await;
    assert_eq!(list["why_not"], Value::Null);
    let open = row(&list, "intake.open_batches_max");
    assert_eq!(
        (&open["value"], &open["source"]),
        (&json!("10"), &json!("file"))
    );

    let before = site.text();
    let list = site
        .set(&list, "intake.open_batches_max", Some("12"))
        .await
        .expect("changed");
    check_one_line(&before, &site.text());
    assert!(site.text().contains("\nopen_batches_max = 12\n"));
    let open = row(&list, "intake.open_batches_max");
    assert_eq!(open["value"], "12");
    assert_eq!(open["running"], "10");
    assert_eq!(open["source"], "here");
    assert_eq!(open["changed_by"], "Admin 1");
    assert_eq!(open["is_pending"], true);
    assert_eq!(list["pending"], 1);
    let kept = std::fs::read_to_string(site.folder.path().join("config.toml.before"));
    assert_eq!(kept.expect("the text before"), before);

    site.app.shutdown().await;
    let Site {
        app, folder, file, ..
    } = site;
    drop(app);
    let site = Site::again(folder, file).await;
    let list = site.list().await;
    assert_eq!(list["pending"], 0);
    assert_eq!(row(&list, "intake.open_batches_max")["source"], "here");

    // Back to the default: the line stays as a comment.
    let list = site
        .set(&list, "intake.open_batches_max", None)
        .await
        .expect("changed");
    assert!(site.text().contains("\n#open_batches_max = 12\n"));
    assert_eq!(row(&list, "intake.open_batches_max")["value"], Value::Null);
    assert_eq!(row(&list, "intake.open_batches_max")["source"], "default");
}

#[tokio::test]
async fn what_cannot_be_changes_no_byte() {
    let site = Site::open(EXAMPLE).await;
    let list = site.list().await;
    for (key, value, told) in [
        ("intake.open_batches_max", Some("0"), "outside 1 to"),
        ("intake.open_batches_max", Some("ten"), "whole number"),
        ("intake.policy", Some("sometimes"), "unknown variant"),
        ("intake.scaling_limit_pct", Some("1e3"), "outside 0 to 100"),
        ("site.zone", Some("Java/Nowhere"), "IANA"),
        ("site.key", Some("other"), "stays as it is"),
        ("site.name", Some(""), "one line"),
        ("site.name", Some("a\u{7}b"), "control character"),
        ("silos", Some("nowhere.toml"), "there is no file"),
        ("http.certificate", Some("config.toml"), "belong together"),
        ("plc.poll_live_ms", Some("500"), "no section [plc]"),
        (
            "erp.connector.password",
            Some("x"),
            "not written from a screen",
        ),
        ("colour", Some("red"), "no setting"),
    ] {
        let refused = site.set(&list, key, value).await.expect_err(key);
        let message = refused["message"].as_str().unwrap_or_default();
        assert!(message.contains(told), "{key}: {message}");
        assert_eq!(site.text(), EXAMPLE, "{key}");
    }
    let wrong = json!({
        "key": "intake.open_batches_max", "value": "12", "fingerprint": list["fingerprint"],
        "reason": "as agreed", "secret": "not the secret"
    });
    let refused = site.call("setting_set", wrong).await.expect_err("signed");
    assert_eq!(refused["code"], "wrong_secret");
    assert_eq!(site.text(), EXAMPLE);
    let rows = site
        .app
        .store()
        .read(|read| read.audit_count("setting_set"));
    assert_eq!(rows.await.expect("readable"), 0);
}

#[tokio::test]
async fn the_second_of_two_is_told_that_the_file_changed() {
    let site = Site::open(EXAMPLE).await;
    let seen = site.list().await;
    let after = site
        .set(&seen, "intake.open_batches_max", Some("12"))
        .await
        .expect("the first");
    // The signature stands on the row of the trail, which shows it.
    let filter = json!({ "action": "setting_set", "limit": 10 });
    let trail = site.call("audit_list", filter).await.expect("listed");
    let signature = &trail["rows"][0]["signatures"][0];
    assert_eq!(signature["meaning"], "setting_set");
    assert_eq!(signature["person"], "Admin 1");
    assert_eq!(signature["valid"], true);
    assert_eq!(signature["content_hash"], trail["rows"][0]["hash"]);
    let refused = site
        .set(&seen, "site.name", Some("Other mill"))
        .await
        .expect_err("the second");
    assert_eq!(refused["code"], "changed");
    // By hand counts as well.
    std::fs::write(&site.file, format!("{}\n# a note\n", site.text())).expect("written");
    let refused = site
        .set(&after, "site.name", Some("Other mill"))
        .await
        .expect_err("the file was edited");
    assert_eq!(refused["code"], "changed");
    assert!(site.text().ends_with("# a note\n"));
    let seen = site.list().await;
    site.set(&seen, "site.name", Some("Other mill"))
        .await
        .expect("looked again");
    assert!(site.text().ends_with("# a note\n"));
}

#[tokio::test]
async fn an_import_shows_what_differs_and_secrets_never_leave() {
    let with_secret = format!(
        "{EXAMPLE}\n[erp]\n[erp.connector]\nkind = \"odoo_addon\"\nurl = \"http://127.0.0.1:1\"\ndatabase = \"d\"\nlogin = \"l\"\npassword = \"hush-hush-77\" # ours\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.toml");
    std::fs::write(&file, &with_secret).expect("written");
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("changed");
    let site = Site::again(folder, file).await;
    let list = site.list().await;
    assert!(!list.to_string().contains("hush-hush-77"));
    assert_eq!(row(&list, "erp.connector.password")["value"], "");
    assert_eq!(
        row(&list, "erp.connector.password")["warning"],
        "password_inline"
    );
    let out = site
        .call("settings_text_get", json!({}))
        .await
        .expect("taken out");
    let out = out["text"].as_str().expect("text");
    assert!(!out.contains("hush-hush-77") && out.contains("password = \"\" # ours"));

    let other = with_secret.replace("open_batches_max = 10", "open_batches_max = 20");
    let differs = site
        .call("settings_difference_view", json!({"text": other}))
        .await
        .expect("shown");
    assert_eq!(
        differs,
        json!({"rows": [{"key": "intake.open_batches_max", "before": "10", "after": "20"}], "has_more": false})
    );
    let refused = site
        .call("settings_difference_view", json!({"text": "[site]\n"}))
        .await
        .expect_err("no configuration");
    assert_eq!(refused["code"], "bad_request");
    let import = |text: &str| json!({"text": text, "fingerprint": list["fingerprint"], "reason": "new plan", "secret": SECRET});
    let moved = other.replace("key = \"my-mill\"", "key = \"else\"");
    let refused = site
        .call("settings_import", import(&moved))
        .await
        .expect_err("another site");
    assert!(
        refused["message"]
            .as_str()
            .is_some_and(|told| told.contains("site.key"))
    );
    let rows = site
        .app
        .store()
        .read(|read| read.audit_count("settings_import"));
    assert_eq!(rows.await.expect("readable"), 0);
    let list = site
        .call("settings_import", import(&other))
        .await
        .expect("taken in");
    let rows = site
        .app
        .store()
        .read(|read| read.audit_count("settings_import"));
    assert_eq!(rows.await.expect("readable"), 1);
    assert_eq!(row(&list, "intake.open_batches_max")["value"], "20");
    assert_eq!(site.text(), other);
    let mode = std::fs::metadata(&site.file)
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600, "the file's own mode stays");
}

#[tokio::test]
async fn an_operator_sees_and_does_not_change_them() {
    let mut site = Site::open(EXAMPLE).await;
    site.token = login(&site.app, "Operator 1").await;
    let list = site.list().await;
    let refused = site
        .set(&list, "site.name", Some("Mine"))
        .await
        .expect_err("no right");
    assert_eq!(refused["code"], "no_right");
    assert_eq!(site.text(), EXAMPLE);
}
