//! `person` and `person_grant`: who may log in, and what they are where. Disabled, never deleted.

use millrace_core::access::{Grant, Role};
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
    /// What the person is, and where.
    pub grants: Vec<Grant>,
    /// Hash of the secret in PHC form, with its parameters.
    pub secret_phc: String,
    /// May no longer log in.
    pub is_disabled: bool,
    /// Wrong secrets in a row.
    pub failed_attempts: i64,
    /// No attempt before this time.
    pub locked_until_ms: i64,
}

const COLUMNS: &str = "id, name, secret_phc, is_disabled, failed_attempts, locked_until_ms";

fn read(row: &Row<'_>) -> Result<PersonRow, rusqlite::Error> {
    Ok(PersonRow {
        id: UserId(row.get(0)?),
        name: row.get(1)?,
        grants: Vec::new(),
        secret_phc: row.get(2)?,
        is_disabled: row.get(3)?,
        failed_attempts: row.get(4)?,
        locked_until_ms: row.get(5)?,
    })
}

impl Read<'_> {
    fn grants(&self, id: UserId) -> Result<Vec<Grant>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT role, site, line FROM person_grant WHERE person_id = ?1 ORDER BY role, site, line",
        )?;
        let mut rows = statement.query([id.0])?;
        let mut grants = Vec::new();
        while let Some(row) = rows.next()? {
            let role: String = row.get(0)?;
            // An empty text means every one.
            let some = |text: String| (!text.is_empty()).then_some(text);
            grants.push(Grant {
                role: known("person_grant.role", &role, Role::from_word(&role))?,
                site: some(row.get(1)?),
                line: some(row.get(2)?),
            });
        }
        Ok(grants)
    }

    /// A person by name.
    ///
    /// # Errors
    /// As SQLite reports them; an unknown role.
    pub fn person_by_name(&self, name: &str) -> Result<Option<PersonRow>, StoreError> {
        self.connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM person WHERE name = ?1"))?
            .query_row([name], read)
            .optional()?
            .map(|person| {
                Ok(PersonRow {
                    grants: self.grants(person.id)?,
                    ..person
                })
            })
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
        grants: &[Grant],
        secret_phc: &str,
        at_ms: i64,
    ) -> Result<UserId, StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO person (name, secret_phc, created_at_ms) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![name, secret_phc, at_ms])?;
        let id = UserId(self.connection.last_insert_rowid());
        self.person_grants_set(id, grants)?;
        Ok(id)
    }

    /// Replaces all that a person was granted.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn person_grants_set(&self, id: UserId, grants: &[Grant]) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM person_grant WHERE person_id = ?1")?
            .execute([id.0])?;
        let mut statement = self.connection.prepare_cached(
            "INSERT OR IGNORE INTO person_grant (person_id, role, site, line) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for grant in grants {
            statement.execute(params![
                id.0,
                grant.role.word(),
                grant.site.as_deref().unwrap_or_default(),
                grant.line.as_deref().unwrap_or_default(),
            ])?;
        }
        Ok(())
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
