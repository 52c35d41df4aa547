"""Residuals by level: those of individuals given their clusters, and random effects given the model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.regression import several
from hiermeta.io.results import Results

Array = npt.NDArray[np.float64]
HEIGHT, LARGE = 320, 3.0
_DRAWN = 200
"""Quantiles drawn between the outermost ones."""
_ENDS = 25


def draw(results: Results) -> style.Drawing:
    """A quantile plot per level, with bands that hold 95% of samples from the normal distribution at each point."""
    levels: dict[str, Array] = {"individuals, given their clusters": _values(results, "residuals")}
    of_clusters = results.rows("cluster_residuals")
    for term in dict.fromkeys((row.get("group", ""), row["term"]) for row in of_clusters):
        found = _sorted([row["standardised"] for row in of_clusters if (row.get("group", ""), row["term"]) == term])
        if len(found) > 2:
            levels[f"clusters: {term[1]}"] = found
    levels = dict(list(levels.items())[:6])
    figure, panels = style.grid(HEIGHT, len(levels), min(len(levels), 2), left=64, top=48, bottom=54)
    texts = []
    for axes, (name, values) in zip(panels, levels.items(), strict=True):
        _panel(axes, values)
        axes.set_title(style.shorten(name, 44))
        large = int((np.abs(values) > LARGE).sum())
        texts.append(f"{style.shorten(name, 44)}: {large:,} of {several('residual', len(values))} beyond ±3")
    style.legend(
        figure, [(palette.ESTIMATE, "o", "standardised residuals"), (palette.RULE, "s", "95% band, pointwise")]
    )
    return style.Drawing(figure, "; ".join(texts) + ".")


def _values(results: Results, name: str) -> Array:
    return _sorted([row["standardised"] for row in results.rows(name)])


def _sorted(values: list[float]) -> Array:
    """Finite values, the smallest first."""
    found = np.sort(np.array(values, float))
    return found[np.isfinite(found)]


def _panel(axes: Axes, values: Array) -> None:
    from scipy.special import betaincinv, ndtri

    n = len(values)
    some = np.unique(np.linspace(0, n - 1, min(n, _DRAWN)).round().astype(int))
    some = np.unique(np.concatenate([some, np.arange(min(n, _ENDS)), np.arange(max(n - _ENDS, 0), n)]))
    rank = some + 1.0
    expected = ndtri((rank - 0.5) / n)
    low, high = (ndtri(betaincinv(rank, n + 1 - rank, q)) for q in (0.025, 0.975))
    axes.fill_between(expected, low, high, color=palette.RULE, alpha=0.7, linewidth=0)
    axes.plot(expected[[0, -1]], expected[[0, -1]], color=palette.MUTED, linewidth=1)
    size = 6.0 if n <= 120 else 3.5
    style.dots(axes, expected.tolist(), values[some].tolist(), [size] * len(some), palette.ESTIMATE, 0.85)
    style.numeric_axes(axes)
    axes.set_xlabel("normal quantile")
    axes.set_ylabel("standardised residual")
