"""How numbers are printed: no digit that the Monte Carlo error does not support.

A decimal place of unit u is printed when u is at least twice the Monte Carlo standard error (MCSE), so that repeating
the sampling with another seed moves the last printed digit by one or so. Two limits keep numbers readable: the unit is
never coarser than half a posterior standard deviation, and never finer than its second significant digit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EN DASH}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def supported_decimals(mcse: float | Iterable[float], sd: float) -> int:
    """Decimal places that the Monte Carlo error supports.

    Parameters
    ----------
    mcse : float or iterable of float
        Monte Carlo standard errors of the numbers printed together (same scale as the numbers); the largest one
        decides. Undefined ones are left out.
    sd : float
        Posterior standard deviation, same scale.

    Returns
    -------
    int
        Decimal places; negative when even the unit digit is not supported.

    Examples
    --------
    The pooled effect of the school calendars: limits with an MCSE of 0.003.

    >>> supported_decimals([0.001, 0.003, 0.003], sd=0.087)
    2

    Twice the error is 0.012, yet 0.1 would be coarser than half the posterior SD:

    >>> supported_decimals(0.006, sd=0.087)
    2
    >>> supported_decimals(0.006, sd=0.5)
    1
    >>> supported_decimals(8.0, sd=300.0)
    -2

    An error of almost zero still leaves two significant digits of the SD:

    >>> supported_decimals(1e-6, sd=0.2)
    2
    """
    errors = [
        error for error in ([mcse] if isinstance(mcse, float | int) else mcse) if error > 0 and math.isfinite(error)
    ]
    if not (sd > 0 and math.isfinite(sd)):
        return 3
    coarsest, finest = -math.floor(math.log10(sd / 2)), 1 - math.floor(math.log10(sd))
    if not errors:
        return coarsest
    return min(max(-math.ceil(math.log10(2 * max(errors)) - 1e-9), coarsest), finest)


def fixed(value: float, decimals: int) -> str:
    """Print with this many decimal places, a true minus sign and no negative zero.

    Examples
    --------
    >>> fixed(0.18060, 2), fixed(-0.0004, 2), fixed(-1.0527, 2)
    ('0.18', '0.00', '−1.05')
    >>> fixed(12345.6, 0), fixed(12345.6, -2)
    ('12,346', '12,300')
    >>> fixed(3.2e-9, 10), fixed(3.2e-12, 10), fixed(float("nan"), 2), fixed(99.9999996, 7)
    ('3.2×10⁻⁹', '0', '–', '99.9999996')
    """
    if not math.isfinite(value):
        return MISSING if math.isnan(value) else ("∞" if value > 0 else f"{MINUS}∞")
    rounded = round(value, decimals) + 0.0
    if decimals > 6 and rounded == 0:
        return "0"
    if decimals > 6:
        power = math.floor(math.log10(abs(value)))
        if power >= 0:
            return f"{value:,.{decimals}f}".replace("-", MINUS)
        mantissa, exponent = f"{value:.{max(decimals + power, 0)}e}".split("e")
        return f"{mantissa}×10{superscript(int(exponent))}".replace("-", MINUS)
    return f"{rounded:,.{min(max(decimals, 0), 6)}f}".replace("-", MINUS)


def superscript(exponent: int) -> str:
    """An exponent in small raised digits.

    Examples
    --------
    >>> superscript(-12)
    '⁻¹²'
    """
    return str(exponent).translate(_SUPERSCRIPTS)


def significant(value: float, digits: int = 3) -> str:
    """Print a value that carries no Monte Carlo error with this many significant digits.

    Examples
    --------
    >>> significant(0.0049447), significant(1234.5), significant(0.0), significant(95.0648, 4)
    ('0.00494', '1,234', '0', '95.06')
    """
    if value == 0 or not math.isfinite(value):
        return fixed(value, 0)
    return fixed(value, _decimals(value, digits))


def _decimals(value: float, digits: int) -> int:
    return max(digits - 1 - math.floor(math.log10(abs(value)) + 1e-12), 0)


def told_apart(low: float, high: float, digits: int = 2) -> tuple[str, str]:
    """Print the limits of an interval with this many significant digits, and as many of its width.

    Examples
    --------
    >>> told_apart(-1.96, 1.96), told_apart(4.98, 5.02), told_apart(2014.9, 2015.2)
    (('−2.0', '2.0'), ('4.980', '5.020'), ('2,014.90', '2,015.20'))
    >>> told_apart(0.0, 69131.2), told_apart(7.0, 7.0)
    (('0', '69,131'), ('7.0', '7.0'))
    """
    width = high - low
    if not (math.isfinite(width) and width > 0):
        return significant(low, digits), significant(high, digits)
    least = digits - 1 - math.floor(math.log10(width) + 1e-12)
    if any(least > _decimals(value, digits) for value in (low, high) if value):
        return fixed(low, least), fixed(high, least)
    return significant(low, digits), significant(high, digits)


def percent(probability: float, mcse: float) -> str:
    """Print a probability in per cent, never as an impossible 0% or a certain 100%.

    Examples
    --------
    >>> percent(0.9812, 0.0016), percent(0.99996, 0.0001), percent(0.5, 0.02), percent(0.0, 0.0)
    ('98%', 'more than 99%', '50%', 'less than 1%')
    """
    if math.isnan(probability):
        return MISSING
    decimals = 1 if 0 < mcse <= 0.0005 and 0.001 < probability < 0.999 else 0
    if probability >= 0.995 and decimals == 0:
        return "more than 99%"
    if probability <= 0.005 and decimals == 0:
        return "less than 1%"
    return f"{100 * probability:.{decimals}f}%"


def p_value(value: float) -> str:
    """Print a p-value: two digits, and no smaller than 0.001.

    Examples
    --------
    >>> p_value(0.0312), p_value(0.4), p_value(2e-7), p_value(0.97)
    ('0.031', '0.40', '< 0.001', '0.97')
    """
    if math.isnan(value):
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.{2 if value >= 0.0995 else 3}f}"


def count(value: float) -> str:
    """Print a count or an effective sample size.

    Examples
    --------
    >>> count(10000), count(float("nan"))
    ('10,000', '–')
    """
    return fixed(value, 0)


def noun(number: float, one: str, many: str = "") -> str:
    """The noun that goes with a number.

    Examples
    --------
    >>> noun(1, "cluster"), noun(0, "cluster"), noun(2, "degree of freedom", "degrees of freedom")
    ('cluster', 'clusters', 'degrees of freedom')
    """
    return one if number == 1 else many or f"{one}s"


def as_written(value: float) -> str:
    """Print a value that was given, not estimated.

    Examples
    --------
    >>> as_written(0.0), as_written(-0.25), as_written(0.9), as_written(-5e9), as_written(1e-7)
    ('0', '−0.25', '0.9', '−5×10⁹', '10⁻⁷')
    """
    mantissa, power, exponent = f"{value:g}".replace("-", MINUS).partition("e")
    if not power:
        return mantissa
    shown = superscript(int(exponent.replace(MINUS, "-")))
    return f"{mantissa}×10{shown}".replace("1×10", "10") if mantissa in ("1", f"{MINUS}1") else f"{mantissa}×10{shown}"


def decimals_as_written(value: float) -> int:
    """Decimal places of a given value, six at most.

    Examples
    --------
    >>> decimals_as_written(0.0), decimals_as_written(0.25)
    (0, 2)
    """
    return len(f"{value:.6f}".rstrip("0").partition(".")[2])
