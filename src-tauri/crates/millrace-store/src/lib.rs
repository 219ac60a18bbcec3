//! Millrace's books: the only crate with SQL. One writer thread commits in groups, a few readers
//! stand apart. Leaves out rules (`millrace-core`) and clocks: every time is handed in.

pub mod copy;
mod error;
mod migrate;
mod reader;
pub mod table;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::{StoreError, Trouble};
pub use reader::Read;
pub use writer::Write;

/// Under this key a probe leaves its row for a moment.
const PROBE: &str = "probe";
/// How many connections serve reads.
const READERS: usize = 3;

/// A handle to the books. Cheap to clone; the last one to go closes the file.
#[derive(Debug, Clone)]
pub struct Store {
    path: Arc<PathBuf>,
    writer: writer::WriterHandle,
    readers: Arc<reader::ReaderPool>,
}

impl Store {
    /// Opens or creates the books at `path`, migrates them, and starts the writer thread.
    ///
    /// # Errors
    /// [`StoreError::TooNew`] for a file of a newer program, [`StoreError::Corrupt`] for one that
    /// does not pass its check, others as SQLite reports them.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        let mut connection = migrate::connect(path)?;
        migrate::migrate(&mut connection, path)?;
        let readers = reader::ReaderPool::open(path, READERS)?;
        Ok(Store {
            path: Arc::new(path.to_path_buf()),
            writer: writer::WriterHandle::start(connection, path.to_path_buf())?,
            readers: Arc::new(readers),
        })
    }

    /// Opens books that are damaged, to tell of it: whatever would write is refused, and the file stays as
    /// it is.
    ///
    /// # Errors
    /// As SQLite reports them, when not even a reading connection can be had.
    pub fn open_damaged(path: &Path, why: &str) -> Result<Store, StoreError> {
        Ok(Store {
            path: Arc::new(path.to_path_buf()),
            readers: Arc::new(reader::ReaderPool::open(path, READERS)?),
            writer: writer::WriterHandle::refusing(
                path.to_path_buf(),
                Trouble::Damaged(why.to_owned()),
            )?,
        })
    }

    /// Where the books lie.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` in a transaction and answers once it is durable. Several callers share one
    /// commit; an `Err` from `work` undoes that caller's part only.
    ///
    /// # Errors
    /// What `work` returned, or the store's own error when the commit failed: then nothing of this
    /// group was kept.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Write<'_>) -> Result<T, E> + Send + 'static,
    {
        self.writer.write(String::new(), work).await
    }

    /// As [`Store::write`]; the audit rows of `work` name this station.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_at<T, E, F>(&self, station: String, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Write<'_>) -> Result<T, E> + Send + 'static,
    {
        self.writer.write(station, work).await
    }

    /// Runs `work` on a read connection, on a thread that may block.
    ///
    /// # Errors
    /// What `work` returned, or the store's own error.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Read<'_>) -> Result<T, E> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        tokio::task::spawn_blocking(move || readers.with(|read| work(read)))
            .await
            .map_err(|_| E::from(StoreError::Stopped))?
    }

    /// Why nothing can be committed, as the last commit found it; `None` = commits succeed.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.writer.trouble()
    }

    /// Tries whether a commit succeeds, with a row that is of no further use. What was found is
    /// [`Store::trouble`] afterwards.
    ///
    /// # Errors
    /// Why it did not.
    pub async fn probe(&self, at_ms: i64) -> Result<(), StoreError> {
        // More than a page, so that what a full disk still takes by chance does not count.
        let row = format!("{at_ms:020}").repeat(400);
        self.write(move |tx| {
            tx.meta_set(PROBE, &row)?;
            tx.meta_clear(PROBE)
        })
        .await
    }

    /// Brings everything into the main file and empties the log beside it, for a stop in good order:
    /// whoever copies the one file then has it all. Not needed for safety.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        self.writer.checkpoint().await
    }

    /// The pragmas that durability rests on, read back from every open connection: journal mode and
    /// `synchronous`, writer first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub async fn pragmas(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let mut all = vec![self.write(|tx| tx.durability_pragmas()).await?];
        all.extend(self.readers.each(|read| read.durability_pragmas())?);
        Ok(all)
    }
}

/// Looks at books that may be somebody else's, or in use: reads them and leaves them as they are.
///
/// # Errors
/// [`StoreError::TooOld`] and [`StoreError::TooNew`] for a file of another version,
/// [`StoreError::Corrupt`] for one that is no database, and what `work` returned.
pub fn look<T, E>(path: &Path, work: impl FnOnce(&Read<'_>) -> Result<T, E>) -> Result<T, E>
where
    E: From<StoreError>,
{
    let connection = migrate::connect_to_look(path)?;
    work(&Read {
        connection: &connection,
    })
}

#[cfg(test)]
mod tests;
