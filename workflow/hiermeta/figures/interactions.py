"""How the effect of one predictor depends on another: lines at values of the second."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from hiermeta.data.formula import Piece
from hiermeta.figures import palette, style
from hiermeta.figures.regression import response
from hiermeta.inference import along_moderators
from hiermeta.inference.along_moderators import Mask
from hiermeta.inference.hierarchical import along
from hiermeta.inference.marginal_means import points
from hiermeta.io.results import Results
from hiermeta.models.meta import of_results, user_table
from hiermeta.text.numbers import as_written, significant

Array = npt.NDArray[np.float64]
HEIGHT, SHOWN, LEVELS = 310, 4, 4
_LINES = (
    (palette.PRIOR, (4, 2)),
    (palette.ESTIMATE, ()),
    (palette.BETWEEN, (1, 1.5)),
    (palette.PREDICTION, (6, 2, 1, 2)),
)


class Pair(NamedTuple):
    """A moderator on the axis, another one, that one's values by what they are called, and the rows near each value."""

    x: str
    other: str
    values: Mapping[str, Any]
    near: Sequence[Mask]


class Band(Protocol):
    """A line with 95% limits, shapes (g,)."""

    @property
    def x(self) -> Array: ...
    @property
    def mean(self) -> Array: ...
    @property
    def lower(self) -> Array: ...
    @property
    def upper(self) -> Array: ...


def columns_of(term: Sequence[Piece]) -> list[str]:
    """The columns that a term multiplies."""
    return list(dict.fromkeys(column for piece in term for column in piece.columns))


def values(factors: Mapping[str, Sequence[str]], column: str, observed: Collection[float]) -> dict[str, Any]:
    """Levels of a factor, both values of a binary moderator, or the lower and upper `points` of a numeric one."""
    if column in factors:
        return {str(level): level for level in factors[column][:LEVELS]}
    found = points(list(observed))
    if len(found) == 2:
        return {as_written(value): value for _, value in found}
    return {f"{significant(value, 2)} ({label.replace('-', '−')})": value for label, value in (found[0], found[-1])}


def near(values: Mapping[str, Any], observed: Collection[Any]) -> list[Mask]:
    """Per value, the rows that have it, or that are nearer to it than to the other ones, shapes (N,)."""
    wanted, rows = list(values.values()), list(observed)
    if isinstance(wanted[0], str):
        return [np.array([str(row) == value for row in rows]) for value in wanted]
    distances = np.abs(np.subtract.outer(np.array(wanted, float), np.array(rows, float)))
    return [distances.argmin(axis=0) == i for i in range(len(wanted))]


def pairs(results: Results) -> list[Pair]:
    """Interactions of two moderators of which one is numeric."""
    numeric = along_moderators.numeric(results.marginal_means)
    design = of_results(results).moderators if numeric else None
    if design is None:
        return []
    found = []
    for term in design.formula.terms:
        columns = columns_of(term)
        axis = [column for column in columns if column in numeric]
        if len(columns) == 2 and axis:
            other = next(column for column in columns if column != axis[0])
            observed = user_table(results.table)[other]
            levels = values(design.factors, other, observed)
            found.append(Pair(axis[0], other, levels, near(levels, observed)))
    return found[:SHOWN]


def draw(results: Results) -> style.Drawing:
    """One panel per interaction of moderators of the mean effect."""
    found = pairs(results)
    label = str(results.model["measure_label"])
    figure, panels = style.grid(HEIGHT, len(found), min(len(found), 2), left=72, top=52, bottom=54)
    texts, rows = [], []
    for axes, pair in zip(panels, found, strict=True):
        lines = [
            along_moderators.effect(results, pair.x, {pair.other: value}, rows_near)
            for value, rows_near in zip(pair.values.values(), pair.near, strict=True)
        ]
        x, y = along_moderators.values(results, pair.x), results.table["effect"].to_numpy()
        for (color, _), rows_near in zip(_LINES, pair.near, strict=False):
            shown = x[rows_near].tolist()
            style.dots(axes, shown, y[rows_near].tolist(), [5] * len(shown), color, 0.5)
        panel(axes, pair, lines)
        axes.set_ylabel(style.shorten(label[:1].upper() + label[1:], 40))
        for level, line in zip(pair.values, lines, strict=True):
            rows += [{"other": pair.other, "level": level} | row for row in line.rows()]
        texts.append(finding(pair, lines, f"mean {label}"))
    return style.Drawing(figure, " ".join(texts), rows)


