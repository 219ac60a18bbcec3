//! A display of our own, and what is on it: Xvfb keeps its picture in a file, so that looking asks
//! nothing of the measured program; it does take its share of a core. Leaves out who paints.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::Failure;

/// How often the picture is looked at: the resolution of every "painted".
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(5);
/// A picture with fewer colours holds no text yet: root, window and cursor have fewer.
const COLOURS_OF_A_PAGE: usize = 12;
/// Beyond this something hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A virtual display. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Screen {
    _server: Child,
    name: String,
    picture: PathBuf,
    _folder: tempfile::TempDir,
}

/// The pixels of a moment.
#[derive(Debug, Clone)]
pub(crate) struct Picture(Vec<u32>);

impl Screen {
    /// Starts Xvfb on a free display.
    pub(crate) async fn open() -> Result<Screen, Failure> {
        let folder = tempfile::tempdir()?;
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1366x768x24",
                "-nolisten",
                "tcp",
                "-noreset",
                "-fbdir",
            ])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let out = server.stdout.take().ok_or("its output is not ours")?;
        let number = timeout(PATIENCE, BufReader::new(out).lines().next_line()).await??;
        let number = number.ok_or("Xvfb found no free display")?;
        let picture = folder.path().join("Xvfb_screen0");
        Ok(Screen {
            _server: server,
            name: format!(":{number}"),
            picture,
            _folder: folder,
        })
    }

    /// Its name, for `DISPLAY`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What is on it now.
    pub(crate) fn picture(&self) -> Result<Picture, Failure> {
        let bytes = std::fs::read(&self.picture)?;
        let word = |at: usize| -> Result<usize, Failure> {
            let four = bytes
                .get(4 * at..4 * at + 4)
                .ok_or("Xvfb's picture is cut off")?;
            Ok(usize::try_from(u32::from_be_bytes(four.try_into()?))?)
        };
        // The X window dump: its header's size, the bits of a pixel, the colour map's entries.
        let (header, bits, colours) = (word(0)?, word(11)?, word(19)?);
        if bits != 32 {
            return Err(format!("{bits} bits a pixel are not what was asked for").into());
        }
        let pixels = bytes
            .get(header + 12 * colours..)
            .ok_or("Xvfb's picture is cut off")?;
        let (pixels, _) = pixels.as_chunks::<4>();
        Ok(Picture(
            pixels
                .iter()
                .map(|four| u32::from_ne_bytes(*four) & 0x00ff_ffff)
                .collect(),
        ))
    }

    /// Waits until the picture fits, and answers when it was seen.
    pub(crate) async fn until(&self, fits: impl Fn(&Picture) -> bool) -> Result<Instant, Failure> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let seen = Instant::now();
            if fits(&self.picture()?) {
                return Ok(seen);
            }
            sleep(LOOK_EVERY).await;
        }
        Err("the display does not show it".into())
    }
}

impl Picture {
    /// True when there is more than bare windows.
    pub(crate) fn is_painted(&self) -> bool {
        let mut colours = HashSet::new();
        let mut last = None;
        for pixel in &self.0 {
            // Neighbours are mostly alike.
            if last != Some(pixel) && colours.insert(*pixel) && colours.len() >= COLOURS_OF_A_PAGE {
                return true;
            }
            last = Some(pixel);
        }
        false
    }

    /// How many in a thousand pixels differ.
    pub(crate) fn difference(&self, other: &Picture) -> usize {
        let count = self.0.iter().zip(&other.0).filter(|(a, b)| a != b).count();
        count * 1_000 / self.0.len().max(1)
    }
}
