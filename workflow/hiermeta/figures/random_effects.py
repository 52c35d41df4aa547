"""Caterpillar: how each cluster differs from the overall coefficient, smallest first."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.regression import LABELLED, blocks, ratio, scale, several
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import printed

HEIGHT, STEP = 280, 15


def draw(results: Results) -> style.Drawing:
    """One panel per grouping factor and term; clusters are named below it where there is room."""
    found = {key: sorted(rows, key=lambda row: row["mean"]) for key, rows in blocks(results, "random_effects").items()}
    named = any(len(rows) <= LABELLED for rows in found.values())
    figure, panels = style.grid(
        HEIGHT + (50 if named else 0), len(found), 1, left=72, top=54, bottom=96 if named else 46
    )
    texts = []
    for axes, ((group, term), rows) in zip(panels, found.items(), strict=True):
        away = _panel(axes, rows)
        axes.set_title(f"{term}{scale(results)}, by {group}", pad=14)
        axes.set_ylabel("difference from overall")
        if ratio(results):
            style.ratio_axis(axes, ratio(results))
        low, high = rows[0], rows[-1]
        texts.append(
            f"{style.shorten(term, 40)} by {style.shorten(group, 40)}: from {printed(low, 'mean')} "
            f"({style.shorten(low['cluster'], 30)}) to {printed(high, 'mean')} "
            f"({style.shorten(high['cluster'], 30)}); the 95% credible intervals of {away} of "
            f"{several('cluster', len(rows))} leave out zero."
        )
    entries = [
        (palette.BETWEEN, "o", "cluster whose 95% credible interval leaves out zero"),
        (palette.MUTED, "o", "other cluster"),
    ]
    style.legend(figure, entries)
    return style.Drawing(figure, " ".join(texts))


def _panel(axes: Axes, rows: list[Row]) -> int:
    """Draw one term; how many intervals leave out zero."""
    x = np.arange(len(rows), dtype=float)
    mean, lower, upper = (np.array([row[column] for row in rows]) for column in ("mean", "q2.5", "q97.5"))
    away = (lower > 0) | (upper < 0)
    thin = len(rows) > 120
    axes.axhline(0, color=palette.MUTED, linewidth=1)
    for chosen, color in ((~away, palette.MUTED), (away, palette.BETWEEN)):
        if not chosen.any():
            continue
        gaps = np.full(int(chosen.sum()), np.nan)
        axes.plot(
            np.column_stack([x[chosen], x[chosen], gaps]).ravel(),
            np.column_stack([lower[chosen], upper[chosen], gaps]).ravel(),
            color=color,
            linewidth=0.7 if thin else 1.6,
        )
        size = 3.0 if thin else 6.0
        style.dots(axes, x[chosen].tolist(), mean[chosen].tolist(), [size] * int(chosen.sum()), color)
    axes.set_xlim(-0.8, len(rows) - 0.2)
    margin = 0.05 * (upper.max() - lower.min()) or 1.0
    axes.set_ylim(float(lower.min()) - margin, float(upper.max()) + margin)
    style.numeric_axes(axes, "y")
    if len(rows) <= LABELLED:
        labels = [style.shorten(row["cluster"], 12) for row in rows]
        long = max(map(len, labels)) * len(rows) > 100
        axes.set_xticks(x, labels, rotation=90 if long else 0)
    else:
        axes.set_xticks([])
        axes.set_xlabel(f"{several('cluster', len(rows))}, from the smallest to the largest difference")
    return int(away.sum())
