//! One application without PLC and ERP behind all its doors, and people who log in cheaply.

use std::net::SocketAddr;
use std::sync::Arc;

use millrace_app::clock::{Clock, HandClock};
use millrace_app::config::Http;
use millrace_app::{App, DemoLogin, Pace, Setup};
use millrace_core::access::Grant;
use millrace_core::error_code::ErrorCode;
use millrace_http::server::Server;
use millrace_tests::NOON_MS;
use reqwest::header::{AUTHORIZATION, COOKIE};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Everybody's secret, and its hash at the least cost: what hashing costs is not tried here.
const SECRET: &str = "campaign";
const SECRET_PHC: &str =
    "$argon2id$v=19$m=8,t=1,p=1$eByyM7WKVK1YOgEKr52/cw$FZU2pNRr8J2SURJHQLEKI5wvbLeofpa8Ix4xY5I8974";

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// The application's own, as the window calls it.
    Window,
    /// HTTP with a bearer token, as scripts do.
    Bearer,
    /// HTTP with the cookie, as a browser does.
    Cookie,
}

impl Door {
    pub(crate) const ALL: [Door; 3] = [Door::Window, Door::Bearer, Door::Cookie];
}

pub(crate) struct Site {
    pub(crate) clock: Arc<HandClock>,
    app: App,
    at: SocketAddr,
    client: reqwest::Client,
    end: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Site {
    pub(crate) async fn open() -> Site {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = HandClock::at(NOON_MS);
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
        let login = DemoLogin {
            database: "none".into(),
            login: "none".into(),
            password: "none".into(),
        };
        let mut setup = Setup::demo(
            nowhere,
            "http://127.0.0.1:9",
            &login,
            folder.path(),
            1.0,
            millrace_tests::DEMO_MAP,
            include_str!("../../assets/demo/silos.toml"),
            "test",
        )
        .expect("the demo's files are right");
        setup.demo = None;
        setup.config.plc = None;
        setup.config.erp = None;
        setup.config.site.key = "north".into();
        setup.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        setup.pace = Pace::ByHand;
        setup.strengthens_secrets = false;
        let app = App::start(setup).await.expect("it starts");
        let server = Server::bind(
            app.clone(),
            SocketAddr::from(([127, 0, 0, 1], 0)),
            &Http {
                requests_per_second_max: 10_000,
                ..Http::default()
            },
        )
        .await
        .expect("a free port");
        let at = server.address();
        let (end, told) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.serve(async {
            let _told = told.await;
        }));
        Site {
            clock,
            app,
            at,
            client: reqwest::Client::new(),
            end,
            serving,
            _folder: folder,
        }
    }

    pub(crate) async fn add(&self, name: &str, grants: &[Grant]) {
        let (name, grants) = (name.to_owned(), grants.to_vec());
        self.app
            .store()
            .write(move |tx| tx.person_add(&name, &grants, SECRET_PHC, NOON_MS))
            .await
            .expect("added");
    }

    pub(crate) async fn log_in(&self, name: &str) -> String {
        self.log_in_with(name, SECRET).await
    }

    pub(crate) async fn log_in_with(&self, name: &str, secret: &str) -> String {
        let opened = self
            .app
            .dispatch(
                "session_open",
                json!({ "user": name, "secret": secret }),
                None,
            )
            .await
            .expect("may log in");
        opened["token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn ok(&self, command: &str, payload: Value, token: &str) -> Value {
        self.app
            .dispatch(command, payload, Some(token))
            .await
            .unwrap_or_else(|error| panic!("{command}: {error:?}"))
    }

    /// Acts upon a person as somebody who may.
    pub(crate) async fn act(&self, command: &str, name: &str, token: &str) -> Value {
        let list = self.ok("person_list", json!({}), token).await;
        let people = list["people"].as_array().expect("people");
        let person = people
            .iter()
            .find(|person| person["name"] == name)
            .expect("the person");
        self.ok(
            command,
            json!({ "id": person["id"], "version": person["version"] }),
            token,
        )
        .await
    }

    /// Sends a command with a payload that none takes, and answers how it is refused.
    pub(crate) async fn knock(&self, door: Door, command: &str, token: Option<&str>) -> ErrorCode {
        let payload = json!({ "no_command_takes_this": true });
        if door == Door::Window {
            return match self.app.dispatch(command, payload, token).await {
                Err(error) => error.code,
                Ok(answer) => panic!("{command} took anything: {answer}"),
            };
        }
        let mut request = self
            .client
            .post(format!("http://{}/rpc/{command}", self.at))
            .json(&payload);
        if let Some(token) = token {
            request = match door {
                Door::Cookie => request.header(COOKIE, format!("millrace_session={token}")),
                Door::Bearer | Door::Window => {
                    request.header(AUTHORIZATION, format!("Bearer {token}"))
                }
            };
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("JSON");
        let code: ErrorCode =
            serde_json::from_value(body["error"]["code"].clone()).expect("a code");
        let promised = match code {
            ErrorCode::BadRequest => 400,
            ErrorCode::NotLoggedIn => 401,
            ErrorCode::NoRight | ErrorCode::MustChangeSecret => 403,
            other => panic!("{command}: {other:?}"),
        };
        assert_eq!(status, promised, "{command}");
        code
    }

    /// Whether the stream of events opens, by each of its doors alike.
    pub(crate) async fn listen(&self, token: Option<&str>) -> bool {
        let opens = self.app.subscribe(token).is_ok();
        for name in [AUTHORIZATION, COOKIE] {
            let mut request = self.client.get(format!("http://{}/events", self.at));
            if let Some(token) = token {
                let value = if name == COOKIE {
                    format!("millrace_session={token}")
                } else {
                    format!("Bearer {token}")
                };
                request = request.header(name, value);
            }
            let status = request.send().await.expect("an answer").status();
            assert_eq!(status.is_success(), opens, "{status}");
        }
        opens
    }

    pub(crate) async fn audit_count(&self, action: &'static str) -> i64 {
        self.app
            .store()
            .read(move |read| read.audit_count(action))
            .await
            .expect("readable")
    }

    pub(crate) async fn close(self) {
        drop(self.client);
        self.end.send(()).expect("it still serves");
        self.serving.await.expect("the server ends");
        assert_eq!(self.app.shutdown().await, Vec::<String>::new());
    }
}
