//! The product's process: started, spoken to over HTTP, killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A process. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Node {
    child: Child,
    lines: Receiver<String>,
    address: Option<String>,
}

impl Node {
    pub(crate) fn start(program: &Path, folder: &Path) -> Node {
        let mut child = Command::new(program)
            .arg("--config")
            .arg(folder.join("config.toml"))
            .arg("--data-dir")
            .arg(folder.join("data"))
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the process starts");
        let out = child.stdout.take().expect("piped");
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Node {
            child,
            lines,
            address: None,
        }
    }

    /// Where it answers, once it does.
    pub(crate) fn address(&mut self, wait: Duration) -> Option<String> {
        if self.address.is_none()
            && let Ok(line) = self.lines.recv_timeout(wait)
        {
            self.address = line
                .split_once("http://")
                .map(|(_, rest)| format!("http://{}", rest.trim_end_matches('/')));
        }
        self.address.clone()
    }

    /// SIGKILL: nothing in the process runs any more.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Ends it in good order.
    pub(crate) fn stop(self) {
        self.kill();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
