-- What is known of a batch that has ended, frozen; later facts make another revision.

CREATE TABLE batch_record (
    batch_id  INTEGER NOT NULL REFERENCES batch (id),
    revision  INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL,
    -- The canonical JSON.
    content   TEXT NOT NULL,
    -- Hash of the revision before; empty for the first.
    prev_hash TEXT NOT NULL,
    hash      TEXT NOT NULL UNIQUE,
    -- The row of the trail that tells of it.
    audit_seq INTEGER NOT NULL UNIQUE REFERENCES audit (seq),
    PRIMARY KEY (batch_id, revision)
) STRICT;

CREATE TRIGGER batch_record_is_append_only_u BEFORE UPDATE ON batch_record BEGIN SELECT RAISE (ABORT, 'batch records are append-only'); END;
CREATE TRIGGER batch_record_is_append_only_d BEFORE DELETE ON batch_record BEGIN SELECT RAISE (ABORT, 'batch records are append-only'); END;
