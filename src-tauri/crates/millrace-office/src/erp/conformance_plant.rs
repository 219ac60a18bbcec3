//! What every connector must do against the virtual Odoo over real sockets: the addon's routes, the
//! standard API as each version from 14 to 19, and `/json/2`. The oracle is the virtual ERP's own
//! book. Leaves out answers that no server gives (`conformance.rs`).

use std::collections::BTreeMap;
use std::sync::Arc;

use millrace_core::batch::posting::compare;
use millrace_core::erp::{ConsumptionLine, ConsumptionPost};
use millrace_core::units::Grams;
use millrace_plant::odoo::{
    BookView, FaultChange, FaultScope, OdooBook, OdooConfig, OdooVersion, OrderState, OrderView,
    StandardSetup, Uom, VirtualOdoo, demo_materials, demo_orders, serve,
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{ErpConfig, ErpConnector, ErpError, Lost, ProbeOutcome, ProbeStep, open};

const PASSWORD: &str = "zeer geheim";
const NAME: &str = "WH/MO/00101";
const WITH_MANUAL: &str = "WH/MO/00102";
const ENDED: &str = "2026-11-22 01:42:00";

/// One way into one version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    pub(super) kind: &'static str,
    pub(super) api: &'static str,
    pub(super) version: OdooVersion,
    /// Our addon `millrace_posting` is installed.
    pub(super) has_posting: bool,
}

impl Dialect {
    pub(super) fn is_standard(self) -> bool {
        self.kind == "odoo_standard"
    }
}

/// A running virtual Odoo; it ends when dropped.
pub(super) struct Peer {
    pub(super) odoo: Arc<VirtualOdoo>,
    pub(super) url: String,
    _stop: watch::Sender<bool>,
}

impl Peer {
    /// The peer of a dialect, with its addon.
    pub(super) async fn of(dialect: Dialect) -> Peer {
        let peer = Peer::start(dialect.version, None).await;
        peer.install(dialect);
        peer
    }

    pub(super) fn install(&self, dialect: Dialect) {
        self.odoo.set_standard(StandardSetup {
            has_posting: dialect.has_posting,
            ..self.odoo.standard()
        });
    }

    pub(super) async fn start(version: OdooVersion, api_key: Option<&str>) -> Peer {
        let book = OdooBook::with_orders(demo_orders().expect("the file parses"))
            .expect("no name stands twice");
        Peer::with_book(version, api_key, book).await
    }

    pub(super) async fn with_book(
        version: OdooVersion,
        api_key: Option<&str>,
        book: OdooBook,
    ) -> Peer {
        let config = OdooConfig {
            db: "plant".to_owned(),
            login: "middleware".to_owned(),
            password: PASSWORD.to_owned(),
            state_file: None,
            version,
            api_key: api_key.map(str::to_owned),
        };
        let odoo = VirtualOdoo::with_book(config, book);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(serve(listener, Arc::clone(&odoo), stopped));
        Peer {
            odoo,
            url,
            _stop: stop,
        }
    }

    pub(super) fn order(&self, name: &str) -> OrderView {
        let view = self.odoo.view();
        let found = view.orders.into_iter().find(|order| order.name == name);
        found.expect("a demo order")
    }

    pub(super) fn fault(&self, change: serde_json::Value) {
        let change: FaultChange = serde_json::from_value(change).expect("a fault");
        let change = FaultChange {
            scope: Some(FaultScope::Writes),
            ..change
        };
        self.odoo.set_faults(&change).expect("no state file");
    }
}

/// Which silo each demo material comes from.
pub(super) fn materials() -> BTreeMap<String, String> {
    demo_materials().expect("the file parses")
}

