"""The data before any model: how large the clusters are, and how the outcome is distributed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from hiermeta.data.clusters import Clusters
from hiermeta.data.hierarchical import formula_of
from hiermeta.figures import palette, style
from hiermeta.figures.regression import likelihood, observed, response, several
from hiermeta.io.results import Results
from hiermeta.likelihoods import LOG
from hiermeta.text.numbers import significant

Array = npt.NDArray[np.float64]
HEIGHT, BINS = 250, 24
FEW = 40
"""Up to this many cluster means are drawn one by one."""


def draw(results: Results) -> style.Drawing:
    """A panel of cluster sizes per grouping factor, and one of the outcome beside its cluster means."""
    outcome = observed(results)
    bars = formula_of(results.model["settings"]).random
    factors = [Clusters.of(results.table, group) for group in dict.fromkeys(bar.group for bar in bars)]
    codes = {clusters.name: clusters.codes for clusters in factors}
    count = len(codes) + 1
    figure, panels = style.grid(HEIGHT, count, min(count, 2), left=64, top=44, bottom=50)
    texts = []
    for axes, (group, found) in zip(panels, codes.items(), strict=False):
        sizes = np.bincount(found)
        _bars(axes, sizes.astype(float), palette.BETWEEN, whole=True)
        axes.set_xlabel(style.shorten(f"rows per {group}", 50))
        axes.set_ylabel("clusters")
        span = several("row", int(sizes.max()))
        span = span if sizes.min() == sizes.max() else f"{sizes.min():,} to {span}"
        texts.append(f"{several('cluster', len(sizes))} of {style.shorten(group, 40)} have {span} each.")
    axes = panels[-1]
    binary = len(np.unique(outcome)) <= 2
    if not binary:
        _bars(axes, outcome, palette.OBSERVED, density=True)
    for found in list(codes.values())[:1]:
        means = np.bincount(found, outcome) / np.bincount(found)
        if binary or len(means) > FEW:
            _bars(axes, means, palette.BETWEEN, density=not binary, outline=not binary)
        else:
            axes.vlines(means, 0, 0.15 * axes.get_ylim()[1], color=palette.BETWEEN, linewidth=1.6)
        texts.append(
            f"The outcome has mean {significant(float(outcome.mean()), 3)} and SD "
            f"{significant(float(outcome.std()), 3)}; cluster means reach from {significant(float(means.min()), 3)} to "
            f"{significant(float(means.max()), 3)}."
        )
    rate = likelihood(results).link is LOG
    axes.set_xlabel(style.shorten(response(results) if rate else results.model["outcome"], 50))
    axes.set_ylabel("clusters" if binary else "density")
    if binary:
        axes.set_xlabel(style.shorten(f"share of {results.model['outcome']} in a cluster", 50))
    else:
        entries = [(palette.OBSERVED, "s", "outcome"), (palette.BETWEEN, "-", "means of clusters")]
        style.legend(figure, entries)
    return style.Drawing(figure, " ".join(texts))


def _bars(
    axes: Axes, values: Array, color: str, *, whole: bool = False, density: bool = False, outline: bool = False
) -> None:
    low, high = float(values.min()), float(values.max())
    distinct = np.unique(values)
    if whole or (len(distinct) <= BINS and np.equal(distinct, np.round(distinct)).all()):
        step = max(1, -(-int(high - low + 1) // BINS))
        edges = np.arange(np.floor(low) - 0.5, high + step, step)
    else:
        edges = np.linspace(low, high, BINS + 1)
    heights, edges = np.histogram(values, bins=edges, density=density)
    if outline:
        axes.step(np.append(edges, edges[-1]), np.concatenate([[0], heights, [0]]), color=color, linewidth=1.6)
    else:
        axes.bar(
            edges[:-1], heights, np.diff(edges), align="edge", color=color, linewidth=0, alpha=0.55 if density else 1
        )
    axes.set_ylim(0, max(axes.get_ylim()[1], 1.05 * float(heights.max())))
    style.numeric_axes(axes)
    if whole and high - low < 6:
        axes.set_xticks(np.arange(low, high + 1), [f"{tick:.0f}" for tick in np.arange(low, high + 1)])
