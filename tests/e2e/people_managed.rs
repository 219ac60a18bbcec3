//! People are managed: added with a secret that is shown once, changed, disabled, let in again; and what
//! nobody may do to others or to themselves.

use std::time::Duration;

use millrace_app::AppError;
use millrace_core::access::{Grant, Role};
use millrace_core::error_code::ErrorCode;
use millrace_tests::http::serve;
use millrace_tests::{NOON_MS, Rig, Who};
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

/// The rig's people with somebody who manages them.
struct Mill {
    rig: Rig,
    boss: String,
}

fn everywhere(role: &str) -> Value {
    json!({ "role": role, "site": null, "line": null })
}

impl Mill {
    async fn open(seed: u64) -> Mill {
        let rig = Rig::start(seed).await;
        let mut mill = Mill {
            rig,
            boss: String::new(),
        };
        mill.put("Boss", Role::SuperAdmin).await;
        // The demo's own would be one more.
        let demo = mill.row("Administrator 1").await.id;
        mill.rig
            .app
            .store()
            .write(move |tx| tx.person_disabled_set(demo, Some(NOON_MS)))
            .await
            .expect("disabled");
        mill.boss = mill.log_in("Boss", &mill.known().await).await;
        mill
    }

    /// The secret of whoever was put into the books by a test.
    async fn known(&self) -> String {
        self.rig.secret("Operator 1").await
    }

    /// Puts a person into the books, with the operator's secret: hashing once is enough.
    async fn put(&self, name: &'static str, role: Role) {
        let phc = self.row("Operator 1").await.secret_phc;
        self.rig
            .app
            .store()
            .write(move |tx| tx.person_add(name, &[Grant::everywhere(role)], &phc, NOON_MS))
            .await
            .expect("a person");
    }

    async fn row(&self, name: &'static str) -> millrace_store::table::person::PersonRow {
        self.rig
            .app
            .store()
            .read(move |read| read.person_by_name(name))
            .await
            .expect("readable")
            .expect("the person")
    }

    async fn try_log_in(&self, name: &str, secret: &str) -> Result<String, AppError> {
        let session = self
            .rig
            .app
            .dispatch(
                "session_open",
                json!({ "user": name, "secret": secret }),
                None,
            )
            .await?;
        Ok(session["token"].as_str().expect("a token").to_owned())
    }

    async fn log_in(&self, name: &str, secret: &str) -> String {
        self.try_log_in(name, secret).await.expect("may log in")
    }

    async fn call(&self, token: &str, command: &str, payload: Value) -> Result<Value, AppError> {
        self.rig.app.dispatch(command, payload, Some(token)).await
    }

    async fn ok(&self, token: &str, command: &str, payload: Value) -> Value {
        self.call(token, command, payload)
            .await
            .unwrap_or_else(|error| panic!("{command}: {error:?}"))
    }

    async fn refused(&self, token: &str, command: &str, payload: Value) -> AppError {
        self.call(token, command, payload)
            .await
            .expect_err("must be refused")
    }

    /// A person as an administrator sees them.
    async fn person(&self, name: &str) -> Value {
        let list = self.ok(&self.boss, "person_list", json!({})).await;
        let people = list["people"].as_array().expect("people");
        people
            .iter()
            .find(|person| person["name"] == name)
            .cloned()
            .expect("the person")
    }

    /// Which person, as it stands now.
    async fn which(&self, name: &str) -> Value {
        let person = self.person(name).await;
        json!({ "id": person["id"], "version": person["version"] })
    }

    /// All grants of a person anew.
    async fn regrant(&self, name: &str, grants: &[Value]) -> Value {
        let person = self.person(name).await;
        json!({ "id": person["id"], "version": person["version"], "full_name": person["full_name"], "grants": grants })
    }

    async fn audited(&self, action: &'static str) -> i64 {
        self.rig
            .app
            .store()
            .read(move |read| read.audit_count(action))
            .await
            .expect("readable")
    }

