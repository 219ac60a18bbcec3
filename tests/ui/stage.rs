//! Starts and ends what a run needs: a driver with its own port and a home that nobody else uses.
//! Leaves out the display, which `test.sh` provides.

use crate::failure::Failure;
use crate::webdriver::Window;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where the tools and the program are, from the environment that `test.sh` sets.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    /// The program under test.
    pub(crate) application: PathBuf,
    /// `tauri-driver`.
    pub(crate) driver: PathBuf,
    /// `WebKitWebDriver`.
    pub(crate) native_driver: PathBuf,
    /// Where pictures and logs are kept.
    pub(crate) artefacts: PathBuf,
}

impl Tools {
    /// Reads `MILLRACE_WINDOW_{APP,DRIVER,NATIVE_DRIVER,ARTEFACTS}`.
    pub(crate) fn from_environment() -> Result<Self, Failure> {
        Ok(Self {
            application: path_in("MILLRACE_WINDOW_APP")?,
            driver: path_in("MILLRACE_WINDOW_DRIVER")?,
            native_driver: path_in("MILLRACE_WINDOW_NATIVE_DRIVER")?,
            artefacts: path_in("MILLRACE_WINDOW_ARTEFACTS")?,
        })
    }
}

fn path_in(name: &str) -> Result<PathBuf, Failure> {
    std::env::var_os(name)
        .map(PathBuf::from)
        .ok_or_else(|| Failure::new(format!("{name} is not set; ./test.sh sets it")))
}

/// A driver with its home; both go when it is dropped.
#[derive(Debug)]
pub(crate) struct Stage {
    driver: Child,
    url: String,
    tools: Tools,
    name: String,
    home: tempfile::TempDir,
}

impl Stage {
    /// Starts a driver whose program will see an empty home and the given language only.
    pub(crate) async fn set_up(tools: &Tools, name: &str, lang: &str) -> Result<Self, Failure> {
        let home = tempfile::Builder::new()
            .prefix("millrace-window-")
            .tempdir()?;
        let (port, native_port) = two_free_ports()?;
        std::fs::create_dir_all(&tools.artefacts)?;
        let log = File::create(tools.artefacts.join(format!("{name}.log")))?;
        let mut command = Command::new(&tools.driver);
        command
            .args([
                "--port",
                &port.to_string(),
                "--native-port",
                &native_port.to_string(),
            ])
            .arg("--native-driver")
            .arg(&tools.native_driver)
            .env_clear()
            .env("LANG", lang)
            // The toolkit would start a bus and what hangs on it, and leave all of it behind.
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .env("NO_AT_BRIDGE", "1")
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        for kept in ["PATH", "DISPLAY", "XAUTHORITY"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        set_home(&mut command, home.path())?;
        let mut driver = command.spawn().map_err(|error| {
            Failure::new(format!(
                "{} cannot be started: {error}",
                tools.driver.display()
            ))
        })?;
        if let Err(failure) = listens(port).await.and(listens(native_port).await) {
            // It never came up; what it said is in the log, and it must not outlive the run.
            end(&mut driver);
            return Err(failure);
        }
        Ok(Self {
            driver,
            url: format!("http://127.0.0.1:{port}"),
            tools: tools.clone(),
            name: name.to_owned(),
            home,
        })
    }

    /// Starts the program and returns its window.
    pub(crate) async fn open(&self, args: &[&str]) -> Result<Window, Failure> {
        let args: Vec<String> = args.iter().map(|one| (*one).to_owned()).collect();
        Window::open(
            &self.url,
            &self.tools.application.to_string_lossy(),
            &args,
            self.tools.artefacts.join(&self.name),
        )
        .await
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        end(&mut self.driver);
        // The program and its web processes end a moment after the driver, and write until then.
        let start = Instant::now();
        while std::fs::remove_dir_all(self.home.path()).is_err()
            && self.home.path().exists()
            && start.elapsed() < Duration::from_secs(10)
        {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Asks the driver to end: it takes its native driver, and that the program, with it.
fn end(driver: &mut Child) {
    let asked = Command::new("kill").arg(driver.id().to_string()).status();
    if !asked.is_ok_and(|status| status.success()) {
        // It is gone already, or cannot be asked; either way the last word helps.
        driver.kill().ok();
    }
    driver.wait().ok();
}

fn set_home(command: &mut Command, home: &Path) -> Result<(), Failure> {
    for (name, folder) in [
        ("HOME", "home"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_RUNTIME_DIR", "run"),
    ] {
        let path = home.join(folder);
        std::fs::create_dir_all(&path)?;
        command.env(name, path);
    }
    Ok(())
}

fn two_free_ports() -> Result<(u16, u16), Failure> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let second = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok((first.local_addr()?.port(), second.local_addr()?.port()))
}

async fn listens(port: u16) -> Result<(), Failure> {
    let start = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if start.elapsed() > Duration::from_secs(20) {
            return Err(Failure::new(format!(
                "the driver does not listen on port {port}"
            )));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
