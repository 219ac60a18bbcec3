//! The headless core: from its start to the first live value at a subscriber, its memory and its
//! processor time, idle and with batches in the PLC. Beside it, in turns, the least process that
//! reads one block of the same PLC. Leaves out the window.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UdpSocket;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use crate::Failure;
use crate::figure::{Series, Table};
use crate::mill::{Mill, first_slot};
use crate::node::{Node, is_live};
use crate::process;
use crate::wire;

/// The word by which this program starts itself as the floor.
pub(crate) const FLOOR: &str = "--floor-process";
/// Batches in the PLC, the first one dosing.
const BATCHES: [&str; 3] = ["WH/MO/00104/1", "WH/MO/00101/1", "WH/MO/00103/1"];
/// Memory is looked at when a process has run this long.
const SETTLED: Duration = Duration::from_secs(20);
/// Processor time is counted over this much of it.
const COUNTED: Duration = Duration::from_secs(15);
/// Beyond this something hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often memory and processor time are looked at; each look takes twenty seconds.
const LOOKS_MAX: usize = 3;

#[derive(Debug, Default)]
struct Starts {
    floor: Series,
    ready: Series,
    http: Series,
    login: Series,
    value: Series,
    value_without_login: Series,
}

#[derive(Debug, Default)]
struct Looks {
    floor: Series,
    idle_memory: Series,
    idle_cpu: Series,
    busy_memory: Series,
    busy_cpu: Series,
}

/// Measures and prints. Leaves the mill with a batch that doses.
pub(crate) async fn measure(mill: &Mill, program: &Path, runs: usize) -> Result<(), Failure> {
    println!("\n## headless: {}\n", program.display());
    let per_second = process::ticks_per_second()?;
    let mut looks = Looks::default();
    for n in 0..runs.min(LOOKS_MAX) {
        let data = mill.folder().join(format!("idle-{n}"));
        let node = Node::start(program, &mill.config(), &data).await?;
        sleep(SETTLED - COUNTED).await;
        let (memory, cpu) = look(&node, per_second, sleep_for(COUNTED)).await?;
        looks.idle_memory.push(memory);
        looks.idle_cpu.push(cpu);
        node.stop().await?;
    }
    fill_the_plc(mill, program).await?;

    let mut starts = Starts::default();
    for _ in 0..runs {
        let (time, memory) = floor_start(mill.plant.fins()).await?;
        starts.floor.push_ms(time);
        looks.floor.push(memory);
        start(mill, program, &mut starts).await?;
    }
    for _ in 0..runs.min(LOOKS_MAX) {
        let mut node = Node::start(program, &mill.config(), &mill.data()).await?;
        node.login().await?;
        let mut events = node.events().await?;
        events.live(is_live).await?;
        events.listen(SETTLED - COUNTED).await?;
        let (memory, cpu) = look(&node, per_second, events.listen(COUNTED)).await?;
        looks.busy_memory.push(memory);
        looks.busy_cpu.push(cpu);
        node.stop().await?;
    }
    print(&starts, &looks);
    Ok(())
}

async fn sleep_for(time: Duration) -> Result<(), Failure> {
    sleep(time).await;
    Ok(())
}

/// Memory in MiB, and processor time in percent of one core while `meanwhile` goes on.
async fn look(
    node: &Node,
    per_second: f64,
    meanwhile: impl Future<Output = Result<(), Failure>>,
) -> Result<(f64, f64), Failure> {
    let pid = node.pid()?;
    let (before, begun) = (process::ticks(pid), Instant::now());
    meanwhile.await?;
    let spent = process::ticks(pid).saturating_sub(before);
    let spent = f64::from(u32::try_from(spent)?) / per_second;
    let cpu = 100.0 * spent / begun.elapsed().as_secs_f64();
    Ok((process::memory(pid)?.total, cpu))
}

