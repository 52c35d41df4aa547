"""Ratios, correlations and proportions given as they are where the analysis wants them transformed.

Confidence limits lie symmetrically about their estimate on the scale where they were computed. Limits that do so after
the measure's transformation, and not as they are, show that the transformation has not been done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from hiermeta.data.measures import MEASURES

Array = npt.NDArray[np.float64]


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