pub(super) fn settings(dialect: Dialect, url: &str, changes: serde_json::Value) -> ErpConfig {
    let mut settings = json!({"kind": dialect.kind, "url": url, "database": "plant", "login": "middleware",
        "password": PASSWORD, "timeout_ms": 5000});
    if dialect.is_standard() {
        settings["api"] = json!(dialect.api);
        settings["materials"] = json!(materials());
    }
    for (key, value) in changes.as_object().expect("settings") {
        settings[key] = value.clone();
    }
    serde_json::from_value(settings).expect("known settings")
}

pub(super) fn connect(dialect: Dialect, url: &str) -> Arc<dyn ErpConnector> {
    open(&settings(dialect, url, json!({}))).expect("good settings")
}

pub(super) fn post_of(name: &str, finished: i64, lines: &[(&str, i64)]) -> ConsumptionPost {
    ConsumptionPost {
        key: "demo/1/1/0".to_owned(),
        order_name: name.to_owned(),
        finished_g: Some(Grams(finished)),
        lines: lines
            .iter()
            .map(|(code, grams)| ConsumptionLine {
                equipment_code: (*code).to_owned(),
                consumed_g: Grams(*grams),
            })
            .collect(),
    }
}

pub(super) fn keyed(key: &str, post: ConsumptionPost) -> ConsumptionPost {
    ConsumptionPost {
        key: key.to_owned(),
        ..post
    }
}

/// Below the BoM, above it, and exactly it.
pub(super) fn post() -> ConsumptionPost {
    post_of(
        NAME,
        998_400,
        &[
            ("silo101", 119_980),
            ("silo103", 241_010),
            ("lq114", 35_500),
            ("silo104", 0),
        ],
    )
}

fn expected(post: &ConsumptionPost) -> BTreeMap<String, Grams> {
    post.lines
        .iter()
        .filter(|line| line.consumed_g > Grams::ZERO)
        .map(|line| (line.equipment_code.clone(), line.consumed_g))
        .collect()
}

/// What left the stock for an order, by equipment; the finished product under its own key.
fn stock(view: &BookView, name: &str) -> BTreeMap<String, Grams> {
    let mut sums: BTreeMap<String, Grams> = BTreeMap::new();
    for row in view.stock_moves.iter().filter(|row| row.order == name) {
        let key = row.equipment.clone().unwrap_or_else(|| "finished".into());
        sums.entry(key).or_default().0 += row.delta_g.0;
    }
    sums.retain(|_, mass| *mass != Grams::ZERO);
    sums
}

/// What the application does with a post: on a doubt it reads back, and repeats what is not there.
async fn settle(erp: &dyn ErpConnector, post: &ConsumptionPost) {
    let held = erp.order_state(&post.order_name).await.expect("a state");
    if compare(post, &held, None).is_equal() {
        return;
    }
    let receipt = erp.post_consumption(post).await.expect("it goes through");
    let held = erp.order_state(&post.order_name).await.expect("a state");
    let read_back = compare(post, &held, Some(&receipt));
    assert!(read_back.is_equal(), "{:?}", read_back.difference());
}

/// The whole suite.
pub(super) async fn run(dialect: Dialect) {
    the_test_of_the_connection_passes_every_step(dialect).await;
    orders_come_with_their_recipe(dialect).await;
    a_post_is_booked_once_however_often_it_is_sent(dialect).await;
    no_fault_doubles_or_loses_a_gram(dialect).await;
    a_slow_answer_counts_and_a_late_one_leaves_the_outcome_open(dialect).await;
    a_wrong_password_is_final_and_never_shown(dialect).await;
    what_the_erp_does_not_know_is_refused(dialect).await;
    a_cancelled_order_stays_so_and_takes_nothing(dialect).await;
    an_order_is_closed_once_and_then_left_alone(dialect).await;
    if dialect.is_standard() {
        other_units_are_exact_or_refused(dialect).await;
        totals_stay_exact_while_requests_and_answers_get_lost(dialect).await;
    }
}

