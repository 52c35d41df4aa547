"""The mean effect at levels of each moderator, or the expected outcome at levels of each factor, as intervals."""

from __future__ import annotations

from collections.abc import Sequence

from hiermeta.figures import palette, style
from hiermeta.figures.regression import response
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import EXACT, fixed, places, printed, with_limits

LEFT, RIGHT, STEP = 250, 730, 22
LEVELS_SHOWN = 40


def draw(results: Results) -> style.Drawing:
    """A line per level; the pooled effect as a dotted line."""
    label = str(results.model["measure_label"])
    pooled = results.estimate("mu")["mean"]
    return intervals(results.marginal_means, label[:1].upper() + label[1:], pooled)


def of_factors(results: Results) -> list[Row]:
    """Marginal means of a regression's predictors that are factors or have two values."""
    return [row for row in results.marginal_means if row["level"] == row["value"]]


def draw_factors(results: Results) -> style.Drawing:
    """A line per level of a regression's factors, and per value of its predictors with two values."""
    return intervals(of_factors(results), response(results), None, from_zero=False)


def intervals(rows: Sequence[Row], label: str, reference: float | None, *, from_zero: bool = True) -> style.Drawing:
    """Means and 95% intervals of a table of levels, grouped by moderator.

    Parameters
    ----------
    rows : sequence of Row
        moderator, level, value and the interval columns.
    label : str
        Of the axis.
    reference : float or None
        Drawn as a dotted line.
    from_zero : bool
        Whether zero, drawn as a line, is on the axis.
    """
    drawn = rows[:LEVELS_SHOWN]
    names = list(dict.fromkeys(row["moderator"] for row in drawn))
    bottom = 14 + STEP * (len(drawn) + len(names))
    figure, axes = style.canvas(bottom + 52)
    ends = [value for row in drawn for value in (row["q2.5"], row["q97.5"])] + [0.0] * from_zero
    margin = 0.03 * (max(ends) - min(ends)) or 1.0
    low, high = min(ends) - margin, max(ends) + margin

    def x(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (value - low) / (high - low)

    if from_zero:
        axes.plot([x(0)] * 2, [8, bottom], color=palette.MUTED, linewidth=1)
    if reference is not None:
        axes.plot([x(reference)] * 2, [8, bottom], color=palette.ESTIMATE, linewidth=1, dashes=(2, 3))
    y, previous = 14 - STEP / 2, None
    for row in drawn:
        if row["moderator"] != previous:
            y += STEP
            axes.text(2, y, style.shorten(row["moderator"], 34), va="center", fontweight="bold")
            previous = row["moderator"]
        y += STEP
        axes.text(14, y, style.shorten(level(row, drawn), 34), va="center", fontsize=style.SMALL)
        axes.plot([x(row["q2.5"]), x(row["q97.5"])], [y, y], color=palette.ESTIMATE, linewidth=2.4)
        axes.plot([x(row["mean"])], [y], "o", color=palette.ESTIMATE, markersize=7)
        axes.text(style.WIDTH - 4, y, _text(row), ha="right", va="center", fontsize=style.SMALL)
    style.axis(axes, LEFT, RIGHT, bottom, style.ticked(x, low, high), label)
    return style.Drawing(figure, _description(drawn))


def level(row: Row, rows: Sequence[Row]) -> str:
    """A factor's level, or a number with where it lies: ``19.0 (-1 SD)``."""
    if row["level"] == row["value"]:
        return str(row["level"])
    values = [float(other["value"]) for other in rows if other["moderator"] == row["moderator"]]
    number = fixed(float(row["value"]), places((max(values) - min(values)) / 2, EXACT))
    return f"{number} ({str(row['level']).replace('-', '−').replace(' SD', ' SD')})"


def ends(rows: Sequence[Row], name: str) -> tuple[str, str]:
    """The lowest and the highest level of a numeric moderator, with what was found there: ``2.1 (…) at 19 (−1 SD)``."""
    low, *_, high = (row for row in rows if row["moderator"] == name)
    return f"{with_limits(low)} at {level(low, rows)}", f"{with_limits(high)} at {level(high, rows)}"


def _text(row: Row) -> str:
    return f"{printed(row, 'mean')} [{printed(row, 'q2.5')}, {printed(row, 'q97.5')}]"


def _description(rows: Sequence[Row]) -> str:
    lowest, highest = min(rows, key=lambda row: row["mean"]), max(rows, key=lambda row: row["mean"])
    ends = [
        f"{_text(row)} for {style.shorten(row['moderator'], 30)} = {style.shorten(level(row, rows), 30)}"
        for row in (lowest, highest)
    ]
    return f"Means with 95% credible intervals, all else as in the data: from {ends[0]} to {ends[1]}."
