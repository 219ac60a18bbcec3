//! What end-to-end tests stand on: the real application on the virtual plant, over real sockets,
//! with a clock that the test moves. Leaves out what a test asserts.

pub mod http;
pub mod rivals;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millrace_app::clock::{Clock, HandClock};
use millrace_app::commands::live::{LinkStateView, LiveView};
use millrace_app::commands::table::COMMANDS;
use millrace_app::config::{Config, Erp, Session, Signature};
use millrace_app::{App, AppError, Pace, Setup};
use millrace_core::access::{Grant, Role};
use millrace_core::units::Grams;
use millrace_office::erp::ErpConnector;
use millrace_plant::odoo::{BookView, FaultChange};
use millrace_plant::{Books, PlantConfig, RunningPlant};
use serde_json::{Value, json};

/// The demo plant's register map.
pub const DEMO_MAP: &str = include_str!("../../assets/registers/demo.toml");
/// Noon of a November day, UTC.
pub const NOON_MS: i64 = 1_795_348_800_000;
/// How far time moves with one step of a rig.
pub const STEP_MS: i64 = 500;
/// Steps within which the largest batch is done at plant speed.
pub const WHOLE_BATCH: usize = 2_000;

/// The application on a virtual plant, both moved by hand.
#[derive(Debug)]
pub struct Rig {
    /// The application under test.
    pub app: App,
    /// The plant and the ERP.
    pub plant: RunningPlant,
    /// The application's clock.
    pub clock: Arc<HandClock>,
    folder: tempfile::TempDir,
    map: String,
    /// The way into the ERP, which a restart keeps.
    erp: Option<Erp>,
    /// How the site signs, which a restart keeps.
    signature: Signature,
    operator: String,
    supervisor: String,
}

/// Writes a file for its owner alone, as one with a password in it must be.
pub fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("ours");
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The demo's operator.
    Operator,
    /// The demo's supervisor.
    Supervisor,
}

impl Rig {
    /// A fresh plant and a fresh application.
    pub async fn start(seed: u64) -> Rig {
        Rig::start_with(seed, |_| {}).await
    }

    /// A fresh plant and a fresh application, with changed settings.
    pub async fn start_with(seed: u64, edit: impl FnOnce(&mut Config)) -> Rig {
        Rig::start_on(
            PlantConfig {
                seed,
                ..PlantConfig::default()
            },
            |config, _| edit(config),
        )
        .await
    }

    /// A plant as wanted and a fresh application, with settings that may name the plant's addresses.
    pub async fn start_on(
        plant: PlantConfig,
        edit: impl FnOnce(&mut Config, &RunningPlant),
    ) -> Rig {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let map = plant.map.clone().unwrap_or_else(|| DEMO_MAP.to_owned());
        let plant = millrace_plant::start(PlantConfig {
            speed: 0.0,
            ..plant
        })
        .await
        .expect("the virtual plant starts");
        let clock = HandClock::at(NOON_MS);
        let mut kept = (None, Signature::default());
        let app = open(folder.path(), &plant, Arc::clone(&clock), &map, |setup| {
            edit(&mut setup.config, &plant);
            kept = (setup.config.erp.clone(), setup.config.signature.clone());
        })
        .await;
        Rig::ready(app, plant, clock, folder, map, kept).await
    }

    /// A fresh plant, and a fresh application that reaches the ERP through what `wrap` makes of the
    /// real connector.
    pub async fn start_through(
        seed: u64,
        wrap: impl FnOnce(Arc<dyn ErpConnector>) -> Arc<dyn ErpConnector>,
    ) -> Rig {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let plant = millrace_plant::start(PlantConfig {
            seed,
            speed: 0.0,
            ..PlantConfig::default()
        })
        .await
        .expect("the virtual plant starts");
        let clock = HandClock::at(NOON_MS);
        let map = DEMO_MAP.to_owned();
        let app = open(folder.path(), &plant, Arc::clone(&clock), &map, |setup| {
            let erp = setup.config.erp.as_ref().expect("the demo has an ERP");
            let real = millrace_office::erp::open(&erp.connector).expect("the demo's settings");
            setup.erp = Some(wrap(real));
        })
        .await;
        Rig::ready(app, plant, clock, folder, map, (None, Signature::default())).await
    }

    /// Logged in, with a good PLC link.
    async fn ready(
        app: App,
        plant: RunningPlant,
        clock: Arc<HandClock>,
        folder: tempfile::TempDir,
        map: String,
        (erp, signature): (Option<Erp>, Signature),
    ) -> Rig {
        let mut rig = Rig {
            app,
            plant,
            clock,
            folder,
            map,
            erp,
            signature,
            operator: String::new(),
            supervisor: String::new(),
        };
        rig.log_in().await;
        rig.settle().await;
        rig
    }

