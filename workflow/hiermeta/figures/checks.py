"""Does the model predict each estimate from the others? Standardised residuals and predictive probabilities."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.io.results import Results
from hiermeta.text.numbers import as_written

Array = npt.NDArray[np.float64]
HEIGHT = 330
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
        f"{large} of {len(residuals)} standardised residuals are larger than 2.5 in absolute value. "
        "The predictive probabilities "
        + ("leave" if outside else "stay inside")
        + " the band that holds a uniform distribution with 95% probability"
        + (": the model predicts some estimates badly." if outside else ": the model predicts left-out estimates well.")
    )
    return style.Drawing(figure, "Residuals and predictive probabilities", text)


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
    n = len(pit)
    half = math.sqrt(math.log(2 / 0.05) / (2 * n))
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
    gap = np.maximum(np.abs(share - pit), np.abs(share - 1 / n - pit))
    return bool(gap.max() > half)
