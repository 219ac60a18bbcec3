//! What the disk alone needs for one durable write: 4 KiB over old bytes, then `fdatasync`.
//! Leaves out growing files, which costs more and happens once.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::sample::Figures;

const PAGE: usize = 4_096;
const PAGES: u64 = 256;

/// A file that is written over and over.
#[derive(Debug)]
pub(crate) struct DiskFloor(File);

impl DiskFloor {
    pub(crate) fn create(path: &Path) -> io::Result<DiskFloor> {
        let mut file = File::options()
            .create(true)
            .truncate(true)
            .write(true)
            .open(path)?;
        for _ in 0..PAGES {
            file.write_all(&[0; PAGE])?;
        }
        file.sync_all()?;
        Ok(DiskFloor(file))
    }

    pub(crate) fn round(&mut self, writes: u64) -> io::Result<Figures> {
        let begin = Instant::now();
        Ok(Figures::of(self.times(writes)?, begin.elapsed()))
    }

    fn times(&mut self, writes: u64) -> io::Result<Vec<Duration>> {
        let mut times = Vec::new();
        for n in 0..writes {
            let start = Instant::now();
            self.0.seek(SeekFrom::Start(n % PAGES * PAGE as u64))?;
            self.0.write_all(&[n.to_le_bytes()[0]; PAGE])?;
            self.0.sync_data()?;
            times.push(start.elapsed());
        }
        Ok(times)
    }

    /// About how many writes fit into a time, 200 to 4000.
    pub(crate) fn writes_in(&mut self, time: Duration) -> io::Result<u64> {
        // The first writes meet whatever the disk still had to do.
        self.times(100)?;
        let mut times = self.times(100)?;
        times.sort_unstable();
        let one = times[times.len() / 2].max(Duration::from_micros(1));
        Ok(u64::try_from(time.as_nanos() / one.as_nanos())
            .unwrap_or(u64::MAX)
            .clamp(200, 4_000))
    }
}
