-- Which settings were changed from a screen, to what, and by whom. What counts stands in the configuration file.

CREATE TABLE setting_change (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms  INTEGER NOT NULL,
    key    TEXT NOT NULL,
    -- As it is written; null = back to the default.
    value  TEXT,
    person TEXT NOT NULL
) STRICT;
CREATE INDEX setting_change_by_key ON setting_change (key, id);

CREATE TRIGGER setting_change_is_append_only_u BEFORE UPDATE ON setting_change BEGIN SELECT RAISE (ABORT, 'changes of settings are append-only'); END;
CREATE TRIGGER setting_change_is_append_only_d BEFORE DELETE ON setting_change BEGIN SELECT RAISE (ABORT, 'changes of settings are append-only'); END;
