//! Carries one plan out: the real application on the real virtual plant over the network in memory,
//! all on virtual time, one runtime a life of the application, so that a death leaves nothing behind that
//! still runs. Leaves out what must hold in the end (`oracle`).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use millrace_app::clock::Clock;
use millrace_app::commands::session::DemoPerson;
use millrace_app::{App, DemoLogin, Pace, Setup};
use millrace_core::access::{Grant, Role};
use millrace_core::registers::RegisterMap;
use millrace_plant::{SiloTable, VirtualPlant};
use millrace_store::{Store, StoreError};
use tokio::runtime::{Builder, Runtime};

use crate::erp::BookErp;
use crate::net::MemoryNet;
use crate::operator::{Operator, SECRET, Standing};
use crate::oracle::{self, Outcome};
use crate::plan::Plan;
use crate::world::World;

/// The secret's hash at the least cost: what signing costs is not what is tried here.
const SECRET_PHC: &str =
    "$argon2id$v=19$m=8,t=1,p=1$eByyM7WKVK1YOgEKr52/cw$FZU2pNRr8J2SURJHQLEKI5wvbLeofpa8Ix4xY5I8974";
/// Time from one cycle to the next while something is handed over, and while material falls.
const TURN_MS: u64 = 400;
const TURN_DOSING_MS: u64 = 1_500;
/// Turns after which a run that has not ended never will.
const TURNS_MAX: u32 = 1_500;
/// People look this often, in turns.
const LOOK_EVERY: u32 = 3;

/// How a life ended.
enum End {
    Over,
    Died,
    Stuck,
}

/// Books with people in them, to begin each run from.
pub(crate) fn template(folder: &Path) -> PathBuf {
    let path = folder.join("template.db");
    let people = [
        ("Operator 1", Role::Operator),
        ("Supervisor 1", Role::Supervisor),
    ];
    let known: Vec<DemoPerson> = people
        .iter()
        .map(|(name, role)| DemoPerson {
            name: (*name).into(),
            role: *role,
            secret: SECRET.into(),
        })
        .collect();
    let text = serde_json::to_string(&known).expect("plain");
    runtime().block_on(async {
        let store = Store::open(&path).expect("a fresh file");
        let made = store.write(move |tx| {
            for (name, role) in people {
                tx.person_add(name, &[Grant::everywhere(role)], SECRET_PHC, 0)?;
            }
            tx.meta_set("demo_people", &text)?;
            Ok::<_, StoreError>(())
        });
        made.await.expect("written");
        store.checkpoint().await.expect("one whole file");
    });
    path
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    builder.build().expect("a runtime")
}

/// One run.
pub(crate) fn run(plan: &Plan, template: &Path) -> Outcome {
    let folder = tempfile::tempdir_in(template.parent().expect("in a folder")).expect("a folder");
    std::fs::copy(template, folder.path().join("millrace.db")).expect("copied");
    let map = RegisterMap::parse(&plan.map()).expect("the map is right");
    let silos = SiloTable::demo().expect("the demo's silos");
    let plant = VirtualPlant::new(&map, silos, plan.seed)
        .expect("the plant fits the map")
        .with_weight(plan.reports_weight);
    let world = World::new(plant);
    *world.plant().wire_mut() = plan.faults.wire.clone();
    let erp = Arc::new(BookErp::new(plan.orders()));
    let mut running = Running {
        plan: plan.clone(),
        world,
        erp,
        folder: folder.path().to_owned(),
        lives: 0,
        turns: 0,
    };
    loop {
        let runtime = runtime();
        let end = runtime.block_on(running.live());
        if let End::Died = end {
            drop(runtime);
            running.lie_dead();
            continue;
        }
        let stuck = matches!(end, End::Stuck);
        drop(runtime);
        return oracle::judge(&running, stuck);
    }
}

/// A run under way.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) plan: Plan,
    pub(crate) world: Arc<World>,
    pub(crate) erp: Arc<BookErp>,
    pub(crate) folder: PathBuf,
    pub(crate) lives: usize,
    turns: u32,
}

