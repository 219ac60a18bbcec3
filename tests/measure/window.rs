//! The program with its window on a display of our own: from its start to the first painted frame,
//! memory of all its processes, processor time. Beside it, in turns, an empty WebKitGTK window.
//! Leaves out what the screens show.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::Failure;
use crate::figure::{Series, Table};
use crate::mill::Mill;
use crate::node::{NAME, SECRET, end};
use crate::process::{self, Memory};
use crate::screen::{LOOK_EVERY, Screen};

const FLOOR_SOURCE: &str = include_str!("floor.c");
/// Memory is looked at when a window has stood this long.
const SETTLED: Duration = Duration::from_secs(10);
/// Processor time is counted over this long.
const COUNTED: Duration = Duration::from_secs(10);
/// A screen that differs from the one before in this many of a thousand pixels is another screen.
const OTHER_SCREEN: usize = 150;

#[derive(Debug, Default)]
struct Figures {
    painted: Series,
    memory: Series,
    by_name: BTreeMap<String, Series>,
    logged_in: Series,
    logged_in_memory: Series,
    logged_in_by_name: BTreeMap<String, Series>,
    cpu: Series,
}

/// Measures and prints; says what cannot be measured here.
pub(crate) async fn measure(mill: &Mill, program: &Path, runs: usize) -> Result<(), Failure> {
    println!("\n## window: {}\n", program.display());
    if !is_there("Xvfb") {
        println!("SKIPPED: Xvfb is not installed (apt-get install xvfb).");
        return Ok(());
    }
    let screen = Screen::open().await?;
    let home = tempfile::tempdir()?;
    let floor = match floor_program(home.path()).await {
        Ok(path) => Some(path),
        Err(error) => {
            println!("No floor, the empty window cannot be built: {error}");
            None
        }
    };
    let can_type = is_there("xdotool");
    if !can_type {
        println!("Nobody logs in: xdotool is not installed (apt-get install xdotool).");
    }
    let looking = Instant::now();
    screen.picture()?.is_painted();
    let look_ms = looking.elapsed().as_secs_f64() * 1e3;
    let painting = if has_graphics_device() {
        "accelerated"
    } else {
        "plain"
    };
    println!(
        "Painting: {painting}. A frame counts as painted when the display first holds text, looked at with {} ms between two looks of {look_ms:.1} ms. \
         Other WebKit processes on the machine: {}.\n",
        LOOK_EVERY.as_millis(),
        process::count_named("WebKit")
    );
    let (mut floors, mut ours) = (Figures::default(), Figures::default());
    for _ in 0..runs {
        if let Some(floor) = &floor {
            let mut command = Command::new(floor);
            command.arg(painting);
            let (mut child, begun) = show(command, &screen, home.path(), &mut floors).await?;
            settle(&child, begun, &mut floors).await?;
            end(&mut child).await?;
            blank(&screen).await?;
        }
        let mut command = Command::new(program);
        command
            .arg("--config")
            .arg(mill.config())
            .arg("--data-dir")
            .arg(mill.data());
        let (mut child, begun) = show(command, &screen, home.path(), &mut ours).await?;
        settle(&child, begun, &mut ours).await?;
        if can_type {
            log_in(&child, &screen, &mut ours).await?;
        }
        end(&mut child).await?;
        blank(&screen).await?;
    }
    print(&floors, &ours);
    Ok(())
}

