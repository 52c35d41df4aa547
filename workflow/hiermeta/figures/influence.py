"""What changes without each cluster, or each estimate: the pooled effect, τ, and how far the posterior moves."""

from __future__ import annotations

from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.forest_rows import cluster_name
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import fixed, places_of, printed, significant

TOP, STEP = 44, 19
PANELS = {"mu": (220, 520), "tau": (560, 720), "cook": (760, 890)}
UNITS_SHOWN = 40


def unit(results: Results) -> str:
    """``cluster`` where there are clusters, else ``estimate``."""
    return "cluster" if results.clustered else "estimate"


def units(results: Results) -> list[Row]:
    """The units in their own order, the most influential ones only when there are many."""
    rows = [row for row in results.influence if row["unit"] == unit(results)]
    kept = {id(row) for row in sorted(rows, key=lambda row: -row["cook"])[:UNITS_SHOWN]}
    return [row for row in rows if id(row) in kept]


def name(results: Results, row: Row) -> str:
    """What a unit is called."""
    return cluster_name(results, row["cluster"]) if row["unit"] == "cluster" else str(row["label"])


def draw(results: Results) -> style.Drawing:
    """One line per unit that is left out; dotted lines are the results with all of them."""
    rows = units(results)
    bottom = TOP + STEP * len(rows) + 4
    figure, axes = style.canvas(bottom + 50)
    axes.text(2, 24, f"without this {unit(results)}", va="center", fontweight="bold")
    scales = {key: _Scale(*_range(results, rows, key), *PANELS[key]) for key in PANELS}
    titles = {"mu": "pooled effect μ, 95% interval", "tau": "τ", "cook": "Cook's distance"}
    for key, scale in scales.items():
        axes.text(scale.left, 24, titles[key], va="center", fontweight="bold", fontsize=style.SMALL)
        _axis(axes, scale, bottom)
        if key != "cook":
            full = scale(results.estimate(key)["mean"])
            axes.plot([full] * 2, [TOP - 6, bottom], color=palette.ESTIMATE, linewidth=1, dashes=(2, 3))
    y = [TOP + STEP * (position + 0.5) for position in range(len(rows))]
    for height, row in zip(y, rows, strict=True):
        axes.text(2, height, style.shorten(name(results, row), 30), va="center", fontsize=style.SMALL)
    x, half = scales["mu"], [1.959964 * row["mu_sd"] for row in rows]
    lower = [x(row["mu"] - h) for row, h in zip(rows, half, strict=True)]
    upper = [x(row["mu"] + h) for row, h in zip(rows, half, strict=True)]
    style.segments(axes, lower, upper, y, palette.ESTIMATE, 1.8)
    for key in ("mu", "tau"):
        style.dots(axes, [scales[key](row[key]) for row in rows], y, [6] * len(rows), palette.ESTIMATE)
    x = scales["cook"]
    style.segments(axes, [x(0)] * len(rows), [x(row["cook"]) for row in rows], y, palette.OBSERVED, 10)
    return style.Drawing(figure, _description(results))


class _Scale:
    """From values to pixels of one panel."""

    def __init__(self, low: float, high: float, left: float, right: float) -> None:
        self.low, self.high, self.left, self.right = low, high, left, right

    def __call__(self, value: float) -> float:
        return self.left + (self.right - self.left) * (value - self.low) / (self.high - self.low)


def _range(results: Results, rows: list[Row], key: str) -> tuple[float, float]:
    if key == "cook":
        return 0.0, 1.05 * max(max(row["cook"] for row in rows), 1e-6)
    half = [1.959964 * row["mu_sd"] if key == "mu" else 0.0 for row in rows]
    ends = [row[key] + sign * h for row, h in zip(rows, half, strict=True) for sign in (-1, 1)]
    ends.append(results.estimate(key)["mean"])
    margin = 0.08 * (max(ends) - min(ends)) or 0.5
    return min(ends) - margin, max(ends) + margin


def _axis(axes: Axes, scale: _Scale, bottom: float) -> None:
    count = max(2, int((scale.right - scale.left) / 55))
    style.axis(axes, scale.left, scale.right, bottom, style.ticked(scale, scale.low, scale.high, count))
    if scale.low < 0 < scale.high:
        axes.plot([scale(0)] * 2, [TOP - 6, bottom], color=palette.MUTED, linewidth=1)


def _description(results: Results) -> str:
    rows = [row for row in results.influence if row["unit"] == unit(results)]
    mu = results.estimate("mu")
    shown = places_of(mu, "mean")
    low, high = (fixed(pick(row["mu"] for row in rows), shown) for pick in (min, max))
    worst = max(rows, key=lambda row: row["cook"])
    cut = f" The {UNITS_SHOWN} most influential of {len(rows)} are shown." if len(rows) > UNITS_SHOWN else ""
    return (
        f"Leaving out one {unit(results)} at a time, μ lies between {low} and {high} (all together: "
        f"{printed(mu, 'mean')}). The most influential is {style.shorten(name(results, worst), 40)}: without "
        f"it μ is {fixed(worst['mu'], shown)} (Cook's distance {significant(worst['cook'], 2)}).{cut}"
    )
