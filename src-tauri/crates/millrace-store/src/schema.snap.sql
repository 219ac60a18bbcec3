CREATE UNIQUE INDEX api_token_open ON api_token (person_id, name COLLATE NOCASE) WHERE ended_at_ms IS NULL;
CREATE INDEX audit_by_action ON audit (action, seq);
CREATE INDEX audit_by_actor ON audit (actor, seq);
CREATE INDEX audit_by_object ON audit (object, seq);
CREATE INDEX audit_by_time ON audit (at_ms);
CREATE INDEX batch_by_deviation ON batch (ended_at_ms) WHERE deviations_open > 0;
CREATE INDEX batch_by_end ON batch (ended_at_ms);
CREATE UNIQUE INDEX batch_by_slot ON batch (slot) WHERE slot IS NOT NULL;
CREATE INDEX batch_by_word ON batch (word, id);
CREATE UNIQUE INDEX equipment_failure_open ON equipment_failure (step <> 'cleared') WHERE step <> 'cleared';
CREATE INDEX erp_order_differing ON erp_order (id) WHERE difference IS NOT NULL;
CREATE INDEX journal_by_batch ON journal (batch_id, seq);
CREATE UNIQUE INDEX manual_weighing_open ON manual_weighing (step <> 'cleared') WHERE step <> 'cleared';
CREATE UNIQUE INDEX outbox_attempt_open ON outbox_attempt (outbox_id) WHERE ended_at_ms IS NULL;
CREATE INDEX outbox_by_batch ON outbox (batch_id);
CREATE INDEX outbox_by_order ON outbox (order_id, id);
CREATE INDEX outbox_by_state ON outbox (state, id);
CREATE INDEX outbox_open_of_order ON outbox (order_id, kind = 'mark_done', id) WHERE state NOT IN ('posted', 'waived', 'by_hand');
CREATE INDEX outbox_turn ON outbox (next_at_ms, id) WHERE in_turn = 1 AND state IN ('queued', 'sending', 'in_doubt');
CREATE INDEX setting_change_by_key ON setting_change (key, id);
CREATE INDEX signature_by_batch ON signature (batch_id);
CREATE INDEX signature_by_object ON signature (object_kind, object_id);
CREATE INDEX signature_by_time ON signature (at_ms);
CREATE INDEX silo_movement_by_silo ON silo_movement (silo_no, seq);
CREATE INDEX silo_movement_by_time ON silo_movement (at_ms);
CREATE UNIQUE INDEX silo_movement_once ON silo_movement (batch_id, silo_no) WHERE kind = 'dosing';
CREATE INDEX slot_request_open ON slot_request (id) WHERE done_at_ms IS NULL;
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
CREATE TABLE audit (
    seq       INTEGER PRIMARY KEY,
    at_ms     INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    action    TEXT NOT NULL,
    object    TEXT NOT NULL,
    before    TEXT NOT NULL,
    after     TEXT NOT NULL,
    reason    TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash      TEXT NOT NULL UNIQUE
, format INTEGER NOT NULL DEFAULT 1, station TEXT NOT NULL DEFAULT '') STRICT;
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
CREATE TABLE batch (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id        INTEGER NOT NULL REFERENCES erp_order (id),
    batch_index     INTEGER NOT NULL,
    label           TEXT NOT NULL UNIQUE,
    order_name      TEXT NOT NULL,
    product         TEXT NOT NULL,
    recipe          TEXT NOT NULL,
    content_hash    TEXT NOT NULL,
    planned_g       INTEGER NOT NULL,
    silo_planned_g  INTEGER NOT NULL,
    due_ms          INTEGER,
    release         TEXT NOT NULL,
    run             TEXT NOT NULL,
    posting         TEXT NOT NULL,
    word            TEXT NOT NULL,
    version         INTEGER NOT NULL DEFAULT 1,
    slot            INTEGER,
    download_step   TEXT,
    finish_step     TEXT,
    -- The run state that a hold interrupted.
    held_from       TEXT,
    trouble         TEXT,
    pending_command TEXT,
    pending_reason  TEXT,
    pending_by      TEXT,
    pending_at_ms   INTEGER,
    pending_sent_ms INTEGER,
    cancel_after    INTEGER NOT NULL DEFAULT 0,
    -- SHA-256 of the stored final block: "already stored" if the same words come again.
    final_hash      TEXT,
    silo_actual_g   INTEGER,
    finished_g      INTEGER,
    created_at_ms   INTEGER NOT NULL,
    approved_at_ms  INTEGER,
    approved_by     TEXT,
    started_at_ms   INTEGER,
    run_since_ms    INTEGER,
    ended_at_ms     INTEGER, doubt TEXT, download_id INTEGER, deviations_open INTEGER NOT NULL DEFAULT 0,
    UNIQUE (order_id, batch_index)
) STRICT;
CREATE TABLE batch_line (
    batch_id  INTEGER NOT NULL REFERENCES batch (id),
    position  INTEGER NOT NULL,
    silo_no   INTEGER NOT NULL REFERENCES silo (silo_no),
    planned_g INTEGER NOT NULL,
    actual_g  INTEGER,
    PRIMARY KEY (batch_id, silo_no)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE deviation_acceptance (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    batch_id  INTEGER NOT NULL REFERENCES batch (id),
    -- silo (the number is the silo's) or manual (the number is the line's).
    line_kind TEXT NOT NULL,
    line_no   INTEGER NOT NULL,
    -- What was accepted. Other figures are another deviation.
    planned_g INTEGER NOT NULL,
    actual_g  INTEGER NOT NULL,
    UNIQUE (batch_id, line_kind, line_no, planned_g, actual_g)
) STRICT;
CREATE TABLE download_step (
    batch_id INTEGER NOT NULL REFERENCES batch (id),
    step     TEXT NOT NULL,
    at_ms    INTEGER NOT NULL,
    PRIMARY KEY (batch_id, step)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE erp_order (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    erp_instance  TEXT NOT NULL,
    -- The ERP's numeric id where it gives one, else the name: what makes intake idempotent.
    identity      TEXT NOT NULL,
    name          TEXT NOT NULL,
    product       TEXT NOT NULL,
    quantity_kg   TEXT NOT NULL,
    standing      TEXT NOT NULL,
    refusal       TEXT,
    content       TEXT NOT NULL,
    due_ms        INTEGER,
    created_at_ms INTEGER NOT NULL,
    seen_at_ms    INTEGER NOT NULL, difference TEXT, difference_seen_at_ms INTEGER, kept TEXT, compared_at_ms INTEGER, decided_choice TEXT, decided_by TEXT, decided_at_ms INTEGER, requested_by INTEGER REFERENCES person (id), requested_how TEXT, requested_at_ms INTEGER, lot_notes TEXT,
    UNIQUE (erp_instance, identity)
) STRICT;
CREATE TABLE journal (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms    INTEGER NOT NULL,
    batch_id INTEGER REFERENCES batch (id),
    kind     TEXT NOT NULL,
    params   TEXT NOT NULL
) STRICT;
CREATE TABLE manual_line (
    batch_id      INTEGER NOT NULL REFERENCES batch (id),
    line_no       INTEGER NOT NULL,
    material      TEXT NOT NULL,
    erp_code      TEXT NOT NULL,
    product_id    INTEGER,
    planned_g     INTEGER NOT NULL,
    actual_g      INTEGER,
    entered_by    TEXT,
    entered_at_ms INTEGER,
    PRIMARY KEY (batch_id, line_no)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE "outbox" (
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
    read_back       TEXT, items TEXT, item_repeats INTEGER NOT NULL DEFAULT 0, in_turn INTEGER NOT NULL DEFAULT 0 CHECK (in_turn IN (0, 1)),
    CHECK ((order_id IS NULL) = (kind = 'equipment_failure')),
    CHECK ((batch_id IS NULL) = (kind = 'equipment_failure'))
) STRICT;
CREATE TABLE outbox_attempt (
    outbox_id   INTEGER NOT NULL REFERENCES outbox (id),
    number      INTEGER NOT NULL,
    -- 'send' or 'read_back'. A sending is written down before its first byte leaves.
    act         TEXT NOT NULL,
    began_at_ms INTEGER NOT NULL,
    -- Null = under way, or the program ended before the answer.
    ended_at_ms INTEGER,
    outcome     TEXT,
    answer      TEXT, times INTEGER NOT NULL DEFAULT 1, last_number INTEGER, last_at_ms INTEGER,
    PRIMARY KEY (outbox_id, number),
    CHECK ((ended_at_ms IS NULL) = (outcome IS NULL))
) STRICT, WITHOUT ROWID;
CREATE TABLE person (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL UNIQUE COLLATE NOCASE,
    secret_phc      TEXT NOT NULL,
    is_disabled     INTEGER NOT NULL DEFAULT 0,
    created_at_ms   INTEGER NOT NULL,
    failed_attempts INTEGER NOT NULL DEFAULT 0,
    locked_until_ms INTEGER NOT NULL DEFAULT 0
, full_name TEXT NOT NULL DEFAULT '', must_change_secret INTEGER NOT NULL DEFAULT 0, secret_set_at_ms INTEGER NOT NULL DEFAULT 0, disabled_at_ms INTEGER, last_login_at_ms INTEGER, version INTEGER NOT NULL DEFAULT 1, changed_by TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE person_grant (
    person_id INTEGER NOT NULL REFERENCES person (id),
    role      TEXT NOT NULL,
    -- Key of the site; '' = every site.
    site      TEXT NOT NULL,
    -- Name of the line; '' = every line of the site.
    line      TEXT NOT NULL,
    PRIMARY KEY (person_id, role, site, line),
    CHECK (site <> '' OR line = '')
) STRICT, WITHOUT ROWID;
CREATE TABLE person_quick (
    person_id INTEGER NOT NULL REFERENCES person (id),
    -- 'pin' or 'badge'.
    kind      TEXT NOT NULL CHECK (kind IN ('pin', 'badge')),
    phc       TEXT NOT NULL,
    set_at_ms INTEGER NOT NULL,
    -- Wrong ones in a row; too many switch it off until the whole secret was given.
    failed    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (person_id, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE sample (
    batch_id INTEGER NOT NULL REFERENCES batch (id),
    at_ms    INTEGER NOT NULL,
    dosed_g  INTEGER,
    PRIMARY KEY (batch_id, at_ms)
) STRICT, WITHOUT ROWID;
CREATE TABLE seal_key (
    key_no     INTEGER PRIMARY KEY,
    site       TEXT NOT NULL,
    public_key TEXT NOT NULL,
    since_ms   INTEGER NOT NULL,
    -- The row that tells of it.
    audit_seq  INTEGER NOT NULL REFERENCES audit (seq)
) STRICT;
CREATE TABLE setting_change (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms  INTEGER NOT NULL,
    key    TEXT NOT NULL,
    -- As it is written; null = back to the default.
    value  TEXT,
    person TEXT NOT NULL
) STRICT;
CREATE TABLE "signature" (
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
CREATE TABLE silo (
    silo_no       INTEGER PRIMARY KEY,
    position      INTEGER NOT NULL UNIQUE,
    tag           TEXT NOT NULL UNIQUE,
    label         TEXT NOT NULL,
    erp_code      TEXT NOT NULL UNIQUE,
    material      TEXT NOT NULL,
    is_liquid     INTEGER NOT NULL,
    capacity_g    INTEGER NOT NULL,
    low_g         INTEGER NOT NULL,
    max_dose_g    INTEGER NOT NULL,
    tol_share_bp  INTEGER NOT NULL,
    tol_floor_g   INTEGER NOT NULL,
    rate_g_s      INTEGER NOT NULL
) STRICT;
CREATE TABLE silo_movement (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms    INTEGER NOT NULL,
    silo_no  INTEGER NOT NULL REFERENCES silo (silo_no),
    kind     TEXT NOT NULL,
    delta_g  INTEGER NOT NULL,
    level_g  INTEGER NOT NULL,
    batch_id INTEGER REFERENCES batch (id),
    note     TEXT
) STRICT;
CREATE TABLE slot_request (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    -- 'make_ready' or 'set_flags'.
    kind        TEXT NOT NULL,
    -- NULL = all slots.
    slot        INTEGER,
    person      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    asked_at_ms INTEGER NOT NULL,
    done_at_ms  INTEGER,
    outcome     TEXT
) STRICT;
CREATE TABLE station_attempt (
    station         TEXT PRIMARY KEY,
    failed          INTEGER NOT NULL,
    locked_until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_is_append_only_d BEFORE DELETE ON audit BEGIN SELECT RAISE (ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_append_only_u BEFORE UPDATE ON audit BEGIN SELECT RAISE (ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_seal_is_append_only_d BEFORE DELETE ON audit_seal BEGIN SELECT RAISE (ABORT, 'seals are append-only'); END;
CREATE TRIGGER audit_seal_is_append_only_u BEFORE UPDATE ON audit_seal BEGIN SELECT RAISE (ABORT, 'seals are append-only'); END;
CREATE TRIGGER batch_record_is_append_only_d BEFORE DELETE ON batch_record BEGIN SELECT RAISE (ABORT, 'batch records are append-only'); END;
CREATE TRIGGER batch_record_is_append_only_u BEFORE UPDATE ON batch_record BEGIN SELECT RAISE (ABORT, 'batch records are append-only'); END;
CREATE TRIGGER deviation_acceptance_is_append_only_d BEFORE DELETE ON deviation_acceptance BEGIN SELECT RAISE (ABORT, 'accepted deviations are append-only'); END;
CREATE TRIGGER deviation_acceptance_is_append_only_u BEFORE UPDATE ON deviation_acceptance BEGIN SELECT RAISE (ABORT, 'accepted deviations are append-only'); END;
CREATE TRIGGER equipment_failure_is_append_only_d BEFORE DELETE ON equipment_failure BEGIN SELECT RAISE (ABORT, 'equipment failures are append-only'); END;
CREATE TRIGGER equipment_failure_is_append_only_u BEFORE UPDATE OF id, generation, content_hash, equipment_code, info, plc_time, stored_at_ms, outbox_id
    ON equipment_failure BEGIN SELECT RAISE (ABORT, 'equipment failures are append-only'); END;
CREATE TRIGGER journal_is_append_only_d BEFORE DELETE ON journal BEGIN SELECT RAISE (ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_append_only_u BEFORE UPDATE ON journal BEGIN SELECT RAISE (ABORT, 'the journal is append-only'); END;
CREATE TRIGGER manual_weighing_is_append_only_d BEFORE DELETE ON manual_weighing BEGIN SELECT RAISE (ABORT, 'manual weighings are append-only'); END;
CREATE TRIGGER manual_weighing_is_append_only_u BEFORE UPDATE OF id, generation, content_hash, batch_no, order_name, product_id, mass_g, stored_at_ms, batch_id, line_no, material, outbox_id, note
    ON manual_weighing BEGIN SELECT RAISE (ABORT, 'manual weighings are append-only'); END;
CREATE TRIGGER outbox_attempt_is_append_only_d BEFORE DELETE ON outbox_attempt
    WHEN OLD.ended_at_ms IS NOT NULL OR NOT EXISTS
      (SELECT 1 FROM outbox_attempt AS kept WHERE kept.outbox_id = OLD.outbox_id AND kept.last_number = OLD.number)
    BEGIN SELECT RAISE (ABORT, 'attempts are append-only'); END;
CREATE TRIGGER outbox_attempt_is_append_only_u BEFORE UPDATE ON outbox_attempt
    WHEN NEW.outbox_id <> OLD.outbox_id OR NEW.number <> OLD.number OR NEW.act <> OLD.act OR NEW.began_at_ms <> OLD.began_at_ms
      OR (OLD.ended_at_ms IS NULL AND (NEW.times <> OLD.times OR NEW.last_number IS NOT OLD.last_number OR NEW.last_at_ms IS NOT OLD.last_at_ms))
      OR (OLD.ended_at_ms IS NOT NULL AND (NEW.ended_at_ms IS NOT OLD.ended_at_ms OR NEW.outcome IS NOT OLD.outcome OR NEW.answer IS NOT OLD.answer
          OR NEW.times <> OLD.times + 1 OR NEW.last_number IS NULL OR NEW.last_number <= coalesce(OLD.last_number, OLD.number) OR NEW.last_at_ms IS NULL))
    BEGIN SELECT RAISE (ABORT, 'attempts are append-only'); END;
CREATE TRIGGER outbox_turn_closed AFTER UPDATE OF state ON outbox
    WHEN NEW.state IN ('posted', 'waived', 'by_hand') AND OLD.state NOT IN ('posted', 'waived', 'by_hand')
BEGIN
    UPDATE outbox SET in_turn = 0 WHERE id = NEW.id;
    UPDATE outbox SET in_turn = 1 WHERE in_turn = 0 AND id = (
        SELECT min(p.id) FROM outbox p WHERE p.order_id = NEW.order_id AND (p.kind = 'mark_done') = 0
            AND p.state NOT IN ('posted', 'waived', 'by_hand'));
    UPDATE outbox SET in_turn = 1 WHERE order_id = NEW.order_id AND (kind = 'mark_done') = 1
        AND state NOT IN ('posted', 'waived', 'by_hand') AND NOT EXISTS (
            SELECT 1 FROM outbox p WHERE p.order_id = NEW.order_id AND (p.kind = 'mark_done') = 0
                AND p.state NOT IN ('posted', 'waived', 'by_hand'));
END;
CREATE TRIGGER outbox_turn_of_none AFTER INSERT ON outbox WHEN NEW.order_id IS NULL
BEGIN
    UPDATE outbox SET in_turn = 1 WHERE id = NEW.id;
END;
CREATE TRIGGER outbox_turn_queued AFTER INSERT ON outbox WHEN NEW.order_id IS NOT NULL
BEGIN
    UPDATE outbox SET in_turn = 1 WHERE id = NEW.id AND NOT EXISTS (
        SELECT 1 FROM outbox p WHERE p.order_id = NEW.order_id AND (p.kind = 'mark_done') = 0 AND p.id <> NEW.id
            AND p.state NOT IN ('posted', 'waived', 'by_hand'));
    -- What closes the order steps back behind it.
    UPDATE outbox SET in_turn = 0 WHERE order_id = NEW.order_id AND (kind = 'mark_done') = 1 AND NEW.kind <> 'mark_done'
        AND state NOT IN ('posted', 'waived', 'by_hand');
END;
CREATE TRIGGER outbox_turn_reopened AFTER UPDATE OF state ON outbox
    WHEN NEW.state NOT IN ('posted', 'waived', 'by_hand') AND OLD.state IN ('posted', 'waived', 'by_hand')
BEGIN
    UPDATE outbox SET in_turn = 0 WHERE order_id = NEW.order_id AND state NOT IN ('posted', 'waived', 'by_hand') AND in_turn = 1;
    UPDATE outbox SET in_turn = 1 WHERE id = NEW.id AND order_id IS NULL;
    UPDATE outbox SET in_turn = 1 WHERE id = (
        SELECT min(p.id) FROM outbox p WHERE p.order_id = NEW.order_id AND (p.kind = 'mark_done') = 0
            AND p.state NOT IN ('posted', 'waived', 'by_hand'));
    UPDATE outbox SET in_turn = 1 WHERE order_id = NEW.order_id AND (kind = 'mark_done') = 1
        AND state NOT IN ('posted', 'waived', 'by_hand') AND NOT EXISTS (
            SELECT 1 FROM outbox p WHERE p.order_id = NEW.order_id AND (p.kind = 'mark_done') = 0
                AND p.state NOT IN ('posted', 'waived', 'by_hand'));
END;
CREATE TRIGGER person_is_never_deleted BEFORE DELETE ON person BEGIN SELECT RAISE (ABORT, 'people are disabled, never deleted'); END;
CREATE TRIGGER seal_key_is_append_only_d BEFORE DELETE ON seal_key BEGIN SELECT RAISE (ABORT, 'seal keys are append-only'); END;
CREATE TRIGGER seal_key_is_append_only_u BEFORE UPDATE ON seal_key BEGIN SELECT RAISE (ABORT, 'seal keys are append-only'); END;
CREATE TRIGGER setting_change_is_append_only_d BEFORE DELETE ON setting_change BEGIN SELECT RAISE (ABORT, 'changes of settings are append-only'); END;
CREATE TRIGGER setting_change_is_append_only_u BEFORE UPDATE ON setting_change BEGIN SELECT RAISE (ABORT, 'changes of settings are append-only'); END;
CREATE TRIGGER signature_is_append_only_d BEFORE DELETE ON signature BEGIN SELECT RAISE (ABORT, 'signatures are append-only'); END;
CREATE TRIGGER signature_is_append_only_u BEFORE UPDATE ON signature BEGIN SELECT RAISE (ABORT, 'signatures are append-only'); END;
CREATE TRIGGER silo_movement_is_append_only_d BEFORE DELETE ON silo_movement BEGIN SELECT RAISE (ABORT, 'the silo ledger is append-only'); END;
CREATE TRIGGER silo_movement_is_append_only_u BEFORE UPDATE ON silo_movement BEGIN SELECT RAISE (ABORT, 'the silo ledger is append-only'); END;
CREATE TRIGGER slot_request_is_kept BEFORE DELETE ON slot_request BEGIN SELECT RAISE (ABORT, 'requests are kept'); END;
