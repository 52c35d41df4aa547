"""Tables of posterior summaries: from draws, and from normal distributions given each draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from hiermeta.inference.mixtures import normal_mixture_quantiles
from hiermeta.sampling.convergence import MCSE, convergence, monte_carlo_errors

Array = npt.NDArray[np.float64]

INTERVAL = ["mean", "sd", "median", "q2.5", "q97.5"]
LEVELS = (0.5, 0.025, 0.975)
_MIXTURE_SIZE = 600_000
"""Draws times quantities up to which quantiles of mixtures use every draw; means and SDs always do."""


def of_draws(draws: dict[str, Array], threshold: float | None = None) -> pd.DataFrame:
    """Interval columns, P(>0), Monte Carlo errors and convergence measures.

    Parameters
    ----------
    draws : dict of str to numpy.ndarray
        Shape (chains, draws) per quantity.
    threshold : float, optional
        Adds the probability of values above it.

    Returns
    -------
    pandas.DataFrame
        One row per quantity, the quantity's name as index.
    """
    values = np.stack([column.ravel() for column in draws.values()])
    table = pd.DataFrame({"mean": values.mean(axis=1), "sd": values.std(axis=1, ddof=1)}, index=list(draws))
    table["median"], table["q2.5"], table["q97.5"] = np.quantile(values, LEVELS, axis=1)
    table["P(>0)"] = (values > 0).mean(axis=1)
    if threshold is not None:
        table[above(threshold)] = (values > threshold).mean(axis=1)
    return table.join([monte_carlo_errors(draws), convergence(draws)])


def above(threshold: float) -> str:
    """Name of the column with the probability of values above a threshold."""
    return f"P(>{threshold:g})"


def of_normals(
    mean: Array, variance: Array, names: Sequence[str], chains: int, threshold: float | None = None
) -> pd.DataFrame:
    """Interval columns, P(>0) and Monte Carlo errors of quantities that are normal given each draw.

    Means and SDs follow from the laws of total expectation and variance, quantiles from the mixture over the draws.
    The Monte Carlo error of a quantile x is that of P(quantity ≤ x), a mean over draws, divided by the density.

    Parameters
    ----------
    mean, variance : numpy.ndarray
        Shape (S, m) each, chain after chain.
    names : sequence of str
        Of the m quantities.
    chains : int
        Number of chains in S.
    threshold : float, optional
        Adds the probability of values above it.

    Returns
    -------
    pandas.DataFrame
        One row per quantity, its name as index.
    """
    centre = mean.mean(axis=0)
    table = pd.DataFrame({"mean": centre, "sd": np.sqrt(variance.mean(axis=0) + mean.var(axis=0))}, index=list(names))
    thinned = slice(None, None, -(-mean.size // _MIXTURE_SIZE))
    some_mean, some_sd = mean[thinned], np.sqrt(variance[thinned])
    weight = np.full(len(some_mean), 1 / len(some_mean))
    quantiles = normal_mixture_quantiles(LEVELS, some_mean, some_sd, weight)
    table["median"], table["q2.5"], table["q97.5"] = quantiles
    sd = np.sqrt(np.maximum(variance, 1e-18 * (mean**2).max(axis=0) + 1e-300))
    table["P(>0)"] = ndtr(mean / sd).mean(axis=0)
    table["mcse_mean"] = _error_of_mean(mean, names, chains)
    for column, quantile in zip(MCSE[1:], quantiles, strict=True):
        z = (quantile - mean) / sd
        density = (np.exp(-0.5 * z**2) / sd).mean(axis=0) / np.sqrt(2 * np.pi)
        table[column] = _error_of_mean(ndtr(z), names, chains) / density
    if threshold is not None:
        table[above(threshold)] = ndtr((mean - threshold) / sd).mean(axis=0)
    return table


def _error_of_mean(values: Array, names: Sequence[str], chains: int) -> Array:
    draws = {name: values[:, i].reshape(chains, -1) for i, name in enumerate(names)}
    return monte_carlo_errors(draws, ["mcse_mean"])["mcse_mean"].to_numpy()
