"""The posterior without Stan: the weighted points that give the marginal likelihood, to hold Stan's draws against.

Importance sampling is exact but for a Monte Carlo error of its own, which is stated with every number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from hiermeta.inference.hierarchical.importance import grouped_error
from hiermeta.inference.summaries import INTERVAL, LEVELS
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel, parameters
from hiermeta.sampling.convergence import MCSE, smoothed_weights

Array = npt.NDArray[np.float64]
MOST_PARETO_K = 0.7
"""Shape of the tail of the weights above which their errors say little (Vehtari et al. 2024)."""
LEAST_WORTH = 100.0
"""Even weights that the points must be worth: with fewer, two or three of them stand for all beyond a 97.5% limit."""
_LIMITS = dict(zip(INTERVAL[2:], LEVELS, strict=True))


@dataclass(frozen=True)
class Weighted:
    """Draws of a model's parameters, in the user's units, with the logarithms of their weights.

    Parameters
    ----------
    draws : Draws
        Shape (S K, ...) each: K draws of the coefficients at each of S points.
    log_weight : numpy.ndarray
        Shape (S, K), points as `importance.adapt` orders them.
    """

    draws: Draws
    log_weight: Array

    @property
    def pareto_k(self) -> float:
        """Shape of the tail of the points' weights."""
        return float(smoothed_weights(logsumexp(self.log_weight, axis=1)[:, None])[1][0])

    @property
    def worth(self) -> float:
        """Number of points with even weights that would know as much: (Σw)²/Σw²."""
        weight = np.exp(logsumexp(self.log_weight, axis=1) - logsumexp(self.log_weight))
        return float(1 / (weight**2).sum())


def document(model: HierarchicalModel, found: Weighted, value: float, error: float) -> dict[str, Any]:
    """The contents of ``exact.json``.

    Parameters
    ----------
    model : HierarchicalModel
    found : Weighted
    value, error : float
        Log marginal likelihood with its Monte Carlo SE.

    Returns
    -------
    dict
        ``applies``, ``method``, ``log_marginal_likelihood``, ``error``, ``pareto_k`` and ``parameters``: the interval
        columns of each with their Monte Carlo SEs; a reason in their place where weights vary too much.
    """
    pareto_k, worth = found.pareto_k, found.worth
    about = {"log_marginal_likelihood": value, "error": error, "pareto_k": pareto_k}
    if not (pareto_k <= MOST_PARETO_K and worth >= LEAST_WORTH):
        reason = f"importance weights vary too much for it (Pareto k {pareto_k:.2f}, effective sample size {worth:.0f})"
        return {"applies": False, "reason": reason} | about
    weight = np.exp(found.log_weight - logsumexp(found.log_weight))
    rows = parameters(model, found.draws, weight.shape)
    summaries = {name: summary(values, weight) for name, values in rows.items()}
    return {"applies": True, "method": "importance sampling"} | about | {"parameters": summaries}


def summary(values: Array, weight: Array) -> dict[str, float]:
    """Interval columns of weighted draws, and their Monte Carlo SEs.

    The error of a quantile is that of the probability below it, carried over by the quantiles two such errors away.

    Parameters
    ----------
    values, weight : numpy.ndarray
        Shape (S, K) each, points group by group; weights sum to one.
    """
    mean = float((weight * values).sum())
    order = np.argsort(values, axis=None)
    ordered, share = values.ravel()[order], weight.ravel()[order]
    below = np.cumsum(share) - share / 2
    found = {"mean": mean, "sd": float(np.sqrt((weight * (values - mean) ** 2).sum()))}
    found[MCSE[0]] = grouped_error(weight * (values - mean))
    for (name, level), error in zip(_LIMITS.items(), MCSE[1:], strict=True):
        found[name] = float(np.interp(level, below, ordered))
        spread = grouped_error(weight * ((values <= found[name]) - level))
        low, high = np.interp([level - 2 * spread, level + 2 * spread], below, ordered)
        found[error] = float(high - low) / 4
    return found
