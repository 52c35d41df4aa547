"""How well each cluster is predicted from the others."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.regression import group_of, several
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import significant

HEIGHT = 260
RELIABLE = 0.7
"""Pareto k̂ up to which importance sampling is reliable (Vehtari et al. 2024)."""


def draw(results: Results) -> style.Drawing:
    """A panel per grouping factor: log density per row of each left-out cluster, the worst predicted one first."""
    found: dict[str, list[Row]] = {}
    for row in results.loo:
        found.setdefault(group_of(results, row), []).append(row)
    figure, panels = style.grid(HEIGHT, len(found), 1, left=72, top=44, bottom=46)
    texts = []
    for axes, (group, rows) in zip(panels, found.items(), strict=True):
        ordered = sorted(rows, key=per_row)
        _panel(axes, ordered)
        axes.set_xlabel(style.shorten(f"{several('cluster', len(rows))} of {group}, the worst predicted first", 80))
        texts.append(_finding(ordered, f" of {style.shorten(group, 40)}" if len(found) > 1 else ""))
    style.legend(figure, [(palette.BETWEEN, "o", "left-out cluster"), (palette.INK, "s", "Pareto k̂ above 0.7")])
    return style.Drawing(figure, " ".join(texts))


def _panel(axes: Axes, rows: list[Row]) -> None:
    x, y = np.arange(len(rows), dtype=float), np.array([per_row(row) for row in rows])
    doubtful = np.array([row["pareto_k"] > RELIABLE for row in rows])
    for chosen, color, square in ((~doubtful, palette.BETWEEN, False), (doubtful, palette.INK, True)):
        if chosen.any():
            sizes = [4.0 if len(rows) > 120 else 6.5] * int(chosen.sum())
            style.dots(axes, x[chosen].tolist(), y[chosen].tolist(), sizes, color, square=square)
    axes.set_xlim(-0.8, max(len(rows) - 0.2, 4))
    margin = 0.08 * float(np.ptp(y)) or 1.0
    axes.set_ylim(float(y.min()) - margin, float(y.max()) + margin)
    name = style.shorten(rows[0]["cluster"], 20)
    axes.annotate(name, (x[0], y[0]), xytext=(8, -3), textcoords="offset points", fontsize=style.SMALL)
    style.numeric_axes(axes, "y")
    axes.set_xticks([])
    axes.set_ylabel("log density per row")


def _finding(rows: list[Row], of: str) -> str:
    y = [per_row(row) for row in rows]
    count = sum(row["pareto_k"] > RELIABLE for row in rows)
    return (
        f"The worst predicted cluster{of} is {style.shorten(rows[0]['cluster'], 40)}, with a log density of "
        f"{significant(y[0], 3)} per row where the median cluster has {significant(float(np.median(y)), 3)}. "
        + (
            f"Pareto k̂ is above 0.7 for {several('cluster', count)}: importance sampling is not reliable there."
            if count
            else "All Pareto k̂ are at most 0.7, so leaving clusters out by importance sampling is reliable."
        )
    )


def per_row(row: Row) -> float:
    """Expected log predictive density of a cluster, per row."""
    return float(row["elpd"] / row["n"])
