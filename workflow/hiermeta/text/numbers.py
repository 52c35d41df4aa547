"""How numbers are printed: each by its own spread and its own error, with no digit that the error does not support.

A decimal place of unit u is printed when u is at least twice the Monte Carlo standard error (MCSE), so that repeating
the sampling with another seed moves the last printed digit by one or so. Limits of intervals, whose errors are three
times larger, are held to one MCSE. Two bounds keep numbers readable: the unit is never coarser than half a posterior
standard deviation, and never finer than its second significant digit. Estimates that carry no Monte Carlo error, such
as those by restricted maximum likelihood, follow the same rule with an error of zero: two digits of their standard
error.

Further digits are printed only where a limit would else read as zero, so that an interval never seems to end at zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EN DASH}"
EXACT, UNKNOWN = 0.0, math.nan
"""Errors of numbers without Monte Carlo error, and of those whose error is not known."""
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_ERRORS = {
    "mean": ("mcse_mean", 1.0),
    "sd": ("mcse_mean", 1.0),
    "median": ("mcse_median", 1.0),
    "q2.5": ("mcse_q2.5", 0.5),
    "q97.5": ("mcse_q97.5", 0.5),
}
"""Where a summary row has the error of each number, and how much it weighs; that of the SD is about the mean's."""
_WIDTH = 3.92
"""Of a central 95% interval, in standard deviations of a normal distribution."""
_NOISE = 1e-12
"""Share of a number below which its spread, or its distance from zero, is noise of the arithmetic."""


def places(sd: float, error: float, reach: float = math.inf) -> int:
    """Decimal places of a number.

    Parameters
    ----------
    sd : float
        Posterior standard deviation, or the standard error of an estimate.
    error : float
        Monte Carlo standard error of the number, same scale; ``EXACT`` or ``UNKNOWN`` where that is so.
    reach : float
        Distance between limit and median. Where it is smaller than the SD, as on the short side of a skewed
        distribution or where tails are heavy, it takes the place of the SD in the bound on fine digits.

    Returns
    -------
    int
        Decimal places; negative when even the unit digit is not supported.

    Examples
    --------
    The pooled effect of the school calendars has a mean with an MCSE of 0.001:

    >>> places(0.087, 0.001)
    2

    Twice the error is 0.012, yet 0.1 would be coarser than half the posterior SD:

    >>> places(0.087, 0.006), places(0.5, 0.006), places(300.0, 8.0)
    (2, 1, -2)

    Without error there are two significant digits of the SD; with an unknown one, a digit of half the SD:

    >>> places(0.2, EXACT), places(0.2, UNKNOWN)
    (2, 1)
    """
    if not (sd > 0 and math.isfinite(sd)):
        return 3
    coarsest = -math.floor(math.log10(sd / 2))
    finest = 1 - math.floor(math.log10(min(sd, reach) if reach > _NOISE * sd else sd))
    if math.isnan(error):
        return coarsest
    if error <= 0:
        return finest
    return min(max(-math.ceil(math.log10(2 * error) - 1e-9), coarsest), finest)


def places_of(row: Mapping[str, Any], column: str, slope: float = 1.0) -> int:
    """Decimal places of one number of a summary row, by its own Monte Carlo error.

    A quantity without spread was fixed by its prior and is printed as it was given.

    Parameters
    ----------
    row : mapping
        sd and, as far as known, the other interval columns and Monte Carlo errors.
    column : str
        ``mean``, ``sd``, ``median``, ``q2.5`` or ``q97.5``.
    slope : float
        Of the transformation that the number is printed after.

    Examples
    --------
    Limits of 0.23 and 15.49 in a small data set: the upper one is known to one half, the lower one better.

    >>> row = {"sd": 3.8, "mean": 7.944, "mcse_mean": 0.04, "mcse_q2.5": 0.1, "mcse_q97.5": 0.5}
    >>> [places_of(row, column) for column in ("mean", "q2.5", "q97.5")]
    [1, 1, 0]
    """
    sd = row["sd"]
    if not sd > _NOISE * abs(row.get("mean", 0.0)):
        return _as_given(row[column])
    name, weight = _ERRORS[column]
    reach = math.inf
    if "median" in row and column not in ("mean", "sd"):
        others = ("q2.5", "q97.5") if column == "median" else (column,)
        reach = min(abs(row[other] - row["median"]) for other in others)
    return places(sd * slope, weight * row.get(name, UNKNOWN) * slope, reach * slope)