impl Running {
    fn setup(&self) -> Setup {
        let mut setup = Setup::demo(
            self.plan.config().address,
            "http://127.0.0.1:9",
            &DemoLogin {
                database: "campaign".into(),
                login: "campaign".into(),
                password: "campaign".into(),
            },
            &self.folder,
            1.0,
            &self.plan.map(),
            include_str!("../../assets/demo/silos.toml"),
            "campaign",
        )
        .expect("the demo's files are right");
        let clock: Arc<dyn Clock> = Arc::clone(&self.world.clock) as Arc<dyn Clock>;
        setup.clock = clock;
        setup.pace = Pace::ByHand;
        setup.strengthens_secrets = false;
        setup.net = Some(Arc::new(MemoryNet {
            world: Arc::clone(&self.world),
            speech: self.plan.speech(),
        }));
        let erp = Arc::clone(&self.erp);
        setup.erp = Some(erp);
        setup.config.intake.open_batches_max = 100;
        let plc = setup.config.plc.as_mut().expect("the demo has a PLC");
        plc.driver = self.plan.config();
        setup
    }

    /// One life of the application.
    async fn live(&mut self) -> End {
        let death = self.plan.deaths.get(self.lives).copied();
        self.lives += 1;
        self.world
            .begin_life(death.map(|death| (death.request, death.moment)));
        let app = open(|| self.setup()).await;
        let mut operator = Operator::log_in(&app).await;
        operator.import().await;
        let world = Arc::clone(&self.world);
        tokio::select! {
            biased;
            () = world.death() => End::Died,
            end = self.turns(&app, &mut operator) => end,
        }
    }

    async fn turns(&mut self, app: &App, operator: &mut Operator<'_>) -> End {
        let mut seen = Standing::default();
        let mut calm_turns = 0;
        while self.turns < TURNS_MAX {
            self.turns += 1;
            let is_calm = self.fault();
            calm_turns += u32::from(is_calm);
            let pause = if seen.is_handing_over || self.turns < 10 {
                TURN_MS
            } else {
                TURN_DOSING_MS
            };
            tokio::time::sleep(Duration::from_millis(pause)).await;
            self.world.catch_up();
            app.cycle().await;
            if self.turns.is_multiple_of(LOOK_EVERY) {
                seen = operator.work(&self.plan, is_calm).await;
                while app.work_outbox().await.expect("the books take it") {}
                let open = app.store().read(|read| read.outbox_count()).await;
                let open = open.expect("readable");
                if seen.is_over && is_calm && calm_turns > 3 && open.waiting + open.in_doubt == 0 {
                    return End::Over;
                }
            }
        }
        End::Stuck
    }

    /// Switches what is due; after the last fault all is well. True then.
    fn fault(&mut self) -> bool {
        let mut plant = self.world.plant();
        let now = plant.books().plant_ms;
        while let Some(switch) = self.plan.faults.due(now) {
            plant.set_fault(&switch).expect("the plan fits the plant");
        }
        let is_calm = self.plan.faults.switches().next().is_none() && now > self.plan.calm_ms();
        if is_calm {
            plant.wire_mut().clear();
            plant.clear_faults();
        }
        is_calm
    }

    /// Nobody lives for a while.
    fn lie_dead(&mut self) {
        let Some(death) = self.plan.deaths.get(self.lives - 1).copied() else {
            return;
        };
        if let Some(keeps) = death.plc_keeps {
            self.world.plant().reboot(keeps).expect("nothing is saved");
        }
        self.world.pass(death.dark_ms);
    }
}

/// After a death the books are closed when the last commit has ended.
async fn open(setup: impl Fn() -> Setup) -> App {
    for _ in 0..10_000 {
        match App::start(setup()).await {
            Ok(app) => return app,
            Err(error) if error.to_string().contains("already runs") => {
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the data folder stayed locked");
}
