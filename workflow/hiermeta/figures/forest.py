"""Forest plot: observed estimates, true effects, cluster effects, the pooled effect and the prediction interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hiermeta.data.measures import MEASURES
from hiermeta.figures import natural_axis, palette, style
from hiermeta.figures.forest_rows import (
    LINES_SHOWN,
    Interval,
    Line,
    Texts,
    collapsed,
    lines,
    natural,
    shown_interval,
    texts,
)
from hiermeta.figures.style import Drawing
from hiermeta.io.results import Results
from hiermeta.text.numbers import count, noun, printed

LINE_HEIGHT = 18
HEADER = 58
LEFT = 232
LABEL_CELLS = 34
EFFECT_END = style.WIDTH - 4
MANY_HEIGHT = 520
_CHARACTER = 6.9
"""Width of a digit in a bold column title, in pixels; a little generous."""


@dataclass(frozen=True)
class _Scale:
    """From effects to pixels; what lies outside is drawn at the edge, with an arrow."""

    low: float
    high: float
    right: float

    def __call__(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return LEFT + share * (self.right - LEFT)


@dataclass(frozen=True)
class _Columns:
    """The columns of numbers: width of a limit in characters, width of a column in pixels."""

    room: int
    width: float

    @property
    def observed_end(self) -> float:
        return EFFECT_END - self.width

    def text(self, values: Texts) -> str:
        """Point and limits, padded with figure spaces so that brackets stand below brackets."""
        point, lower, upper = values
        return f"{point} {FIGURE_SPACE * (self.room - len(lower))}[{lower}, {upper.rjust(self.room, FIGURE_SPACE)}]"


FIGURE_SPACE = "\N{FIGURE SPACE}"


def _columns(results: Results, shown: Sequence[Line]) -> _Columns:
    found = [line.texts for line in shown] + [line.observed_texts for line in shown if line.observed_texts]
    found += [texts(results, row) for row in (results.estimate("mu"), results.prediction("new effect"))]
    room = max(len(text) for values in found for text in values)
    return _Columns(room, max(_CHARACTER * (3 * room + 4), 150))


def draw(results: Results) -> Drawing:
    """The forest plot of one data set; sorted intervals without labels when there are more lines than can be read."""
    shown = lines(results, every=not collapsed(results))
    return _drawn(results, shown, labelled=len(shown) <= LINES_SHOWN)


def draw_full(results: Results) -> Drawing:
    """The forest plot with a labelled line for each estimate, however many there are."""
    return _drawn(results, lines(results, every=True), labelled=True)


def shortened(results: Results) -> bool:
    """Whether the forest plot has no line of its own for each estimate, or one without a label."""
    return collapsed(results) or len(lines(results, every=True)) > LINES_SHOWN


def _drawn(results: Results, shown: Sequence[Line], *, labelled: bool) -> Drawing:
    pooled, new = (shown_interval(results, row) for row in (results.estimate("mu"), results.prediction("new effect")))
    columns = _columns(results, shown)
    both = labelled and bool(shown[0].observed or shown[-1].observed)
    right = columns.observed_end - columns.width * both - 10
    scale = _scale(shown, pooled, new, right)
    layout = _lines if labelled else _many
    figure = layout(results, shown, scale, columns)
    return Drawing(figure, f"{describe(results)} {_marks(results, shown[0].kind, labelled=labelled)}")


def _marks(results: Results, kind: str, *, labelled: bool) -> str:
    """What is drawn how, by the kind of the first line."""
    effects = "the effects of their clusters" if kind == "cluster" else "their true effects"
    line = "The dotted line is the pooled effect."
    if not labelled:
        return (
            f"Squares are the observed estimates, dots {effects} after partial pooling with 95% credible intervals, "
            f"sorted. {line}"
        )
    at = "τ and ρ" if results.clustered else "τ"
    headings = ", diamonds the effects of clusters" if kind == "heading" else ""
    return (
        f"Squares are the observed estimates, larger with more weight in the pooled effect (at the posterior means of "
        f"{at}), dots {effects} after partial pooling{headings}. {line}"
    )


def _size(results: Results) -> str:
    """Numbers of estimates and clusters, in words."""
    k, clusters = results.model["k"], results.model["n_clusters"]
    return f"{count(k)} {noun(k, 'estimate')}" + (
        f" in {count(clusters)} {noun(clusters, 'cluster')}" if results.clustered else ""
    )


def _heterogeneity(results: Results) -> str:
    """How much true effects differ."""
    tau, share = results.quantity("tau"), results.quantity("I2")
    if not tau["sd"]:
        return f"τ = {printed(tau, 'mean')}, fixed"
    point, low, high = (printed(tau, column) for column in ("mean", "q2.5", "q97.5"))
    mean, least, most = (f"{printed(share, column)}%" for column in ("mean", "q2.5", "q97.5"))
    return f"τ = {point} [{low}, {high}], I² = {mean} [{least}, {most}]"


def describe(results: Results) -> str:
    """The pooled effect and the prediction, in words."""
    model = results.model
    near, far = (texts(results, row) for row in (results.estimate("mu"), results.prediction("new effect")))
    label = MEASURES[model["measure"]].natural_label if natural(results) else model["measure_label"]
    return (
        f"Forest plot of {_size(results)}. The pooled {label} is {near[0]}, "
        f"95% credible interval {near[1]} to {near[2]}. A new true effect is predicted to lie between "
        f"{far[1]} and {far[2]}."
    )


def _scale(shown: Sequence[Line], pooled: Interval, new: Interval, right: float) -> _Scale:
    """Room for every point, true effect and the prediction; confidence intervals may reach beyond by half of that."""
    points = [value for line in shown for value in (*line.effect, *(dot for dot, _ in line.dots))]
    points += [line.observed.point for line in shown if line.observed] + [*pooled, *new, 0.0]
    low, high = min(points), max(points)
    reach = 0.5 * (high - low)
    ends = [value for line in shown if line.observed for value in line.observed]
    low, high = max(min([low, *ends]), low - reach), min(max([high, *ends]), high + reach)
    margin = 0.02 * (high - low) or 1.0
    return _Scale(low - margin, high + margin, right)


def _lines(results: Results, shown: Sequence[Line], scale: _Scale, columns: _Columns) -> Figure:
    figure, axes = _frame(results, shown, scale, columns, LINE_HEIGHT * len(shown), labelled=True)
    placed = [(line, HEADER + LINE_HEIGHT * (position + 0.5)) for position, line in enumerate(shown)]
    for line, y in placed:
        _words(axes, line, y, scale, columns)
    rows = [(line, y) for line, y in placed if line.kind != "heading"]
    observed = [(line.observed, line.weight, y - 3) for line, y in rows if line.observed]
    _whiskers(axes, [(values, y) for values, _, y in observed], scale, palette.OBSERVED, 1.2)
    _squares(axes, [(values.point, weight, y) for values, weight, y in observed], scale, (9, 55), 1.0)
    _squares(axes, [(dot, weight, y - 3) for line, y in rows for dot, weight in line.dots], scale, (7, 40), 0.55)
    _whiskers(axes, [(line.effect, y + 3.5) for line, y in rows], scale, rows[0][0].color, 1.8)
    points = [scale(line.effect.point) for line, _ in rows]
    style.dots(axes, points, [y + 3.5 for _, y in rows], [4.5] * len(rows), rows[0][0].color)
    return figure


def _frame(
    results: Results, shown: Sequence[Line], scale: _Scale, columns: _Columns, height: float, *, labelled: bool
) -> tuple[Figure, Axes]:
    """Everything but the lines themselves, for which there are `height` pixels below the header."""
    bottom = HEADER + height
    figure, axes = style.canvas(bottom + 2 * LINE_HEIGHT + 92 + _below(results))
    _backdrop(axes, scale, results, bottom + 2 * LINE_HEIGHT + 16)
    _header(axes, results, shown, columns if labelled else None)
    axes.plot([0, style.WIDTH], [bottom + 3] * 2, color=palette.RULE, linewidth=1)
    _totals(axes, results, scale, columns, bottom + 8)
    below = bottom + 2 * LINE_HEIGHT + 76 + _below(results)
    axes.text(2, below, f"{_size(results)}: {_heterogeneity(results)}", va="center", fontsize=style.SMALL)
    return figure, axes


def _below(results: Results) -> int:
    """Pixels that a second scale and direction labels take below the axis."""
    second = MEASURES[results.model["measure"]].transformation != "identity" and not natural(results)
    return 18 * second + 18 * bool(results.model.get("direction"))


def _direction(axes: Axes, results: Results, scale: _Scale, y: float) -> None:
    """What effects to the left and to the right of zero mean, in the user's words."""
    left, right = (style.shorten(str(text), 32) for text in results.model["direction"])
    middle = scale(0.0)
    if not LEFT + 120 < middle < scale.right - 120:
        middle = (LEFT + scale.right) / 2
    axes.text(middle - 10, y, f"← {left}", ha="right", va="top", fontsize=style.SMALL)
    axes.text(middle + 10, y, f"{right} →", ha="left", va="top", fontsize=style.SMALL)


