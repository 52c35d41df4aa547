"""All data sets side by side: pooled effects with credible and prediction intervals, one panel per measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.forest_rows import Interval

LEFT, RIGHT, STEP, GAP = 250, 880, 20, 62
LABELLED = 80
"""Panels with more data sets go without labels."""
_MANY_HEIGHT = 900


@dataclass(frozen=True)
class Entry:
    """One data set: its name, measure, pooled effect and prediction interval (effect scale)."""

    name: str
    measure: str
    pooled: Interval
    prediction: Interval


def draw(entries: Sequence[Entry]) -> style.Drawing:
    """Effects of different measures are not comparable, so each measure has its own axis."""
    measures = list(dict.fromkeys(entry.measure for entry in entries))
    groups = [
        (measure, sorted((e for e in entries if e.measure == measure), key=lambda e: e.pooled.point))
        for measure in measures
    ]
    heights = [min(STEP, _MANY_HEIGHT / len(group)) * len(group) for _, group in groups]
    figure, axes = style.canvas(30 + sum(heights) + GAP * len(groups))
    top = 30.0
    _legend(axes)
    for (measure, group), height in zip(groups, heights, strict=True):
        _panel(axes, measure, group, top, height)
        top += height + GAP
    text = f"Pooled effects of {len(entries)} data sets with 95% credible and prediction intervals, smallest first."
    return style.Drawing(figure, text)


def _legend(axes: Axes) -> None:
    axes.plot([LEFT, LEFT + 22], [10, 10], color=palette.ESTIMATE, linewidth=2.4)
    axes.plot([LEFT + 11], [10], "o", color=palette.ESTIMATE, markersize=6)
    axes.text(LEFT + 30, 10, "pooled effect, 95% credible interval", va="center", fontsize=style.SMALL)
    axes.plot([LEFT + 270, LEFT + 292], [10, 10], color=palette.PREDICTION, linewidth=1)
    axes.text(LEFT + 300, 10, "95% prediction interval", va="center", fontsize=style.SMALL)


def _panel(axes: Axes, measure: str, group: Sequence[Entry], top: float, height: float) -> None:
    values = [value for entry in group for value in (*entry.pooled, *entry.prediction)] + [0.0]
    low, high = min(values), max(values)
    margin = 0.03 * (high - low) or 1.0
    low, high = low - margin, high + margin

    def x(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (value - low) / (high - low)

    bottom, step = top + height, height / len(group)
    axes.plot([x(0)] * 2, [top, bottom], color=palette.MUTED, linewidth=1)
    y = [top + step * (position + 0.5) for position in range(len(group))]
    for intervals, color, width in (
        ([e.prediction for e in group], palette.PREDICTION, 1.0),
        ([e.pooled for e in group], palette.ESTIMATE, min(2.4, 0.6 * step)),
    ):
        style.segments(axes, [x(i.lower) for i in intervals], [x(i.upper) for i in intervals], y, color, width)
    style.dots(axes, [x(e.pooled.point) for e in group], y, [max(0.5, min(6.0, step))] * len(group), palette.ESTIMATE)
    if len(group) <= LABELLED:
        for entry, at in zip(group, y, strict=True):
            axes.text(2, at, style.shorten(entry.name, 36), va="center", fontsize=style.SMALL)
    style.axis(axes, LEFT, RIGHT, bottom, style.ticked(x, low, high, 8), measure[:1].upper() + measure[1:])
