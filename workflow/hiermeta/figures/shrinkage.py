"""Shrinkage: what estimates become once the others are taken into account."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.regression import blocks, ratio, scale, several
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import significant

HEIGHT = 400
SMALLER = 340
"""Of panels of a regression."""
INTERVALS_SHOWN = 300
"""With more estimates, intervals cover each other."""
_BEYOND = 3.0
"""A cluster's own estimate further from complete pooling than this many times the others is drawn at the edge."""
_LEAST, _LARGEST = 3.0, 10.0


def draw(results: Results) -> style.Drawing:
    """True effects with their intervals at the observed estimates; on the diagonal nothing would be pooled."""
    rows = results.true_effects
    x, y = [row["observed"] for row in rows], [row["mean"] for row in rows]
    many = len(rows) > INTERVALS_SHOWN
    figure, panels = style.grid(HEIGHT, 1, 1, left=70, top=44, bottom=54)
    axes = panels[0]
    if not many:
        _intervals(rows, axes)
    low, high = min(x), max(x)
    axes.plot([low, high], [low, high], color=palette.MUTED, linewidth=1, dashes=(5, 3))
    entries = [(palette.ESTIMATE, "o", "true effect" if many else "true effect, 95% CrI")]
    entries += [(palette.MUTED, "--", "where it would equal the estimate")]
    if not results.coefficients:
        axes.axhline(results.estimate("mu")["mean"], color=palette.INK, linewidth=1, dashes=(2, 3))
        entries += [(palette.INK, ":", "pooled effect μ")]
    style.dots(axes, x, y, [4.0 if many else 6.0] * len(x), palette.ESTIMATE, 0.8)
    style.numeric_axes(axes)
    label = str(results.model["measure_label"])
    axes.set_xlabel(f"Observed {label}")
    axes.set_ylabel("True effect")
    style.legend(figure, entries)
    return style.Drawing(figure, _finding(x, y))


def applies(results: Results) -> bool:
    """Whether there are estimates that differ."""
    return len({row["observed"] for row in results.true_effects}) > 1


def _intervals(rows: list[Row], axes: Axes) -> None:
    across = [value for row in rows for value in (row["observed"], row["observed"], math.nan)]
    along = [value for row in rows for value in (row["q2.5"], row["q97.5"], math.nan)]
    axes.plot(across, along, color=palette.ESTIMATE, linewidth=1, alpha=0.4, solid_capstyle="butt")


def _finding(x: list[float], y: list[float]) -> str:
    slope = float(np.polyfit(x, y, 1)[0])
    return (
        f"Where one estimate is larger than another by 1, its true effect is larger by {significant(slope, 2)} on "
        "average; the rest is taken for sampling error."
    )


def draw_regression(results: Results) -> style.Drawing:
    """One panel per grouping factor and term, one dot per cluster with an estimate of its own."""
    found = {
        key: (known, len(rows) - len(known))
        for key, rows in blocks(results, "pooling").items()
        if (known := [row for row in rows if _drawn(row)])
    }
    figure, panels = style.grid(SMALLER, len(found), min(2, len(found)), left=72, top=62, bottom=54)
    texts = []
    for axes, ((group, term), (rows, without)) in zip(panels, found.items(), strict=True):
        edge = _panel(axes, rows)
        axes.set_title(style.shorten(f"{term}{scale(results)}, by {group}", 46))
        axes.set_xlabel("cluster alone − complete pooling")
        axes.set_ylabel("partial pooling − complete pooling")
        if ratio(results):
            style.ratio_axis(axes, ratio(results))
        texts.append(_regression_description(term, group, rows, without, edge))
    style.legend(
        figure,
        [
            (palette.BETWEEN, "o", "cluster, larger with more rows"),
            (palette.MUTED, "--", "no pooling: the cluster alone"),
            (palette.INK, ":", "complete pooling: as if there were no clusters"),
        ],
    )
    return style.Drawing(figure, " ".join(texts))


def regression_applies(results: Results) -> bool:
    """Whether some cluster has an estimate of its own, and complete pooling one to hold it against."""
    return any(_drawn(row) for row in results.rows("pooling"))


def _drawn(row: Row) -> bool:
    return math.isfinite(row["none"]) and math.isfinite(_line(row, "complete"))


def _line(row: Row, pooling: str) -> float:
    """The line of the cluster where there is one, which stands beside the cluster's own regression."""
    return float(row[f"{pooling}_line"] if math.isfinite(row[f"{pooling}_line"]) else row[pooling])


def _panel(axes: Axes, rows: list[Row]) -> int:
    """Draw one term; how many clusters stand at the edge."""
    complete = np.array([_line(row, "complete") for row in rows])
    alone = np.array([row["none"] for row in rows]) - complete
    pooled = np.array([_line(row, "partial") for row in rows]) - complete
    reach = _BEYOND * max(float(np.quantile(np.abs(alone), 0.9)), float(np.abs(pooled).max()), 1e-12)
    shown = np.clip(alone, -reach, reach)
    low, high = min(float(shown.min()), 0.0), max(float(shown.max()), 0.0)
    margin = 0.04 * (high - low) or 1.0
    axes.plot([low, high], [low, high], color=palette.MUTED, linewidth=1, dashes=(5, 3))
    axes.axhline(0, color=palette.INK, linewidth=1, dashes=(2, 3))
    n = np.array([row["n"] for row in rows])
    largest = _LARGEST if len(rows) <= 200 else 6.0
    sizes = np.maximum(_LEAST, largest * np.sqrt(n / n.max()))
    style.dots(axes, shown.tolist(), pooled.tolist(), sizes.tolist(), palette.BETWEEN, 0.65)
    axes.set_xlim(low - margin, high + margin)
    style.numeric_axes(axes)
    return int((shown != alone).sum())


def _regression_description(term: str, group: str, rows: list[Row], without: int, edge: int) -> str:
    before = [row["none"] for row in rows]
    after = [_line(row, "partial") for row in rows]
    text = (
        f"{style.shorten(term, 40)} by {style.shorten(group, 40)}: alone, {several('cluster', len(rows))} give "
        f"estimates from {significant(min(before), 2)} to {significant(max(before), 2)}; partially pooled they reach "
        f"from {significant(min(after), 2)} to {significant(max(after), 2)}."
    )
    if without:
        text += f" {several('cluster', without)} {'has' if without == 1 else 'have'} no estimate alone."
    if edge:
        text += f" {several('cluster', edge)} beyond the panel {'stands' if edge == 1 else 'stand'} at its edge."
    return text