async fn the_test_of_the_connection_passes_every_step(dialect: Dialect) {
    let peer = Peer::of(dialect).await;
    let report = connect(dialect, &peer.url).examine(None).await;
    assert_eq!(report.first_failure(), None, "{report:?}");
    assert_eq!(
        report
            .steps
            .iter()
            .map(|(step, _)| *step)
            .collect::<Vec<_>>(),
        ProbeStep::ALL
    );
    assert_eq!(*report.outcome(ProbeStep::Rights), ProbeOutcome::Ok);
    let info = report.info.expect("all well");
    assert_eq!((info.uid, info.database.as_str()), (7, "plant"));
    if dialect.is_standard() {
        let version = format!("{}.0", dialect.version.major());
        assert_eq!(info.version, Some(version));
        let way = if dialect.api == "json2" {
            "/json/2"
        } else {
            "/jsonrpc"
        };
        assert!(info.name.is_some_and(|name| name.ends_with(way)));
    }
}

async fn orders_come_with_their_recipe(dialect: Dialect) {
    let peer = Peer::of(dialect).await;
    let page = connect(dialect, &peer.url)
        .open_orders(10, 0)
        .await
        .expect("a page");
    assert_eq!(page.orders.len(), 8);
    let order = page
        .orders
        .iter()
        .filter_map(|order| order.as_ref().ok())
        .find(|order| order.name == NAME)
        .expect("a good order");
    assert_eq!(order.quantity, 1000.into());
    assert_eq!(order.uom, "kg");
    let molasses = order
        .lines
        .iter()
        .find(|line| line.product_name == "Molasses")
        .expect("a liquid");
    assert_eq!(molasses.equipment_code.as_deref(), Some("lq114"));
    assert_eq!(molasses.to_consume.to_string(), "35.5");
    let expected = dialect.is_standard().then(|| 1000.into());
    assert_eq!(order.bom_quantity, expected);
}

async fn a_post_is_booked_once_however_often_it_is_sent(dialect: Dialect) {
    let peer = Peer::of(dialect).await;
    let erp = connect(dialect, &peer.url);
    for _ in 0..3 {
        let receipt = erp.post_consumption(&post()).await.expect("booked");
        assert_eq!(receipt.item_errors, Vec::<String>::new());
        let held = erp.order_state(NAME).await.expect("a state");
        let read_back = compare(&post(), &held, Some(&receipt));
        assert!(read_back.is_equal(), "{:?}", read_back.difference());
    }
    let order = peer.order(NAME);
    assert_eq!(order.consumption, expected(&post()));
    assert_eq!(order.finished_g, Grams(998_400));
    assert_eq!(
        (order.quantity_g, peer.odoo.view().rescaled),
        (order.ordered_g, 0)
    );
    if dialect.is_standard() {
        assert_eq!(order.posts, 1, "what is held already is not written again");
    }
    // A later batch of the same order: running totals, absolute.
    let lines = [("silo101", 120_500), ("silo103", 239_000)];
    let later = keyed("demo/1/2/0", post_of(NAME, 999_000, &lines));
    let held = erp.post_consumption(&later).await.expect("booked");
    assert_eq!(held.finished_g, Some(Grams(999_000)));
    assert_eq!(peer.order(NAME).consumption["silo103"], Grams(239_000));
    let keys: Vec<String> = peer
        .odoo
        .view()
        .postings
        .into_iter()
        .map(|row| row.key)
        .collect();
    let booked: &[&str] = if dialect.has_posting {
        &["demo/1/1/0", "demo/1/2/0"]
    } else {
        &[]
    };
    assert_eq!(keys, booked);
}

