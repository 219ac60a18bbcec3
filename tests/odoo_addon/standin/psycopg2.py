"""The two exceptions of psycopg2 that matter here, raised by the stand-in's cursor."""


class Error(Exception):
    """Whatever the database says."""


class IntegrityError(Error):
    """A unique index was violated."""


class OperationalError(Error):
    """Here: the row was changed since this transaction's first statement; Odoo tries again."""
