"""What was observed, behind lines along a predictor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.regression import linear, observed
from hiermeta.io.results import Results
from hiermeta.text.numbers import count

_SHOWN = 200
"""With more rows points are a blur: a random sample of this many stands for them."""
_PARTS = 10


def draw(axes: Axes, results: Results, name: str, reach: npt.NDArray[np.float64]) -> None:
    """Rows as points, or, of outcomes that are shares or counts, their means in parts of the predictor's range.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    results : Results
    name : str
        A numeric predictor.
    reach : numpy.ndarray
        Its values at which lines are drawn: observations beyond the first and the last are left out.
    """
    x, y = np.asarray(results.table[name], float), observed(results)
    inside = np.flatnonzero((x >= reach[0]) & (x <= reach[-1]))
    if linear(results):
        some = (
            inside if len(inside) <= _SHOWN else np.random.default_rng(20260101).choice(inside, _SHOWN, replace=False)
        )
        style.dots(axes, x[some].tolist(), y[some].tolist(), [3.0] * len(some), palette.OBSERVED, 0.65)
        return
    ends = np.unique(np.quantile(x[inside], np.linspace(0, 1, _PARTS + 1)))
    part = np.searchsorted(ends[1:-1], x[inside], side="right")
    sizes = np.bincount(part)
    kept = sizes > 0
    centre, mean = ((np.bincount(part, values[inside])[kept] / sizes[kept]).tolist() for values in (x, y))
    style.dots(axes, centre, mean, [6.0] * len(mean), palette.OBSERVED, square=True)


def entry(results: Results) -> tuple[str, str, str]:
    """For the legend: colour, mark and text."""
    return (palette.OBSERVED, "o", "observed") if linear(results) else (palette.OBSERVED, "s", "observed mean")


def said(results: Results) -> str:
    """What the marks are, in a sentence."""
    if not linear(results):
        return (
            "Squares are observed means in tenths of the rows along the predictor, not adjusted for other predictors."
        )
    rows = len(results.table)
    which = f"at most {_SHOWN} of the {count(rows)} rows, drawn at random" if rows > _SHOWN else "the rows"
    return f"Points are {which}, not adjusted for other predictors."
