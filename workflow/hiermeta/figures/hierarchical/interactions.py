"""How the effect of one predictor depends on another: predicted lines at values of the second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.hierarchical import along
from hiermeta.figures.hierarchical.layout import response, ticks
from hiermeta.figures.numbers import as_written, significant
from hiermeta.figures.results import Results

HEIGHT, SHOWN, LEVELS = 310, 4, 4
_LINES = (
    (palette.PRIOR, (4, 2)),
    (palette.ESTIMATE, ()),
    (palette.BETWEEN, (1, 1.5)),
    (palette.PREDICTION, (6, 2, 1, 2)),
)


class Pair(NamedTuple):
    """A predictor on the axis, another one, and that one's values by what they are called."""

    x: str
    other: str
    values: Mapping[str, Any]


def pairs(results: Results) -> list[Pair]:
    """Interactions of two predictors of which one is numeric; the one that varies within clusters is on the axis."""
    if not results.marginal_means or not any(":" in name for name in results.model["coefficients"]):
        return []
    numeric, levels = set(along.predictors(results)), results.model["levels"]
    found = []
    for term in along.fit(results).model.designs.fixed.formula.terms:
        columns = list(dict.fromkeys(column for piece in term for column in piece.columns))
        axis = [column for column in columns if column in numeric and len(along.reach(results, column)) > 2]
        if len(columns) == 2 and axis:
            x = next((column for column in axis if levels.get(column) == "within"), axis[0])
            other = next(column for column in columns if column != x)
            found.append(Pair(x, other, _values(results, other)))
    return found[:SHOWN]


def _values(results: Results, column: str) -> dict[str, Any]:
    """Levels of a factor, both values of a binary predictor, or one SD below and above the mean of a numeric one."""
    factors = along.fit(results).model.designs.factors
    if column in factors:
        return {str(level): level for level in factors[column][:LEVELS]}
    observed = np.asarray(results.table[column], float)
    distinct = np.unique(observed)
    if len(distinct) <= 2:
        return {as_written(value): value for value in distinct.tolist()}
    mean, sd = float(observed.mean()), float(observed.std(ddof=1))
    return {
        f"{significant(mean + sign * sd, 2)} ({word}1 SD)": mean + sign * sd for sign, word in ((-1, "−"), (1, "+"))
    }


def draw(results: Results) -> style.Drawing:
    """One panel per interaction."""
    found = pairs(results)
    figure, panels = style.grid(HEIGHT, len(found), min(len(found), 2), left=72, top=52, bottom=54)
    texts, rows = [], []
    for axes, pair in zip(panels, found, strict=True):
        curves = [
            along.curve(results, pair.x, {pair.other: value}, f"{pair.other} = {level}")
            for level, value in pair.values.items()
        ]
        _panel(axes, pair, curves)
        axes.set_ylabel(style.shorten(response(results), 40))
        rows += [row for curve in curves for row in curve.rows()]
        ends = " and ".join(
            f"from {significant(float(curve.mean[0]), 3)} to {significant(float(curve.mean[-1]), 3)} at "
            f"{style.shorten(curve.level, 40)}"
            for curve in (curves[0], curves[-1])
        )
        texts.append(f"Along {style.shorten(pair.x, 40)} the {response(results)} goes {ends}.")
    return style.Drawing(figure, "Interactions", " ".join(texts), rows)


def _panel(axes: Axes, pair: Pair, curves: list[along.Curve]) -> None:
    for (color, dashes), curve, level in zip(_LINES, curves, pair.values, strict=False):
        axes.fill_between(curve.x, curve.lower, curve.upper, color=color, alpha=0.15, linewidth=0)
        line = axes.plot(curve.x, curve.mean, color=color, linewidth=2, label=style.shorten(level, 24))[0]
        if dashes:
            line.set_dashes(dashes)
    ticks(axes)
    axes.set_xlabel(style.shorten(pair.x, 50))
    axes.legend(
        title=style.shorten(pair.other, 30), loc="lower left", bbox_to_anchor=(0, 1), ncols=len(curves), frameon=False,
        fontsize=style.SMALL, title_fontsize=style.SMALL, handlelength=2.4, borderaxespad=0.1,
    )  # fmt: skip
