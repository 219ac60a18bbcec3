//! Tokens of programs: bound to rights, to their maker and to a time, hashed in the books, and never a way
//! around a person. Leaves out what a token may carry (its own tests stand in core).

use millrace_core::access::{Grant, Role};
use millrace_core::error_code::ErrorCode;
use millrace_tests::http::serve;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;

async fn made(rig: &Rig, by: &str, name: &str, rights: Value) -> (i64, String) {
    let add = json!({ "name": name, "rights": rights, "days": 30 });
    let made = rig.call_as(by, "api_token_add", add).await.expect("made");
    let id = made["list"]["tokens"][0]["id"].as_i64().expect("a number");
    (id, made["token"].as_str().expect("a text").to_owned())
}

async fn code(rig: &Rig, token: &str, command: &str, payload: Value) -> Option<ErrorCode> {
    let answer = rig.app.dispatch(command, payload, Some(token)).await;
    answer.err().map(|error| error.code)
}

#[tokio::test]
async fn a_program_does_what_its_token_says_and_nothing_else() {
    let rig = Rig::start(1_800).await;
    let boss = rig.log_in_as("Boss", Role::SuperAdmin).await;
    let (_, token) = made(&rig, &boss, "erp-sync", json!(["view", "order_import"])).await;
    assert_eq!(token.len(), 64);
    rig.call_as(&token, "order_import", json!({}))
        .await
        .expect("bound to it");
    let seen = rig.call_as(&token, "session_get", json!({})).await;
    let seen = seen.expect("who it is");
    assert_eq!(seen["user"], "Boss/erp-sync");
    assert_eq!(seen["rights"], json!(["view", "order_import"]));
    // Its maker may all of this; the token may not.
    let batch = rig.batch("WH/MO/00101/1").await;
    let (id, version) = (&batch["row"]["id"], &batch["row"]["version"]);
    let secret = rig.secret("Supervisor 1").await;
    let approve = json!({ "id": id, "version": version, "content_hash": batch["row"]["content_hash"], "secret": secret });
    for (command, payload) in [
        ("batch_approve", approve),
        ("batch_start", json!({ "id": id, "version": version })),
        ("audit_list", json!({})),
        ("api_token_list", json!({})),
        (
            "secret_change",
            json!({ "old": secret, "new": "another long secret" }),
        ),
        ("session_lock", json!({})),
        ("session_close", json!({})),
        ("quick_list", json!({})),
    ] {
        assert_eq!(
            code(&rig, &token, command, payload).await,
            Some(ErrorCode::NoRight),
            "{command}"
        );
    }
    // The trail tells the program from its maker.
    let trail = rig
        .call_as(
            &boss,
            "audit_list",
            json!({ "actor": "Boss/erp-sync", "limit": 20 }),
        )
        .await
        .expect("may look");
    let actions: Vec<&str> = trail["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["action"].as_str())
        .collect();
    assert!(actions.contains(&"order_import"), "{actions:?}");
    assert!(actions.contains(&"right_refused"), "{actions:?}");
    // The text of the token is in no book, whatever is searched.
    for file in std::fs::read_dir(rig.folder()).expect("readable") {
        let path = file.expect("readable").path();
        if path.is_file() {
            let bytes = std::fs::read(&path).expect("readable");
            let text = token.as_bytes();
            assert!(
                !bytes.windows(text.len()).any(|part| part == text),
                "{}",
                path.display()
            );
        }
    }
}

#[tokio::test]
async fn a_token_lives_over_a_restart_and_ends_by_time_by_hand_and_with_its_maker() {
    let rig = Rig::start(1_801).await;
    let boss = rig.log_in_as("Boss", Role::SuperAdmin).await;
    let other = rig.log_in_as("Other", Role::SuperAdmin).await;
    let (id, ended) = made(&rig, &boss, "one", json!(["view"])).await;
    let (_, old) = made(&rig, &boss, "two", json!(["view"])).await;
    let (_, theirs) = made(&rig, &other, "one", json!(["view"])).await;
    let again = json!({ "name": "ONE", "rights": ["view"], "days": 1 });
    assert_eq!(
        code(&rig, &boss, "api_token_add", again).await,
        Some(ErrorCode::BadRequest),
        "a name stands for one open token"
    );
    let rig = rig.crash_and_restart().await;
    for token in [&ended, &old, &theirs] {
        assert_eq!(code(&rig, token, "live_get", json!({})).await, None);
    }
    let secret = json!({ "user": "Boss", "secret": rig.secret("Supervisor 1").await });
    let boss = rig.app.dispatch("session_open", secret, None).await;
    let boss = boss.expect("in")["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let list = rig
        .call_as(&boss, "api_token_end", json!({ "id": id }))
        .await
        .expect("ended");
    let row = list["tokens"]
        .as_array()
        .expect("tokens")
        .iter()
        .find(|row| row["id"] == id)
        .expect("still listed");
    assert_eq!(
        (&row["is_good"], &row["ended_by"]),
        (&json!(false), &json!("Boss"))
    );
    let gone = Some(ErrorCode::NotLoggedIn);
    assert_eq!(code(&rig, &ended, "live_get", json!({})).await, gone);
    let twice = rig
        .call_as(&boss, "api_token_end", json!({ "id": id }))
        .await;
    let twice = twice.expect_err("ended before");
    assert!(twice.message.contains("already ended by Boss"), "{twice}");
    // Whoever is disabled has no programs.
    let people = rig
        .call_as(&boss, "person_list", json!({}))
        .await
        .expect("people");
    let person = people["people"]
        .as_array()
        .expect("people")
        .iter()
        .find(|person| person["name"] == "Other")
        .expect("there")
        .clone();
    let disable = json!({ "id": person["id"], "version": person["version"] });
    rig.call_as(&boss, "person_disable", disable)
        .await
        .expect("disabled");
    assert_eq!(code(&rig, &theirs, "live_get", json!({})).await, gone);
    // A clock that is set back brings none back.
    rig.clock.advance_ms(30 * DAY_MS);
    assert_eq!(code(&rig, &old, "live_get", json!({})).await, gone);
    rig.clock.step_wall_ms(-20 * DAY_MS);
    assert_eq!(code(&rig, &old, "live_get", json!({})).await, gone);
}

#[tokio::test]
async fn a_token_reaches_no_further_than_its_maker_does_now() {
    let rig = Rig::start(1_802).await;
    let boss = rig.log_in_as("Boss", Role::SuperAdmin).await;
    let admin = rig.log_in_as("Clerk", Role::Admin).await;
    for (by, rights) in [
        (&boss, json!(["batch_approve"])),
        (&boss, json!([])),
        (&admin, json!(["order_import"])),
    ] {
        let add = json!({ "name": "far", "rights": rights, "days": 1 });
        assert_eq!(
            code(&rig, by, "api_token_add", add).await,
            Some(ErrorCode::BadRequest),
            "{rights}"
        );
    }
    let (_, token) = made(&rig, &admin, "backup", json!(["view", "backup_make"])).await;
    rig.call_as(&token, "backup_list", json!({}))
        .await
        .expect("may look");
    let clerk = rig
        .app
        .store()
        .read(|read| Ok::<_, millrace_app::AppError>(read.person_by_name("Clerk")?))
        .await
        .expect("readable")
        .expect("there");
    // Another role, given by somebody else: the token follows at once.
    let change = json!({ "id": clerk.id, "version": clerk.version, "full_name": "", "grants": [Grant::everywhere(Role::Viewer)] });
    rig.call_as(&boss, "person_change", change)
        .await
        .expect("changed");
    assert_eq!(code(&rig, &token, "live_get", json!({})).await, None);
    assert_eq!(
        code(&rig, &token, "backup_now", json!({})).await,
        Some(ErrorCode::NoRight)
    );
}

#[tokio::test]
async fn a_program_comes_in_over_http_with_its_bearer_token() {
    let rig = Rig::start(1_803).await;
    let boss = rig.log_in_as("Boss", Role::SuperAdmin).await;
    let (_, token) = made(&rig, &boss, "screen", json!(["view"])).await;
    let (at, serving) = serve(&rig.app).await;
    let ask = |command: &'static str, token: String| async move {
        reqwest::Client::new()
            .post(format!("http://{at}/rpc/{command}"))
            .bearer_auth(token)
            .json(&json!({}))
            .send()
            .await
            .expect("an answer")
            .status()
            .as_u16()
    };
    assert_eq!(ask("live_get", token.clone()).await, 200);
    assert_eq!(ask("order_import", token.clone()).await, 403);
    assert_eq!(ask("live_get", "0".repeat(64)).await, 401);
    let events = reqwest::Client::new()
        .get(format!("http://{at}/events"))
        .bearer_auth(&token)
        .send()
        .await
        .expect("an answer");
    assert_eq!(events.status().as_u16(), 200);
    drop(events);
    let first = rig.ok(Who::Operator, "live_get", json!({})).await;
    assert!(first["plc"].is_object());
    serving.abort();
}