def _backdrop(axes: Axes, scale: _Scale, results: Results, bottom: float) -> None:
    """Axis, zero line and the pooled effect as a dotted line."""
    label, top, limits = results.model["measure_label"], HEADER - 8, (scale.low, scale.high)
    y = bottom + 26
    if natural(results):
        label = natural_axis.label(results.model["measure"])
        style.axis(axes, LEFT, scale.right, bottom, natural_axis.labelled(results.model["measure"], scale, limits))
    else:
        style.axis(axes, LEFT, scale.right, bottom, style.ticked(scale, *limits))
        if natural_axis.draw(axes, results, scale, limits, bottom + 25):
            y += 18
    if results.model.get("direction"):
        _direction(axes, results, scale, y - 2)
        y += 18
    axes.text((LEFT + scale.right) / 2, y, label[:1].upper() + label[1:], ha="center", va="top")
    if scale.low < 0 < scale.high:
        axes.plot([scale(0)] * 2, [top, bottom], color=palette.MUTED, linewidth=1)
    axes.plot(
        [scale(results.estimate("mu")["mean"])] * 2, [top, bottom], color=palette.ESTIMATE, linewidth=1, dashes=(2, 3)
    )


def _header(axes: Axes, results: Results, shown: Sequence[Line], columns: _Columns | None) -> None:
    """Legend, and titles of the columns where lines have labels and numbers."""
    by_estimate = shown[0].kind != "cluster"
    color = palette.ESTIMATE if by_estimate else palette.BETWEEN
    axes.scatter([LEFT + 4], [14], s=46, marker="s", color=palette.OBSERVED)
    axes.text(
        LEFT + 14, 14, "observed, 95% CI" if by_estimate and columns else "observed", va="center", fontsize=style.SMALL
    )
    axes.plot([LEFT + 128, LEFT + 144], [14, 14], color=color, linewidth=2)
    axes.scatter([LEFT + 136], [14], s=26, color=color)
    name = "true effect, 95% CrI" if by_estimate else "cluster effect, 95% CrI"
    axes.text(LEFT + 150, 14, name, va="center", fontsize=style.SMALL)
    if shown[0].kind == "heading":
        _diamond(axes, LEFT + 276, LEFT + 292, LEFT + 284, 14, 5, palette.BETWEEN)
        axes.text(LEFT + 298, 14, "cluster", va="center", fontsize=style.SMALL)
    if natural(results):
        text = f"as {MEASURES[results.model['measure']].natural_label}"
        axes.text(EFFECT_END, 14, text, ha="right", va="center", fontsize=style.SMALL)
    if columns is None:
        return
    first = "Estimate" if by_estimate else f"{results.model.get('cluster_column') or 'Cluster'} (estimates)"
    axes.text(2, 36, style.shorten(first, LABEL_CELLS), va="center", fontweight="bold")
    if by_estimate:
        axes.text(
            columns.observed_end,
            36,
            "Observed [95% CI]",
            ha="right",
            va="center",
            fontweight="bold",
            fontsize=style.SMALL,
        )
    heading = "True effect [95% CrI]" if by_estimate else "Effect [95% CrI]"
    axes.text(EFFECT_END, 36, heading, ha="right", va="center", fontweight="bold", fontsize=style.SMALL)


