-- A signature stands on anything that is signed, says where and by which login, and names its own hash and the one before it.

CREATE TABLE signature_new (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Rows of format 1 cover a batch, carry no hash, and stay as they are.
    format       INTEGER NOT NULL,
    -- batch, manual_line, message or act (a row of the trail), and its number.
    object_kind  TEXT NOT NULL,
    object_id    INTEGER NOT NULL,
    -- The batch whose record shows it, if any.
    batch_id     INTEGER REFERENCES batch (id),
    person_id    INTEGER NOT NULL REFERENCES person (id),
    login        TEXT NOT NULL,
    person       TEXT NOT NULL,
    meaning      TEXT NOT NULL,
    at_ms        INTEGER NOT NULL,
    site         TEXT NOT NULL,
    reason       TEXT,
    content_hash TEXT NOT NULL,
    prev_hash    TEXT NOT NULL,
    hash         TEXT NOT NULL
) STRICT;
INSERT INTO signature_new
    SELECT id, 1, 'batch', batch_id, batch_id, person_id, '', person, meaning, at_ms, '', reason, content_hash, '', ''
    FROM signature ORDER BY id;
DROP TABLE signature;
ALTER TABLE signature_new RENAME TO signature;
CREATE INDEX signature_by_batch ON signature (batch_id);
CREATE INDEX signature_by_object ON signature (object_kind, object_id);
CREATE INDEX signature_by_time ON signature (at_ms);

CREATE TRIGGER signature_is_append_only_u BEFORE UPDATE ON signature BEGIN SELECT RAISE (ABORT, 'signatures are append-only'); END;
CREATE TRIGGER signature_is_append_only_d BEFORE DELETE ON signature BEGIN SELECT RAISE (ABORT, 'signatures are append-only'); END;
