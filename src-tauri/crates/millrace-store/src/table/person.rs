//! `person`: who may log in. Disabled, never deleted.

use millrace_core::access::Role;
use millrace_core::ids::UserId;
use rusqlite::{OptionalExtension, Row, params};

use super::known;
use crate::{Read, StoreError, Write};

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Id.
    pub id: UserId,
    /// Name, which is also the login; compared without regard to case.
    pub name: String,
    /// Role at this site.
    pub role: Role,
    /// Hash of the secret in PHC form, with its parameters.
    pub secret_phc: String,
    /// May no longer log in.
    pub is_disabled: bool,
    /// Wrong secrets in a row.
    pub failed_attempts: i64,
    /// No attempt before this time.
    pub locked_until_ms: i64,
}

const COLUMNS: &str = "id, name, role, secret_phc, is_disabled, failed_attempts, locked_until_ms";

fn read(row: &Row<'_>) -> Result<PersonRow, StoreError> {
    let role: String = row.get(2)?;
    Ok(PersonRow {
        id: UserId(row.get(0)?),
        name: row.get(1)?,
        role: known("person.role", &role, Role::from_word(&role))?,
        secret_phc: row.get(3)?,
        is_disabled: row.get(4)?,
        failed_attempts: row.get(5)?,
        locked_until_ms: row.get(6)?,
    })
}

impl Read<'_> {
    /// A person by name.
    ///
    /// # Errors
    /// As SQLite reports them; an unknown role.
    pub fn person_by_name(&self, name: &str) -> Result<Option<PersonRow>, StoreError> {
        self.connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM person WHERE name = ?1"))?
            .query_row([name], |row| Ok(read(row)))
            .optional()?
            .transpose()
    }

    /// How many people there are.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn person_count(&self) -> Result<i64, StoreError> {
        Ok(self
            .connection
            .query_row("SELECT count(*) FROM person", [], |row| row.get(0))?)
    }
}

impl Write<'_> {
    /// Adds a person.
    ///
    /// # Errors
    /// A name that is taken; as SQLite reports them.
    pub fn person_add(
        &self,
        name: &str,
        role: Role,
        secret_phc: &str,
        at_ms: i64,
    ) -> Result<UserId, StoreError> {
        self.connection
            .prepare_cached("INSERT INTO person (name, role, secret_phc, created_at_ms) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![name, role.word(), secret_phc, at_ms])?;
        Ok(UserId(self.connection.last_insert_rowid()))
    }

    /// Notes wrong attempts (zero after a right one) and until when none is taken.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn person_attempts_set(
        &self,
        id: UserId,
        failed_attempts: i64,
        locked_until_ms: i64,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE person SET failed_attempts = ?2, locked_until_ms = ?3 WHERE id = ?1",
            )?
            .execute(params![id.0, failed_attempts, locked_until_ms])?;
        Ok(())
    }
}
