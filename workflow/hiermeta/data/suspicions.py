"""Numbers that are probably not what they are said to be: sums beside their parts, codes for missing values, SDs.

Each finding is a sentence for the user, who alone knows; nothing is changed. A data set with such a finding has the
status ``warn``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2

from hiermeta.data.cells import list_rows
from hiermeta.data.delimited import is_missing

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
