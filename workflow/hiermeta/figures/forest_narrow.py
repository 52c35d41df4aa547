"""The forest plot as a phone has room for it: each label and its numbers above its interval, clusters in one line."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.axes import Axes

from hiermeta.data.measures import MEASURES
from hiermeta.figures import forest, natural_axis, palette, style
from hiermeta.figures.forest_rows import ROWS_SHOWN, Interval, Line, Texts, lines, natural, shown_interval, texts
from hiermeta.figures.style import Drawing
from hiermeta.io.results import Results

WIDTH = 380
LINE_HEIGHT = 38
HEADER = 28
_CHARACTER = 7.2
"""Width of a character in pixels; a little generous."""
_EDGE = 8


def applies(results: Results) -> bool:
    """Whether there are as few lines as anybody scrolls through."""
    return len(lines(results, every=False)) <= ROWS_SHOWN


def draw(results: Results) -> Drawing:
    """Clusters, or estimates where there are none, then the pooled effect and the prediction."""
    shown = lines(results, every=False)
    mu, new = results.estimate("mu"), results.prediction("new effect")
    pooled, expected = shown_interval(results, mu), shown_interval(results, new)
    bottom = HEADER + LINE_HEIGHT * (len(shown) + 2) + 8
    ratio = MEASURES[results.model["measure"]].transformation != "identity"
    height = bottom + 46 + 18 * ratio
    figure = style.new_figure(height, WIDTH)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    axes.set_axis_off()

    dots = [[*line.dots, *([(line.observed.point, line.weight)] if line.observed else [])] for line in shown]
    points = [value for line in shown for value in line.effect] + [value for row in dots for value, _ in row]
    low, high = min(0.0, *points, *pooled, *expected), max(0.0, *points, *pooled, *expected)

    def x(value: float) -> float:
        return _EDGE + (value - low) / ((high - low) or 1.0) * (WIDTH - 2 * _EDGE)

    _axis(axes, results, x, (low, high), bottom)
    heights = [HEADER + LINE_HEIGHT * (position + 0.66) for position in range(len(shown) + 2)]
    for line, row, y in zip(shown, dots, heights, strict=False):
        _label(axes, line.label, line.texts, y, "normal")
        sizes = [3 + 5 * weight**0.5 for _, weight in row]
        style.dots(axes, [x(value) for value, _ in row], [y] * len(row), sizes, palette.OBSERVED, 0.55, square=True)
    _intervals(axes, shown, x, heights)
    _label(axes, "Pooled effect μ", texts(results, mu), heights[-2], "bold")
    point, lower, upper = (x(value) for value in pooled)
    y = heights[-2]
    axes.fill([lower, point, upper, point], [y, y - 6, y, y + 6], color=palette.ESTIMATE, linewidth=0)
    _label(axes, f"New {'cluster' if results.clustered else 'study'}", texts(results, new), heights[-1], "bold")
    style.segments(axes, [x(expected.lower)], [x(expected.upper)], [heights[-1]], palette.PREDICTION, 5)
    return Drawing(figure, forest.describe(results))


def _axis(
    axes: Axes, results: Results, x: Callable[[float], float], limits: tuple[float, float], bottom: float
) -> None:
    """What the marks are, zero, the pooled effect as a dotted line, and the axis with its label."""
    model = results.model
    what, color = ("cluster", palette.BETWEEN) if results.clustered else ("true", palette.ESTIMATE)
    entries = [("s", palette.OBSERVED, "observed"), ("o", color, f"{what} effect, 95% CrI")]
    for (marker, color, text), left in zip(entries, (8, 92), strict=True):
        axes.plot([left], [12], marker=marker, markersize=6, color=color)
        axes.text(left + 9, 12, text, va="center", fontsize=style.SMALL)
    if natural(results):
        label = f"as {MEASURES[model['measure']].natural_label}"
        axes.text(WIDTH - 2, 12, label, ha="right", va="center", fontsize=style.SMALL)
    pooled = x(shown_interval(results, results.estimate("mu")).point)
    axes.plot([x(0.0)] * 2, [HEADER, bottom], color=palette.RULE, linewidth=1)
    axes.plot([pooled] * 2, [HEADER, bottom], color=palette.ESTIMATE, linewidth=1, dashes=(2, 3))
    y, label = bottom + 26, model["measure_label"]
    if natural(results):
        label = natural_axis.label(model["measure"])
        style.axis(axes, _EDGE, WIDTH - _EDGE, bottom, natural_axis.labelled(model["measure"], x, limits))
    else:
        style.axis(axes, _EDGE, WIDTH - _EDGE, bottom, style.ticked(x, *limits, count=5))
        if natural_axis.draw(axes, results, x, limits, y):
            y += 18
    axes.text(WIDTH / 2, y, label, ha="center", va="top", fontsize=style.SMALL)


def _label(axes: Axes, label: str, values: Texts, y: float, weight: str) -> None:
    numbers = f"{values[0]} [{values[1]}, {values[2]}]"
    above = y - 0.42 * LINE_HEIGHT
    axes.text(
        2, above, style.shorten(label, int(WIDTH / _CHARACTER) - len(numbers) - 2), va="center", fontweight=weight
    )
    axes.text(WIDTH - 2, above, numbers, ha="right", va="center", fontweight=weight)


def _intervals(axes: Axes, shown: list[Line], x: Callable[[float], float], heights: list[float]) -> None:
    found: list[Interval] = [line.effect for line in shown]
    y = heights[: len(shown)]
    style.segments(axes, [x(e.lower) for e in found], [x(e.upper) for e in found], y, shown[0].color, 2)
    style.dots(axes, [x(e.point) for e in found], y, [6.0] * len(found), shown[0].color)
