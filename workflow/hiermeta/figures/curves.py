"""The expected outcome along each numeric predictor, and where a new cluster is to be expected."""

from __future__ import annotations

from matplotlib.axes import Axes

from hiermeta.figures import observations, palette, style
from hiermeta.figures.marginal_means import ends
from hiermeta.figures.regression import in_a_sentence, linear, response
from hiermeta.inference.hierarchical import along
from hiermeta.io.results import Results

HEIGHT = 300


def draw(results: Results) -> style.Drawing:
    """One panel per predictor, with the other predictors as they are in the data."""
    names = along.predictors(results)
    found = [along.curve(results, name, {}) for name in names]
    figure, panels = style.grid(HEIGHT, len(names), min(len(names), 2), left=72, top=44, bottom=54)
    for axes, curve in zip(panels, found, strict=True):
        observations.draw(axes, results, curve.predictor, curve.x)
        _panel(axes, curve, typical=not linear(results))
        axes.set_xlabel(style.shorten(curve.predictor, 50))
        axes.set_ylabel(style.shorten(response(results), 40))
    first = "mean" if linear(results) else "averaged over clusters"
    entries = [(palette.ESTIMATE, "-", f"{first}, 95% credible band")]
    if not linear(results):
        entries.append((palette.INK, ":", "typical cluster"))
    entries += [(palette.PREDICTION, "--", "95% of new clusters"), observations.entry(results)]
    style.legend(figure, entries)
    rows = [row for curve in found for row in curve.rows()]
    text = "The other predictors stay as they are in the data. " + " ".join(_finding(results, name) for name in names)
    text += f" {observations.said(results)}"
    return style.Drawing(figure, text, rows)


def _panel(axes: Axes, curve: along.Curve, *, typical: bool) -> None:
    for limit in curve.new:
        axes.plot(curve.x, limit, color=palette.PREDICTION, linewidth=1.2, dashes=(5, 3))
    axes.fill_between(curve.x, curve.lower, curve.upper, color=palette.ESTIMATE, alpha=0.18, linewidth=0)
    axes.plot(curve.x, curve.mean, color=palette.ESTIMATE, linewidth=2)
    if typical:
        axes.plot(curve.x, curve.typical, color=palette.INK, linewidth=1.8, dashes=(1, 2))
    style.numeric_axes(axes)


def _finding(results: Results, name: str) -> str:
    first, last = ends(results.marginal_means, name)
    return f"Along {style.shorten(name, 40)}, {in_a_sentence(results)} goes from {first} to {last}."
