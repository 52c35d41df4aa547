"""The expected outcome along each numeric predictor, and where a new cluster is to be expected."""

from __future__ import annotations

from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.regression import in_a_sentence, linear, response
from hiermeta.inference.hierarchical import along
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import with_limits

HEIGHT = 300


def draw(results: Results) -> style.Drawing:
    """One panel per predictor, with the other predictors as they are in the data."""
    names = along.predictors(results)
    found = [along.curve(results, name, {}) for name in names]
    figure, panels = style.grid(HEIGHT, len(names), min(len(names), 2), left=72, top=44, bottom=54)
    for axes, curve in zip(panels, found, strict=True):
        _panel(axes, curve, typical=not linear(results))
        axes.set_xlabel(style.shorten(curve.predictor, 50))
        axes.set_ylabel(style.shorten(response(results), 40))
    first = "mean" if linear(results) else "averaged over clusters"
    entries = [(palette.ESTIMATE, "-", f"{first}, 95% credible band")]
    if not linear(results):
        entries.append((palette.BETWEEN, ":", "typical cluster"))
    entries.append((palette.PREDICTION, "--", "95% of new clusters"))
    style.legend(figure, entries)
    rows = [row for curve in found for row in curve.rows()]
    text = "The other predictors stay as they are in the data. " + " ".join(_finding(results, name) for name in names)
    return style.Drawing(figure, "Predictions along the predictors", text, rows)


def _panel(axes: Axes, curve: along.Curve, *, typical: bool) -> None:
    two = len(curve.x) == 2
    if two:
        low, high = curve.x
        axes.vlines(curve.x, *curve.new, color=palette.PREDICTION, linewidth=1.2, linestyles=(0, (5, 3)))
        axes.vlines(curve.x, curve.lower, curve.upper, color=palette.ESTIMATE, linewidth=3)
        style.dots(axes, curve.x.tolist(), curve.mean.tolist(), [8, 8], palette.ESTIMATE)
        if typical:
            axes.plot(curve.x, curve.typical, "_", color=palette.BETWEEN, markersize=14, markeredgewidth=2)
        axes.set_xlim(low - 0.5 * (high - low), high + 0.5 * (high - low))
    else:
        for limit in curve.new:
            axes.plot(curve.x, limit, color=palette.PREDICTION, linewidth=1.2, dashes=(5, 3))
        axes.fill_between(curve.x, curve.lower, curve.upper, color=palette.ESTIMATE, alpha=0.18, linewidth=0)
        axes.plot(curve.x, curve.mean, color=palette.ESTIMATE, linewidth=2)
        if typical:
            axes.plot(curve.x, curve.typical, color=palette.BETWEEN, linewidth=1.8, dashes=(1, 2))
    style.numeric_axes(axes, "y" if two else "xy")
    if two:
        axes.set_xticks(curve.x, [f"{value:g}".replace("-", "−") for value in curve.x])


def _finding(results: Results, name: str) -> str:
    levels: dict[str, Row] = {row["level"]: row for row in results.marginal_means if row["moderator"] == name}
    texts = [with_limits(row) for row in (levels["-1 SD"], levels["+1 SD"])]
    return (
        f"From one standard deviation below the mean of {style.shorten(name, 40)} to one above it, "
        f"{in_a_sentence(results)} goes from {texts[0]} to {texts[1]}."
    )
