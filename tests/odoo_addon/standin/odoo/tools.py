"""Odoo's helpers for floats, as far as the addon uses them."""

from decimal import ROUND_HALF_UP, Decimal


def float_round(value, precision_rounding):
    """To the nearest step, half away from zero."""
    step = Decimal(str(precision_rounding))
    return float((Decimal(str(value)) / step).quantize(Decimal(1), ROUND_HALF_UP) * step)


def float_compare(one, other, precision_digits):
    """-1, 0 or 1, after rounding both."""
    one, other = round(one, precision_digits), round(other, precision_digits)
    return (one > other) - (one < other)
