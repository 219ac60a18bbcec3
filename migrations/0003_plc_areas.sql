-- What the PLC reports beside its slots: equipment failures and manual weighings, one at a time each.

-- A message about an equipment failure belongs to no order and no batch, so both may be null now.
-- SQLite cannot drop NOT NULL from a column: the table is written anew.
CREATE TABLE outbox_new (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Deterministic: plant, order, batch, kind, revision. Fixed before the first send, for ever.
    key             TEXT NOT NULL UNIQUE,
    kind            TEXT NOT NULL,
    order_id        INTEGER REFERENCES erp_order (id),
    batch_id        INTEGER REFERENCES batch (id),
    payload         TEXT NOT NULL,
    state           TEXT NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_at_ms      INTEGER NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    confirmed_at_ms INTEGER,
    last_answer     TEXT,
    read_back       TEXT,
    CHECK ((order_id IS NULL) = (kind = 'equipment_failure')),
    CHECK ((batch_id IS NULL) = (kind = 'equipment_failure'))
) STRICT;
INSERT INTO outbox_new (id, key, kind, order_id, batch_id, payload, state, attempts, next_at_ms, created_at_ms, confirmed_at_ms, last_answer, read_back)
    SELECT id, key, kind, order_id, batch_id, payload, state, attempts, next_at_ms, created_at_ms, confirmed_at_ms, last_answer, read_back FROM outbox ORDER BY id;
DROP TABLE outbox;
ALTER TABLE outbox_new RENAME TO outbox;
CREATE INDEX outbox_open ON outbox (state, next_at_ms) WHERE state NOT IN ('posted', 'waived');
CREATE INDEX outbox_by_batch ON outbox (batch_id);

CREATE TABLE equipment_failure (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Rises by one each time the area was cleared: the same words in one generation are one event.
    generation     INTEGER NOT NULL,
    content_hash   TEXT NOT NULL,
    equipment_code TEXT NOT NULL,
    info           TEXT NOT NULL,
    -- As the PLC has it, plant local time; null = it gave none.
    plc_time       TEXT,
    stored_at_ms   INTEGER NOT NULL,
    outbox_id      INTEGER NOT NULL UNIQUE REFERENCES outbox (id),
    step           TEXT NOT NULL,
    acked_at_ms    INTEGER,
    cleared_at_ms  INTEGER,
    UNIQUE (generation, content_hash)
) STRICT;
-- One event stands in the area; what was stored before it is closed.
CREATE UNIQUE INDEX equipment_failure_open ON equipment_failure (step <> 'cleared') WHERE step <> 'cleared';

CREATE TABLE manual_weighing (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    generation    INTEGER NOT NULL,
    content_hash  TEXT NOT NULL,
    batch_no      INTEGER NOT NULL,
    order_name    TEXT NOT NULL,
    product_id    INTEGER NOT NULL,
    mass_g        INTEGER NOT NULL,
    stored_at_ms  INTEGER NOT NULL,
    -- The manual line that took it and its message; null = none did, and the note says why.
    batch_id      INTEGER REFERENCES batch (id),
    line_no       INTEGER,
    material      TEXT,
    outbox_id     INTEGER REFERENCES outbox (id),
    note          TEXT,
    step          TEXT NOT NULL,
    acked_at_ms   INTEGER,
    cleared_at_ms INTEGER,
    UNIQUE (generation, content_hash),
    CHECK ((batch_id IS NULL) = (note IS NOT NULL)),
    CHECK ((batch_id IS NULL) = (line_no IS NULL))
) STRICT;
CREATE UNIQUE INDEX manual_weighing_open ON manual_weighing (step <> 'cleared') WHERE step <> 'cleared';

-- What was reported stays as it was written; only how far its acknowledgement has come moves.
CREATE TRIGGER equipment_failure_is_append_only_u BEFORE UPDATE OF id, generation, content_hash, equipment_code, info, plc_time, stored_at_ms, outbox_id
    ON equipment_failure BEGIN SELECT RAISE (ABORT, 'equipment failures are append-only'); END;
CREATE TRIGGER equipment_failure_is_append_only_d BEFORE DELETE ON equipment_failure BEGIN SELECT RAISE (ABORT, 'equipment failures are append-only'); END;
CREATE TRIGGER manual_weighing_is_append_only_u BEFORE UPDATE OF id, generation, content_hash, batch_no, order_name, product_id, mass_g, stored_at_ms, batch_id, line_no, material, outbox_id, note
    ON manual_weighing BEGIN SELECT RAISE (ABORT, 'manual weighings are append-only'); END;
CREATE TRIGGER manual_weighing_is_append_only_d BEFORE DELETE ON manual_weighing BEGIN SELECT RAISE (ABORT, 'manual weighings are append-only'); END;
