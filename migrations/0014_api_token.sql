-- Programs have tokens of their own: bound to the person who made them, to some rights, and to a time.

CREATE TABLE api_token (
    id            INTEGER PRIMARY KEY,
    -- What the program is called; the trail names it behind its maker.
    name          TEXT NOT NULL,
    person_id     INTEGER NOT NULL REFERENCES person (id),
    -- SHA-256 of the token, hexadecimal. The token itself is in no book.
    hash          TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),
    -- JSON list of rights.
    rights        TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    ended_at_ms   INTEGER,
    ended_by      TEXT,
    CHECK ((ended_at_ms IS NULL) = (ended_by IS NULL))
) STRICT;

-- One name at a time: who reads the trail knows which token it was.
CREATE UNIQUE INDEX api_token_open ON api_token (person_id, name COLLATE NOCASE) WHERE ended_at_ms IS NULL;
