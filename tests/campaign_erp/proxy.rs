//! The network and whatever stands in it before the ERP: takes each request off the process under test and, by
//! seed, loses it, loses the answer after the ERP has committed, delays, repeats, spoils. After each request that
//! reached the ERP it notes what the ERP holds, so that every step of every order is known afterwards.
//! Leaves out what is right (`oracle`).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use millrace_plant::odoo::VirtualOdoo;
use millrace_plant::rng::Seeded;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use super::asks::Asks;
use super::fate::{Fate, page, refusal};
use super::plan::{Odds, Plan};
use super::template::Total;

/// A late copy arrives within this. Without a unique key in the ERP an order's newer total waits three seconds
/// in these runs (`erp.late_request_s`); what the network delivers later than that could overwrite it.
const LATE_MS_MAX: i64 = 2_200;
/// With the key a copy may come when other messages have long been booked.
const VERY_LATE_MS_MAX: i64 = 6_000;
/// So long an answer is held back for somebody who wants to kill meanwhile: shorter than the client's patience.
const HOLD: Duration = Duration::from_millis(600);

/// How the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Everything arrives.
    Fair,
    /// Some requests meet a fault.
    Foul(Odds),
    /// Every connection is closed at once.
    Down,
}

/// One request that came to the proxy, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hop {
    /// Its first line.
    pub(crate) line: String,
    pub(crate) asks: Asks,
    pub(crate) fate: &'static str,
    /// The ERP held something else for it afterwards.
    pub(crate) has_changed: bool,
}

/// What the ERP held of each order, step by step.
pub(crate) type Steps = BTreeMap<String, Vec<Total>>;

#[derive(Debug)]
struct Shared {
    odoo: Arc<VirtualOdoo>,
    upstream: SocketAddr,
    dice: Mutex<Seeded>,
    weather: Mutex<Weather>,
    late_ms_max: i64,
    /// Faults dealt to requests that book or close; begins at the seed, so that each run begins with another.
    dealt: AtomicU64,
    dealt_from: u64,
    /// What is certain for the next booking.
    next: Mutex<Option<Fate>>,
    /// Who waits for the next booking.
    hold: Mutex<Option<oneshot::Sender<()>>>,
    /// Answers that are held back.
    held: AtomicUsize,
    /// Whether each step is noted: looking at a large ERP after each request takes its time.
    is_noting: bool,
    /// One request at a time reaches the ERP, so that no step is missed.
    steps: tokio::sync::Mutex<Steps>,
    log: Mutex<Vec<Hop>>,
    under_way: AtomicUsize,
}

/// The proxy. Ends when dropped, with everything that is still under way.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// One that notes every step.
    pub(crate) async fn start(odoo: Arc<VirtualOdoo>, upstream: SocketAddr, plan: &Plan) -> Proxy {
        Proxy::open(odoo, upstream, plan.seed, plan.way.has_key, true).await
    }

    /// One that notes nothing.
    pub(crate) async fn plain(odoo: Arc<VirtualOdoo>, upstream: SocketAddr) -> Proxy {
        Proxy::open(odoo, upstream, 0, false, false).await
    }

    async fn open(
        odoo: Arc<VirtualOdoo>,
        upstream: SocketAddr,
        seed: u64,
        has_key: bool,
        is_noting: bool,
    ) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared {
            odoo,
            upstream,
            dice: Mutex::new(Seeded::new(seed ^ 0x9E37_79B9)),
            weather: Mutex::new(Weather::Fair),
            late_ms_max: if has_key {
                VERY_LATE_MS_MAX
            } else {
                LATE_MS_MAX
            },
            dealt: AtomicU64::new(seed),
            dealt_from: seed,
            next: Mutex::default(),
            hold: Mutex::default(),
            held: AtomicUsize::new(0),
            is_noting,
            steps: tokio::sync::Mutex::default(),
            log: Mutex::default(),
            under_way: AtomicUsize::new(0),
        });
        let known = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let mut requests = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                while requests.try_join_next().is_some() {}
                requests.spawn(serve(Arc::clone(&known), client));
            }
        });
        Proxy {
            address,
            shared,
            task,
        }
    }

    pub(crate) fn set(&self, weather: Weather) {
        *locked(&self.shared.weather) = weather;
    }

    /// Requests that the process has sent and that are not answered.
    pub(crate) fn under_way(&self) -> usize {
        self.shared.under_way.load(Ordering::SeqCst)
    }

    /// The next request that books meets this, whatever the weather.
    pub(crate) fn deal_next(&self, fate: Fate) {
        *locked(&self.shared.next) = Some(fate);
    }

    /// Answers when the ERP has booked next; the answer is held back for a moment then.
    pub(crate) fn hold_next_answer(&self) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        *locked(&self.shared.hold) = Some(tell);
        told
    }

    /// Whatever was wished for the next booking is forgotten.
    pub(crate) fn disarm(&self) {
        *locked(&self.shared.next) = None;
        *locked(&self.shared.hold) = None;
    }

    /// An answer is held back just now.
    pub(crate) fn is_holding(&self) -> bool {
        self.shared.held.load(Ordering::SeqCst) > 0
    }

    /// How many requests that book or close have met a fault.
    pub(crate) fn spoiled(&self) -> u64 {
        let dealt = self.shared.dealt.load(Ordering::SeqCst);
        dealt.wrapping_sub(self.shared.dealt_from)
    }

    /// What the ERP held, step by step.
    pub(crate) async fn steps(&self) -> Steps {
        self.shared.steps.lock().await.clone()
    }

    /// Every request with its fate.
    pub(crate) fn log(&self) -> Vec<Hop> {
        locked(&self.shared.log).clone()
    }
}

