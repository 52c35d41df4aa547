"""Partial pooling: where every estimate moves once the others are taken into account."""

from __future__ import annotations

import math
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.forest_rows import weights
from hiermeta.figures.regression import blocks, ratio, scale, several
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import UNKNOWN, fixed, places, significant

LEFT, RIGHT, TOP, BOTTOM = 120, 880, 34, 204
ROWS_SHOWN = 300
"""With more estimates the lines are a blur."""
_SCALE = 1.05
HEIGHT = 300
_BEYOND = 1.5
"""Raw estimates further from the pooled ones than this many times their range are drawn at the edge."""
_TICKED = 12
_MANY = 120


def draw(results: Results) -> style.Drawing:
    """Observed estimates above, true effects below, joined by lines; estimates with more weight are darker."""
    mu = results.estimate("mu")
    observed = [row["observed"] for row in results.true_effects]
    true = [row["mean"] for row in results.true_effects]
    values = [*observed, *true, mu["mean"]]
    middle, half = (max(values) + min(values)) / 2, _SCALE * (max(values) - min(values)) / 2 or 1.0

    def x(value: float) -> float:
        return float(LEFT + (RIGHT - LEFT) * (value - middle + half) / (2 * half))

    figure, axes = style.canvas(BOTTOM + 56)
    axes.plot([x(mu["mean"])] * 2, [TOP - 10, BOTTOM + 10], color=palette.INK, linewidth=1, dashes=(2, 3))
    axes.text(x(mu["mean"]), TOP - 20, "pooled effect μ", ha="center", va="center", fontsize=style.SMALL)
    shades: dict[float, list[tuple[float, float]]] = {}
    for start, end, weight in zip(observed, true, weights(results), strict=True):
        shades.setdefault(0.15 + 0.15 * round(4 * weight), []).append((x(start), x(end)))
    for shade, ends in shades.items():  # one path of lines each, to keep the file small
        across = [value for start, end in ends for value in (start, end, math.nan)]
        down = [TOP, BOTTOM, math.nan] * len(ends)
        axes.plot(across, down, color=palette.ESTIMATE, alpha=round(shade, 2), linewidth=1.1)
    sizes = [5 if len(observed) <= 200 else 3] * len(observed)
    style.dots(axes, [x(value) for value in observed], [TOP] * len(sizes), sizes, palette.OBSERVED, square=True)
    style.dots(axes, [x(value) for value in true], [BOTTOM] * len(sizes), sizes, palette.ESTIMATE)
    axes.text(2, TOP, "observed", va="center")
    axes.text(2, BOTTOM, "true effect", va="center")
    style.axis(axes, LEFT, RIGHT, BOTTOM + 18, style.ticked(x, middle - half, middle + half, 8))
    return style.Drawing(figure, "Shrinkage of the estimates", _description(results, observed, true))


def _description(results: Results, observed: list[float], true: list[float]) -> str:
    mu = results.estimate("mu")
    decimals = places(results.estimate("tau")["sd"] or mu["sd"] or 1.0, UNKNOWN)
    before, after = max(observed) - min(observed), max(true) - min(true)
    return (
        f"Observed estimates reach from {fixed(min(observed), decimals)} to {fixed(max(observed), decimals)}, the "
        f"posterior means of the true effects from {fixed(min(true), decimals)} to {fixed(max(true), decimals)}: "
        f"{fixed(after / before if before else 1.0, 2)} times that range."
    )


def draw_regression(results: Results) -> style.Drawing:
    """One panel per grouping factor and term, one line per cluster."""
    found = {key: _ordered(rows) for key, rows in blocks(results, "pooling").items()}
    found = {key: rows for key, rows in found.items() if any(math.isfinite(row["none"]) for row in rows)}
    figure, panels = style.grid(HEIGHT, len(found), 1, left=72, top=54, bottom=54)
    texts = []
    for axes, ((group, term), rows) in zip(panels, found.items(), strict=True):
        edge = _panel(axes, rows)
        axes.set_title(f"{term}{scale(results)}, by {group}", pad=14)
        axes.set_xlabel(f"{group}: rows, from the smallest to the largest cluster")
        if ratio(results):
            style.ratio_axis(axes, ratio(results) if term != "intercept" else ratio(results).removesuffix(" ratio"))
        texts.append(_regression_description(term, group, rows, edge))
    style.legend(
        figure,
        [
            (palette.OBSERVED, "s", "no pooling: the cluster alone"),
            (palette.ESTIMATE, "o", "partial pooling: given all others"),
            (palette.PRIOR, "_", "complete pooling: as if there were no clusters"),
        ],
    )
    return style.Drawing(figure, "From no pooling to partial pooling", " ".join(texts))