def panel(axes: Axes, pair: Pair, lines: Sequence[Band]) -> None:
    """Draw a line with its band for each value of the other moderator, a point where it was seen at one place only."""
    for (color, dashes), band, level in zip(_LINES, lines, pair.values, strict=False):
        axes.fill_between(band.x, band.lower, band.upper, color=color, alpha=0.15, linewidth=0)
        line = axes.plot(band.x, band.mean, color=color, linewidth=2, label=style.shorten(level, 24))[0]
        if dashes:
            line.set_dashes(dashes)
        if band.x[0] == band.x[-1]:
            axes.vlines(band.x[:1], band.lower[:1], band.upper[:1], color=color, linewidth=2)
            style.dots(axes, band.x[:1].tolist(), band.mean[:1].tolist(), [8], color)
    style.numeric_axes(axes)
    axes.set_xlabel(style.shorten(pair.x, 50))
    axes.legend(
        title=style.shorten(pair.other, 30), loc="lower left", bbox_to_anchor=(0, 1), ncols=len(lines), frameon=False,
        fontsize=style.SMALL, title_fontsize=style.SMALL, handlelength=2.4, borderaxespad=0.1,
    )  # fmt: skip


def finding(pair: Pair, lines: Sequence[Band], what: str) -> str:
    """Where the first and the last line begin and end, each within the values that were seen with it."""
    levels, parts = list(pair.values), []
    for i in (0, -1):
        x, mean = ([significant(float(part[j]), 3) for j in (0, -1)] for part in (lines[i].x, lines[i].mean))
        at = f"at {style.shorten(f'{pair.other} = {levels[i]}', 40)}"
        if lines[i].x[0] == lines[i].x[-1]:
            parts.append(f"is {mean[0]} {at}, seen only at {x[0]}")
        else:
            parts.append(f"goes from {mean[0]} to {mean[1]} between {x[0]} and {x[1]} {at}")
    return f"Along {style.shorten(pair.x, 40)} the {what} {'; it '.join(parts)}."


def regression_pairs(results: Results) -> list[Pair]:
    """Interactions of two predictors of which one is numeric; the one that varies within clusters is on the axis."""
    if not results.marginal_means or not any(":" in name for name in results.model["coefficients"]):
        return []
    numeric, levels = set(along.predictors(results)), results.model["levels"]
    designs = along.fit(results).model.designs
    found = []
    for term in designs.fixed.formula.terms:
        columns = columns_of(term)
        axis = [column for column in columns if column in numeric]
        if len(columns) == 2 and axis:
            x = next((column for column in axis if levels.get(column) == "within"), axis[0])
            other = next(column for column in columns if column != x)
            others = values(designs.factors, other, results.table[other])
            found.append(Pair(x, other, others, near(others, results.table[other])))
    return found[:SHOWN]


def draw_regression(results: Results) -> style.Drawing:
    """One panel per interaction of predictors of a regression."""
    found = regression_pairs(results)
    figure, panels = style.grid(HEIGHT, len(found), min(len(found), 2), left=72, top=52, bottom=54)
    texts, rows = [], []
    for axes, pair in zip(panels, found, strict=True):
        curves = [
            along.curve(results, pair.x, {pair.other: value}, f"{pair.other} = {level}", rows_near)
            for (level, value), rows_near in zip(pair.values.items(), pair.near, strict=True)
        ]
        panel(axes, pair, curves)
        axes.set_ylabel(style.shorten(response(results), 40))
        rows += [row for curve in curves for row in curve.rows()]
        texts.append(finding(pair, curves, response(results)))
    return style.Drawing(figure, " ".join(texts), rows)
