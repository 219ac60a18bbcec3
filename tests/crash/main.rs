//! SIGKILL at random points of the main job: a real process with real books, while PLC and ERP live
//! on. Afterwards every gram that left a silo stands in the ERP once, every recipe was offered once,
//! every result acknowledged once, and the audit chain is whole.
//!
//! `MILLRACE_CRASH_KILLS` and `MILLRACE_CRASH_SEED` set the most kills and the seed; the seed is printed.

mod backup;
mod node;
mod operator;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use millrace_core::units::Grams;
use millrace_plant::odoo::FaultChange;
use millrace_plant::{PlantConfig, RunningPlant};
use millrace_store::Store;
use node::Node;
use operator::{Born, Operator, Outcome};

/// Orders that the operator makes, with the number of their batches.
const ORDERS: [(&str, usize); 5] = [
    ("WH/MO/00101", 1),
    ("WH/MO/00103", 1),
    ("WH/MO/00104", 2),
    ("WH/MO/00105", 1),
    ("WH/MO/00106", 1),
];
/// Plant seconds per real second.
const SPEED: f64 = 20.0;
/// Longest life of a process between two kills.
const LIFE_MS_MAX: u64 = 700;
/// Kills in the short version.
const KILLS: u32 = 80;
/// At least so many must hit the job itself, not its end.
const KILLS_AT_WORK: u32 = 50;
/// How long the ERP takes for an answer: long enough to die while a message is on its way.
const ERP_DELAY_MS: u64 = 150;
/// Beyond this something hangs.
const PATIENCE: Duration = Duration::from_secs(420);

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// A small seeded generator (SplitMix64): a failing seed replays the same kill times.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }
}