def _ordered(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["n"], row["none"] if math.isfinite(row["none"]) else math.inf))


def _line(row: Row, pooling: str) -> float:
    """The line of the cluster where there is one, which stands beside the cluster's own regression."""
    return float(row[f"{pooling}_line"] if math.isfinite(row[f"{pooling}_line"]) else row[pooling])


def _pooled(row: Row) -> float:
    return _line(row, "partial")


def _panel(axes: Axes, rows: list[Row]) -> int:
    """Draw one term; how many raw estimates stand at the edge."""
    raw = np.array([row["none"] for row in rows])
    pooled = np.array([_pooled(row) for row in rows])
    complete = np.array([_line(row, "complete") for row in rows])
    centre, reach = (
        float(np.median(pooled)),
        max(float(np.ptp(pooled)), float(np.nanmedian(np.abs(raw - pooled))), 1e-12),
    )
    inside = raw[np.isfinite(raw) & (np.abs(raw - centre) <= _BEYOND * reach)]
    ends = np.concatenate([pooled, inside, complete[np.isfinite(complete)]])
    margin = 0.06 * (ends.max() - ends.min()) or 1.0
    low, high = float(ends.min()) - margin, float(ends.max()) + margin
    shown = np.clip(raw, low, high)
    x = np.arange(len(rows), dtype=float)
    known = np.isfinite(raw)
    thin = len(rows) > _MANY
    gaps = np.full(int(known.sum()), np.nan)
    axes.plot(
        np.column_stack([x[known], x[known], gaps]).ravel(),
        np.column_stack([shown[known], pooled[known], gaps]).ravel(),
        color=palette.OBSERVED,
        linewidth=0.6 if thin else 1.1,
        alpha=0.8,
    )
    size = 3.0 if thin else 6.0
    if np.ptp(complete) <= 1e-9 * max(abs(complete).max(), 1e-300):
        axes.axhline(complete[0], color=palette.PRIOR, linewidth=1.4, dashes=(5, 2))
    else:
        ends = np.column_stack([x - 0.42, x + 0.42, np.full(len(x), np.nan)]).ravel()
        axes.plot(ends, np.repeat(complete, 3), color=palette.PRIOR, linewidth=1.0 if thin else 1.8)
    style.dots(axes, x[known].tolist(), shown[known].tolist(), [size] * int(known.sum()), palette.OBSERVED, square=True)
    style.dots(axes, x.tolist(), pooled.tolist(), [size] * len(x), palette.ESTIMATE)
    axes.set_xlim(-0.8, len(rows) - 0.2)
    axes.set_ylim(low, high)
    style.numeric_axes(axes, "y")
    _sizes(axes, rows)
    return int((known & ((raw < low) | (raw > high))).sum())


def _sizes(axes: Axes, rows: list[Row]) -> None:
    """Ticks name cluster sizes: the middle of each run of equal ones, as many as there is room for."""
    runs, at = [], 0
    for size, members in groupby(rows, key=lambda row: row["n"]):
        count = len(list(members))
        runs.append((at + (count - 1) / 2, size))
        at += count
    step = max(1.0, len(rows) / _TICKED)
    kept: list[tuple[float, float]] = []
    for position, size in runs:
        if not kept or position - kept[-1][0] >= step:
            kept.append((position, size))
    axes.set_xticks([position for position, _ in kept], [f"{size:.0f}" for _, size in kept])


def _regression_description(term: str, group: str, rows: list[Row], edge: int) -> str:
    known = [row for row in rows if math.isfinite(row["none"])]
    before = [row["none"] for row in known]
    after = [_pooled(row) for row in known]
    text = (
        f"{style.shorten(term, 40)} by {style.shorten(group, 40)}: alone, {several('cluster', len(known))} give "
        f"estimates from {significant(min(before), 2)} to {significant(max(before), 2)}; partially pooled they reach "
        f"from {significant(min(after), 2)} to {significant(max(after), 2)}."
    )
    if len(known) < len(rows):
        alone = len(rows) - len(known)
        text += f" {several('cluster', alone)} {'has' if alone == 1 else 'have'} no estimate alone."
    if edge:
        text += f" {several('raw estimate', edge)} beyond the panel {'stands' if edge == 1 else 'stand'} at its edge."
    return text
