"""A second row of labels below an axis of effects: the same positions as risk ratios, correlations or proportions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes

from hiermeta.data.measures import MEASURES, to_natural
from hiermeta.figures import palette, style
from hiermeta.io.results import Results
from hiermeta.text.numbers import as_written

_GRID = 2001
_APART = 46
"""Least distance between two labels, in pixels."""


def ticks(measure: str, low: float, high: float) -> list[tuple[float, float]]:
    """Positions on the scale of the analysis and the round natural values there, within [low, high].

    Examples
    --------
    >>> [(round(at, 2), value) for at, value in ticks("RR", -1.0, 1.0)]
    [(-0.69, 0.5), (0.0, 1.0), (0.69, 2.0)]
    """
    grid = np.linspace(low, high, _GRID)
    natural = to_natural(measure, grid)
    if MEASURES[measure].transformation == "exp":
        powers = range(math.floor(math.log10(natural[0])), math.ceil(math.log10(natural[-1])) + 1)
        wanted = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    else:
        wanted = list(style.nice_ticks(float(natural[0]), float(natural[-1]), 8))
    inside = [value for value in wanted if natural[0] < value < natural[-1]]
    return [(float(np.interp(value, natural, grid)), value) for value in inside]


def draw(axes: Axes, results: Results, x: Callable[[float], float], limits: tuple[float, float], y: float) -> bool:
    """Write the labels at height `y`, one as the neutral value first; False where there is no other scale.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        In pixels.
    results : Results
    x : callable
        From effects to pixels.
    limits : tuple of float
        Lowest and highest effect on the axis.
    y : float
        Top of the labels.
    """
    measure = results.model["measure"]
    if MEASURES[measure].transformation == "identity":
        return False
    kept: list[float] = []
    for at, value in sorted(ticks(measure, *limits), key=lambda tick: abs(tick[0])):
        if all(abs(x(at) - other) >= _APART for other in kept):
            kept.append(x(at))
            axes.text(x(at), y, as_written(value), ha="center", va="top", fontsize=style.SMALL, color=palette.INK)
    label = MEASURES[measure].natural_label
    axes.text(x(limits[0]) - 24, y, label, ha="right", va="top", fontsize=style.SMALL)
    return True
