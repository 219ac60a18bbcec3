//! `api_token`: tokens of programs, by their hash. Leaves out what a token may do and people's sessions.

use millrace_core::access::Right;
use millrace_core::ids::UserId;
use rusqlite::{Row, params};

use super::{parse_json, to_json};
use crate::{Read, StoreError, Write};

/// A token as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiTokenNew {
    /// What the program is called.
    pub name: String,
    /// Who makes it and answers for it.
    pub person_id: UserId,
    /// SHA-256 of the token, hexadecimal.
    pub hash: String,
    /// What it may do.
    pub rights: Vec<Right>,
    /// When, UTC milliseconds.
    pub created_at_ms: i64,
    /// Until when it holds, UTC milliseconds.
    pub expires_at_ms: i64,
}

/// A token in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiTokenRow {
    /// Its number.
    pub id: i64,
    /// As it was made.
    pub made: ApiTokenNew,
    /// When and by whom it was ended; `None` = it was not.
    pub ended: Option<(i64, String)>,
}

const SELECT: &str = "SELECT id, name, person_id, hash, rights, created_at_ms, expires_at_ms, ended_at_ms, ended_by FROM api_token";

fn read(row: &Row<'_>) -> Result<ApiTokenRow, StoreError> {
    let rights: String = row.get(4)?;
    let ended_at_ms: Option<i64> = row.get(7)?;
    let ended_by: Option<String> = row.get(8)?;
    Ok(ApiTokenRow {
        id: row.get(0)?,
        made: ApiTokenNew {
            name: row.get(1)?,
            person_id: UserId(row.get(2)?),
            hash: row.get(3)?,
            rights: parse_json("api_token.rights", &rights)?,
            created_at_ms: row.get(5)?,
            expires_at_ms: row.get(6)?,
        },
        ended: ended_at_ms.zip(ended_by),
    })
}

impl Read<'_> {
    /// The newest tokens, open ones first, at most `limit`.
    ///
    /// # Errors
    /// As SQLite reports them; rights that the program does not know.
    pub fn api_tokens(&self, limit: i64) -> Result<Vec<ApiTokenRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} ORDER BY ended_at_ms IS NOT NULL, id DESC LIMIT ?1"
        ))?;
        statement.query_and_then([limit], read)?.collect()
    }

    /// Tokens that nobody ended.
    ///
    /// # Errors
    /// As [`Read::api_tokens`].
    pub fn api_tokens_open(&self) -> Result<Vec<ApiTokenRow>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE ended_at_ms IS NULL ORDER BY id"))?;
        statement.query_and_then([], read)?.collect()
    }

    /// One token.
    ///
    /// # Errors
    /// As [`Read::api_tokens`]; there is none of this number.
    pub fn api_token(&self, id: i64) -> Result<ApiTokenRow, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE id = ?1"))?;
        statement
            .query_and_then([id], read)?
            .next()
            .unwrap_or(Err(StoreError::Missing {
                what: "api_token",
                id,
            }))
    }
}

impl Write<'_> {
    /// Adds a token; answers its number.
    ///
    /// # Errors
    /// As SQLite reports them: the person has an open one of this name.
    pub fn api_token_add(&self, new: &ApiTokenNew) -> Result<i64, StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO api_token (name, person_id, hash, rights, created_at_ms, expires_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                new.name,
                new.person_id.0,
                new.hash,
                to_json("api_token.rights", &new.rights)?,
                new.created_at_ms,
                new.expires_at_ms,
            ])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Ends a token; false = somebody had ended it before.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn api_token_end(&self, id: i64, at_ms: i64, by: &str) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "UPDATE api_token SET ended_at_ms = ?2, ended_by = ?3 WHERE id = ?1 AND ended_at_ms IS NULL",
            )?
            .execute(params![id, at_ms, by])?
            == 1)
    }
}
