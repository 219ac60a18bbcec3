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
    /// Name as signatures print it.
    pub full_name: String,
    /// What the person is, and where.
    pub grants: Vec<Grant>,
    /// Hash of the secret in PHC form, with its parameters.
    pub secret_phc: String,
    /// The secret was made by somebody else: its owner must change it first.
    pub must_change_secret: bool,
    /// When the secret was set, UTC milliseconds.
    pub secret_set_at_ms: i64,
    /// May no longer log in.
    pub is_disabled: bool,
    /// Since when; `None` also for who was disabled before this was kept.
    pub disabled_at_ms: Option<i64>,
    /// When the person was added.
    pub created_at_ms: i64,
    /// When the person logged in last.
    pub last_login_at_ms: Option<i64>,
    /// Rises with every change by an administrator.
    pub version: i64,
    /// Who made the last change; empty = nobody since the person was added.
    pub changed_by: String,
    /// Wrong secrets in a row.
    pub failed_attempts: i64,
    /// No attempt before this time.
    pub locked_until_ms: i64,
}

const COLUMNS: &str = "id, name, secret_phc, is_disabled, failed_attempts, locked_until_ms, full_name, must_change_secret, \
    secret_set_at_ms, disabled_at_ms, created_at_ms, last_login_at_ms, version, changed_by";

fn read(row: &Row<'_>) -> Result<PersonRow, rusqlite::Error> {
    Ok(PersonRow {
        id: UserId(row.get(0)?),
        name: row.get(1)?,
        grants: Vec::new(),
        secret_phc: row.get(2)?,
        is_disabled: row.get(3)?,
        failed_attempts: row.get(4)?,
        locked_until_ms: row.get(5)?,
        full_name: row.get(6)?,
        must_change_secret: row.get(7)?,
        secret_set_at_ms: row.get(8)?,
        disabled_at_ms: row.get(9)?,
        created_at_ms: row.get(10)?,
        last_login_at_ms: row.get(11)?,
        version: row.get(12)?,
        changed_by: row.get(13)?,
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

    /// A person by id.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; as SQLite reports them; an unknown role.
    pub fn person(&self, id: UserId) -> Result<PersonRow, StoreError> {
        let person = self
            .connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM person WHERE id = ?1"))?
            .query_row([id.0], read)
            .optional()?
            .ok_or(StoreError::Missing {
                what: "person",
                id: id.0,
            })?;
        Ok(PersonRow {
            grants: self.grants(id)?,
            ..person
        })
    }

    /// Everybody, by name.
    ///
    /// # Errors
    /// As SQLite reports them; an unknown role.
    pub fn people(&self) -> Result<Vec<PersonRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM person ORDER BY name COLLATE NOCASE"
        ))?;
        let mut people = statement
            .query_map([], read)?
            .collect::<Result<Vec<_>, _>>()?;
        for person in &mut people {
            person.grants = self.grants(person.id)?;
        }
        Ok(people)
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
    /// Adds a person whose printed name is the login name.
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
                "INSERT INTO person (name, full_name, secret_phc, created_at_ms, secret_set_at_ms) VALUES (?1, ?1, ?2, ?3, ?3)",
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

    /// Takes the next version of a person for a change by `by`, and sets the printed name.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when the version is not the one that the caller saw; as SQLite reports them.
    pub fn person_change(
        &self,
        id: UserId,
        version: i64,
        full_name: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE person SET full_name = ?3, changed_by = ?4, version = version + 1 WHERE id = ?1 AND version = ?2",
            )?
            .execute(params![id.0, version, full_name, by])?;
        if changed == 1 {
            return Ok(());
        }
        Err(StoreError::Changed {
            what: "person",
            id: id.0,
        })
    }

    /// Disables a person since then, or lets them in again.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn person_disabled_set(&self, id: UserId, since_ms: Option<i64>) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE person SET is_disabled = ?2 IS NOT NULL, disabled_at_ms = ?2 WHERE id = ?1",
            )?
            .execute(params![id.0, since_ms])?;
        Ok(())
    }

    /// Gives a person a new secret, and with it a fresh count of tries.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn person_secret_set(
        &self,
        id: UserId,
        secret_phc: &str,
        must_change: bool,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE person SET secret_phc = ?2, must_change_secret = ?3, secret_set_at_ms = ?4, failed_attempts = 0, locked_until_ms = 0 WHERE id = ?1",
            )?
            .execute(params![id.0, secret_phc, must_change, at_ms])?;
        Ok(())
    }

    /// Keeps the same secret under another hash, unless the secret was changed meanwhile.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn person_secret_rehash(
        &self,
        id: UserId,
        old_phc: &str,
        new_phc: &str,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE person SET secret_phc = ?3 WHERE id = ?1 AND secret_phc = ?2")?
            .execute(params![id.0, old_phc, new_phc])?;
        Ok(())
    }

    /// Notes that the person logged in.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn person_login_set(&self, id: UserId, at_ms: i64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE person SET last_login_at_ms = ?2 WHERE id = ?1")?
            .execute(params![id.0, at_ms])?;
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