async fn no_fault_doubles_or_loses_a_gram(dialect: Dialect) {
    for fault in [
        "drop_before",
        "drop_after_commit",
        "status_500",
        "status_502",
        "status_409",
        "html",
        "login_page",
        "half_body",
        "duplicate",
    ] {
        let peer = Peer::of(dialect).await;
        let erp = connect(dialect, &peer.url);
        peer.fault(json!({ fault: 1 }));
        match erp.post_consumption(&post()).await {
            Ok(_) => assert_eq!(fault, "duplicate"),
            Err(error) => {
                assert_ne!(fault, "duplicate", "{error:?}");
                assert!(
                    error.outcome_unknown() && error.is_transient(),
                    "{fault}: {error:?}"
                );
                let is_carried_out = matches!(fault, "drop_after_commit" | "half_body");
                assert_eq!(peer.order(NAME).posts, u64::from(is_carried_out), "{fault}");
            }
        }
        settle(erp.as_ref(), &post()).await;
        assert_eq!(peer.order(NAME).consumption, expected(&post()), "{fault}");
        erp.mark_done(NAME, Grams(998_400), ENDED)
            .await
            .expect("closed");
        let mut moved = expected(&post());
        moved.insert("finished".to_owned(), Grams(998_400));
        assert_eq!(stock(&peer.odoo.view(), NAME), moved, "{fault}");
    }
}

async fn a_slow_answer_counts_and_a_late_one_leaves_the_outcome_open(dialect: Dialect) {
    let peer = Peer::of(dialect).await;
    peer.fault(json!({"delay_ms": 60}));
    let erp = connect(dialect, &peer.url);
    erp.post_consumption(&post())
        .await
        .expect("slow, but there");
    peer.fault(json!({"delay_ms": 1500}));
    let hasty = open(&settings(dialect, &peer.url, json!({"timeout_ms": 200})));
    let error = hasty
        .expect("good settings")
        .post_consumption(&post())
        .await
        .expect_err("too late");
    assert_eq!(
        error,
        ErpError::NoAnswer {
            cause: Lost::Timeout
        }
    );
}

async fn a_wrong_password_is_final_and_never_shown(dialect: Dialect) {
    let peer = Peer::of(dialect).await;
    let wrong = settings(dialect, &peer.url, json!({"password": "niet geheim"}));
    let erp = open(&wrong).expect("good settings");
    let error = erp.post_consumption(&post()).await.expect_err("no entry");
    assert!(matches!(error, ErpError::Credentials { .. }), "{error:?}");
    assert!(!error.is_transient() && !error.outcome_unknown());
    let report = erp.examine(None).await;
    assert_eq!(
        report.first_failure().map(|(step, _)| step),
        Some(ProbeStep::LogIn)
    );
    for shown in [
        format!("{error} {error:?}"),
        format!("{erp:?}"),
        format!("{report:?} {wrong:?}"),
    ] {
        assert!(!shown.contains("niet geheim"), "{shown}");
    }
}

async fn what_the_erp_does_not_know_is_refused(dialect: Dialect) {
    let peer = Peer::of(dialect).await;
    let erp = connect(dialect, &peer.url);
    let unknown = post_of("WH/MO/99999", 1_000, &[("silo101", 1_000)]);
    for error in [
        erp.post_consumption(&unknown).await.map(|_| ()),
        erp.order_state("WH/MO/99999").await.map(|_| ()),
        erp.cancel_order("WH/MO/99999", "gone").await,
        erp.mark_done("WH/MO/99999", Grams(1_000), ENDED).await,
    ] {
        assert!(matches!(error, Err(ErpError::Refused { .. })), "{error:?}");
    }
    // A silo that this order does not use: told, never dropped in silence.
    let foreign = post_of(NAME, 998_400, &[("silo101", 119_980), ("silo112", 1_000)]);
    match erp.post_consumption(&foreign).await {
        Ok(answer) => assert_eq!(answer.item_errors.len(), 1),
        Err(error) => assert!(matches!(error, ErpError::Refused { .. }), "{error:?}"),
    }
    let nothing = post_of(NAME, 998_400, &[("silo101", -10)]);
    let error = erp.post_consumption(&nothing).await.expect_err("negative");
    assert!(matches!(error, ErpError::Unsendable { .. }), "{error:?}");
}