fn is_there(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

/// As the program itself decides whether the processor alone paints.
fn has_graphics_device() -> bool {
    std::fs::read_dir("/dev/dri").is_ok_and(|entries| {
        entries
            .flatten()
            .any(|one| one.file_name().to_string_lossy().starts_with("renderD"))
    })
}

async fn floor_program(folder: &Path) -> Result<PathBuf, Failure> {
    let (source, program) = (folder.join("floor.c"), folder.join("floor"));
    std::fs::write(&source, FLOOR_SOURCE)?;
    let flags = Command::new("pkg-config")
        .args(["--cflags", "--libs", "gtk+-3.0", "webkit2gtk-4.1"])
        .output()
        .await?;
    if !flags.status.success() {
        return Err(
            "pkg-config does not find webkit2gtk-4.1 (apt-get install libwebkit2gtk-4.1-dev)"
                .into(),
        );
    }
    let built = Command::new("cc")
        .arg("-O2")
        .arg(&source)
        .arg("-o")
        .arg(&program)
        .args(String::from_utf8(flags.stdout)?.split_whitespace())
        .status()
        .await?;
    if built.success() {
        Ok(program)
    } else {
        Err("cc refuses floor.c".into())
    }
}

/// Starts a program on the display and waits until it has painted.
async fn show(
    mut command: Command,
    screen: &Screen,
    home: &Path,
    figures: &mut Figures,
) -> Result<(Child, Instant), Failure> {
    command
        .env_clear()
        .env("DISPLAY", screen.name())
        .env("LANG", "C.UTF-8")
        // Without a bus the accessibility bridge delays the start by its time-out.
        .env("NO_AT_BRIDGE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    for name in [
        "HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
        "XDG_CACHE_HOME",
        "XDG_RUNTIME_DIR",
    ] {
        let folder = home.join(name);
        std::fs::create_dir_all(&folder)?;
        command.env(name, folder);
    }
    let begun = Instant::now();
    let child = command.spawn()?;
    let painted = screen.until(super::screen::Picture::is_painted).await?;
    figures
        .painted
        .push_ms(painted.saturating_duration_since(begun));
    Ok((child, begun))
}

fn note(memory: Memory, total: &mut Series, by_name: &mut BTreeMap<String, Series>) {
    total.push(memory.total);
    for (name, mib) in memory.by_name {
        by_name.entry(name).or_default().push(mib);
    }
}

fn pid_of(child: &Child) -> Result<u32, Failure> {
    Ok(child.id().ok_or("the window was closed")?)
}

async fn settle(child: &Child, begun: Instant, figures: &mut Figures) -> Result<(), Failure> {
    sleep(SETTLED.saturating_sub(begun.elapsed())).await;
    note(
        process::memory(pid_of(child)?)?,
        &mut figures.memory,
        &mut figures.by_name,
    );
    Ok(())
}

async fn type_in(screen: &Screen, words: &[&str]) -> Result<(), Failure> {
    let status = Command::new("xdotool")
        .env("DISPLAY", screen.name())
        .args(words)
        .status()
        .await?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("xdotool {} failed", words.join(" ")).into())
    }
}

/// A person logs in and leaves the first screen open while a batch doses.
async fn log_in(child: &Child, screen: &Screen, figures: &mut Figures) -> Result<(), Failure> {
    // There is no window manager: nobody else gives the window the keyboard.
    type_in(
        screen,
        &[
            "search",
            "--onlyvisible",
            "--name",
            "^Millrace$",
            "windowfocus",
        ],
    )
    .await?;
    type_in(screen, &["key", "Tab"]).await?;
    type_in(screen, &["type", "--delay", "15", NAME]).await?;
    type_in(screen, &["key", "Tab"]).await?;
    type_in(screen, &["type", "--delay", "15", SECRET]).await?;
    sleep(Duration::from_millis(500)).await;
    let before = screen.picture()?;
    let begun = Instant::now();
    type_in(screen, &["key", "Return"]).await?;
    let painted = screen
        .until(|now| now.difference(&before) >= OTHER_SCREEN)
        .await?;
    figures
        .logged_in
        .push_ms(painted.saturating_duration_since(begun));
    sleep(SETTLED).await;
    let pid = pid_of(child)?;
    let (ticks, begun) = (process::ticks(pid), Instant::now());
    sleep(COUNTED).await;
    let spent = process::ticks(pid).saturating_sub(ticks);
    let spent = f64::from(u32::try_from(spent)?) / process::ticks_per_second()?;
    figures
        .cpu
        .push(100.0 * spent / begun.elapsed().as_secs_f64());
    note(
        process::memory(pid)?,
        &mut figures.logged_in_memory,
        &mut figures.logged_in_by_name,
    );
    Ok(())
}

/// Waits until nothing is left of the window before.
async fn blank(screen: &Screen) -> Result<(), Failure> {
    screen.until(|picture| !picture.is_painted()).await?;
    sleep(Duration::from_millis(500)).await;
    Ok(())
}

fn print(floors: &Figures, ours: &Figures) {
    let mut table = Table::new();
    table.row(
        "floor: exec → first painted frame",
        "ms",
        &floors.painted,
        None,
    );
    table.row(
        "exec → first painted frame (login screen)",
        "ms",
        &ours.painted,
        Some(&floors.painted),
    );
    table.row(
        "login sent → next screen painted",
        "ms",
        &ours.logged_in,
        None,
    );
    table.row(
        "floor: memory of all processes",
        "MiB PSS",
        &floors.memory,
        None,
    );
    for (name, series) in &floors.by_name {
        table.row(&format!("– {name}"), "MiB PSS", series, None);
    }
    let floor = Some(&floors.memory);
    table.row("memory at the login screen", "MiB PSS", &ours.memory, floor);
    for (name, series) in &ours.by_name {
        table.row(
            &format!("– {name}"),
            "MiB PSS",
            series,
            floors.by_name.get(name),
        );
    }
    table.row(
        "memory logged in, a batch doses",
        "MiB PSS",
        &ours.logged_in_memory,
        floor,
    );
    for (name, series) in &ours.logged_in_by_name {
        table.row(
            &format!("– {name}"),
            "MiB PSS",
            series,
            floors.by_name.get(name),
        );
    }
    table.row(
        "processor logged in, a batch doses",
        "% of one core",
        &ours.cpu,
        None,
    );
    println!("{}", table.text());
}