/// Writes the configuration by which any FINS PLC and any Odoo with the addon would be reached.
fn write_config(folder: &Path, plant: &RunningPlant, erp_url: &str) {
    let login = millrace_plant::run::OdooLogin::default();
    std::fs::write(
        folder.join("registers.toml"),
        include_str!("../../assets/registers/demo.toml"),
    )
    .expect("written");
    std::fs::write(
        folder.join("silos.toml"),
        include_str!("../../assets/demo/silos.toml"),
    )
    .expect("written");
    let text = format!(
        "silos = \"silos.toml\"\n[site]\nkey = \"north\"\nname = \"North mill\"\nline = \"Line 1\"\nzone = \"Asia/Jakarta\"\n\
         [plc]\nregisters = \"registers.toml\"\npoll_live_ms = 100\npoll_idle_ms = 200\n[plc.driver]\nkind = \"fins_udp\"\naddress = \"{}\"\n\
         node_local = 1\nnode_plc = 2\ntimeout_ms = 500\n\
         [erp.connector]\nkind = \"odoo_addon\"\nurl = \"{}\"\ndatabase = \"{}\"\nlogin = \"{}\"\npassword = \"{}\"\n",
        plant.fins(),
        erp_url,
        login.db,
        login.login,
        login.password,
    );
    millrace_tests::write_private(&folder.join("config.toml"), &text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_gram_is_lost_or_doubled_by_sigkill() {
    let kills_wanted = u32::try_from(setting("MILLRACE_CRASH_KILLS", u64::from(KILLS)))
        .expect("a number of kills");
    let seed = setting("MILLRACE_CRASH_SEED", 20_261_122);
    println!("seed {seed}, {kills_wanted} kills");
    let plant = millrace_plant::start(PlantConfig {
        speed: SPEED,
        seed,
        tick_ms: 20,
        ..PlantConfig::default()
    })
    .await
    .expect("the virtual plant starts");
    let slow = serde_json::json!({ "delay_ms": ERP_DELAY_MS });
    let slow: FaultChange = serde_json::from_value(slow).expect("a fault");
    plant.erp().set_faults(&slow).expect("the ERP takes it");
    let folder = tempfile::tempdir().expect("a folder");
    write_config(folder.path(), &plant, &plant.odoo_url());

    let program = std::path::Path::new(env!("CARGO_BIN_EXE_crash-node"));
    let mut random = Seeded(seed);
    let mut kills = 0;
    let mut at_state: BTreeMap<String, u32> = BTreeMap::new();
    let mut operator = Operator::new(ORDERS.iter().map(|(name, batches)| (*name, *batches)));
    let begin = tokio::time::Instant::now();
    loop {
        assert!(
            begin.elapsed() < PATIENCE,
            "the main job hangs after {kills} kills: {operator:#?}"
        );
        let mut node = Node::start(program, folder.path());
        let may_live = kills >= kills_wanted;
        // Some die while they start, most while they work.
        let born = if random.below(4) == 0 {
            Born::Started
        } else {
            Born::LoggedIn
        };
        let life = Duration::from_millis(random.below(LIFE_MS_MAX));
        let outcome = if may_live {
            operator.work(&mut node, born, PATIENCE, true).await
        } else {
            operator.work(&mut node, born, life, false).await
        };
        if outcome == Outcome::Delicate {
            // Between two commits of a download or of a posting lie a few milliseconds.
            tokio::time::sleep(Duration::from_millis(random.below(60))).await;
        }
        if outcome == Outcome::Done {
            node.stop();
            break;
        }
        *at_state.entry(operator.seen_state()).or_default() += 1;
        node.kill();
        kills += 1;
    }
    println!("killed {kills} times, by state of the batch in the PLC: {at_state:?}");
    check(&plant, folder.path()).await;
    let at_work: u32 = at_state
        .iter()
        .filter(|(state, _)| *state != "idle")
        .map(|(_, n)| n)
        .sum();
    assert!(
        at_work >= KILLS_AT_WORK,
        "too few kills hit the job itself: {at_state:?}"
    );
    assert!(
        at_state.len() >= 3,
        "the kills hit too few states: {at_state:?}"
    );
}

async fn check(plant: &RunningPlant, folder: &std::path::Path) {
    let books = plant.books();
    let erp = plant.erp().view();
    for (order, batches) in ORDERS {
        let made: Vec<_> = books
            .batches
            .iter()
            .filter(|b| b.order_name == order)
            .collect();
        assert_eq!(
            made.len(),
            batches,
            "{order}: each batch was downloaded once"
        );
        let mut left: BTreeMap<String, i64> = BTreeMap::new();
        let mut weight = 0;
        for batch in &made {
            assert!(batch.finished && !batch.stopped, "{order}");
            assert_eq!(
                (batch.acks, batch.early_acks),
                (1, 0),
                "{order}: acknowledged once, after the end"
            );
            weight += batch.weight_g.0;
            for mass in batch.left.iter().filter(|m| m.mass_g.0 > 0) {
                *left.entry(millrace_tests::code(mass.silo.0)).or_default() +=
                    mass.mass_g.to_plc_step().0;
            }
        }
        let held = erp
            .orders
            .iter()
            .find(|o| o.name == order)
            .expect("in the ERP");
        let consumption: BTreeMap<String, i64> = held
            .consumption
            .iter()
            .map(|(code, g)| (code.clone(), g.0))
            .collect();
        assert_eq!(
            consumption, left,
            "{order}: the ERP holds what left the silos, once"
        );
        assert_eq!(held.finished_g, Grams(weight), "{order}");
    }
    assert_eq!(erp.rescaled, 0);
    let offers: u64 = books.writes.iter().map(|w| w.flag).sum();
    let batches: usize = ORDERS.iter().map(|(_, n)| n).sum();
    assert_eq!(
        offers,
        u64::try_from(batches).expect("few"),
        "each recipe was offered once: {:?}",
        books.writes
    );
    let store = Store::open(&folder.join("data/millrace.db")).expect("the books open");
    let chain = store
        .read(|read| read.audit_verify())
        .await
        .expect("readable");
    assert!(chain.is_ok(), "audit row {chain:?} does not fit");
}
