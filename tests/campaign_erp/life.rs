//! One life of the product's process: started, spoken to over HTTP, killed with SIGKILL, by us or by itself at a
//! call that was wished for. Leaves out why.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use millrace_plant::run::OdooLogin;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::plan::{Death, Way};
use super::template::{NAME, SECRET, Template};

/// How long a client waits for the ERP, milliseconds.
const PATIENCE_MS: u64 = 1_500;

/// A process. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Life {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    address: Option<String>,
}

/// Writes the configuration: the ERP behind `erp`, and a PLC only as far as `plc` says.
pub(crate) fn config(folder: &Path, way: Way, closes: bool, erp: SocketAddr, plc: &str) {
    let login = OdooLogin::default();
    std::fs::write(
        folder.join("silos.toml"),
        include_str!("../../assets/demo/silos.toml"),
    )
    .expect("written");
    let kind = if way.is_standard {
        "odoo_standard"
    } else {
        "odoo_addon"
    };
    let mut text = format!(
        "silos = \"silos.toml\"\n[site]\nkey = \"demo\"\nname = \"North mill\"\nline = \"Line 1\"\nzone = \"Asia/Jakarta\"\n\
         [intake]\nopen_batches_max = 100\n{plc}\
         [erp]\nposts_per_second_max = 50\nlate_request_s = 3\nmark_done = \"{}\"\n[erp.connector]\nkind = \"{kind}\"\nurl = \"http://{erp}\"\ndatabase = \"{}\"\nlogin = \"{}\"\npassword = \"{}\"\n\
         timeout_ms = {PATIENCE_MS}\n",
        if closes { "by_us" } else { "by_person" },
        login.db,
        login.login,
        login.password,
    );
    if way.is_standard {
        text.push_str("[erp.connector.materials]\n");
        for (product, code) in materials() {
            text.push_str(&format!("{} = \"{code}\"\n", json!(product)));
        }
    }
    millrace_tests::write_private(&folder.join("config.toml"), &text);
}

/// Which silo each of the demo's materials comes from.
pub(crate) fn materials() -> std::collections::BTreeMap<String, String> {
    millrace_plant::odoo::demo_materials().expect("the file parses")
}

impl Life {
    /// Starts the program on a folder that holds `config.toml` and, in `data`, the books.
    pub(crate) fn start(program: &Path, folder: &Path, dies: Option<(&Template, Death)>) -> Life {
        let mut command = Command::new(program);
        command
            .arg("--config")
            .arg(folder.join("config.toml"))
            .arg("--data-dir")
            .arg(folder.join("data"))
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        if let Some((template, wish)) = dies.and_then(|(t, death)| Some((t, death.wish()?))) {
            command
                .env("LD_PRELOAD", &template.killer)
                .env("MILLRACE_KILL_AT", wish);
        }
        let mut child = command.spawn().expect("the process starts");
        let out = child.stdout.take().expect("piped");
        Life {
            child,
            lines: BufReader::new(out).lines(),
            address: None,
        }
    }

    /// Where it answers.
    pub(crate) async fn address(&mut self) -> String {
        while self.address.is_none() {
            let line = self.lines.next_line().await.expect("a pipe");
            let line = line.expect("the process says where it answers before it ends");
            self.address = line
                .split_once("http://")
                .map(|(_, rest)| format!("http://{}", rest.trim_end_matches('/')));
        }
        self.address.clone().expect("just found")
    }

    /// Waits for its death; true when it came by itself.
    pub(crate) async fn dies_within(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.child.wait()).await.is_ok()
    }

    /// SIGKILL: nothing in the process runs any more.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it lives")
    }
}

/// A person's connection to a process.
#[derive(Debug)]
pub(crate) struct Desk {
    client: reqwest::Client,
    address: String,
    token: String,
}

impl Desk {
    /// Logs in.
    pub(crate) async fn open(address: String) -> Desk {
        let desk = Desk::open_as(address, NAME, SECRET).await;
        desk.expect("the person is known")
    }

    /// Logs somebody in.
    pub(crate) async fn open_as(address: String, name: &str, secret: &str) -> Result<Desk, String> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(20))
            .build()
            .expect("a client");
        let mut desk = Desk {
            client,
            address,
            token: String::new(),
        };
        let who = json!({ "user": name, "secret": secret });
        let session = desk.call("session_open", &who).await?;
        desk.token = session["token"].as_str().expect("a token").to_owned();
        Ok(desk)
    }

    /// Sends a command.
    pub(crate) async fn call(&self, command: &str, payload: &Value) -> Result<Value, String> {
        let mut request = self
            .client
            .post(format!("{}/rpc/{command}", self.address))
            .json(payload);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        let answer = request.send().await.map_err(|e| e.to_string())?;
        let answer: Value = answer.json().await.map_err(|e| e.to_string())?;
        match answer.get("ok") {
            Some(ok) => Ok(ok.clone()),
            None => Err(format!("{command}: {answer}")),
        }
    }
}
