//! Carries one plan out: books from the template, an ERP of its own behind the proxy, a process that dies as
//! planned, and a last life in which everything drains. Leaves out what must hold in the end (`oracle`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millrace_plant::odoo::{OdooBook, OdooConfig, StandardSetup, VirtualOdoo, serve};
use millrace_plant::run::OdooLogin;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;

use super::aim::{Aim, Watch};
use super::life::{Desk, Life, config};
use super::oracle::{self, Case, Outcome};
use super::plan::{Death, Plan, Way};
use super::products::Ordered;
use super::proxy::{Proxy, Weather};
use super::template::{self, Template};

/// A process that does not reach the call at which it should die is killed after this.
const CALL_PATIENCE: Duration = Duration::from_millis(2_500);
/// Beyond this a message never goes.
const DRAIN_PATIENCE: Duration = Duration::from_secs(420);
/// So long nobody cuts a pause short in a patient run: pauses double, and several spoils in a row make minutes.
const PATIENT: Duration = Duration::from_secs(45);
/// The network gets better after this, however few bookings have met a fault.
const FOUL_PATIENCE: Duration = Duration::from_secs(30);
/// Time between two looks at the outbox.
const LOOK: Duration = Duration::from_millis(200);

/// A virtual ERP of its own; ends when dropped.
#[derive(Debug)]
pub(crate) struct Erp {
    pub(crate) odoo: Arc<VirtualOdoo>,
    pub(crate) address: std::net::SocketAddr,
    _stop: watch::Sender<bool>,
}

impl Erp {
    pub(crate) async fn start(way: Way) -> Erp {
        Erp::with_book(way, template::book()).await
    }

