"""Numbers that are probably not what they are said to be: sums beside their parts, codes for missing values, SDs.

Each finding is a sentence for the user, who alone knows; nothing is changed. A data set with such a finding has the
status ``warn``. Ratios, correlations and proportions may be given as they are where the analysis wants them
transformed: confidence limits lie symmetrically about their estimate on the scale where they were computed, so limits
that do so after the measure's transformation, and not as they are, show that it has not been done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logit
from scipy.stats import chi2

from hiermeta.data.cells import list_rows
from hiermeta.data.measures import MEASURES
from hiermeta.data.read import Source, is_missing, numbers

Array = npt.NDArray[np.float64]
_SUMMARY = re.compile(
    r"(grand\s*)?(sub[\s-]?)?totals?|overall|pooled|summary|(overall|pooled|summary|combined)\s+"
    r"(effects?|estimates?|results?|mean|effect\s+sizes?)|(random|fixed|common)[\s-]effects?(\s+(model|estimate))?"
)
"""What the cell of a row that sums up others says, in lower case and without a remark in brackets behind it."""
_CODES = (9, 88, 99, 777, 888, 999, 7777, 8888, 9999, 99999)
"""Usual codes for missing values, with either sign."""
_TOO_ALIKE = 1e-4
"""Probability of as small a Q, if estimates vary by their standard errors alone, below which these are too large."""
_SIZE_FACTORS = {"SMD": (4.0, 1.5, 3.0), "SMDH": (4.0, 1.5, 3.0), "ZCOR": (1.0, 1.5, 1.5)}
"""By measure: variance times sample size of independent groups of equal size, and the factors by which standard errors
may be smaller and larger before it is said. For two groups no allocation gives smaller ones; unequal groups and errors
that are adjusted for clustering give larger ones."""


def summary_rows(texts: pd.DataFrame) -> list[str]:
    """Rows that look like the sum of others.

    Parameters
    ----------
    texts : pandas.DataFrame
        The rows used, as the file has them, by row number.

    Examples
    --------
    >>> summary_rows(pd.DataFrame({"study": ["A", "B", "Total (95% CI)"]}, index=[1, 2, 3]))[0][:46]
    "Row 3 ('Total (95% CI)' in column 'study') loo"
    """
    found: dict[Any, tuple[str, str]] = {}
    for column in texts:
        for row, cell in texts[column].items():
            plain = re.sub(r"\s*[(\[].*|[\s:.*]+$", "", str(cell).strip().casefold())
            if _SUMMARY.fullmatch(plain):
                found.setdefault(row, (str(cell), column))
    if not found:
        return []
    cell, column = next(iter(found.values()))
    which = list_rows(found).capitalize()
    verb = "looks" if len(found) == 1 else "look"
    return [
        f"{which} ({cell[:60]!r} in column {column!r}) {verb} like a summary of other rows. If so, leave it out: the "
        "same data would count twice."
    ]


def missing_codes(columns: Mapping[str, Array], rows: npt.NDArray[np.int64]) -> list[str]:
    """Columns in which a usual code for missing values stands far outside the other values.

    Parameters
    ----------
    columns : mapping of str to numpy.ndarray
        Shape (n,) each, by the user's name of the column; NaN where missing.
    rows : numpy.ndarray
        Shape (n,): numbers of the rows in the file.

    Examples
    --------
    >>> missing_codes({"age": np.array([46.0, 999.0, 41.0, 999.0])}, np.arange(1, 5))[0][:60]
    "Column 'age' has 999 in rows 2, 4, far from its other values"
    """
    found = []
    for name, values in columns.items():
        for code in sorted({float(sign * code) for code in _CODES for sign in (1, -1)} & set(values.tolist())):
            at = values == code
            others = values[np.isfinite(values) & ~np.isin(np.abs(values), _CODES)]
            if len(others) < 2:
                continue
            low, high = float(others.min()), float(others.max())
            gap = max(code - high, low - code)
            if gap > max(high - low, abs(high), abs(low)):
                found.append(
                    f"Column {name!r} has {code:g} in {list_rows(rows[at])}, far from its other values ({low:g} to "
                    f"{high:g}). If it is a code for a missing value, leave those cells empty."
                )
    return found


def too_alike(effect: Array, variance: Array) -> list[str]:
    """Independent estimates that differ far less than their standard errors allow.

    Parameters
    ----------
    effect, variance : numpy.ndarray
        Shape (k,).
    """
    weight = 1 / variance
    q = float((weight * (effect - np.average(effect, weights=weight)) ** 2).sum())
    df = len(effect) - 1
    if np.ptp(effect) == 0 or chi2.cdf(q, df) >= _TOO_ALIKE:
        return []
    return [
        f"The estimates differ far less than their standard errors allow (Q = {q:.2g} on {df} degrees of freedom). "
        "Standard deviations given as standard errors do that: a standard error is the standard deviation over the "
        "root of the sample size."
    ]


def errors_against_sizes(measure: str, effect: Array, variance: Array, size: Array) -> list[str]:
    """Standard errors that the sample sizes contradict.

    Parameters
    ----------
    measure : str
    effect, variance, size : numpy.ndarray
        Shape (k,): sizes are those of both groups together.
    """
    if measure not in _SIZE_FACTORS:
        return []
    unit, smaller, larger = _SIZE_FACTORS[measure]
    expected = unit / size + (effect**2 / (2 * size) if measure != "ZCOR" else 3 * unit / size**2)
    ratio = float(np.median(np.sqrt(variance / expected)))
    if 1 / smaller <= ratio <= larger:
        return []
    return [
        f"Standard errors and sample sizes disagree: half of the standard errors are "
        f"{'below' if ratio < 1 else 'above'} {ratio:.2g} times what their sample sizes give for independent groups. "
        "Repeated measures can explain it; if there are none, check both columns."
    ]


def text_columns(texts: pd.DataFrame) -> pd.DataFrame:
    """The columns of a table in which a cell is neither a number nor missing."""

    def wordy(cell: str) -> bool:
        return not is_missing(cell) and any(character.isalpha() for character in cell)

    return texts[[column for column in texts if texts[column].map(wordy).any()]]


def entries(suspicions: list[str]) -> list[dict[str, Any]]:
    """The check of ``diagnostics.json`` for findings of this module; none where there are none."""
    if not suspicions:
        return []
    return [{"name": "questionable data", "value": len(suspicions), "threshold": "0", "status": "warn"}]


def _arcsine_root(x: Array) -> Array:
    return np.arcsin(np.sqrt(x))


_FORWARD: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "exp": ("natural logarithms", np.log),
    "tanh": ("Fisher's z (atanh)", np.arctanh),
    "inverse logit": ("logits", logit),
    "squared sine": ("arcsine square roots", _arcsine_root),
}
"""What leads from the natural scale to that of the analysis: its name and function, by the way back."""
_CLEARLY = 4.0
"""How many times farther from symmetry limits are on one scale than on another that is told apart from it."""
_ROUNDING = 1e-6
"""Share of the width that sums in floating point may be off by."""
_FEWEST = 2
"""Rows that must speak for the natural scale."""
NAMES = {
    "OR": ("or", "oddsratio"),
    "RR": ("rr", "riskratio", "relativerisk"),
    "HR": ("hr", "hazardratio"),
    "IRR": ("irr", "rr", "rateratio", "incidencerateratio"),
    "ROM": ("rom", "rr", "responseratio", "ratioofmeans"),
}
"""Usual names of columns of ratios, in lower case and without other signs than letters, by measure."""


def transformation(measure: str) -> str:
    """What the natural scale of a measure must be turned into, in words: natural logarithms."""
    return _FORWARD[MEASURES[measure].transformation][0]


def speaking_for_natural(measure: str, numbers: Sequence[Array], halves: Sequence[Array]) -> npt.NDArray[np.bool_]:
    """Which rows show that estimates and limits are on the natural scale; none unless they outweigh the others.

    Parameters
    ----------
    measure : str
        Abbreviation, a key of `hiermeta.data.measures.MEASURES`.
    numbers : sequence of numpy.ndarray
        Shape (k,) each: estimates, lower and upper limits, as given.
    halves : sequence of numpy.ndarray
        Shape (k,) each: half a unit in the last place of each number.

    Returns
    -------
    numpy.ndarray
        Shape (k,): true in rows that are clearly farther from symmetry as they are than transformed. All false where
        some numbers can't be on the natural scale, or where these rows are fewer than two, or not more than three
        times as many as those that speak otherwise. Rows whose asymmetry is within rounding on both scales don't count.
    """
    nothing = np.zeros(len(numbers[0]), bool)
    way = MEASURES[measure].transformation
    if way not in _FORWARD:
        return nothing
    lowest, highest = {"exp": (0.0, np.inf), "tanh": (-1.0, 1.0)}.get(way, (0.0, 1.0))
    if any(((x + half < lowest) | (x - half > highest)).any() for x, half in zip(numbers, halves, strict=True)):
        return nothing
    as_given = _asymmetry(lambda x: x, numbers, halves, -np.inf, np.inf)
    functions = [_FORWARD[way][1]]
    if MEASURES[measure].natural_label == "proportion":  # Wilson's limits are symmetric for logits
        functions.append(logit)
    transformed = np.min([_asymmetry(f, numbers, halves, lowest, highest) for f in functions], axis=0)
    for_natural = as_given > _CLEARLY * transformed
    others = int(((as_given > 0) | (transformed > 0)).sum() - for_natural.sum())
    return for_natural if for_natural.sum() >= max(_FEWEST, 3 * others + 1) else nothing


def _asymmetry(
    f: Callable[[Array], Array], numbers: Sequence[Array], halves: Sequence[Array], lowest: float, highest: float
) -> Array:
    """|f(lower) + f(upper) − 2 f(estimate)| over the width, where rounding does not explain it; otherwise 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        at = [f(np.clip(x, lowest, highest)) for x in numbers]
        low = [f(np.clip(x - half, lowest, highest)) for x, half in zip(numbers, halves, strict=True)]
        high = [f(np.clip(x + half, lowest, highest)) for x, half in zip(numbers, halves, strict=True)]
        width = at[2] - at[1]
        slack = _ROUNDING * width
        # An infinite end, as of a lower limit of 0.00, explains everything.
        explained = ~(low[1] + low[2] - 2 * high[0] > slack) & ~(high[1] + high[2] - 2 * low[0] < -slack)
        off = np.abs(at[1] + at[2] - 2 * at[0]) / width
    return np.where(explained, 0.0, np.where(np.isnan(off), np.inf, off))


