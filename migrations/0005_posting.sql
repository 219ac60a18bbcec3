-- What was tried with each message for the ERP, item by item where the ERP took only a part.

-- The items that the ERP left out of its last answer, JSON, and how often the call was repeated for them.
ALTER TABLE outbox ADD COLUMN items TEXT;
ALTER TABLE outbox ADD COLUMN item_repeats INTEGER NOT NULL DEFAULT 0;

-- A message that a person booked in the ERP is closed as well.
DROP INDEX outbox_open;
CREATE INDEX outbox_open ON outbox (state, next_at_ms) WHERE state NOT IN ('posted', 'waived', 'by_hand');
CREATE INDEX outbox_by_state ON outbox (state, id);
CREATE INDEX outbox_by_order ON outbox (order_id, id);

CREATE TABLE outbox_attempt (
    outbox_id   INTEGER NOT NULL REFERENCES outbox (id),
    number      INTEGER NOT NULL,
    -- 'send' or 'read_back'. A sending is written down before its first byte leaves.
    act         TEXT NOT NULL,
    began_at_ms INTEGER NOT NULL,
    -- Null = under way, or the program ended before the answer.
    ended_at_ms INTEGER,
    outcome     TEXT,
    answer      TEXT,
    PRIMARY KEY (outbox_id, number),
    CHECK ((ended_at_ms IS NULL) = (outcome IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX outbox_attempt_open ON outbox_attempt (outbox_id) WHERE ended_at_ms IS NULL;

-- An attempt is ended once; then it stays as it was written.
CREATE TRIGGER outbox_attempt_is_append_only_u BEFORE UPDATE ON outbox_attempt
    WHEN OLD.ended_at_ms IS NOT NULL OR NEW.outbox_id <> OLD.outbox_id OR NEW.number <> OLD.number OR NEW.act <> OLD.act OR NEW.began_at_ms <> OLD.began_at_ms
    BEGIN SELECT RAISE (ABORT, 'attempts are append-only'); END;
CREATE TRIGGER outbox_attempt_is_append_only_d BEFORE DELETE ON outbox_attempt BEGIN SELECT RAISE (ABORT, 'attempts are append-only'); END;
