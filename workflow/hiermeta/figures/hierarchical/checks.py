"""Do data sets simulated from the model look like the observed one?"""

from __future__ import annotations

from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.hierarchical.layout import several, ticks
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import as_written, simulated

HEIGHT, STEP = 340, 22
_LIMIT = 6.0


def draw(results: Results) -> style.Drawing:
    """Left: statistics of the data on the scale of the simulated ones. Right: quantiles, where values are many."""
    rows = drawn(results.rows("checks"))
    curve = quantiles(results)
    figure, panels = style.grid(HEIGHT, 2, 2, left=64, top=44, bottom=54)
    left, right = panels
    box = left.get_position()
    left.set_position((box.x0 + 0.13, box.y0, box.width - 0.13 + (0.0 if curve else 0.25), box.height))
    _statistics(left, rows)
    if curve:
        _quantiles(right, curve, results.model["outcome"])
    else:
        right.remove()
    entries = [(palette.ESTIMATE, "-", "95% of simulated data sets"), (palette.INK, "D", "observed")]
    style.legend(figure, entries)
    return style.Drawing(figure, "Posterior predictive checks", _finding(rows))


def drawn(rows: list[Row]) -> list[Row]:
    """Statistics that vary between simulated data sets."""
    return [row for row in rows if row["q97.5"] > row["q2.5"]]


def quantiles(results: Results) -> list[Row]:
    """The quantile curve; none where outcomes take too few values."""
    rows = results.rows("quantiles")
    return rows if len({row["observed"] for row in rows}) > 8 else []


def missed(row: Row) -> bool:
    """Whether the observed statistic lies outside 95% of the simulated ones."""
    return not row["q2.5"] <= row["observed"] <= row["q97.5"]


def _statistics(axes: Axes, rows: list[Row]) -> None:
    names = []
    for position, row in enumerate(rows):
        y, unit = len(rows) - position, (row["q97.5"] - row["q2.5"]) / 4
        ends = [(row[column] - row["mean"]) / unit for column in ("q2.5", "q97.5")]
        axes.plot(ends, [y, y], color=palette.ESTIMATE, linewidth=5, alpha=0.45, solid_capstyle="butt")
        at = (row["observed"] - row["mean"]) / unit
        beyond = abs(at) > _LIMIT
        mark = "D" if not beyond else (">" if at > 0 else "<")
        axes.plot(
            [max(-_LIMIT, min(_LIMIT, at))],
            [y],
            mark,
            color=palette.PRIOR if missed(row) else palette.INK,
            markersize=6,
        )
        names.append(row["statistic"])
    axes.axvline(0, color=palette.RULE, linewidth=1, zorder=0)
    axes.set_xlim(-_LIMIT - 0.4, _LIMIT + 0.4)
    axes.set_ylim(0.3, len(rows) + 0.7)
    axes.set_yticks(range(len(rows), 0, -1), names)
    wanted = [-6, -4, -2, 0, 2, 4, 6]
    axes.set_xticks(wanted, [as_written(tick) for tick in wanted])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("simulated SDs from the simulated mean")


def _quantiles(axes: Axes, rows: list[Row], outcome: str) -> None:
    middle = [row["median"] for row in rows]
    axes.fill_between(
        middle, [row["q2.5"] for row in rows], [row["q97.5"] for row in rows],
        color=palette.ESTIMATE, alpha=0.3, linewidth=0,
    )  # fmt: skip
    axes.plot([middle[0], middle[-1]], [middle[0], middle[-1]], color=palette.MUTED, linewidth=1)
    axes.plot(middle, [row["observed"] for row in rows], color=palette.INK, linewidth=1.8)
    ticks(axes)
    axes.set_xlabel(style.shorten(f"quantile of {outcome}, simulated", 46))
    axes.set_ylabel("observed")


def _finding(rows: list[Row]) -> str:
    wrong = [row for row in rows if missed(row)]
    if not wrong:
        return f"All {several('statistic', len(rows))} of the data lie inside 95% of those of simulated data sets."
    named = "; ".join(
        f"{row['statistic']} (observed {simulated(row, 'observed')}, simulated {simulated(row, 'q2.5')} to "
        f"{simulated(row, 'q97.5')})"
        for row in wrong
    )
    verb = "is" if len(wrong) == 1 else "are"
    return f"{len(wrong)} of {several('statistic', len(rows))} {verb} outside 95% of simulated data sets: {named}."
