-- People are managed: added, changed, disabled, given a new secret; never deleted.

-- The name as signatures print it.
ALTER TABLE person ADD COLUMN full_name TEXT NOT NULL DEFAULT '';
-- The secret was made by somebody else: its owner must change it before anything else.
ALTER TABLE person ADD COLUMN must_change_secret INTEGER NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN secret_set_at_ms INTEGER NOT NULL DEFAULT 0;
-- NULL while the person may log in, and for who was disabled before this was kept.
ALTER TABLE person ADD COLUMN disabled_at_ms INTEGER;
ALTER TABLE person ADD COLUMN last_login_at_ms INTEGER;
-- Rises with every change by an administrator; who made the last one.
ALTER TABLE person ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE person ADD COLUMN changed_by TEXT NOT NULL DEFAULT '';

UPDATE person SET full_name = name, secret_set_at_ms = created_at_ms;

CREATE TRIGGER person_is_never_deleted BEFORE DELETE ON person BEGIN SELECT RAISE (ABORT, 'people are disabled, never deleted'); END;