    pub(crate) async fn with_book(way: Way, book: OdooBook) -> Erp {
        let login = OdooLogin::default();
        let config = OdooConfig {
            db: login.db,
            login: login.login,
            password: login.password,
            state_file: None,
            version: way.version,
            api_key: None,
        };
        let odoo = VirtualOdoo::with_book(config, book);
        odoo.set_standard(StandardSetup {
            has_posting: way.has_key,
            ..odoo.standard()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound");
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(serve(listener, Arc::clone(&odoo), stopped));
        Erp {
            odoo,
            address,
            _stop: stop,
        }
    }
}

/// What happened on the way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) kills: usize,
    /// Deaths exactly at the call that was wished for.
    pub(crate) at_call: usize,
    /// Killed while a request was under way.
    pub(crate) in_flight: usize,
    /// Messages that the ERP refused and a person sent again.
    pub(crate) retried: usize,
    /// Kills by the state aimed at, and how many of them hit it.
    pub(crate) aims: BTreeMap<Aim, (usize, usize)>,
}

impl Tally {
    /// A process was killed for the sake of this state.
    pub(crate) fn aimed(&mut self, aim: Aim, is_hit: bool) {
        let (aimed, hit) = self.aims.entry(aim).or_default();
        *aimed += 1;
        *hit += usize::from(is_hit);
    }
}

/// One run.
pub(crate) async fn run(program: &Path, template: &Template, plan: &Plan) -> Outcome {
    let folder = template::folder();
    let stage = &template.stages[plan.stage];
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    std::fs::copy(&stage.file, folder.path().join("data/millrace.db")).expect("copied");
    let erp = Erp::start(plan.way).await;
    let proxy = Proxy::start(Arc::clone(&erp.odoo), erp.address, plan).await;
    config(folder.path(), plan.way, plan.closes, proxy.address, "");
    let mut tally = Tally::default();
    for death in &plan.deaths {
        proxy.set(match death {
            // It must get so far.
            Death::Seen(Aim::Booked | Aim::Posted | Aim::Closing) => Weather::Fair,
            Death::Seen(_) => Weather::Foul(plan.faults.of_bookings()),
            Death::After(_) | Death::At { .. } => Weather::Foul(plan.faults),
        });
        let watch = match death {
            Death::Seen(aim) => Some((*aim, Watch::before(folder.path(), *aim))),
            Death::After(_) | Death::At { .. } => None,
        };
        let mut life = Life::start(program, folder.path(), Some((template, *death)));
        let by_itself = match (death, &watch) {
            (Death::Seen(aim), Some((_, watch))) => {
                tokio::select! {
                    () = watch.comes(&proxy, aim.patience()) => {}
                    () = hurry(&mut life) => {}
                }
                life.dies_within(Duration::ZERO).await
            }
            (Death::After(time), _) => life.dies_within(*time).await,
            (Death::At { .. } | Death::Seen(_), _) => life.dies_within(CALL_PATIENCE).await,
        };
        tally.kills += 1;
        tally.at_call += usize::from(by_itself);
        tally.in_flight += usize::from(proxy.under_way() > 0);
        if by_itself && !matches!(death, Death::At { .. }) {
            let wrong = vec!["the process ended by itself".to_owned()];
            return Outcome::failed(plan, tally, &proxy, wrong);
        }
        life.kill().await;
        if let Some((aim, watch)) = watch {
            tally.aimed(aim, watch.is_hit(proxy.is_holding()));
            proxy.disarm();
        }
    }
    proxy.set(Weather::Foul(plan.faults));
    let mut life = Life::start(program, folder.path(), None);
    let drained = drain(&mut life, plan, &proxy, &mut tally).await;
    life.kill().await;
    // What still wanders about arrives before anything is judged.
    while proxy.under_way() > 0 {
        tokio::time::sleep(LOOK).await;
    }
    let case = Case {
        plan,
        batches: stage.messages,
        whole: &stage.whole,
        truth: &stage.truth,
        ordered: Ordered::new(&template::orders()),
        folder: folder.path(),
        odoo: &erp.odoo,
        address: erp.address,
        proxy: &proxy,
    };
    oracle::judge(&case, tally, drained.err().into_iter().collect()).await
}

/// A person cuts every pause short, as long as nobody ends this; what is refused stays so.
async fn hurry(life: &mut Life) {
    let desk = Desk::open(life.address().await).await;
    loop {
        let list = desk.call("outbox_list", &json!({})).await;
        let rows = list.ok().and_then(|list| list["rows"].as_array().cloned());
        for row in rows.unwrap_or_default() {
            if row["state"] == "queued" || row["state"] == "in_doubt" {
                // It may be on its way by now: then it needs no retry.
                let _unneeded = desk.call("outbox_retry", &json!({ "id": row["id"] })).await;
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Lets the last life work until every message is posted; a person sends refused ones again.
async fn drain(
    life: &mut Life,
    plan: &Plan,
    proxy: &Proxy,
    tally: &mut Tally,
) -> Result<(), String> {
    let desk = Desk::open(life.address().await).await;
    tokio::time::sleep(plan.foul).await;
    let mut is_fair = plan.faults.bookings == 0;
    proxy.set(if is_fair {
        Weather::Fair
    } else {
        Weather::Foul(plan.faults.of_bookings())
    });
    let begin = Instant::now();
    loop {
        if !is_fair && (proxy.spoiled() >= plan.spoils || begin.elapsed() > FOUL_PATIENCE) {
            proxy.set(Weather::Fair);
            is_fair = true;
        }
        let list = desk.call("outbox_list", &json!({})).await?;
        let rows = list["rows"].as_array().cloned().unwrap_or_default();
        let open: Vec<_> = rows.iter().filter(|row| row["state"] != "posted").collect();
        if open.is_empty() {
            return Ok(());
        }
        if begin.elapsed() > DRAIN_PATIENCE {
            return Err(format!("it does not drain: {open:?}"));
        }
        for row in open {
            let is_refused = row["state"] == "refused";
            tally.retried += usize::from(is_refused);
            if is_refused || !plan.is_patient || begin.elapsed() > PATIENT {
                // It may be on its way by now: then it needs no retry.
                let _unneeded = desk.call("outbox_retry", &json!({ "id": row["id"] })).await;
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}