    /// Everything that lies in the folder of the books.
    fn bytes(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(self.rig.folder()).expect("a folder") {
            let path = entry.expect("readable").path();
            if path.is_file() {
                all.extend(std::fs::read(path).expect("readable"));
            }
        }
        all
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn a_new_person_gets_a_secret_once_and_must_choose_an_own_one() {
    let mill = Mill::open(700).await;
    let line = json!({ "role": "operator", "site": "demo", "line": "Line 1" });
    let added = mill
        .ok(
            &mill.boss,
            "person_add",
            json!({ "name": " ana ", "full_name": "Ana Dijk", "grants": [line, line] }),
        )
        .await;
    let one_time = added["secret"].as_str().expect("shown once").to_owned();
    assert_eq!(added["person"]["name"], "ana");
    assert_eq!(added["person"]["grants"], json!([line]));
    assert_eq!(added["person"]["changed_by"], "Boss");
    assert!(
        !mill.person("ana").await.to_string().contains(&one_time),
        "never again"
    );

    let ana = mill.log_in("ana", &one_time).await;
    let session = mill.ok(&ana, "session_get", json!({})).await;
    assert_eq!(session["must_change_secret"], true);
    let first = mill.refused(&ana, "batch_list", json!({})).await;
    assert_eq!(first.code, ErrorCode::MustChangeSecret);
    assert!(mill.rig.app.subscribe(Some(&ana)).is_err(), "no events");

    for (new, says) in [
        ("short", "at least 10"),
        ("anaanaanaana", "not be the name"),
        ("Password123", "first that anybody would try"),
        (one_time.as_str(), "differ"),
    ] {
        let refused = mill
            .refused(
                &ana,
                "secret_change",
                json!({ "old": one_time, "new": new }),
            )
            .await;
        assert_eq!(refused.code, ErrorCode::BadRequest, "{new}");
        assert!(refused.message.contains(says), "{refused}");
    }
    let own = "wheat bran, barley, maize";
    let wrong = mill
        .refused(
            &ana,
            "secret_change",
            json!({ "old": "not it at all", "new": own }),
        )
        .await;
    assert_eq!(wrong.code, ErrorCode::WrongSecret);

    let elsewhere = mill.log_in("ana", &one_time).await;
    let changed = mill
        .ok(
            &ana,
            "secret_change",
            json!({ "old": one_time, "new": own }),
        )
        .await;
    assert_eq!(changed["must_change_secret"], false);
    assert!(mill.call(&ana, "batch_list", json!({})).await.is_ok());
    let ended = mill.refused(&elsewhere, "session_get", json!({})).await;
    assert_eq!(ended.code, ErrorCode::NotLoggedIn, "other sessions end");
    let old = mill
        .try_log_in("ana", &one_time)
        .await
        .expect_err("used up");
    assert_eq!(old.code, ErrorCode::WrongSecret);
    mill.log_in("ana", own).await;
    assert_eq!(
        mill.person("ana").await["last_login_at_ms"],
        mill.rig.live().now_ms
    );

    // The trail tells what was done, and no file holds a secret.
    assert_eq!(mill.audited("person_add").await, 1);
    assert_eq!(mill.audited("secret_change").await, 1);
    let bytes = mill.bytes();
    assert!(holds(&bytes, r#""full_name":"Ana Dijk""#), "the trail");
    for secret in [one_time.as_str(), own] {
        assert!(!holds(&bytes, secret), "a secret lies in the books");
    }
}

#[tokio::test]
async fn a_name_is_taken_once_whatever_its_letters_look_like() {
    let mill = Mill::open(701).await;
    let add = |name: &str| json!({ "name": name, "full_name": "", "grants": [] });
    mill.ok(&mill.boss, "person_add", add("Zoë")).await;
    for (name, says) in [
        ("ZOË", "there is Zoë already"),
        ("operator 1", "there is Operator 1 already"),
        ("system", "audit trail"),
        (" ", "1 to 64"),
    ] {
        let refused = mill.refused(&mill.boss, "person_add", add(name)).await;
        assert_eq!(refused.code, ErrorCode::BadRequest);
        assert!(refused.message.contains(says), "{refused}");
    }
    assert_eq!(mill.audited("person_add").await, 1);
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_and_stays_in_the_books() {
    let mill = Mill::open(702).await;
    mill.put("Ana", Role::Supervisor).await;
    let ana = mill.log_in("Ana", &mill.known().await).await;
    let which = mill.which("Ana").await;
    let view = mill.ok(&mill.boss, "person_disable", which.clone()).await;
    assert_eq!(view["is_disabled"], true);
    assert!(view["disabled_at_ms"].is_i64());
    let out = mill.refused(&ana, "batch_list", json!({})).await;
    assert_eq!(out.code, ErrorCode::NotLoggedIn);
    let refused = mill
        .try_log_in("Ana", &mill.known().await)
        .await
        .expect_err("disabled");
    assert_eq!(
        refused.code,
        ErrorCode::WrongSecret,
        "as for anybody unknown"
    );

    let stale = mill.refused(&mill.boss, "person_enable", which).await;
    assert_eq!(stale.code, ErrorCode::Changed);
    assert!(
        stale
            .message
            .contains("Ana was changed by Boss while you were looking"),
        "{stale}"
    );
    let twice = mill
        .refused(&mill.boss, "person_disable", mill.which("Ana").await)
        .await;
    assert_eq!(twice.code, ErrorCode::IllegalTransition);
    mill.ok(&mill.boss, "person_enable", mill.which("Ana").await)
        .await;
    mill.log_in("Ana", &mill.known().await).await;
    assert_eq!(mill.audited("person_disable").await, 1);
    assert_eq!(mill.audited("person_enable").await, 1);
}

#[tokio::test]
async fn a_right_that_was_taken_is_gone_with_the_next_command() {
    let mill = Mill::open(703).await;
    mill.put("Ana", Role::Operator).await;
    let ana = mill.log_in("Ana", &mill.known().await).await;
    assert!(mill.call(&ana, "order_import", json!({})).await.is_ok());
    let viewer = mill.regrant("Ana", &[everywhere("viewer")]).await;
    mill.ok(&mill.boss, "person_change", viewer).await;
    let refused = mill.refused(&ana, "order_import", json!({})).await;
    assert_eq!(refused.code, ErrorCode::NoRight);
    let session = mill.ok(&ana, "session_get", json!({})).await;
    assert_eq!(session["roles"], json!(["viewer"]));
    assert!(mill.call(&ana, "batch_list", json!({})).await.is_ok());
    assert_eq!(mill.audited("right_refused").await, 1);

    let nothing = mill.regrant("Ana", &[]).await;
    mill.ok(&mill.boss, "person_change", nothing).await;
    let refused = mill.refused(&ana, "batch_list", json!({})).await;
    assert_eq!(refused.code, ErrorCode::NoRight);
    assert!(refused.message.contains("has no role here"), "{refused}");
    assert!(mill.rig.app.subscribe(Some(&ana)).is_err(), "no events");
}

#[tokio::test]
async fn an_open_stream_of_events_ends_with_the_person() {
    let mill = Mill::open(704).await;
    mill.put("Ana", Role::Operator).await;
    let ana = mill.log_in("Ana", &mill.known().await).await;
    let (at, serving) = serve(&mill.rig.app).await;
    let mut stream = reqwest::Client::new()
        .get(format!("http://{at}/events"))
        .header(AUTHORIZATION, format!("Bearer {ana}"))
        .send()
        .await
        .expect("an answer");
    assert!(stream.status().is_success());
    assert!(
        stream.chunk().await.expect("readable").is_some(),
        "it tells"
    );
    mill.ok(&mill.boss, "person_disable", mill.which("Ana").await)
        .await;
    // Out within 5 s (`reliability.md`, CR 1.3).
    let ended = tokio::time::timeout(Duration::from_secs(5), async {
        while stream.chunk().await.expect("readable").is_some() {}
    })
    .await;
    assert!(ended.is_ok(), "the stream outlives the person");
    serving.abort();
}

#[tokio::test]
async fn the_last_super_administrator_stays_and_nobody_changes_their_own_grants() {
    let mill = Mill::open(705).await;
    let own = mill.regrant("Boss", &[everywhere("viewer")]).await;
    let refused = mill.refused(&mill.boss, "person_change", own).await;
    assert_eq!(refused.code, ErrorCode::NoRight);
    assert!(
        refused
            .message
            .contains("nobody changes what they themselves"),
        "{refused}"
    );
    for command in ["person_disable", "person_secret_reset"] {
        let refused = mill
            .refused(&mill.boss, command, mill.which("Boss").await)
            .await;
        assert_eq!(refused.code, ErrorCode::NoRight, "{command}");
    }
    // The own printed name is no right.
    let boss = mill.person("Boss").await;
    let renamed = json!({ "id": boss["id"], "version": boss["version"], "full_name": "B. Boss", "grants": boss["grants"] });
    let view = mill.ok(&mill.boss, "person_change", renamed).await;
    assert_eq!(view["full_name"], "B. Boss");
    assert_eq!(view["is_last_super_admin"], true);
    assert_eq!(view["why_not"], "own");

    // Two who disable each other at once: one of them stays.
    mill.put("Other", Role::SuperAdmin).await;
    let other = mill.log_in("Other", &mill.known().await).await;
    let (upon_other, upon_boss) = (mill.which("Other").await, mill.which("Boss").await);
    let (a, b) = tokio::join!(
        mill.call(&mill.boss, "person_disable", upon_other),
        mill.call(&other, "person_disable", upon_boss),
    );
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    let left = mill
        .rig
        .app
        .store()
        .read(|read| read.people())
        .await
        .expect("readable")
        .into_iter()
        .filter(|person| {
            !person.is_disabled && person.grants == [Grant::everywhere(Role::SuperAdmin)]
        })
        .count();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn the_last_super_administrator_cannot_be_unmade_by_one_who_is_elsewhere() {
    let mill = Mill::open(706).await;
    // Super administrator of this line only: may act upon nobody who holds more.
    let id = mill.row("Boss").await.id;
    mill.put("Line boss", Role::SuperAdmin).await;
    let line_boss = mill.row("Line boss").await.id;
    mill.rig
        .app
        .store()
        .write(move |tx| {
            let here = |role| Grant {
                role,
                site: Some("demo".into()),
                line: Some("Line 1".into()),
            };
            tx.person_grants_set(id, &[here(Role::SuperAdmin)])?;
            tx.person_grants_set(
                line_boss,
                &[
                    Grant {
                        role: Role::SuperAdmin,
                        site: Some("south".into()),
                        line: None,
                    },
                    here(Role::Admin),
                ],
            )
        })
        .await
        .expect("granted");
    let token = mill.log_in("Line boss", &mill.known().await).await;
    let refused = mill
        .refused(&token, "person_disable", mill.which("Boss").await)
        .await;
    assert_eq!(
        refused.code,
        ErrorCode::NoRight,
        "admin here, super only elsewhere"
    );
    let wide = mill
        .regrant("Operator 1", &[everywhere("supervisor")])
        .await;
    let refused = mill.refused(&mill.boss, "person_change", wide).await;
    assert!(refused.message.contains("beyond the places"), "{refused}");
    let foreign = json!({ "name": "Ana", "full_name": "", "grants": [{ "role": "viewer", "site": "south", "line": null }] });
    let refused = mill.refused(&mill.boss, "person_add", foreign).await;
    assert_eq!(refused.code, ErrorCode::BadRequest);
    assert_eq!(mill.audited("person_change").await, 0);
    assert_eq!(
        mill.audited("person_add").await,
        0,
        "a refusal leaves nobody behind"
    );
}

#[tokio::test]
async fn an_administrator_makes_no_administrator_and_takes_over_none() {
    let mill = Mill::open(707).await;
    mill.put("Admin", Role::Admin).await;
    let admin = mill.log_in("Admin", &mill.known().await).await;
    for role in ["admin", "super_admin"] {
        let up = mill
            .regrant(
                "Supervisor 1",
                &[everywhere("supervisor"), everywhere(role)],
            )
            .await;
        let refused = mill.refused(&admin, "person_change", up).await;
        assert_eq!(refused.code, ErrorCode::NoRight, "{role}");
        let new = json!({ "name": "Ana", "full_name": "", "grants": [everywhere(role)] });
        let refused = mill.refused(&admin, "person_add", new).await;
        assert!(refused.message.contains("super administrator"), "{refused}");
    }
    let down = mill.regrant("Boss", &[]).await;
    assert_eq!(
        mill.refused(&admin, "person_change", down).await.code,
        ErrorCode::NoRight
    );
    // With another's secret in hand an administrator would be that other.
    for command in ["person_secret_reset", "person_disable"] {
        let refused = mill
            .refused(&admin, command, mill.which("Boss").await)
            .await;
        assert_eq!(refused.code, ErrorCode::NoRight, "{command}");
    }
    assert_eq!(mill.row("Boss").await.version, 1, "untouched");
    let list = mill.ok(&admin, "person_list", json!({})).await;
    let people = list["people"].as_array().expect("people");
    let boss = people.iter().find(|person| person["name"] == "Boss");
    assert_eq!(boss.expect("the boss")["why_not"], "needs_super_admin");
    // Everybody else is theirs.
    let new = json!({ "name": "Ana", "full_name": "", "grants": [everywhere("supervisor")] });
    mill.ok(&admin, "person_add", new).await;
}

#[tokio::test]
async fn a_reset_secret_ends_sessions_and_a_lockout_and_spares_the_demos_people() {
    let mill = Mill::open(708).await;
    mill.put("Ana", Role::Operator).await;
    let known = mill.known().await;
    let ana = mill.log_in("Ana", &known).await;
    for _ in 0..5 {
        assert!(mill.try_log_in("Ana", "wrong").await.is_err());
    }
    let locked = mill.try_log_in("Ana", &known).await.expect_err("locked");
    assert_eq!(locked.code, ErrorCode::LockedOut);
    assert!(mill.person("Ana").await["locked_until_ms"].is_i64());
    let reset = mill
        .ok(&mill.boss, "person_secret_reset", mill.which("Ana").await)
        .await;
    assert_eq!(reset["person"]["must_change_secret"], true);
    let out = mill.refused(&ana, "session_get", json!({})).await;
    assert_eq!(out.code, ErrorCode::NotLoggedIn);
    mill.log_in("Ana", reset["secret"].as_str().expect("a secret"))
        .await;
    let demo = mill
        .refused(
            &mill.boss,
            "person_secret_reset",
            mill.which("Operator 1").await,
        )
        .await;
    assert_eq!(demo.code, ErrorCode::NotReady);
}

#[tokio::test]
async fn a_login_makes_a_weak_hash_strong_and_the_secret_stays() {
    let mill = Mill::open(709).await;
    const WEAK: &str = "$argon2id$v=19$m=8,t=1,p=1$eByyM7WKVK1YOgEKr52/cw$FZU2pNRr8J2SURJHQLEKI5wvbLeofpa8Ix4xY5I8974";
    mill.rig
        .app
        .store()
        .write(|tx| tx.person_add("Old", &[Grant::everywhere(Role::Viewer)], WEAK, NOON_MS))
        .await
        .expect("a person");
    assert!(mill.try_log_in("Old", "not it").await.is_err());
    assert_eq!(
        mill.row("Old").await.secret_phc,
        WEAK,
        "only the right secret"
    );
    mill.log_in("Old", "campaign").await;
    let phc = mill.row("Old").await.secret_phc;
    assert!(phc.starts_with("$argon2id$v=19$m=65536,t=2,p=1$"), "{phc}");
    mill.log_in("Old", "campaign").await;
    assert_eq!(mill.row("Old").await.secret_phc, phc, "once");
}

#[tokio::test]
async fn a_signature_prints_the_full_name_and_the_trail_names_the_login() {
    let mill = Mill::open(710).await;
    let person = mill.person("Supervisor 1").await;
    let change = json!({ "id": person["id"], "version": person["version"], "full_name": "Sari Wijaya", "grants": person["grants"] });
    mill.ok(&mill.boss, "person_change", change).await;
    mill.rig.ok(Who::Operator, "order_import", json!({})).await;
    let view = mill.rig.approve("WH/MO/00101/1").await;
    assert_eq!(view["signatures"][0]["person"], "Sari Wijaya");
    assert_eq!(view["row"]["approved_by"], "Supervisor 1");
}