def named_as_ratios(measure: str, column: str, effect: Array) -> list[str]:
    """A warning where a column of effects without limits is called by a ratio and has no value below zero.

    Parameters
    ----------
    measure : str
    column : str
        The column's name in the file.
    effect : numpy.ndarray
        Shape (k,).

    Returns
    -------
    list of str
        Empty, or one warning.

    Examples
    --------
    >>> len(named_as_ratios("OR", "adj. OR", np.array([0.8, 1.2]))), named_as_ratios("OR", "lnOR", np.array([0.8, 1.2]))
    (1, [])
    """
    bare = re.sub(r"[^a-z]", "", column.casefold())
    words = {bare, re.sub(r"^(adjusted|adj|a|crude|pooled)|(adjusted|adj|crude|pooled)$", "", bare)}
    if not words & set(NAMES.get(measure, ())) or not (effect > 0).all():
        return []
    natural = MEASURES[measure].natural_label
    return [
        f"Column {column!r}, which `effect:` names, may hold {natural}s rather than their logarithms: it is called so, "
        f"and no value is below zero. If so, take natural logarithms and give standard errors of the logarithms; every "
        "result depends on it."
    ]


VARIANCE = ("vi", "variance", "samplingvariance", "var", "v", "vari")
STANDARD_ERROR = ("sei", "se", "standarderror", "stderr", "sete")
DEVIATION = ("sd", "sdi", "stdev", "stddev", "standarddeviation", "std")
"""Usual names of columns, in lower case and without other signs than letters."""

_ROUNDED = 0.05
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
    if known.sum() < 3 or (np.abs(expected - values)[known] < 2 * _ROUNDED * values[known]).all():
        return False
    return bool((np.abs(found - expected)[known] < _ROUNDED * expected[known]).all())