    /// Ends the application wherever it stands in the job and starts it again on the same
    /// folder; plant and ERP live on.
    pub async fn crash_and_restart(self) -> Rig {
        self.crash_meanwhile(|_| {}).await
    }

    /// As [`Rig::crash_and_restart`], with something that happens to the plant while the application
    /// is gone.
    pub async fn crash_meanwhile(self, meanwhile: impl FnOnce(&RunningPlant)) -> Rig {
        let Rig {
            app,
            plant,
            clock,
            folder,
            map,
            erp,
            signature,
            ..
        } = self;
        app.shutdown().await;
        drop(app);
        meanwhile(&plant);
        let app = open_when_free(
            folder.path(),
            &plant,
            Arc::clone(&clock),
            &map,
            (erp.as_ref(), &signature),
        )
        .await;
        Rig::ready(app, plant, clock, folder, map, (erp, signature)).await
    }

    /// The folder of the books.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Logs the demo's people in again, after a time that ends sessions.
    pub async fn log_in(&mut self) {
        self.operator = self.token_of("Operator 1").await;
        self.supervisor = self.token_of("Supervisor 1").await;
    }

    async fn token_of(&self, name: &str) -> String {
        let session = self
            .app
            .dispatch(
                "session_open",
                json!({ "user": name, "secret": self.secret(name).await }),
                None,
            )
            .await
            .expect("the demo's people may log in");
        session["token"].as_str().expect("a token").to_owned()
    }

    /// The secret of a demo person.
    pub async fn secret(&self, name: &str) -> String {
        let info = self
            .app
            .dispatch("app_info", json!({}), None)
            .await
            .expect("app_info is public");
        let people = info["demo_people"].as_array().expect("demo people").clone();
        let person = people
            .iter()
            .find(|p| p["name"] == name)
            .expect("the person");
        person["secret"].as_str().expect("a secret").to_owned()
    }

    /// Sends a command.
    pub async fn call(&self, who: Who, command: &str, payload: Value) -> Result<Value, AppError> {
        let token = match who {
            Who::Operator => &self.operator,
            Who::Supervisor => &self.supervisor,
        };
        self.call_as(token, command, payload).await
    }

    /// Sends a command with a session of one's own. What is audited and succeeds leaves exactly one row
    /// of its name in the trail, whoever asks and whatever else the trail takes meanwhile.
    pub async fn call_as(
        &self,
        token: &str,
        command: &str,
        payload: Value,
    ) -> Result<Value, AppError> {
        let is_audited = COMMANDS
            .iter()
            .any(|info| info.name == command && info.is_audited);
        let before = self.audit_count(command).await;
        let answer = self.app.dispatch(command, payload, Some(token)).await;
        let rows = self.audit_count(command).await - before;
        if answer.is_ok() {
            assert_eq!(
                rows,
                i64::from(is_audited),
                "rows of {command} in the trail"
            );
        }
        answer
    }

    /// How many rows of the trail tell of this action.
    pub async fn audit_count(&self, action: &str) -> i64 {
        let action = action.to_owned();
        let count = self.app.store().read(move |read| read.audit_count(&action));
        count.await.expect("readable")
    }

    /// Logs in somebody with other roles, who has the supervisor's secret; answers the session.
    pub async fn log_in_as(&self, name: &str, role: Role) -> String {
        let named = name.to_owned();
        let added = self.app.store().write(move |tx| {
            let supervisor = tx.person_by_name("Supervisor 1")?.expect("the demo's");
            let grants = [Grant::everywhere(role)];
            tx.person_add(&named, &grants, &supervisor.secret_phc, NOON_MS)
        });
        added.await.expect("a new person");
        let secret = self.secret("Supervisor 1").await;
        let open = json!({ "user": name, "secret": secret });
        let session = self.app.dispatch("session_open", open, None).await;
        let session = session.expect("may log in");
        session["token"].as_str().expect("a token").to_owned()
    }

    /// Sends a command that must succeed.
    pub async fn ok(&self, who: Who, command: &str, payload: Value) -> Value {
        self.call(who, command, payload)
            .await
            .unwrap_or_else(|error| panic!("{command}: {error:?}"))
    }

    /// Lets time pass on plant and clock, and runs one engine cycle.
    pub async fn step(&self) {
        self.advance_ms(STEP_MS);
        self.app.cycle().await;
    }

