"""A small stand-in for the `odoo` package over sqlite3, for the tests of our addon only.

What is real: transactions, savepoints, the unique index, snapshots (sqlite's write-ahead log gives
each transaction the database of its first statement, and refuses a write on an outdated one, as
Postgres does at Odoo's level of isolation), rights on the addon's own table by its own CSV file.
What is not: Odoo. Orders and moves behave as observed on real servers in the points the addon relies
on (see `mill.py`), and nothing else of Odoo is here.
"""

import contextlib
import sqlite3
import types

import psycopg2

from .exceptions import AccessError

#: Model name -> class, filled by `Model.__init_subclass__`.
REGISTRY = {}


class Field:
    """A column, or a link to one record of `target`."""

    def __init__(self, target=None, **options):
        self.target = target
        self.options = options

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, record, owner):
        if record is None:
            return self
        if not record.ids:
            return False
        (record_id,) = record.ids
        sql = "SELECT %s FROM %s WHERE id = %%s" % (self.name, record._table())
        value = record.env.cr.one(sql, [record_id])[0]
        return record.env[self.target].browse(value) if self.target else value

    def __set__(self, record, value):
        record.write({self.name: value})


class Cursor:
    """One transaction of one connection."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path, timeout=20, isolation_level=None)
        self.connection.execute("BEGIN")
        self.said = []
        # Odoo looks up the user first: from here on the transaction sees the database of now.
        self.one("SELECT count(*) FROM uom_uom")

    def execute(self, sql, values=()):
        self.said.append(sql)
        try:
            return self.connection.execute(sql.replace("%s", "?"), list(values))
        except sqlite3.IntegrityError as error:
            raise psycopg2.IntegrityError(str(error)) from error
        except sqlite3.OperationalError as error:
            raise psycopg2.OperationalError(str(error)) from error

    def one(self, sql, values=()):
        return self.execute(sql, values).fetchone()

    @contextlib.contextmanager
    def savepoint(self):
        self.execute("SAVEPOINT addon")
        try:
            yield
        except Exception:
            self.execute("ROLLBACK TO addon")
            self.execute("RELEASE addon")
            raise
        self.execute("RELEASE addon")

    def end(self, verb):
        self.connection.execute(verb)
        self.connection.close()


class Environment:
    """A cursor, rights, a context, and the version that is played."""

    def __init__(self, cr, version, rights, su=False, context=None):
        self.cr, self.version, self.rights = cr, version, rights
        self.su, self.context = su, context or {}
        if version >= 16:
            self.flush_all = self.invalidate_all = lambda: None

    def __getitem__(self, name):
        return REGISTRY[name](self)

    def but(self, **changes):
        now = {"su": self.su, "context": self.context, **changes}
        return Environment(self.cr, self.version, self.rights, **now)


class Model:
    """A recordset: ids and an environment."""

    _name = None
    _old_only = ()
    _new_only = ()

    def __init_subclass__(cls):
        REGISTRY[cls._name] = cls

    def __init__(self, env, ids=()):
        self.env, self.ids = env, list(ids)
        if env.version >= 18:
            self.check_access = lambda operation: self._check(operation)

    @classmethod
    def _table(cls):
        return cls._name.replace(".", "_")

    @property
    def _fields(self):
        return {
            name: field
            for name, field in vars(type(self)).items()
            if isinstance(field, Field)
            and name not in (self._old_only if self.env.version >= 17 else self._new_only)
        }

    @property
    def id(self):
        (record_id,) = self.ids
        return record_id

    def __iter__(self):
        return (self.browse(record_id) for record_id in self.ids)

    def __bool__(self):
        return bool(self.ids)

    def browse(self, ids):
        return type(self)(self.env, ids if isinstance(ids, list) else [ids])

    def sudo(self):
        return type(self)(self.env.but(su=True), self.ids)

    def with_context(self, **context):
        return type(self)(self.env.but(context={**self.env.context, **context}), self.ids)

    def exists(self):
        sql = "SELECT id FROM %s WHERE id = %%s" % self._table()
        return self.browse([one for one in self.ids if self.env.cr.one(sql, [one])])

    def filtered(self, holds):
        return self.browse([record.id for record in self if holds(record)])

    def search(self, domain, limit=None):
        self._check("read")
        ((name, operator, value),) = domain
        assert operator == "=", operator
        sql = "SELECT id FROM %s WHERE %s = %%s ORDER BY id" % (self._table(), name)
        return self.browse([row[0] for row in self.env.cr.execute(sql, [value])][:limit])

    def create(self, values):
        self._check("create")
        columns, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        sql = "INSERT INTO %s (%s) VALUES (%s)" % (self._table(), columns, marks)
        return self.browse(self.env.cr.execute(sql, list(values.values())).lastrowid)

    def write(self, values):
        self._check("write")
        columns = ", ".join("%s = %%s" % name for name in values)
        sql = "UPDATE %s SET %s WHERE id = %%s" % (self._table(), columns)
        for record_id in self.ids:
            self.env.cr.execute(sql, [*values.values(), record_id])
        return True

    def flush(self):
        assert self.env.version < 16, "there is flush_all"

    invalidate_cache = flush

    def check_access_rights(self, operation):
        assert self.env.version < 18, "there is check_access"
        self._check(operation)

    check_access_rule = check_access_rights

    def _check(self, operation):
        if not self.env.su and not self.env.rights.get((self._name, operation)):
            raise AccessError("You are not allowed to %s %s" % (operation, self._name))


api = types.SimpleNamespace(model=lambda method: method)
fields = types.SimpleNamespace(
    Char=Field, Text=Field, Float=Field, Boolean=Field, Selection=Field, Many2one=Field
)
models = types.SimpleNamespace(Model=Model)
