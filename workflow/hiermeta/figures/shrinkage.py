"""Partial pooling: where every observed estimate moves once the others are taken into account."""

from __future__ import annotations

import math

from hiermeta.figures import palette, style
from hiermeta.figures.forest_rows import weights
from hiermeta.io.results import Results
from hiermeta.text.numbers import UNKNOWN, as_written, fixed, places

LEFT, RIGHT, TOP, BOTTOM = 120, 880, 34, 204
ROWS_SHOWN = 300
"""With more estimates the lines are a blur."""
_SCALE = 1.05


def draw(results: Results) -> style.Drawing:
    """Observed estimates above, true effects below, joined by lines; estimates with more weight are darker."""
    mu = results.estimate("mu")
    observed = [row["observed"] for row in results.true_effects]
    true = [row["mean"] for row in results.true_effects]
    values = [*observed, *true, mu["mean"]]
    middle, half = (max(values) + min(values)) / 2, _SCALE * (max(values) - min(values)) / 2 or 1.0

    def x(value: float) -> float:
        return float(LEFT + (RIGHT - LEFT) * (value - middle + half) / (2 * half))

    figure, axes = style.canvas(BOTTOM + 56)
    axes.plot([x(mu["mean"])] * 2, [TOP - 10, BOTTOM + 10], color=palette.INK, linewidth=1, dashes=(2, 3))
    axes.text(x(mu["mean"]), TOP - 20, "pooled effect μ", ha="center", va="center", fontsize=style.SMALL)
    shades: dict[float, list[tuple[float, float]]] = {}
    for start, end, weight in zip(observed, true, weights(results), strict=True):
        shades.setdefault(0.15 + 0.15 * round(4 * weight), []).append((x(start), x(end)))
    for shade, ends in shades.items():  # one path of lines each, to keep the file small
        across = [value for start, end in ends for value in (start, end, math.nan)]
        down = [TOP, BOTTOM, math.nan] * len(ends)
        axes.plot(across, down, color=palette.ESTIMATE, alpha=round(shade, 2), linewidth=1.1)
    sizes = [5 if len(observed) <= 200 else 3] * len(observed)
    style.dots(axes, [x(value) for value in observed], [TOP] * len(sizes), sizes, palette.OBSERVED, square=True)
    style.dots(axes, [x(value) for value in true], [BOTTOM] * len(sizes), sizes, palette.ESTIMATE)
    axes.text(2, TOP, "observed", va="center")
    axes.text(2, BOTTOM, "true effect", va="center")
    axes.plot([LEFT, RIGHT], [BOTTOM + 18] * 2, color=palette.MUTED, linewidth=1)
    for tick in style.nice_ticks(middle - half, middle + half, 8):
        axes.plot([x(tick)] * 2, [BOTTOM + 18, BOTTOM + 22], color=palette.MUTED, linewidth=1)
        axes.text(x(tick), BOTTOM + 25, as_written(tick), ha="center", va="top", fontsize=style.SMALL)
    return style.Drawing(figure, "Shrinkage of the estimates", _description(results, observed, true))


def _description(results: Results, observed: list[float], true: list[float]) -> str:
    mu = results.estimate("mu")
    decimals = places(results.estimate("tau")["sd"] or mu["sd"] or 1.0, UNKNOWN)
    before, after = max(observed) - min(observed), max(true) - min(true)
    return (
        f"Observed estimates reach from {fixed(min(observed), decimals)} to {fixed(max(observed), decimals)}, the "
        f"posterior means of the true effects from {fixed(min(true), decimals)} to {fixed(max(true), decimals)}: "
        f"{fixed(after / before if before else 1.0, 2)} times that range."
    )