    /// Lets time pass without the engine looking.
    pub fn advance_ms(&self, ms: i64) {
        self.clock.advance_ms(ms);
        let ms = u64::try_from(ms).expect("time goes forward");
        self.plant
            .advance(Duration::from_millis(ms))
            .expect("the plant goes on");
    }

    /// Cycles until the PLC link is good and all slots are seen.
    pub async fn settle(&self) {
        for _ in 0..40 {
            self.step().await;
            if self.live().plc.state == LinkStateView::Good {
                self.step().await;
                return;
            }
        }
        panic!("the PLC link did not become good: {:?}", self.live().plc);
    }

    /// Steps until the snapshot fits, at most `steps` times.
    pub async fn until(
        &self,
        what: &str,
        steps: usize,
        fits: impl Fn(&LiveView) -> bool,
    ) -> Arc<LiveView> {
        for _ in 0..steps {
            self.step().await;
            let live = self.live();
            if fits(&live) {
                return live;
            }
        }
        panic!(
            "{what} did not happen within {steps} steps: {:#?}",
            self.live()
        );
    }

    /// The latest snapshot.
    pub fn live(&self) -> Arc<LiveView> {
        self.app.live()
    }

    /// Works on messages until nothing is due, letting pauses pass.
    pub async fn drain(&self) {
        for _ in 0..200 {
            while self.app.work_outbox().await.expect("the books take it") {}
            let count = self
                .app
                .store()
                .read(|read| read.outbox_count())
                .await
                .expect("readable");
            if count.waiting + count.in_doubt == 0 {
                return;
            }
            self.clock.advance_ms(1_000);
        }
        panic!("messages are still open");
    }

    /// Imports, and answers the id, version and content hash of a batch by its label.
    pub async fn batch(&self, label: &str) -> Value {
        let queue = self.ok(Who::Operator, "batch_list", json!({})).await;
        let rows = queue["rows"].as_array().expect("rows").clone();
        let row = rows
            .iter()
            .find(|row| row["label"] == label)
            .unwrap_or_else(|| panic!("no batch {label} in {rows:#?}"));
        self.ok(Who::Operator, "batch_get", json!({ "id": row["id"] }))
            .await
    }

    /// Signs a batch as supervisor.
    pub async fn approve(&self, label: &str) -> Value {
        self.approve_as(&self.supervisor, label).await
    }

    /// Signs a batch with a session of somebody who has the supervisor's secret.
    pub async fn approve_as(&self, token: &str, label: &str) -> Value {
        let batch = self.batch(label).await;
        let secret = self.secret("Supervisor 1").await;
        let approve = json!({ "id": batch["row"]["id"], "version": batch["row"]["version"], "content_hash": batch["row"]["content_hash"], "secret": secret });
        let approved = self.call_as(token, "batch_approve", approve).await;
        approved.unwrap_or_else(|error| panic!("batch_approve: {error:?}"))
    }

    /// Imports, and signs the first waiting batch as supervisor with this secret.
    pub async fn batch_signed_with(&self, secret: &str) -> Result<Value, AppError> {
        self.ok(Who::Operator, "order_import", json!({})).await;
        let queue = self.ok(Who::Operator, "batch_list", json!({})).await;
        let rows = queue["rows"].as_array().expect("rows").clone();
        let row = rows.iter().find(|row| row["word"] == "pending");
        let row = row.expect("a waiting batch");
        let sign = json!({ "id": row["id"], "version": row["version"], "content_hash": row["content_hash"], "secret": secret });
        self.call(Who::Supervisor, "batch_approve", sign).await
    }

    /// Starts a signed batch as operator.
    pub async fn start_batch(&self, label: &str) -> Value {
        let batch = self.batch(label).await;
        self.ok(
            Who::Operator,
            "batch_start",
            json!({ "id": batch["row"]["id"], "version": batch["row"]["version"] }),
        )
        .await
    }

    /// Imports orders, signs this batch and starts it; answers its id.
    pub async fn begin(&self, label: &str) -> Value {
        self.ok(Who::Operator, "order_import", json!({})).await;
        self.approve(label).await;
        self.start_batch(label).await["row"]["id"].clone()
    }

    /// Steps until no batch is in the PLC any more.
    pub async fn finish(&self) {
        self.until("the batch is done", WHOLE_BATCH, |live| {
            live.batch.is_none()
        })
        .await;
    }

    /// Switches faults of the virtual ERP on or off.
    pub fn erp_faults(&self, change: Value) {
        let change: FaultChange = serde_json::from_value(change).expect("a fault");
        self.plant
            .erp()
            .set_faults(&change)
            .expect("the ERP takes it");
    }

    /// The plant's books.
    pub fn books(&self) -> Books {
        self.plant.books()
    }

