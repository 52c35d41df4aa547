"""Orchard plot: every raw estimate, larger when more precise, around the pooled effect and its two intervals.

After Nakagawa et al. (2021), Research Synthesis Methods 12, 4–12: the trunk is the pooled effect with its credible
interval, the twig the prediction interval, the fruit the estimates.
"""

from __future__ import annotations

import math

import numpy as np

from hiermeta.data.measures import MEASURES
from hiermeta.figures import natural_axis, palette, style
from hiermeta.figures.forest_rows import ROWS_SHOWN, interval
from hiermeta.io.results import Results
from hiermeta.text.numbers import count, printed

LEFT, RIGHT, MIDDLE, HALF, BOTTOM = 130, 880, 150, 92, 262
_GOLDEN = (math.sqrt(5) - 1) / 2
_SMALLEST, _LARGEST = 3.0, 15.0


def applies(results: Results) -> bool:
    """Whether there are more estimates than the forest plot shows one by one."""
    return len(results.data) > ROWS_SHOWN


def draw(results: Results) -> style.Drawing:
    """Estimates scattered over the height where they crowd, diameters proportional to the precision 1/SE."""
    effects = np.array([row["effect"] for row in results.data])
    precision = np.array([row["variance"] for row in results.data]) ** -0.5
    pooled, new = interval(results.estimate("mu")), interval(results.prediction("new effect"))
    ends = [*effects.tolist(), *pooled, *new]
    margin = 0.03 * (max(ends) - min(ends)) or 1.0
    low, high = min(ends) - margin, max(ends) + margin

    def x(value: float) -> float:
        return float(LEFT + (RIGHT - LEFT) * (value - low) / (high - low))

    natural = 18 * (MEASURES[results.model["measure"]].transformation != "identity")
    figure, axes = style.canvas(BOTTOM + 48 + natural)
    if low < 0 < high and not results.single_group:
        axes.plot([x(0)] * 2, [34, BOTTOM], color=palette.MUTED, linewidth=1)
    largest = _LARGEST if len(effects) <= 300 else 9.0
    sizes = np.maximum(_SMALLEST, largest * precision / precision.max())
    heights = MIDDLE + HALF * _offsets(effects)
    style.dots(axes, [x(e) for e in effects], heights.tolist(), sizes.tolist(), palette.OBSERVED, 0.45)
    for limits, color, width in ((new, palette.PREDICTION, 2.5), (pooled, palette.ESTIMATE, 8)):
        axes.plot([x(limits.lower), x(limits.upper)], [MIDDLE] * 2, color=color, linewidth=width, solid_capstyle="butt")
    axes.plot([x(pooled.point)], [MIDDLE], "o", color=palette.PAPER, markeredgecolor=palette.INK, markersize=12)
    entries = [
        (palette.OBSERVED, "o", "estimate, larger when more precise"),
        (palette.ESTIMATE, "-", "pooled effect, 95% credible interval"),
        (palette.PREDICTION, "-", "95% prediction interval"),
    ]
    style.legend(figure, entries)
    axes.text(2, MIDDLE, f"k = {count(len(effects))}", va="center")
    style.axis(axes, LEFT, RIGHT, BOTTOM, style.ticked(x, low, high, 8))
    if natural:
        natural_axis.draw(axes, results, x, (low, high), BOTTOM + 25)
    label = str(results.model["measure_label"])
    y = BOTTOM + 26 + natural
    axes.text((LEFT + RIGHT) / 2, y, label[:1].upper() + label[1:], ha="center", va="top")
    return style.Drawing(figure, _description(results, effects))


def _offsets(effects: np.ndarray) -> np.ndarray:
    """Shape (k,), within [-1, 1]: an even scatter, wide where estimates are many, narrow where they are few."""
    order = np.argsort(effects, kind="stable")
    share, _ = np.histogram(effects, bins=24)
    bins = np.clip(np.digitize(effects, np.histogram_bin_edges(effects, bins=24)[1:-1]), 0, 23)
    even = np.empty(len(effects))
    even[order] = 2 * ((np.arange(len(effects)) * _GOLDEN) % 1) - 1
    return even * (0.15 + 0.85 * np.sqrt(share[bins] / share.max()))


def _description(results: Results, effects: np.ndarray) -> str:
    new = results.prediction("new effect")
    low, high = printed(new, "q2.5"), printed(new, "q97.5")
    outside = int(((effects < new["q2.5"]) | (effects > new["q97.5"])).sum())
    return (
        f"{count(len(effects))} estimates around the pooled effect. New true effects are expected between {low} and "
        f"{high}; {count(outside)} of the estimates, which carry sampling error too, "
        f"{'lies' if outside == 1 else 'lie'} outside of that interval."
    )
