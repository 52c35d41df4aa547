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
_STEPS, _ENOUGH = ((1, 2, 5), (1, 1.5, 2, 3, 5, 7)), 4
"""Steps within powers of ten, coarse ones first, and how many make an axis."""
_APART = 46
"""Least distance between two labels, in pixels."""


def ticks(measure: str, low: float, high: float) -> list[tuple[float, float]]:
    """Positions on the scale of the analysis and the round natural values there, within [low, high].

    Examples
    --------
    >>> [(round(at, 2), value) for at, value in ticks("RR", -2.0, 2.0)]
    [(-1.61, 0.2), (-0.69, 0.5), (0.0, 1.0), (0.69, 2.0), (1.61, 5.0)]
    >>> [round(value, 2) for _, value in ticks("RR", -0.1, 0.2)]
    [0.95, 1.0, 1.05, 1.1, 1.15, 1.2]
    """
    grid = np.linspace(low, high, _GRID)
    natural = to_natural(measure, grid)
    even = style.nice_ticks(float(natural[0]), float(natural[-1]), 8)
    choices = [even]
    if MEASURES[measure].transformation == "exp":
        powers = range(math.floor(math.log10(natural[0])), math.ceil(math.log10(natural[-1])) + 1)
        choices = [[step * 10.0**power for power in powers for step in steps] for steps in _STEPS] + [even]
    inside = [[value for value in wanted if natural[0] < value < natural[-1]] for wanted in choices]
    found = next((values for values in inside if len(values) >= _ENOUGH), inside[-1])
    return [(float(np.interp(value, natural, grid)), value) for value in found]


def label(measure: str) -> str:
    """Of an axis with natural values where the scale of the analysis is even.

    Examples
    --------
    >>> label("RR"), label("ZCOR")
    ('risk ratio (log scale)', 'correlation')
    """
    logarithmic = MEASURES[measure].transformation == "exp"
    return MEASURES[measure].natural_label + (" (log scale)" if logarithmic else "")


def labelled(measure: str, x: Callable[[float], float], limits: tuple[float, float]) -> list[tuple[float, str]]:
    """Pixels and labels of the natural values that have room, the neutral value first.

    Parameters
    ----------
    measure : str
    x : callable
        From effects to pixels.
    limits : tuple of float
        Lowest and highest effect on the axis.
    """
    kept: list[tuple[float, str]] = []
    for at, value in sorted(ticks(measure, *limits), key=lambda tick: abs(tick[0])):
        if all(abs(x(at) - other) >= _APART for other, _ in kept):
            kept.append((x(at), as_written(value)))
    return kept


def draw(axes: Axes, results: Results, x: Callable[[float], float], limits: tuple[float, float], y: float) -> bool:
    """Write the labels at height `y`; False where there is no other scale.

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
    for at, text in labelled(measure, x, limits):
        axes.text(at, y, text, ha="center", va="top", fontsize=style.SMALL, color=palette.INK)
    axes.text(x(limits[0]) - 24, y, MEASURES[measure].natural_label, ha="right", va="top", fontsize=style.SMALL)
    return True
