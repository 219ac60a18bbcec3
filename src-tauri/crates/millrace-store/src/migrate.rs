//! Opening a file safely and bringing it to this program's version. Refuses a newer file.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};

use crate::error::StoreError;

/// All migrations in order. Append only.
const MIGRATIONS: &[M<'_>] = &[
    M::up(include_str!("../../../../migrations/0001_foundation.sql")),
    M::up(include_str!("../../../../migrations/0002_plc_truth.sql")),
    M::up(include_str!("../../../../migrations/0003_plc_areas.sql")),
    M::up(include_str!(
        "../../../../migrations/0004_order_difference.sql"
    )),
    M::up(include_str!("../../../../migrations/0005_posting.sql")),
    M::up(include_str!("../../../../migrations/0006_person_grant.sql")),
    M::up(include_str!(
        "../../../../migrations/0007_setting_change.sql"
    )),
    M::up(include_str!("../../../../migrations/0008_person_life.sql")),
    M::up(include_str!("../../../../migrations/0009_audit_seal.sql")),
    M::up(include_str!("../../../../migrations/0010_quick_unlock.sql")),
    M::up(include_str!("../../../../migrations/0011_outbox_turn.sql")),
    M::up(include_str!("../../../../migrations/0012_signature.sql")),
    M::up(include_str!("../../../../migrations/0013_batch_record.sql")),
    M::up(include_str!("../../../../migrations/0014_api_token.sql")),
    M::up(include_str!("../../../../migrations/0015_deviation.sql")),
    M::up(include_str!(
        "../../../../migrations/0016_order_request.sql"
    )),
    M::up(include_str!("../../../../migrations/0017_erp_notes.sql")),
];

/// The version that the last migration leads to.
pub(crate) fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Statements that a connection keeps prepared: more than there are, so that none is parsed twice. The
/// library's own 16 are fewer than the end of one batch takes.
const STATEMENTS: usize = 256;

/// How long a connection waits for a lock before it gives up.
const BUSY: Duration = Duration::from_secs(5);

/// A writing connection with the pragmas that durability rests on: WAL with `synchronous=FULL`,
/// since NORMAL loses acknowledged commits at a power cut.
pub(crate) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let open = || -> Result<Connection, rusqlite::Error> {
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        Ok(connection)
    };
    open().map_err(|source| match &source {
        rusqlite::Error::SqliteFailure(failure, _)
            if failure.code == rusqlite::ErrorCode::NotADatabase
                || failure.code == rusqlite::ErrorCode::DatabaseCorrupt =>
        {
            StoreError::Corrupt {
                path: path.display().to_string(),
                what: source.to_string(),
            }
        }
        _ => StoreError::Open {
            path: path.display().to_string(),
            source,
        },
    })
}

/// A connection that looks at somebody else's books and leaves them as they are: nothing is migrated,
/// no writer is needed. A file on a medium that cannot be written to is read as it lies there.
pub(crate) fn connect_to_look(path: &Path) -> Result<Connection, StoreError> {
    let refused = |source| StoreError::Open {
        path: path.display().to_string(),
        source,
    };
    if !path.is_file() {
        return Err(refused(rusqlite::Error::InvalidPath(path.to_path_buf())));
    }
    let version = |connection: &Connection| -> Result<i64, rusqlite::Error> {
        connection.pragma_query_value(None, "user_version", |row| row.get(0))
    };
    let plain = connect_read_only(path)?;
    let (connection, found) = match version(&plain) {
        Ok(found) => (plain, found),
        Err(rusqlite::Error::SqliteFailure(failure, _))
            if matches!(
                failure.code,
                rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly
            ) =>
        {
            let connection = Connection::open_with_flags(
                format!("file:{}?immutable=1", escaped(path)),
                OpenFlags::SQLITE_OPEN_READ_ONLY
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX
                    | OpenFlags::SQLITE_OPEN_URI,
            )
            .map_err(refused)?;
            let found = version(&connection).map_err(refused)?;
            (connection, found)
        }
        Err(error) => {
            return Err(StoreError::Corrupt {
                path: path.display().to_string(),
                what: error.to_string(),
            });
        }
    };
    let known = known();
    let path = || path.display().to_string();
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(connection),
        std::cmp::Ordering::Greater => Err(StoreError::TooNew {
            path: path(),
            found,
            known,
        }),
        std::cmp::Ordering::Less => Err(StoreError::TooOld {
            path: path(),
            found,
            known,
        }),
    }
}

/// A path as it stands in a SQLite address.
fn escaped(path: &Path) -> String {
    path.to_string_lossy()
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23")
}

/// A connection that cannot write.
pub(crate) fn connect_read_only(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Checks the file and applies what is missing.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = known();
    if found > known {
        return Err(StoreError::TooNew {
            path: path.display().to_string(),
            found,
            known,
        });
    }
    if found > 0 {
        let verdict: String =
            connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
        if verdict != "ok" {
            return Err(StoreError::Corrupt {
                path: path.display().to_string(),
                what: verdict,
            });
        }
    }
    Migrations::from_slice(MIGRATIONS).to_latest(connection)?;
    Ok(())
}

/// Brings an empty file to an older version, for the tests of what comes after it.
#[cfg(test)]
pub(crate) fn migrate_to(connection: &mut Connection, version: usize) -> Result<(), StoreError> {
    Ok(Migrations::from_slice(MIGRATIONS).to_version(connection, version)?)
}

/// The whole schema as SQL, for the snapshot test.
#[cfg(test)]
pub(crate) fn schema(connection: &Connection) -> Result<String, StoreError> {
    let mut statement = connection.prepare(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type, name",
    )?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut text = String::new();
    for row in rows {
        text.push_str(&row?);
        text.push_str(";\n");
    }
    Ok(text)
}
