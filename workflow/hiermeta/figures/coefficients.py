"""What ignoring the clusters does to each coefficient: four intervals on a common scale."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.regression import several
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import fixed, significant

LEFT, RIGHT, TOP, STEP, GAP = 200, 760, 46, 13, 12
SHOWN = 24
"""Coefficients drawn; the table has all of them."""
FURTHEST = 20.0
"""Posterior SDs at which the panel ends at the latest: fits without end would press all others together."""
_NORMAL = 1.96


class Way(NamedTuple):
    """A way of fitting: columns of estimate and standard error, how it is drawn, and what it is."""

    estimate: str
    error: str
    color: str
    mark: str
    text: str


def ways(results: Results) -> list[Way]:
    """Complete pooling with both standard errors, partial pooling, and the classical mixed model."""
    classical = str(results.classical.get("method") or "ML")
    return [
        Way("complete", "complete_se", palette.OBSERVED, "s", "complete pooling, naive SE"),
        Way("complete", "complete_robust_se", palette.INK, "D", "complete pooling, cluster-robust SE"),
        Way("partial", "partial_sd", palette.ESTIMATE, "o", "partial pooling"),
        Way(classical.lower(), f"{classical.lower()}_se", palette.MUTED, "^", classical),
    ]


def draw(results: Results) -> style.Drawing:
    """A group of intervals per coefficient, in posterior SDs from the partially pooled estimate."""
    names = set(results.model["coefficients"])
    rows = [row for row in results.rows("models") if row["term"] in names][:SHOWN]
    found = ways(results)
    ends = [max(_ends(row, way), default=0.0) for row in rows for way in found]
    beyond = sum(end > FURTHEST for end in ends)
    reach = 1.05 * min(max(ends), FURTHEST)
    step = STEP * len(found) + GAP
    bottom = TOP + step * len(rows)
    figure, axes = style.canvas(bottom + 50)

    def x(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (value + reach) / (2 * reach)

    axes.plot([x(0)] * 2, [TOP - 6, bottom], color=palette.ESTIMATE, linewidth=1, dashes=(2, 3))
    axes.text(style.WIDTH - 4, TOP - 18, "posterior SD / naive SE", ha="right", va="center", fontsize=style.SMALL)
    ratios = {row["quantity"]: row["mean"] for row in results.rows("clustering")}
    for position, row in enumerate(rows):
        _group(axes, row, TOP + step * position, found, x)
        middle = TOP + step * position + STEP * len(found) / 2
        axes.text(2, middle, style.wrapped(row["term"], 28), va="center")
        ratio = ratios.get(f"SE ratio [{row['term']}]", math.nan)
        axes.text(style.WIDTH - 4, middle, fixed(ratio, 2), ha="right", va="center", fontsize=style.SMALL)
    style.axis(
        axes, LEFT, RIGHT, bottom, style.ticked(x, -reach, reach, 8), "posterior SDs from the partially pooled estimate"
    )
    style.legend(figure, [(way.color, way.mark, way.text) for way in found])
    cut = f" {several('interval', beyond)} {'reaches' if beyond == 1 else 'reach'} beyond the panel." if beyond else ""
    return style.Drawing(figure, _finding(rows, ratios) + cut)


def _shift(row: Row, way: Way) -> tuple[float, float]:
    """Estimate and half width of the 95% interval, in posterior SDs from the partially pooled estimate."""
    unit = row["partial_sd"] or 1.0
    return (row[way.estimate] - row["partial"]) / unit, _NORMAL * row[way.error] / unit


def _ends(row: Row, way: Way) -> Iterator[float]:
    centre, half = _shift(row, way)
    yield from (abs(end) for end in (centre - half, centre + half) if math.isfinite(end))


def _group(axes: Axes, row: Row, top: float, found: list[Way], x: object) -> None:
    assert callable(x)
    for line, way in enumerate(found):
        centre, half = _shift(row, way)
        if not math.isfinite(centre):
            continue
        y = top + STEP * (line + 0.5)
        if math.isfinite(half):
            ends = [min(max(x(end), LEFT), RIGHT) for end in (centre - half, centre + half)]
            axes.plot(ends, [y, y], color=way.color, linewidth=2)
        if LEFT <= x(centre) <= RIGHT:
            axes.plot([x(centre)], [y], way.mark, color=way.color, markersize=6)


def _finding(rows: list[Row], ratios: dict[str, float]) -> str:
    known = {row["term"]: ratios[f"SE ratio [{row['term']}]"] for row in rows if f"SE ratio [{row['term']}]" in ratios}
    if not known:
        return "Each coefficient with complete pooling, partial pooling and by the classical mixed model."
    most = max(known, key=lambda term: abs(math.log(known[term])))
    wide = "wider" if known[most] >= 1 else "narrower"
    factor = max(known[most], 1 / known[most])
    ends = fixed(min(known.values()), 2), fixed(max(known.values()), 2)
    largest = f", the largest change; the ratios lie between {ends[0]} and {ends[1]}." if len(known) > 1 else "."
    return (
        f"95% intervals of {several('coefficient', len(rows))}. With the clusters in the model that of "
        f"{style.shorten(most, 40)} is {significant(factor, 2)} times {wide} than the naive one{largest}"
    )
