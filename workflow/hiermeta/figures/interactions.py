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
from hiermeta.inference.hierarchical import along
from hiermeta.io.results import Results
from hiermeta.models.meta import of_results
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
    """A moderator on the axis, another one, and that one's values by what they are called."""

    x: str
    other: str
    values: Mapping[str, Any]


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
    """Levels of a factor, both values of a binary moderator, or one SD below and above the mean of a numeric one."""
    if column in factors:
        return {str(level): level for level in factors[column][:LEVELS]}
    numbers = np.asarray(observed, float)
    distinct = np.unique(numbers)
    if len(distinct) <= 2:
        return {as_written(value): value for value in distinct.tolist()}
    mean, sd = float(numbers.mean()), float(numbers.std(ddof=1))
    return {
        f"{significant(mean + sign * sd, 2)} ({word}1 SD)": mean + sign * sd for sign, word in ((-1, "−"), (1, "+"))
    }


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
            observed = () if other in design.factors else along_moderators.values(results, other)
            found.append(Pair(axis[0], other, values(design.factors, other, observed)))
    return found[:SHOWN]


def draw(results: Results) -> style.Drawing:
    """One panel per interaction of moderators of the mean effect."""
    found = pairs(results)
    label = str(results.model["measure_label"])
    figure, panels = style.grid(HEIGHT, len(found), min(len(found), 2), left=72, top=52, bottom=54)
    texts, rows = [], []
    for axes, pair in zip(panels, found, strict=True):
        lines = [along_moderators.effect(results, pair.x, {pair.other: value}) for value in pair.values.values()]
        panel(axes, pair, lines)
        axes.set_ylabel(style.shorten(label[:1].upper() + label[1:], 40))
        for level, line in zip(pair.values, lines, strict=True):
            rows += [{"other": pair.other, "level": level} | row for row in line.rows()]
        texts.append(finding(pair, lines, f"mean {label}"))
    return style.Drawing(figure, "Interactions", " ".join(texts), rows)


def panel(axes: Axes, pair: Pair, lines: Sequence[Band]) -> None:
    """Draw a line with its band for each value of the other moderator."""
    for (color, dashes), band, level in zip(_LINES, lines, pair.values, strict=False):
        axes.fill_between(band.x, band.lower, band.upper, color=color, alpha=0.15, linewidth=0)
        line = axes.plot(band.x, band.mean, color=color, linewidth=2, label=style.shorten(level, 24))[0]
        if dashes:
            line.set_dashes(dashes)
    style.numeric_axes(axes)
    axes.set_xlabel(style.shorten(pair.x, 50))
    axes.legend(
        title=style.shorten(pair.other, 30), loc="lower left", bbox_to_anchor=(0, 1), ncols=len(lines), frameon=False,
        fontsize=style.SMALL, title_fontsize=style.SMALL, handlelength=2.4, borderaxespad=0.1,
    )  # fmt: skip


def finding(pair: Pair, lines: Sequence[Band], what: str) -> str:
    """Where the first and the last line begin and end."""
    levels = list(pair.values)
    ends = " and ".join(
        f"from {significant(float(lines[i].mean[0]), 3)} to {significant(float(lines[i].mean[-1]), 3)} at "
        f"{style.shorten(f'{pair.other} = {levels[i]}', 40)}"
        for i in (0, -1)
    )
    return f"Along {style.shorten(pair.x, 40)} the {what} goes {ends}."


def regression_pairs(results: Results) -> list[Pair]:
    """Interactions of two predictors of which one is numeric; the one that varies within clusters is on the axis."""
    if not results.marginal_means or not any(":" in name for name in results.model["coefficients"]):
        return []
    numeric, levels = set(along.predictors(results)), results.model["levels"]
    designs = along.fit(results).model.designs
    found = []
    for term in designs.fixed.formula.terms:
        columns = columns_of(term)
        axis = [column for column in columns if column in numeric and len(along.reach(results, column)) > 2]
        if len(columns) == 2 and axis:
            x = next((column for column in axis if levels.get(column) == "within"), axis[0])
            other = next(column for column in columns if column != x)
            observed = () if other in designs.factors else results.table[other]
            found.append(Pair(x, other, values(designs.factors, other, observed)))
    return found[:SHOWN]


def draw_regression(results: Results) -> style.Drawing:
    """One panel per interaction of predictors of a regression."""
    found = regression_pairs(results)
    figure, panels = style.grid(HEIGHT, len(found), min(len(found), 2), left=72, top=52, bottom=54)
    texts, rows = [], []
    for axes, pair in zip(panels, found, strict=True):
        curves = [
            along.curve(results, pair.x, {pair.other: value}, f"{pair.other} = {level}")
            for level, value in pair.values.items()
        ]
        panel(axes, pair, curves)
        axes.set_ylabel(style.shorten(response(results), 40))
        rows += [row for curve in curves for row in curve.rows()]
        texts.append(finding(pair, curves, response(results)))
    return style.Drawing(figure, "Interactions", " ".join(texts), rows)
