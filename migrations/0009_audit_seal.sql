-- The trail says where an act was done, and its head is signed.

-- Rows of format 1 were hashed without a station and stay as they are.
ALTER TABLE audit ADD COLUMN format INTEGER NOT NULL DEFAULT 1;
ALTER TABLE audit ADD COLUMN station TEXT NOT NULL DEFAULT '';
CREATE INDEX audit_by_actor ON audit (actor, seq);
CREATE INDEX audit_by_action ON audit (action, seq);
CREATE INDEX audit_by_object ON audit (object, seq);
CREATE INDEX audit_by_time ON audit (at_ms);

-- Public keys only; the private one lies beside the books.
CREATE TABLE seal_key (
    key_no     INTEGER PRIMARY KEY,
    site       TEXT NOT NULL,
    public_key TEXT NOT NULL,
    since_ms   INTEGER NOT NULL,
    -- The row that tells of it.
    audit_seq  INTEGER NOT NULL REFERENCES audit (seq)
) STRICT;

CREATE TABLE audit_seal (
    seal_no   INTEGER PRIMARY KEY,
    -- The last row it covers, and that row's hash.
    seq       INTEGER NOT NULL UNIQUE REFERENCES audit (seq),
    hash      TEXT NOT NULL,
    at_ms     INTEGER NOT NULL,
    cause     TEXT NOT NULL,
    key_no    INTEGER NOT NULL REFERENCES seal_key (key_no),
    signature TEXT NOT NULL
) STRICT;

CREATE TRIGGER seal_key_is_append_only_u BEFORE UPDATE ON seal_key BEGIN SELECT RAISE (ABORT, 'seal keys are append-only'); END;
CREATE TRIGGER seal_key_is_append_only_d BEFORE DELETE ON seal_key BEGIN SELECT RAISE (ABORT, 'seal keys are append-only'); END;
CREATE TRIGGER audit_seal_is_append_only_u BEFORE UPDATE ON audit_seal BEGIN SELECT RAISE (ABORT, 'seals are append-only'); END;
CREATE TRIGGER audit_seal_is_append_only_d BEFORE DELETE ON audit_seal BEGIN SELECT RAISE (ABORT, 'seals are append-only'); END;