    /// The ERP's books.
    pub fn erp(&self) -> BookView {
        self.plant.erp().view()
    }

    /// Holds plant, our books and the ERP against each other: every gram that left a silo for the
    /// order stands in the ERP once, and the audit chain is whole.
    pub async fn check_books(&self, order: &str) {
        let books = self.books();
        let mut left: std::collections::BTreeMap<String, i64> = std::collections::BTreeMap::new();
        let mut weight = 0;
        for batch in books.batches.iter().filter(|b| b.order_name == order) {
            assert!(batch.finished, "{order} is not finished in the plant");
            assert_eq!(batch.acks, 1, "acknowledged once");
            assert_eq!(batch.early_acks, 0, "never before the end");
            weight += batch.weight_g.0;
            for mass in batch.left.iter().filter(|m| m.mass_g.0 > 0) {
                // The registers count in steps of 10 g; the plant's own books in grams.
                *left.entry(code(mass.silo.0)).or_default() += mass.mass_g.to_plc_step().0;
            }
        }
        // What was added by hand went to the ERP beside it.
        let name = order.to_owned();
        let by_hand = self
            .app
            .store()
            .read(move |read| {
                let mut lines = Vec::new();
                for batch in read.batches_of_name(&name)? {
                    lines.extend(read.manual_lines(batch.id)?);
                }
                Ok::<_, millrace_store::StoreError>(lines)
            })
            .await
            .expect("readable");
        for line in by_hand {
            if let Some(actual) = line.actual_g.filter(|actual| actual.0 > 0) {
                *left.entry(line.erp_code).or_default() += actual.0;
            }
        }
        let erp = self.erp();
        let held = erp
            .orders
            .iter()
            .find(|o| o.name == order)
            .expect("the order is in the ERP");
        let consumption: std::collections::BTreeMap<String, i64> = held
            .consumption
            .iter()
            .map(|(code, g)| (code.clone(), g.0))
            .collect();
        assert_eq!(consumption, left, "the ERP holds what left the silos");
        assert_eq!(held.finished_g, Grams(weight), "finished weight");
        assert_eq!(erp.rescaled, 0, "the ordered quantity was never touched");
        let chain = self
            .app
            .store()
            .read(|read| read.audit_verify())
            .await
            .expect("readable");
        assert!(chain.is_ok(), "audit row {chain:?} does not fit");
    }
}

/// The ERP's equipment code of a silo in the demo.
pub fn code(silo: u16) -> String {
    if silo >= 114 {
        format!("lq{silo}")
    } else {
        format!("silo{silo}")
    }
}

async fn open(
    folder: &Path,
    plant: &RunningPlant,
    clock: Arc<HandClock>,
    map: &str,
    edit: impl FnOnce(&mut Setup),
) -> App {
    App::start(setup(folder, plant, clock, map, edit))
        .await
        .expect("the application starts")
}

/// After a crash the folder's lock goes when the last task has ended.
async fn open_when_free(
    folder: &Path,
    plant: &RunningPlant,
    clock: Arc<HandClock>,
    map: &str,
    (erp, signature): (Option<&Erp>, &Signature),
) -> App {
    for _ in 0..200 {
        let as_before = |setup: &mut Setup| {
            if erp.is_some() {
                setup.config.erp = erp.cloned();
            }
            setup.config.signature = signature.clone();
        };
        match App::start(setup(folder, plant, Arc::clone(&clock), map, as_before)).await {
            Ok(app) => return app,
            Err(error) if error.to_string().contains("already runs") => {
                tokio::task::yield_now().await
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the data folder stayed locked");
}

fn setup(
    folder: &Path,
    plant: &RunningPlant,
    clock: Arc<HandClock>,
    map: &str,
    edit: impl FnOnce(&mut Setup),
) -> Setup {
    let login = millrace_plant::run::OdooLogin::default();
    let mut setup = Setup::demo(
        plant.fins(),
        &plant.odoo_url(),
        &millrace_app::DemoLogin {
            database: login.db,
            login: login.login,
            password: login.password,
        },
        folder,
        1.0,
        map,
        include_str!("../../assets/demo/silos.toml"),
        "test",
    )
    .expect("the demo's files are right");
    setup.trainer = Some(Arc::new(millrace_http::trainer::PlantTrainer::new(
        plant.board().clone(),
    )));
    let clock: Arc<dyn Clock> = clock;
    setup.clock = clock;
    setup.pace = Pace::ByHand;
    // Tests let hours pass between two acts; those about idle sessions say so.
    setup.config.session = Session {
        lower_after_min: 0,
        lock_after_min: 0,
    };
    edit(&mut setup);
    setup
}
