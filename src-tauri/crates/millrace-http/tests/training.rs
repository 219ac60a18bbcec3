//! The training screen's commands in a demo: what they say and what the virtual plant does. Leaves out
//! what each fault looks like to the exchange (the plant's own tests).

use millrace_app::AppError;
use millrace_core::error_code::ErrorCode;
use millrace_http::cli::Cli;
use millrace_http::launch::{Launch, launch};
use millrace_plant::books::Event;
use serde_json::{Value, json};

struct Demo {
    launch: Launch,
    _data: tempfile::TempDir,
}

impl Demo {
    async fn open() -> Demo {
        let data = tempfile::tempdir().expect("a folder");
        let folder = data.path().to_str().expect("a readable path");
        let arguments = ["millrace", "--demo", "--log", "error", "--data-dir", folder];
        let cli = <Cli as clap::Parser>::try_parse_from(arguments).expect("right arguments");
        let launch = launch(&cli).await.expect("a demo starts everywhere");
        Demo {
            launch,
            _data: data,
        }
    }

    /// Logs the first person of this role in, and answers the token.
    async fn token(&self, role: &str) -> String {
        let app = &self.launch.app;
        let info = app.dispatch("app_info", json!({}), None).await;
        let info = info.expect("public");
        let people = info["demo_people"].as_array().expect("people");
        let person = people.iter().find(|p| p["role"] == role).expect(role);
        let secret = json!({ "user": person["name"], "secret": person["secret"] });
        let session = app.dispatch("session_open", secret, None).await;
        let session = session.expect("the demo's people may log in");
        session["token"].as_str().expect("a token").to_owned()
    }

    async fn call(&self, command: &str, payload: Value, token: &str) -> Result<Value, AppError> {
        self.launch
            .app
            .dispatch(command, payload, Some(token))
            .await
    }
}

fn fault<'a>(view: &'a Value, key: &str) -> &'a Value {
    let faults = view["faults"].as_array().expect("faults");
    faults.iter().find(|f| f["key"] == key).expect(key)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trainer_makes_faults_on_the_demos_plant() {
    let demo = Demo::open().await;
    let token = demo.token("supervisor").await;
    let view = demo.call("training_get", json!({}), &token).await;
    let view = view.expect("a demo has a trainer");
    for (key, group) in [
        ("drop", "wire"),
        ("stuck_flag", "plc"),
        ("bridging_silo", "plant"),
        ("erp_lost_answer", "erp"),
    ] {
        let one = fault(&view, key);
        assert_eq!(
            (&one["group"], &one["is_on"]),
            (&json!(group), &json!(false))
        );
    }

    let set = json!({ "key": "stuck_gate", "is_on": true, "value": 7, "target": 103 });
    let view = demo.call("training_set", set, &token).await.expect("set");
    let gate = fault(&view, "stuck_gate");
    assert_eq!((&gate["is_on"], &gate["value"]), (&json!(true), &json!(7)));
    assert_eq!(gate["target"], 103);
    let set = json!({ "key": "erp_down", "is_on": true });
    demo.call("training_set", set, &token).await.expect("set");

    let set = json!({ "key": "equipment_failure", "is_on": true, "target": 101 });
    demo.call("training_set", set, &token)
        .await
        .expect("happens");
    let plant = demo.launch.plant.as_ref().expect("a demo has a plant");
    let events = plant.books().events;
    let Event::Failure { code, at, .. } = &events[0].event else {
        panic!("{events:?}");
    };
    assert_eq!(code, "silo101");
    assert!(at.year() >= 2026, "the site's own date: {at}");

    let wrong = json!({ "key": "stuck_gate", "is_on": true, "value": 99 });
    let error = demo.call("training_set", wrong, &token).await;
    let error = error.expect_err("beyond the limits");
    assert_eq!(error.code, ErrorCode::BadRequest);
    assert!(error.to_string().contains("1 to 50 percent"), "{error}");

    let view = demo.call("training_clear", json!({}), &token).await;
    let view = view.expect("all off");
    let faults = view["faults"].as_array().expect("faults");
    assert!(faults.iter().all(|fault| fault["is_on"] == false), "{view}");
    assert_eq!(demo.launch.shutdown().await, Vec::<String>::new());
}