/// The person's part, before anything is measured: batches are signed, started, and one doses.
async fn fill_the_plc(mill: &Mill, program: &Path) -> Result<(), Failure> {
    let mut node = Node::start(program, &mill.config(), &mill.data()).await?;
    node.first_login().await?;
    let begun = Instant::now();
    for (position, label) in BATCHES.iter().enumerate() {
        loop {
            let live = node.call("live_get", &json!({})).await?;
            let count = live["queued"].as_array().map_or(0, Vec::len)
                + usize::from(!live["batch"].is_null());
            if count > position && is_live(&live) {
                break;
            }
            // Refused while the PLC is busy or the order has not come: the next look tries again.
            let last = next_step(&node, label).await.err();
            if begun.elapsed() > PATIENCE {
                return Err(format!("{label} does not come into the PLC: {last:?}").into());
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
    node.stop().await
}

async fn next_step(node: &Node, label: &str) -> Result<(), Failure> {
    let queue = node.call("batch_list", &json!({})).await?;
    let row = queue["rows"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|row| row["label"] == label);
    let Some(row) = row else {
        node.call("order_import", &json!({})).await?;
        return Ok(());
    };
    let mut request = json!({ "id": row["id"], "version": row["version"] });
    if row["word"] == "pending" {
        request["content_hash"] = row["content_hash"].clone();
        request["secret"] = Value::from(crate::node::SECRET);
        node.call("batch_approve", &request).await?;
    } else if row["word"] == "approved" {
        node.call("batch_start", &request).await?;
    }
    Ok(())
}

/// One start with a batch in the PLC: ready, answering, logged in, first live value.
async fn start(mill: &Mill, program: &Path, starts: &mut Starts) -> Result<(), Failure> {
    let mut node = Node::start(program, &mill.config(), &mill.data()).await?;
    node.health().await?;
    let http = node.begun.elapsed();
    node.login().await?;
    let login = node.begun.elapsed().saturating_sub(http);
    node.events().await?.live(is_live).await?;
    let value = node.begun.elapsed();
    starts.ready.push_ms(node.ready);
    starts.http.push_ms(http);
    starts.login.push_ms(login);
    starts.value.push_ms(value);
    starts
        .value_without_login
        .push_ms(value.saturating_sub(login));
    node.stop().await
}

/// Starts this program as the floor; answers its time to the first block, and its memory in MiB.
async fn floor_start(plc: SocketAddr) -> Result<(Duration, f64), Failure> {
    let own = std::env::current_exe()?;
    let (first, count) = first_slot()?;
    let begun = Instant::now();
    let mut child = Command::new(own)
        .args([
            FLOOR,
            &plc.to_string(),
            &first.to_string(),
            &count.to_string(),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let out = child.stdout.take().ok_or("its output is not ours")?;
    timeout(PATIENCE, BufReader::new(out).lines().next_line())
        .await??
        .ok_or("the floor failed")?;
    let time = begun.elapsed();
    let memory = process::memory(child.id().ok_or("the floor has ended")?)?.total;
    if let Some(mut input) = child.stdin.take() {
        input.shutdown().await?;
    }
    timeout(PATIENCE, child.wait()).await??;
    Ok((time, memory))
}

/// The floor itself: a runtime, a socket, one block. Then it waits to be looked at.
pub(crate) async fn floor_process(words: &[String]) -> Result<(), Failure> {
    let [plc, first, count] = words else {
        return Err("the floor needs the PLC's address, a first word and a count".into());
    };
    let count: u16 = count.parse()?;
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(plc.parse::<SocketAddr>()?).await?;
    socket.send(&wire::question(first.parse()?, count)).await?;
    let mut bytes = [0; 4_096];
    let length = timeout(PATIENCE, socket.recv(&mut bytes)).await??;
    if length != 14 + 2 * usize::from(count) {
        return Err(format!("{length} bytes are no block of {count} words").into());
    }
    println!("read");
    let mut line = String::new();
    // Nothing else runs here that could be held up.
    std::io::stdin().read_line(&mut line)?;
    Ok(())
}

fn print(starts: &Starts, looks: &Looks) {
    let mut table = Table::new();
    let floor = Some(&starts.floor);
    table.row(
        "floor: exec → tokio → one block read",
        "ms",
        &starts.floor,
        None,
    );
    table.row("exec → says that it is ready", "ms", &starts.ready, floor);
    table.row("exec → HTTP answers", "ms", &starts.http, floor);
    table.row("login alone", "ms", &starts.login, None);
    table.row(
        "exec → first live value at a subscriber",
        "ms",
        &starts.value,
        floor,
    );
    table.row(
        "the same without the login's time",
        "ms",
        &starts.value_without_login,
        floor,
    );
    let floor = Some(&looks.floor);
    table.row(
        "floor: memory of that process",
        "MiB PSS",
        &looks.floor,
        None,
    );
    table.row("memory idle", "MiB PSS", &looks.idle_memory, floor);
    table.row(
        "memory, 3 batches in the PLC, 1 subscriber",
        "MiB PSS",
        &looks.busy_memory,
        floor,
    );
    table.row("processor idle", "% of one core", &looks.idle_cpu, None);
    table.row(
        "processor, 3 batches in the PLC, 1 subscriber",
        "% of one core",
        &looks.busy_cpu,
        None,
    );
    println!("{}", table.text());
}
