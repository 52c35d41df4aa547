"""Bubble plot: estimates against a numeric moderator, with the mean effect and new effects along it."""

from __future__ import annotations

from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.forest_rows import weights
from hiermeta.figures.marginal_means import ends
from hiermeta.inference import along_moderators
from hiermeta.inference.along_moderators import Curve
from hiermeta.io.results import Results

HEIGHT = 380


def moderators(results: Results) -> list[str]:
    """The numeric moderators of the mean."""
    return along_moderators.numeric(results.marginal_means)


def draw(results: Results) -> style.Drawing:
    """One panel per numeric moderator: bubbles sized by weight, the mean with its credible and prediction bands."""
    names = moderators(results)
    found = [along_moderators.effect(results, name) for name in names]
    columns = 1 if len(names) == 1 else 2
    figure, panels = style.grid(HEIGHT, len(names), columns, left=64, top=44, bottom=54)
    for axes, curve in zip(panels, found, strict=True):
        _panel(axes, results, curve)
    style.legend(
        figure,
        [
            (palette.OBSERVED, "o", "estimate, larger with more weight"),
            (palette.ESTIMATE, "-", "mean effect, 95% credible band"),
            (palette.PREDICTION, "--", "95% prediction band"),
        ],
    )
    rows = [row for curve in found for row in curve.rows()]
    return style.Drawing(figure, _description(results, names), rows)


def _panel(axes: Axes, results: Results, curve: Curve) -> None:
    x, data = along_moderators.values(results, curve.moderator), results.data
    weight = dict(zip((row["row"] for row in results.true_effects), weights(results), strict=True))
    largest = 17 if len(data) <= 300 else 9
    y = [row["effect"] for row in data]
    if not results.single_group:
        axes.axhline(0, color=palette.MUTED, linewidth=1)
    sizes = [largest * max(weight[row["row"]], 0.03) ** 0.5 for row in data]
    style.dots(axes, x.tolist(), y, sizes, palette.OBSERVED, 0.6)
    if curve.new is not None:
        for limit in curve.new:
            axes.plot(curve.x, limit, color=palette.PREDICTION, linewidth=1.2, dashes=(5, 3))
    axes.fill_between(curve.x, curve.lower, curve.upper, color=palette.ESTIMATE, alpha=0.18, linewidth=0)
    axes.plot(curve.x, curve.mean, color=palette.ESTIMATE, linewidth=2)
    style.numeric_axes(axes)
    axes.set_xlabel(style.shorten(curve.moderator, 50))
    label = str(results.model["measure_label"])
    axes.set_ylabel(label[:1].upper() + label[1:])


def _description(results: Results, names: list[str]) -> str:
    return "The other moderators stay as they are in the data. " + " ".join(_finding(results, name) for name in names)


def _finding(results: Results, name: str) -> str:
    return f"Along {style.shorten(name, 40)}, the mean effect is {' and '.join(ends(results.marginal_means, name))}."
