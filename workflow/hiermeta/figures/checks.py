"""Does the model describe the data? Each estimate predicted from the others; data simulated from a regression."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.regression import several
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import as_written, simulated

Array = npt.NDArray[np.float64]
HEIGHT, TALLER = 330, 340
_LIMIT = 6.0
"""Simulated SDs at the edge of the panel."""
FEW = 10
"""Estimates or clusters below which nothing good is said of their predictions."""
_BANDED = 200
"""Points at which bands are drawn, at most."""


def applies(results: Results) -> bool:
    """Whether more than two estimates were left out."""
    return sum(row["unit"] == "estimate" for row in results.loo) > 2


def draw(results: Results) -> style.Drawing:
    """Left: residuals against normal quantiles. Right: share of predictive probabilities below each value."""
    residuals = _finite([row["residual"] for row in results.influence if row["unit"] == "estimate"])
    pit = _finite([row["pit"] for row in results.loo if row["unit"] == "estimate"])
    figure, panels = style.grid(HEIGHT, 2, 2, left=70, top=44, bottom=54)
    _quantiles(panels[0], residuals)
    outside = _uniform(panels[1], pit)
    entries = [(palette.ESTIMATE, "o", "estimates, each predicted from the others"), (palette.RULE, "s", "95% band")]
    style.legend(figure, entries)
    large = int((np.abs(residuals) > 2.5).sum())
    text = (
        f"{large} of {len(residuals)} standardised residuals {'is' if large == 1 else 'are'} larger than 2.5 in "
        "absolute value. The predictive probabilities "
        + ("leave" if outside else "stay inside")
        + f" the band that holds a uniform distribution with 95% probability. {predicted(results.loo)}"
    )
    return style.Drawing(figure, text)


def predicted(rows: Sequence[Row]) -> str:
    """What predictive probabilities of left-out estimates, and of left-out clusters, say of the model.

    Parameters
    ----------
    rows : sequence of Row
        Of loo.csv.
    """
    bad, enough, few = judged(rows)
    said = []
    if bad:
        said.append(f"The model predicts some left-out {' and some '.join(bad)} badly.")
    if enough:
        said.append(f"The model predicts left-out {' and '.join(enough)} as well as its intervals say.")
    if few:
        said.append(f"Whether it predicts well cannot be seen from {' and '.join(few)}.")
    return " ".join(said)


def judged(rows: Sequence[Row]) -> tuple[list[str], list[str], list[str]]:
    """Kinds of left-out units that are predicted badly, those that aren't, and those that are too few to tell.

    Either kind counts as predicted badly where its probabilities leave their band, or the most extreme one is too
    extreme for the smallest of so many (below 2.5% over their number, or that near to one).

    Parameters
    ----------
    rows : sequence of Row
        Of loo.csv.
    """
    kinds = {
        f"{unit}s": _finite([row["pit"] for row in rows if row["unit"] == unit]) for unit in ("estimate", "cluster")
    }
    known = {name: pit for name, pit in kinds.items() if len(pit)}
    bad = [name for name, pit in known.items() if _gap(pit) > _half(len(pit)) or far_out(pit).any()]
    enough = [name for name, pit in known.items() if len(pit) >= FEW and name not in bad]
    few = [f"{len(pit)} {name}" for name, pit in known.items() if len(pit) < FEW and name not in bad]
    return bad, enough, few


def _finite(values: list[float]) -> Array:
    found = np.sort(np.array(values, float))
    return found[np.isfinite(found)]


def _thin(n: int) -> Array:
    return np.unique(np.linspace(0, n - 1, min(n, _BANDED)).round().astype(int))


def _quantiles(axes: Axes, residuals: Array) -> None:
    from scipy.special import betaincinv, ndtri

    n = len(residuals)
    rank = np.arange(1, n + 1)
    expected = ndtri((rank - 0.5) / n)
    some = _thin(n)
    low, high = (ndtri(betaincinv(rank[some], n + 1 - rank[some], q)) for q in (0.025, 0.975))
    axes.fill_between(expected[some], low, high, color=palette.RULE, alpha=0.6, linewidth=0)
    axes.plot(expected[[0, -1]], expected[[0, -1]], color=palette.MUTED, linewidth=1)
    size = 6 if n <= 300 else 3
    drawn = np.unique(np.concatenate([some, np.arange(min(n, 40)), np.arange(max(n - 40, 0), n)]))
    style.dots(axes, expected[drawn].tolist(), residuals[drawn].tolist(), [size] * len(drawn), palette.ESTIMATE, 0.8)
    style.numeric_axes(axes)
    axes.set_xlabel("normal quantile")
    axes.set_ylabel("standardised residual")


def _uniform(axes: Axes, pit: Array) -> bool:
    """The empirical distribution function with the Dvoretzky–Kiefer–Wolfowitz band; whether it leaves the band."""
    n, half = len(pit), _half(len(pit))
    grid = np.linspace(0, 1, 41)
    axes.fill_between(
        grid, np.clip(grid - half, 0, 1), np.clip(grid + half, 0, 1), color=palette.RULE, alpha=0.6, linewidth=0
    )
    axes.plot([0, 1], [0, 1], color=palette.MUTED, linewidth=1)
    share = np.arange(1, n + 1) / n
    some = _thin(n)
    x = np.concatenate([[0.0], np.repeat(pit[some], 2), [1.0]])
    y = np.concatenate([[0.0, 0.0], np.repeat(share[some], 2)])
    axes.plot(x, y, color=palette.ESTIMATE, linewidth=1.8)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    for set_ticks in (axes.set_xticks, axes.set_yticks):
        set_ticks([0, 0.25, 0.5, 0.75, 1], [as_written(tick) for tick in (0, 0.25, 0.5, 0.75, 1)])
    axes.set_xlabel("predictive probability of a smaller estimate")
    axes.set_ylabel("share of estimates")
    return _gap(pit) > half


def _half(n: int) -> float:
    """Half the width of the Dvoretzky–Kiefer–Wolfowitz band of n values."""
    return math.sqrt(math.log(2 / 0.05) / (2 * n))


def _gap(pit: Array) -> float:
    """The largest distance of the empirical distribution function of sorted values from the uniform one."""
    n = len(pit)
    share = np.arange(1, n + 1) / n
    return float(np.maximum(np.abs(share - pit), np.abs(share - 1 / n - pit)).max())


def far_out(pit: Array) -> npt.NDArray[np.bool_]:
    """Which predictive probabilities are too near to an end, even for the most extreme one of so many (Bonferroni)."""
    return np.minimum(pit, 1 - pit) < 0.025 / len(pit)


def draw_regression(results: Results) -> style.Drawing:
    """Left: statistics of the data on the scale of the simulated ones. Right: quantiles, where values are many."""
    rows = drawn(results.rows("checks"))
    curve = quantiles(results)
    figure, panels = style.grid(TALLER, 2, 2, left=64, top=44, bottom=54)
    left, right = panels
    box = left.get_position()
    left.set_position((box.x0 + 0.13, box.y0, box.width - 0.13 + (0.0 if curve else 0.25), box.height))
    _statistics(left, rows)
    if curve:
        _simulated_quantiles(right, curve, results.model["outcome"])
    else:
        right.remove()
    entries = [(palette.ESTIMATE, "-", "95% of simulated data sets"), (palette.OBSERVED, "D", "observed")]
    if any(map(missed, rows)):
        entries.append((palette.INK, "D", "outside these 95%"))
    style.legend(figure, entries)
    return style.Drawing(figure, _finding(rows))


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
            color=palette.INK if missed(row) else palette.OBSERVED,
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


def _simulated_quantiles(axes: Axes, rows: list[Row], outcome: str) -> None:
    middle = [row["median"] for row in rows]
    axes.fill_between(
        middle, [row["q2.5"] for row in rows], [row["q97.5"] for row in rows],
        color=palette.ESTIMATE, alpha=0.3, linewidth=0,
    )  # fmt: skip
    axes.plot([middle[0], middle[-1]], [middle[0], middle[-1]], color=palette.MUTED, linewidth=1)
    axes.plot(middle, [row["observed"] for row in rows], color=palette.OBSERVED, linewidth=1.8)
    style.numeric_axes(axes)
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
