-- Who accepted that a line of a batch lies outside its tolerance: one row a line and figure, signed.

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
CREATE TRIGGER deviation_acceptance_is_append_only_u BEFORE UPDATE ON deviation_acceptance BEGIN SELECT RAISE (ABORT, 'accepted deviations are append-only'); END;
CREATE TRIGGER deviation_acceptance_is_append_only_d BEFORE DELETE ON deviation_acceptance BEGIN SELECT RAISE (ABORT, 'accepted deviations are append-only'); END;

-- How many lines wait for an acceptance: counted from lines and acceptances at the end of every transaction that touches a
-- batch that has ended. Batches that ended before this migration are not asked for; they can be accepted all the same.
ALTER TABLE batch ADD COLUMN deviations_open INTEGER NOT NULL DEFAULT 0;
CREATE INDEX batch_by_deviation ON batch (ended_at_ms) WHERE deviations_open > 0;