async fn a_cancelled_order_stays_so_and_takes_nothing(dialect: Dialect) {
    let peer = Peer::of(dialect).await;
    let erp = connect(dialect, &peer.url);
    for _ in 0..2 {
        erp.cancel_order(NAME, "changed plans")
            .await
            .expect("cancelled");
    }
    let error = erp.post_consumption(&post()).await.expect_err("cancelled");
    assert!(matches!(error, ErpError::Refused { .. }), "{error:?}");
    let error = erp.mark_done(NAME, Grams(998_400), ENDED).await;
    assert!(matches!(error, Err(ErpError::Refused { .. })), "{error:?}");
    assert_eq!(peer.order(NAME).state, OrderState::Cancel);
    assert_eq!(stock(&peer.odoo.view(), NAME), BTreeMap::new());
    let page = erp.open_orders(10, 0).await.expect("a page");
    assert_eq!(page.orders.len(), 7);
}

async fn an_order_is_closed_once_and_then_left_alone(dialect: Dialect) {
    let peer = Peer::of(dialect).await;
    let erp = connect(dialect, &peer.url);
    erp.post_consumption(&post()).await.expect("booked");
    erp.mark_done(NAME, Grams(998_400), ENDED)
        .await
        .expect("closed");
    let held = erp.order_state(NAME).await.expect("a state");
    assert_eq!(
        (held.state.as_str(), held.produced_g),
        ("done", Grams(998_400))
    );
    let before = stock(&peer.odoo.view(), NAME);
    let other = post_of(NAME, 998_400, &[("silo101", 130_000)]);
    let other = keyed("demo/1/2/0", other);
    let error = erp.post_consumption(&other).await.expect_err("closed");
    assert!(matches!(error, ErpError::Refused { .. }), "{error:?}");
    let error = erp.cancel_order(NAME, "too late").await.expect_err("done");
    assert!(matches!(error, ErpError::Refused { .. }), "{error:?}");
    erp.mark_done(NAME, Grams(998_400), ENDED)
        .await
        .expect("stays closed");
    assert_eq!(stock(&peer.odoo.view(), NAME), before);
    if dialect.is_standard() {
        let receipt = erp.post_consumption(&post()).await;
        assert!(
            receipt.is_ok(),
            "the same again is there already: {receipt:?}"
        );
        an_order_that_nobody_reported_is_not_closed(dialect, &peer).await;
    }
}

/// Odoo would close it at the BoM's quantities and say true.
async fn an_order_that_nobody_reported_is_not_closed(dialect: Dialect, peer: &Peer) {
    let erp = connect(dialect, &peer.url);
    let error = erp.mark_done(WITH_MANUAL, Grams(990_000), ENDED).await;
    assert!(matches!(error, Err(ErpError::Refused { .. })), "{error:?}");
    let part = post_of(WITH_MANUAL, 990_000, &[("silo101", 60_000)]);
    let part = keyed("demo/2/3/0", part);
    erp.post_consumption(&part).await.expect("booked");
    let error = erp.mark_done(WITH_MANUAL, Grams(990_000), ENDED).await;
    let Err(ErpError::Refused { message }) = error else {
        panic!("{error:?}");
    };
    assert!(message.contains("CaCO3"), "{message}");
    assert_eq!(peer.order(WITH_MANUAL).state, OrderState::Progress);
}