def _as_given(value: float) -> int:
    """Decimal places of a given value, six at most."""
    return len(f"{value:.6f}".rstrip("0").partition(".")[2])


def printed(row: Mapping[str, Any], column: str, of: Callable[[float], float] | None = None) -> str:
    """Print one number of a summary row.

    Parameters
    ----------
    row : mapping
        As for `places_of`; under ``printed`` it may have numbers whose text is settled already.
    column : str
        ``mean``, ``sd``, ``median``, ``q2.5`` or ``q97.5``.
    of : callable, optional
        An increasing transformation of quantiles. Error and spread follow from its slope, and what zero becomes is
        never printed as a limit, as zero is not.

    Examples
    --------
    >>> row = {"sd": 0.1, "mean": 0.2, "mcse_mean": 0.001, "mcse_q2.5": 0.003, "q2.5": 0.0004, "q97.5": 0.4}
    >>> printed(row, "mean"), printed(row, "q2.5"), printed(row, "q2.5", math.exp)
    ('0.20', '0.0004', '1.0004')
    """
    if column in row.get("printed", {}):
        return str(row["printed"][column])
    value, shown, neutral = row[column], places_of(row, column), 0.0
    if of is not None:
        step = 1e-4 * row["sd"]
        slope = (of(value + step) - of(value - step)) / (2 * step) if step > 0 else 0.0
        value, shown, neutral = of(value), places_of(row, column, slope) if slope else 3, of(0.0)
    return limit(value, shown, neutral) if column.startswith("q") else fixed(value, shown)


def exact_row(value: float, se: float, lower: float = math.nan, upper: float = math.nan) -> dict[str, float]:
    """A summary row of an estimate without Monte Carlo error.

    Examples
    --------
    >>> with_limits(exact_row(0.1284, 0.087, -0.0421, 0.2989))
    '0.128 (−0.042 to 0.299)'
    """
    row = {"mean": value, "median": value, "sd": se, "q2.5": lower, "q97.5": upper}
    return row | {name: EXACT for name, _ in _ERRORS.values()}


def simulated(row: Mapping[str, Any], column: str) -> str:
    """Print a number of a row that sets an observed value beside simulated ones: too few to know their errors.

    Examples
    --------
    >>> row = {"observed": 12.7513, "mean": 12.7431, "q2.5": 12.1432, "q97.5": 13.3212}
    >>> simulated(row, "observed"), simulated(row, "mean"), simulated(row, "q2.5")
    ('12.75', '12.7', '12.1')
    """
    sd = width_as_sd(row["q2.5"], row["q97.5"])
    if column == "observed":
        return fixed(row[column], places(sd, EXACT) if sd > 0 else _as_given(row[column]))
    return printed({**row, "sd": sd}, column)


def with_limits(row: Mapping[str, Any]) -> str:
    """Mean and 95% limits of a summary row, in a phrase.

    Examples
    --------
    >>> errors = {"mcse_mean": 0.001, "mcse_q2.5": 0.003, "mcse_q97.5": 0.003}
    >>> with_limits({"sd": 0.1, "mean": 0.2, "q2.5": 0.02, "q97.5": 0.4} | errors)
    '0.20 (0.02 to 0.40)'
    """
    return f"{printed(row, 'mean')} ({printed(row, 'q2.5')} to {printed(row, 'q97.5')})"


