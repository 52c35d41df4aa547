"""Sampling variances from what publications report: confidence limits and p-values."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

Array = npt.NDArray[np.float64]


def variance_from_interval(lower: Array, upper: Array, level: float) -> Array:
    """Squared standard error of an estimate with a normal confidence interval.

    Parameters
    ----------
    lower, upper : numpy.ndarray
        Shape (k,): confidence limits on the scale of the analysis (logarithms for ratios).
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    numpy.ndarray
        Shape (k,): [(upper − lower) / (2 z)]², z the (1 + level)/2 quantile of the normal distribution.
    """
    return ((upper - lower) / (2 * norm.ppf((1 + level) / 2))) ** 2


def variance_from_p_value(effect: Array, p_value: Array) -> Array:
    """Squared standard error of an estimate with a two-sided p-value of a z test against zero.

    Parameters
    ----------
    effect : numpy.ndarray
        Shape (k,): estimates on the scale of the analysis, not zero.
    p_value : numpy.ndarray
        Shape (k,): between 0 and 1, both excluded.

    Returns
    -------
    numpy.ndarray
        Shape (k,): (effect / z)², z the 1 − p/2 quantile of the normal distribution.
    """
    return (effect / norm.isf(p_value / 2)) ** 2


def last_place(texts: Iterable[str]) -> float:
    """Unit in the last decimal place that a column of numbers is written with.

    Parameters
    ----------
    texts : iterable of str
        Cells; those that are not numbers don't count. The finest one tells, since trailing zeros are often cut.

    Examples
    --------
    >>> last_place(["0.5", "0.25", "NA", "3"]), last_place(["1e-3"])
    (0.01, 0.001)
    """
    places = 0
    for text in texts:
        try:
            exponent = Decimal(text).as_tuple().exponent
        except InvalidOperation:
            continue
        if isinstance(exponent, int):
            places = max(places, -exponent)
    return float(Decimal(1).scaleb(-places))


def half_places(texts: Iterable[str]) -> Array:
    """Half a unit in the last place of each cell, by its own decimals.

    Parameters
    ----------
    texts : iterable of str
        Cells that are numbers.

    Examples
    --------
    >>> half_places(["0.5", "0.25", "3"]).tolist()
    [0.05, 0.005, 0.5]
    """
    return np.array([last_place([text]) / 2 for text in texts])


def off_centre(effect: Array, lower: Array, upper: Array, places: tuple[float, float, float]) -> npt.NDArray[np.bool_]:
    """Which estimates are not midway between their confidence limits, by more than rounding explains.

    Parameters
    ----------
    effect, lower, upper : numpy.ndarray
        Shape (k,): estimates and limits on the scale of the analysis.
    places : tuple of float
        Units in the last place of effect, lower and upper; each number may be off by half of its own.

    Returns
    -------
    numpy.ndarray
        Shape (k,): true where |lower + upper − 2 effect| exceeds what rounding, and one part in a million of the
        width for sums in floating point, can add up to.
    """
    of_effect, of_lower, of_upper = places
    rounding = of_effect + (of_lower + of_upper) / 2
    return np.abs(lower + upper - 2 * effect) > rounding + 1e-6 * (upper - lower)
