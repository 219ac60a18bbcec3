-- Truth after a restart: why a batch needs a person, and what was decided about slots.

-- A word of `millrace_core::registers::truth::Doubt`, beside the sentence in `trouble`.
ALTER TABLE batch ADD COLUMN doubt TEXT;
-- The number of this download, where the register map has a word for it.
ALTER TABLE batch ADD COLUMN download_id INTEGER;

-- What a person asked for about slots without a batch of ours. The engine carries it out and says
-- how it ended; a row is never asked for twice.
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
CREATE INDEX slot_request_open ON slot_request (id) WHERE done_at_ms IS NULL;
CREATE TRIGGER slot_request_is_kept BEFORE DELETE ON slot_request BEGIN SELECT RAISE (ABORT, 'requests are kept'); END;