def limit(value: float, decimals: int, neutral: float = 0.0) -> str:
    """Print the limit of an interval, never as zero, or as another neutral value, where it is something else.

    It has as many further digits as that takes, and no more.

    Examples
    --------
    >>> limit(0.0312, 2), limit(0.00312, 2), limit(-0.00012, 2), limit(0.0, 2), limit(1.0004, 2, neutral=1.0)
    ('0.03', '0.003', '−0.0001', '0.00', '1.0004')
    """
    for point in (0.0, neutral):
        distance, noise = abs(value - point), _NOISE * max(abs(point), 10.0**-decimals)
        if noise < distance < math.inf and round(value, decimals) == round(point, decimals):
            first = -math.floor(math.log10(distance))
            decimals = first if round(value, first - 1) == round(point, first - 1) else first - 1
    return fixed(value, decimals)


def limits(low: float, high: float) -> tuple[str, str]:
    """Print the limits of an exact interval with two significant digits, and as many of its width.

    Examples
    --------
    >>> limits(-1.96, 1.96), limits(4.98, 5.02), limits(0.0, 69131.2), limits(7.0, 7.0), limits(0.0003, 0.45)
    (('−2.0', '2.0'), ('4.980', '5.020'), ('0', '69,131'), ('7.0', '7.0'), ('0.00030', '0.45'))
    """
    width = high - low
    least = places(width, EXACT) if math.isfinite(width) and width > 0 else 0
    if any(least > _decimals(value, 2) for value in (low, high) if value):
        return fixed(low, least), fixed(high, least)
    return significant(low, 2), significant(high, 2)


def width_as_sd(low: float, high: float) -> float:
    """The standard deviation of a normal distribution with this central 95% interval.

    Examples
    --------
    >>> width_as_sd(-1.96, 1.96)
    1.0
    """
    return (high - low) / _WIDTH


def add_up(parts: Sequence[float], total: float, decimals: int) -> list[float]:
    """Round parts so that they add up to the rounded total; those closest to the next unit are rounded up.

    Examples
    --------
    >>> add_up([0.124, 0.333, 0.043], 0.5, 2)
    [0.13, 0.33, 0.04]
    """
    unit = 10.0**-decimals
    whole = [math.floor(part / unit + 1e-9) for part in parts]
    missing = round(round(total, decimals) / unit) - sum(whole)
    nearest = sorted(range(len(parts)), key=lambda i: whole[i] - parts[i] / unit)[: max(missing, 0)]
    return [round((count + (i in nearest)) * unit, max(decimals, 0)) for i, count in enumerate(whole)]


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
    if decimals > 6 and abs(value) < 1e-4:
        power = int(f"{rounded:e}".split("e")[1])
        mantissa, exponent = f"{rounded:.{decimals + power}e}".split("e")
        return f"{mantissa}×10{superscript(int(exponent))}".replace("-", MINUS)
    return f"{rounded:,.{max(decimals, 0)}f}".replace("-", MINUS)


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


def percents(probabilities: Sequence[float]) -> list[str]:
    """Print probabilities of all that can be in whole per cent, so that they add up to one hundred.

    Where that would print equal probabilities differently, all have one decimal place and are merely rounded.

    Examples
    --------
    >>> percents([0.334, 0.333, 0.333]), percents([0.9, 0.0975, 0.0025]), percents([0.9999, 0.0001])
    (['34%', '33%', '33%'], ['90%', '10%', 'less than 1%'], ['more than 99%', 'less than 1%'])
    >>> percents([1 / 6, 1 / 6, 1 / 6, 1 / 2]), percents([0.125, 0.125, 0.75])
    (['16.7%', '16.7%', '16.7%', '50.0%'], ['12.5%', '12.5%', '75.0%'])
    """
    plain = [percent(probability, EXACT) for probability in probabilities]
    whole = [i for i, text in enumerate(plain) if text[0].isdigit()]
    shares = [100 * probabilities[i] for i in whole]
    if not abs(sum(probabilities) - 1) < 1e-6:
        return plain
    rounded, decimals = add_up(shares, sum(shares), 0), 0
    equal = [round(share, 9) for share in shares]
    if len(set(zip(equal, rounded, strict=True))) > len(set(equal)):
        rounded, decimals = shares, 1
    for i, share in zip(whole, rounded, strict=True):
        plain[i] = f"{share:.{decimals}f}%" if 0 < share < 100 else percent(share / 100, EXACT)
    return plain


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
