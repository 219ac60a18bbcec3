-- Roles are granted at a place: a site, or a line of it.

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

-- Until now a role held for the one site of these books, and an administrator could do everything.
INSERT INTO person_grant (person_id, role, site, line)
SELECT id, CASE role WHEN 'admin' THEN 'super_admin' ELSE role END, '', '' FROM person;

ALTER TABLE person DROP COLUMN role;