fn locked<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(shared: Arc<Shared>, mut client: TcpStream) {
    shared.under_way.fetch_add(1, Ordering::SeqCst);
    let _gone = handle(&shared, &mut client).await;
    shared.under_way.fetch_sub(1, Ordering::SeqCst);
}

async fn handle(shared: &Shared, client: &mut TcpStream) -> std::io::Result<()> {
    let weather = *locked(&shared.weather);
    if weather == Weather::Down {
        return Ok(());
    }
    let request = message(client).await?;
    let asks = Asks::of(&request);
    let fate = shared.fate(weather, asks);
    let request = shared.taken(request, asks, fate);
    let request = &request;
    match fate {
        Fate::Fair => {
            let answer = forward(shared, request).await?;
            client.write_all(&answer).await?;
        }
        Fate::RequestLost => {}
        Fate::AnswerLost => {
            forward(shared, request).await?;
        }
        Fate::AnswerHalved => {
            let answer = forward(shared, request).await?;
            client.write_all(&answer[..answer.len() / 2]).await?;
        }
        Fate::Status(code) => client.write_all(&page(code, "refused on the way")).await?,
        Fate::StatusAfter(code) => {
            forward(shared, request).await?;
            client.write_all(&page(code, "Bad Gateway")).await?;
        }
        Fate::Html => client.write_all(&page(200, "Welcome")).await?,
        Fate::LoginPage => {
            let form = "<form action=\"/web/login\"><input name=\"password\"></form>";
            client.write_all(&page(200, form)).await?;
        }
        Fate::Refused => client.write_all(&refusal(&request.bytes)).await?,
        Fate::RequestLate(pause) => {
            tokio::time::sleep(pause).await;
            let answer = forward(shared, request).await?;
            client.write_all(&answer).await?;
        }
        Fate::AnswerLate(pause) => {
            let answer = forward(shared, request).await?;
            tokio::time::sleep(pause).await;
            client.write_all(&answer).await?;
        }
        Fate::Twice => {
            let answer = forward(shared, request).await?;
            forward(shared, request).await?;
            client.write_all(&answer).await?;
        }
        Fate::Stray(pause) => {
            client.shutdown().await?;
            tokio::time::sleep(pause).await;
            forward(shared, request).await?;
        }
    }
    Ok(())
}

/// A request, and where it stands in the log.
struct Taken {
    bytes: Vec<u8>,
    at: Option<usize>,
}

impl Shared {
    /// What happens to a request.
    fn fate(&self, weather: Weather, asks: Asks) -> Fate {
        if asks == Asks::Post
            && let Some(fate) = locked(&self.next).take()
        {
            return fate;
        }
        let Weather::Foul(odds) = weather else {
            return Fate::Fair;
        };
        let mut dice = locked(&self.dice);
        let percent = match asks {
            Asks::Post | Asks::Close => odds.bookings,
            Asks::Other => odds.others,
        };
        if dice.between(1, 100) > percent {
            return Fate::Fair;
        }
        match asks {
            Asks::Post | Asks::Close => {
                let turn = self.dealt.fetch_add(1, Ordering::SeqCst);
                Fate::dealt(turn, &mut dice, self.late_ms_max)
            }
            Asks::Other => Fate::draw(&mut dice, self.late_ms_max),
        }
    }

    /// Writes a request into the log.
    fn taken(&self, bytes: Vec<u8>, asks: Asks, fate: Fate) -> Taken {
        let at = self.is_noting.then(|| {
            let first = bytes.split(|b| *b == b'\r').next().unwrap_or(&[]);
            let mut log = locked(&self.log);
            log.push(Hop {
                line: String::from_utf8_lossy(first).into_owned(),
                asks,
                fate: fate.word(),
                has_changed: false,
            });
            log.len() - 1
        });
        Taken { bytes, at }
    }
}

/// Carries a request to the ERP and its answer back, and notes what the ERP holds then.
async fn forward(shared: &Shared, request: &Taken) -> std::io::Result<Vec<u8>> {
    let mut steps = shared.steps.lock().await;
    let mut upstream = TcpStream::connect(shared.upstream).await?;
    upstream.write_all(&request.bytes).await?;
    let answer = message(&mut upstream).await?;
    let Some(at) = request.at else {
        return Ok(answer);
    };
    let mut has_changed = false;
    for order in shared.odoo.view().orders {
        let now = Total {
            consumed: order
                .consumption
                .into_iter()
                .map(|(c, g)| (c, g.0))
                .collect(),
            finished: order.finished_g.0,
        };
        let known = steps.entry(order.name).or_default();
        let before = known.last().cloned().unwrap_or_default();
        if before != now {
            known.push(now);
            has_changed = true;
        }
    }
    if let Some(hop) = locked(&shared.log).get_mut(at) {
        hop.has_changed |= has_changed;
    }
    drop(steps);
    let waits = locked(&shared.hold).take_if(|_| has_changed);
    if let Some(waits) = waits {
        shared.held.fetch_add(1, Ordering::SeqCst);
        let _who_gave_up_is_not_told = waits.send(());
        tokio::time::sleep(HOLD).await;
        shared.held.fetch_sub(1, Ordering::SeqCst);
    }
    Ok(answer)
}

/// One whole HTTP message: head, and as many bytes as it announces.
async fn message(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut part = [0; 8_192];
    loop {
        if let Some(length) = whole(&bytes)
            && bytes.len() >= length
        {
            return Ok(bytes);
        }
        let count = stream.read(&mut part).await?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&part[..count]);
    }
}

/// How long the message is, once its head is there.
fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|value| value.trim().parse::<usize>().ok())
        .unwrap_or(0);
    Some(head + length)
}
