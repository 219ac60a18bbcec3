//! Books to begin runs from: finished batches whose consumption waits in the outbox, made once by the real
//! application on the virtual plant, and beside them what really left the silos by the plant's own books.
//! Leaves out the runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use millrace_core::access::{Grant, Role};
use millrace_core::units::Grams;
use millrace_plant::odoo::{NewComponent, NewOrder, OdooBook, demo_orders};
use millrace_store::Store;
use millrace_tests::{Rig, Who};
use serde_json::json;

/// The person at the outbox, and the secret at the least cost: what signing costs is not tried here.
pub(crate) const NAME: &str = "Campaign";
pub(crate) const SECRET: &str = "campaign";
pub(crate) const SECRET_PHC: &str =
    "$argon2id$v=19$m=8,t=1,p=1$eByyM7WKVK1YOgEKr52/cw$FZU2pNRr8J2SURJHQLEKI5wvbLeofpa8Ix4xY5I8974";
/// The batches in the order in which they are made: the messages of two orders lie between those of others.
const BATCHES: [&str; 9] = [
    "WH/MO/00104/1",
    "WH/MO/00109/1",
    "WH/MO/00109/2",
    "WH/MO/00101/1",
    "WH/MO/00104/2",
    "WH/MO/00109/3",
    "WH/MO/00103/1",
    "WH/MO/00105/1",
    "WH/MO/00106/1",
];
/// After so many batches the books are kept.
const KEPT_AFTER: [usize; 3] = [3, 6, 9];

/// What left the silos for one order, and what it weighed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) consumed: BTreeMap<String, i64>,
    pub(crate) finished: i64,
}

/// One prepared outbox.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) file: PathBuf,
    pub(crate) messages: usize,
    /// Orders of which every batch is made.
    pub(crate) whole: BTreeSet<String>,
    /// By the plant's own books.
    pub(crate) truth: BTreeMap<String, Total>,
}

/// All of them, and the library that kills.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) stages: Vec<Stage>,
    pub(crate) killer: PathBuf,
}

/// Where books are quick: they are thrown away, and a killed process loses nothing that it wrote there.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    folder.expect("a temporary folder")
}

/// The demo's orders and one that makes three batches.
pub(crate) fn orders() -> Vec<NewOrder> {
    let mut orders = demo_orders().expect("the file parses");
    orders.push(long_order());
    orders
}

/// An ERP's books that hold them.
pub(crate) fn book() -> OdooBook {
    OdooBook::with_orders(orders()).expect("no name stands twice")
}

fn long_order() -> NewOrder {
    let line = |silo: &str, product: &str, grams| NewComponent {
        equipment: Some(silo.into()),
        product: product.into(),
        to_consume_g: Grams(grams),
        product_id: None,
    };
    NewOrder {
        name: "WH/MO/00109".into(),
        reference: None,
        product: "[10409] LAYER CONCENTRATE".into(),
        quantity_g: Grams(7_500_000),
        schedule_start: None,
        equipment: "PLC01".into(),
        components: vec![
            line("silo101", "PKE pellet", 300_000),
            line("silo103", "Pollard angsa", 420_000),
            line("silo104", "Jagung giling", 280_000),
        ],
    }
}

/// Makes the books.
pub(crate) async fn make(folder: &Path) -> Template {
    let rig = Rig::start_with(1, |config| config.intake.open_batches_max = 100).await;
    let erp = rig.plant.erp();
    erp.add_order(long_order()).expect("a new name");
    rig.ok(Who::Operator, "order_import", json!({})).await;
    rig.app
        .store()
        .write(|tx| {
            tx.person_add(NAME, &[Grant::everywhere(Role::Supervisor)], SECRET_PHC, 0)?;
            Ok::<_, millrace_store::StoreError>(())
        })
        .await
        .expect("written");
    let mut stages = Vec::new();
    for (made, label) in (1..).zip(BATCHES) {
        rig.approve(label).await;
        rig.start_batch(label).await;
        rig.finish().await;
        // The result is stored before its slot is free.
        while has_slot(&rig).await {
            rig.step().await;
        }
        if KEPT_AFTER.contains(&made) {
            stages.push(keep(&rig, folder, made).await);
        }
    }
    Template {
        stages,
        killer: killer(folder).await,
    }
}

async fn has_slot(rig: &Rig) -> bool {
    let held = rig.app.store().read(|read| read.batches_in_slots()).await;
    !held.expect("readable").is_empty()
}

async fn keep(rig: &Rig, folder: &Path, messages: usize) -> Stage {
    rig.app.store().checkpoint().await.expect("one whole file");
    let file = folder.join(format!("{messages}.db"));
    std::fs::copy(rig.folder().join("millrace.db"), &file).expect("copied");
    let made = BATCHES[..messages].iter();
    let names: Vec<&str> = made
        .filter_map(|label| Some(label.rsplit_once('/')?.0))
        .collect();
    let (waiting, planned) = Store::open(&file)
        .expect("it opens")
        .read({
            let names: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
            move |read| {
                let mut planned = BTreeMap::new();
                for name in names {
                    let batches = read.batches_of_name(&name)?.len();
                    planned.insert(name, batches);
                }
                Ok::<_, millrace_store::StoreError>((read.outbox_count()?.waiting, planned))
            }
        })
        .await
        .expect("readable");
    assert_eq!(waiting, i64::try_from(messages).expect("few"));
    let is_whole =
        |name: &str, batches| names.iter().filter(|one| **one == name).count() == batches;
    let whole = planned
        .into_iter()
        .filter(|(name, batches)| is_whole(name, *batches))
        .map(|(name, _)| name)
        .collect();
    let mut truth: BTreeMap<String, Total> = BTreeMap::new();
    for batch in &rig.books().batches {
        let total = truth.entry(batch.order_name.clone()).or_default();
        total.finished += batch.weight_g.0;
        for mass in batch.left.iter().filter(|mass| mass.mass_g.0 > 0) {
            let code = millrace_tests::code(mass.silo.0);
            *total.consumed.entry(code).or_default() += mass.mass_g.to_plc_step().0;
        }
    }
    Stage {
        file,
        messages,
        whole,
        truth,
    }
}

/// Builds the library that kills a process at a call.
async fn killer(folder: &Path) -> PathBuf {
    let source = folder.join("kill_at.c");
    let library = folder.join("kill_at.so");
    std::fs::write(&source, include_str!("kill_at.c")).expect("written");
    let built = tokio::process::Command::new("cc")
        .args(["-O2", "-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status()
        .await
        .expect("the campaign needs a C compiler by the name of cc");
    assert!(built.success(), "cc refuses kill_at.c");
    library
}
