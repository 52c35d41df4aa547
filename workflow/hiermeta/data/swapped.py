"""Standard errors given as variances, or the other way round: what speaks for it."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from hiermeta.data.read import Source, numbers

Array = npt.NDArray[np.float64]
VARIANCE = ("vi", "variance", "samplingvariance", "var", "v", "vari")
STANDARD_ERROR = ("sei", "se", "standarderror", "stderr", "sete")
DEVIATION = ("sd", "sdi", "stdev", "stddev", "standarddeviation", "std")
"""Usual names of columns, in lower case and without other signs than letters."""

_ROUNDING = 0.05
"""Relative difference that rounding may make between a column and the squares of another."""


def suspicion(source: Source, key: str, column: str, values: Array) -> list[str]:
    """A warning where a column of variances looks like standard errors, or one of standard errors like variances.

    Parameters
    ----------
    source : Source
    key : str
        ``variance`` or ``standard_error``, as the config takes the column.
    column : str
    values : numpy.ndarray
        Shape (k,): the column's numbers in the rows of ``source``, none missing.

    Returns
    -------
    list of str
        Empty, or one warning that says what speaks for it: the column's name, or another column that holds its squares
        (its square roots).
    """
    as_variance, called = key == "variance", re.sub(r"[^a-z]", "", column.casefold())
    if called in DEVIATION:
        return [
            f"Column {column!r}, which `{key}:` names, may hold standard deviations: it is called so. A standard error "
            "is the standard deviation over the root of the sample size; every result depends on it."
        ]
    other = "standard errors" if as_variance else "sampling variances"
    reasons = []
    if called in (STANDARD_ERROR if as_variance else VARIANCE):
        reasons.append("is called so")
    expected = values**2 if as_variance else np.sqrt(values)
    twin = next((name for name in source.table if name != column and _holds(source, name, expected, values)), None)
    if twin is not None:
        reasons.append(f"has its {'squares' if as_variance else 'square roots'} in column {twin!r}")
    if not reasons:
        return []
    right = "standard_error" if as_variance else "variance"
    return [
        f"Column {column!r}, which `{key}:` names, may hold {other}: it {' and '.join(reasons)}. If so, name it by "
        f"`{right}:` instead; every result depends on it."
    ]


def _holds(source: Source, column: str, expected: Array, values: Array) -> bool:
    """Whether a column holds the expected numbers, which must differ from the given ones."""
    found = numbers(source, column, [])
    known = np.isfinite(found)
    if known.sum() < 3 or (np.abs(expected - values)[known] < 2 * _ROUNDING * values[known]).all():
        return False
    return bool((np.abs(found - expected)[known] < _ROUNDING * expected[known]).all())
