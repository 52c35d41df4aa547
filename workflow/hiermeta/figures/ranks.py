"""Do the chains agree? Rank ECDFs of every chain with simultaneous bands.

If all chains explore the same distribution, the ranks of one chain's draws among all draws are uniform. Shown is the
difference between each chain's ECDF of ranks and the uniform one (Säilynoja, Bürkner & Vehtari 2022), with bands that
hold every chain of every parameter shown, at every rank at once, with at least 95% probability (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hiermeta.figures import palette, style
from hiermeta.figures.prior_posterior import estimated
from hiermeta.io.results import Results

Array = npt.NDArray[np.float64]
SHOWN, COLUMNS = 6, 3
"""Parameters of a regression."""
_POINTS = 60
_SIMULATIONS = 10_000


def thin(draws: Array, effective: float) -> Array:
    """Every m-th draw of each chain, so that about as many stay as are effectively independent.

    Parameters
    ----------
    draws : numpy.ndarray
        Shape (chains, draws).
    effective : float
        Bulk effective sample size of all chains together.
    """
    step = math.ceil(draws.size / effective - 0.1) if effective > 0 else 1
    return draws[:, :: min(max(step, 1), max(draws.shape[1] // 50, 1))]


def differences(draws: Array) -> tuple[Array, Array]:
    """ECDF of ranks minus uniform.

    Parameters
    ----------
    draws : numpy.ndarray
        Shape (chains, n).

    Returns
    -------
    points : numpy.ndarray
        Shape (g,): fractional ranks, strictly between 0 and 1.
    difference : numpy.ndarray
        Shape (chains, g).
    """
    chains, n = draws.shape
    order = np.argsort(draws.ravel(), kind="stable")
    ranks = np.empty(draws.size)
    ranks[order] = np.arange(1, draws.size + 1)
    fractional = np.sort(ranks.reshape(chains, n) / draws.size, axis=1)
    points = np.arange(1, _POINTS) / _POINTS
    ecdf = np.stack([np.searchsorted(chain, points + 1e-12, side="right") / n for chain in fractional])
    return points, ecdf - points


@lru_cache(maxsize=8)
def critical(chains: int, parameters: int) -> float:
    """How many pointwise standard errors the simultaneous 95% bands of this many parameters are wide.

    The ECDFs of the chains around the pooled one tend to Brownian bridges that sum to zero; the largest standardised
    deviation over all chains and points is simulated with a fixed seed.
    """
    rng = np.random.default_rng(20220613)
    steps = rng.standard_normal((_SIMULATIONS, chains, _POINTS))
    steps -= steps.mean(axis=1, keepdims=True)
    walk = np.cumsum(steps, axis=2) / math.sqrt(_POINTS)
    points = np.arange(1, _POINTS + 1) / _POINTS
    bridge = (walk - points * walk[:, :, -1:])[:, :, :-1]
    inner = points[:-1]
    largest = np.abs(bridge / np.sqrt(inner * (1 - inner) * (1 - 1 / chains))).max(axis=(1, 2))
    return float(np.quantile(largest, 1 - 0.05 / parameters))


def band(points: Array, n: int, chains: int, parameters: int) -> Array:
    """Half width of the simultaneous 95% bands, shape (g,), for n draws per chain and this many parameters."""
    return critical(chains, parameters) * np.sqrt(points * (1 - points) * (1 - 1 / chains) / n)


def draw(results: Results) -> style.Drawing:
    """One panel per parameter, one line per chain."""
    names = estimated(results)
    figure, panels = style.panels(240, len(names), left=46, top=34, bottom=44)
    return draw_into(figure, panels, results, {name: palette.SYMBOLS[name] for name in names})


def draw_into(figure: Figure, panels: Sequence[Axes], results: Results, names: Mapping[str, str]) -> style.Drawing:
    """One panel per parameter, one line per chain; `names` leads from parameters to how they are printed."""
    outside = [
        label
        for axes, (name, label) in zip(panels, names.items(), strict=True)
        if _panel(axes, thin(results.draws[name], results.estimate(name)["ess_bulk"]), label, len(names))
    ]
    return style.Drawing(figure, _description(list(names.values()), outside))


def _panel(axes: Axes, draws: Array, label: str, parameters: int) -> bool:
    """Draw one of the parameters; whether a chain leaves the band."""
    points, difference = differences(draws)
    half = band(points, draws.shape[1], draws.shape[0], parameters)
    ends = np.concatenate([[0.0], points, [1.0]])
    edge = np.concatenate([[0.0], half, [0.0]])
    axes.fill_between(ends, -edge, edge, color=palette.RULE, alpha=0.6, linewidth=0)
    for chain, values in enumerate(difference):
        color, dash = palette.CHAINS[chain % len(palette.CHAINS)]
        axes.plot(ends, np.concatenate([[0.0], values, [0.0]]), color=color, linestyle=dash, linewidth=1.2)
    limit = 1.15 * max(float(half.max()), float(np.abs(difference).max()))
    axes.set_xlim(0, 1)
    axes.set_ylim(-limit, limit)
    axes.set_xticks([0, 0.5, 1])
    axes.set_yticks(style.nice_ticks(-limit, limit, 4))
    axes.set_title(style.wrapped(label, 34))
    axes.set_xlabel("fractional rank")
    return bool((np.abs(difference) > half).any())


def _description(names: list[str], outside: list[str]) -> str:
    start = f"Ranks of {', '.join(names)} in every chain against the uniform distribution. "
    if not outside:
        return start + "All chains stay inside the simultaneous 95% bands: no sign that they differ."
    left = ", ".join(outside)
    return start + f"Chains leave the simultaneous 95% bands for {left}: compare R̂ and the effective sample sizes."


def draw_regression(results: Results) -> style.Drawing:
    """The parameters with the fewest effective draws."""
    names = [row["parameter"] for row in sorted(results.estimates, key=lambda row: row["ess_bulk"])[:SHOWN]]
    figure, panels = style.grid(210, len(names), min(COLUMNS, len(names)), left=46, top=40, bottom=44)
    return draw_into(figure, panels, results, {name: style.shorten(name, 68) for name in names})