def _words(axes: Axes, line: Line, y: float, scale: _Scale, columns: _Columns) -> None:
    """Label and numbers of a line, and the diamond of a cluster's heading."""
    heading = line.kind == "heading"
    weight = "bold" if heading else "normal"
    x = 12 if line.observed and not heading else 2
    axes.text(x, y, style.shorten(line.label, LABEL_CELLS), va="center", fontweight=weight, fontsize=style.SMALL)
    if heading:
        point, lower, upper = (scale(value) for value in line.effect)
        _diamond(axes, lower, upper, point, y, 5, palette.BETWEEN)
    elif line.observed_texts:
        _numbers(axes, columns.observed_end, y, columns.text(line.observed_texts))
    _numbers(axes, EFFECT_END, y, columns.text(line.texts), weight)


def _totals(axes: Axes, results: Results, scale: _Scale, columns: _Columns, top: float) -> None:
    mu, new = results.estimate("mu"), results.prediction("new effect")
    y = top + LINE_HEIGHT / 2
    axes.text(2, y, "Pooled effect μ", va="center", fontweight="bold")
    x = [scale(value) for value in shown_interval(results, mu)]
    _diamond(axes, x[1], x[2], x[0], y, 6.5, palette.ESTIMATE)
    _numbers(axes, EFFECT_END, y, columns.text(texts(results, mu)), "bold")
    y += LINE_HEIGHT
    axes.text(
        2,
        y,
        "Prediction, new cluster" if results.clustered else "Prediction, new study",
        va="center",
        fontweight="bold",
    )
    axes.plot(
        [scale(new["q2.5"]), scale(new["q97.5"])], [y, y], color=palette.PREDICTION, linewidth=5, solid_capstyle="butt"
    )
    _numbers(axes, EFFECT_END, y, columns.text(texts(results, new)), "bold")


