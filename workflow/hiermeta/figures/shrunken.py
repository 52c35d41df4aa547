"""Shrunken against observed: the true effect of every row beside its estimate."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import significant

HEIGHT = 400
INTERVALS_SHOWN = 300
"""With more estimates, intervals cover each other."""


def draw(results: Results) -> style.Drawing:
    """True effects with their intervals at the observed estimates; on the diagonal nothing would be pooled."""
    rows = results.true_effects
    x, y = [row["observed"] for row in rows], [row["mean"] for row in rows]
    many = len(rows) > INTERVALS_SHOWN
    figure, panels = style.grid(HEIGHT, 1, 1, left=70, top=44, bottom=54)
    axes = panels[0]
    if not many:
        _intervals(rows, axes)
    low, high = min(x), max(x)
    axes.plot([low, high], [low, high], color=palette.MUTED, linewidth=1, dashes=(5, 3))
    entries = [(palette.ESTIMATE, "o", "true effect" if many else "true effect, 95% CrI")]
    entries += [(palette.MUTED, "--", "where it would equal the estimate")]
    if not results.coefficients:
        axes.axhline(results.estimate("mu")["mean"], color=palette.INK, linewidth=1, dashes=(2, 3))
        entries += [(palette.INK, ":", "pooled effect μ")]
    style.dots(axes, x, y, [4.0 if many else 6.0] * len(x), palette.ESTIMATE, 0.8)
    style.numeric_axes(axes)
    label = str(results.model["measure_label"])
    axes.set_xlabel(f"Observed {label}")
    axes.set_ylabel("True effect")
    style.legend(figure, entries)
    return style.Drawing(figure, "True effects against observed estimates", _finding(x, y))


def applies(results: Results) -> bool:
    """Whether there are estimates that differ."""
    return len({row["observed"] for row in results.true_effects}) > 1


def _intervals(rows: list[Row], axes: Axes) -> None:
    across = [value for row in rows for value in (row["observed"], row["observed"], math.nan)]
    along = [value for row in rows for value in (row["q2.5"], row["q97.5"], math.nan)]
    axes.plot(across, along, color=palette.ESTIMATE, linewidth=1, alpha=0.4, solid_capstyle="butt")


def _finding(x: list[float], y: list[float]) -> str:
    slope = float(np.polyfit(x, y, 1)[0])
    return (
        f"Where one estimate is larger than another by 1, its true effect is larger by {significant(slope, 2)} on "
        "average; the rest is taken for sampling error."
    )
