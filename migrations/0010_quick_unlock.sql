-- Wrong secrets are counted at the station too, and a person may have a PIN or a badge for a workstation.

CREATE TABLE station_attempt (
    station         TEXT PRIMARY KEY,
    failed          INTEGER NOT NULL,
    locked_until_ms INTEGER NOT NULL
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
