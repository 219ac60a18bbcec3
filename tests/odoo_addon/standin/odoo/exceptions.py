"""Odoo's exceptions by name."""


class UserError(Exception):
    """A business rule says no."""


class ValidationError(UserError):
    """The input is wrong."""


class AccessError(UserError):
    """No rights."""