def _numbers(axes: Axes, end: float, y: float, text: str, weight: str = "normal") -> None:
    axes.text(end, y, text, ha="right", va="center", fontsize=style.SMALL, fontweight=weight)


def _whiskers(axes: Axes, intervals: Sequence[tuple[Interval, float]], scale: _Scale, color: str, width: float) -> None:
    """Intervals at their heights, as one path; arrows where they go on outside the axis."""
    lower, upper = [scale(values.lower) for values, _ in intervals], [scale(values.upper) for values, _ in intervals]
    style.segments(axes, lower, upper, [y for _, y in intervals], color, width)
    for values, y in intervals:
        for end, marker, outside in (
            (values.lower, 4, values.lower < scale.low),
            (values.upper, 5, values.upper > scale.high),
        ):
            if outside:
                axes.plot([scale(end)], [y], marker=marker, markersize=6, color=color)


def _squares(
    axes: Axes,
    points: Sequence[tuple[float, float, float]],
    scale: _Scale,
    area: tuple[float, float],
    alpha: float,
) -> None:
    """Observed estimates (value, weight, height) as squares, whose area grows with the weight."""
    sizes = [math.sqrt(area[0] + area[1] * weight) for _, weight, _ in points]
    x, y = [scale(value) for value, _, _ in points], [height for _, _, height in points]
    style.dots(axes, x, y, sizes, palette.OBSERVED, alpha, square=True)


def _diamond(axes: Axes, left: float, right: float, middle: float, y: float, half: float, color: str) -> None:
    axes.fill([left, middle, right, middle], [y, y - half, y, y + half], color=color, linewidth=0)


def _many(results: Results, shown: Sequence[Line], scale: _Scale, columns: _Columns) -> Figure:
    """Sorted true effects with their intervals, observed estimates as squares behind them; labels are in the table."""
    figure, axes = _frame(results, shown, scale, columns, MANY_HEIGHT, labelled=False)
    ordered = sorted(shown, key=lambda line: line.effect.point)
    step = MANY_HEIGHT / len(ordered)
    y = [HEADER + step * (position + 0.5) for position in range(len(ordered))]
    lower = [scale(line.effect.lower) for line in ordered]
    upper = [scale(line.effect.upper) for line in ordered]
    axes.hlines(y, lower, upper, color=ordered[0].color, linewidth=min(1.5, 0.8 * step), alpha=0.35)
    dots = [(scale(x), at) for line, at in zip(ordered, y, strict=True) for x, _ in line.dots]
    dots += [(scale(line.observed.point), at) for line, at in zip(ordered, y, strict=True) if line.observed]
    size = max(2.0, min(9.0, 3 * step))
    x, at = zip(*dots, strict=True)
    style.dots(axes, x, at, [size**0.5] * len(x), palette.OBSERVED, square=True)
    style.dots(axes, [scale(line.effect.point) for line in ordered], y, [size**0.5] * len(y), ordered[0].color)
    noun = "clusters" if results.clustered else "estimates"
    axes.text(2, HEADER + 8, f"{count(len(shown))} {noun},", va="center")
    axes.text(2, HEADER + 26, "sorted by true effect", va="center")
    return figure