async fn other_units_are_exact_or_refused(dialect: Dialect) {
    let mut book = OdooBook::with_orders(demo_orders().expect("the file parses"))
        .expect("no name stands twice");
    let bom = Grams(1_000_000);
    for (name, unit) in [
        (NAME, Uom::G),
        (WITH_MANUAL, Uom::T),
        ("WH/MO/00103", Uom::Units),
    ] {
        book.set_bom(name, bom, &[unit]).expect("a demo order");
    }
    let peer = Peer::with_book(dialect.version, None, book).await;
    peer.install(dialect);
    let erp = connect(dialect, &peer.url);
    let page = erp.open_orders(10, 0).await.expect("a page");
    let refused: BTreeMap<String, String> = page
        .orders
        .iter()
        .filter_map(|order| order.as_ref().err())
        .map(|order| (order.name.clone(), order.why.clone()))
        .collect();
    assert!(
        refused[WITH_MANUAL].contains("steps of 0.01"),
        "{refused:?}"
    );
    assert!(refused["WH/MO/00103"].contains("not a mass"), "{refused:?}");
    let order = page.orders.iter().filter_map(|order| order.as_ref().ok());
    let good = order.filter(|order| order.name == NAME).count();
    assert_eq!(good, 1);
    erp.post_consumption(&post()).await.expect("booked");
    erp.mark_done(NAME, Grams(998_400), ENDED)
        .await
        .expect("closed");
    assert_eq!(stock(&peer.odoo.view(), NAME)["silo101"], Grams(119_980));
}

/// The procedure of the application under a network that loses what it likes, reads included.
async fn totals_stay_exact_while_requests_and_answers_get_lost(dialect: Dialect) {
    let peer = Peer::of(dialect).await;
    let erp = connect(dialect, &peer.url);
    let mut seed = 20_261_127_u32 + u32::from(dialect.version.major());
    let mut total = 0;
    for batch in 1..=20 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let change = FaultChange {
            scope: Some(FaultScope::All),
            drop_before: Some(seed >> 30),
            drop_after_commit: Some((seed >> 28) & 1),
            ..FaultChange::default()
        };
        peer.odoo.set_faults(&change).expect("no state file");
        total += i64::from(seed >> 20) * 10;
        let lines = [("silo101", total), ("lq114", 10 * batch)];
        let post = post_of(NAME, 1_000 * batch, &lines);
        let post = keyed(&format!("demo/1/{batch}/0"), post);
        let mut attempts = 0;
        while erp.post_consumption(&post).await.is_err_and(|error| {
            assert!(error.is_transient(), "seed {seed}: {error:?}");
            true
        }) {
            attempts += 1;
            assert!(attempts < 10, "seed {seed}");
        }
        assert_eq!(peer.order(NAME).consumption, expected(&post), "seed {seed}");
    }
    erp.mark_done(NAME, Grams(20_000), ENDED)
        .await
        .expect("closed");
    let moved = stock(&peer.odoo.view(), NAME);
    assert_eq!(
        (moved["silo101"], moved["lq114"]),
        (Grams(total), Grams(200))
    );
    assert_eq!((moved["finished"], moved.len()), (Grams(20_000), 3));
}

macro_rules! conforms {
    ($($name:ident: $kind:literal, $api:literal, $version:ident, $has_posting:literal;)+) => {$(
        #[tokio::test]
        async fn $name() {
            run(Dialect {
                kind: $kind,
                api: $api,
                version: OdooVersion::$version,
                has_posting: $has_posting,
            })
            .await;
        }
    )+};
}

conforms! {
    the_addon_conforms: "odoo_addon", "auto", V14, false;
    standard_14_conforms: "odoo_standard", "auto", V14, false;
    standard_15_conforms: "odoo_standard", "auto", V15, false;
    standard_16_conforms: "odoo_standard", "auto", V16, false;
    standard_17_conforms: "odoo_standard", "auto", V17, false;
    standard_18_conforms: "odoo_standard", "auto", V18, false;
    standard_19_conforms: "odoo_standard", "jsonrpc", V19, false;
    standard_19_over_json2_conforms: "odoo_standard", "json2", V19, false;
    posting_14_conforms: "odoo_standard", "auto", V14, true;
    posting_15_conforms: "odoo_standard", "auto", V15, true;
    posting_16_conforms: "odoo_standard", "auto", V16, true;
    posting_17_conforms: "odoo_standard", "auto", V17, true;
    posting_18_conforms: "odoo_standard", "auto", V18, true;
    posting_19_conforms: "odoo_standard", "jsonrpc", V19, true;
    posting_19_over_json2_conforms: "odoo_standard", "json2", V19, true;
}
