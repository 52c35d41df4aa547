"""The posterior without Stan: the weighted draws that give the marginal likelihood, to hold Stan's draws against.

Importance sampling is exact but for a Monte Carlo error of its own, which is stated with every number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from hiermeta.inference.summaries import INTERVAL, LEVELS
from hiermeta.models.hierarchical import Draws, HierarchicalModel, parameters
from hiermeta.sampling.convergence import MCSE, smoothed_weights

Array = npt.NDArray[np.float64]
MOST_PARETO_K = 0.7
"""Shape of the tail of the weights above which their errors say little (Vehtari et al. 2024)."""
_LIMITS = dict(zip(INTERVAL[2:], LEVELS, strict=True))


@dataclass(frozen=True)
class Weighted:
    """Draws of a model's parameters, in the user's units, with the logarithms of their weights.

    Parameters
    ----------
    draws : Draws
        Shape (S, ...) each.
    log_weight : numpy.ndarray
        Shape (S,).
    """

    draws: Draws
    log_weight: Array


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
    _, pareto_k = smoothed_weights(found.log_weight[:, None])
    about = {"log_marginal_likelihood": value, "error": error, "pareto_k": float(pareto_k[0])}
    if not pareto_k[0] <= MOST_PARETO_K:
        reason = f"importance weights vary too much for it (Pareto k {pareto_k[0]:.2f})"
        return {"applies": False, "reason": reason} | about
    weight = np.exp(found.log_weight - logsumexp(found.log_weight))
    rows = parameters(model, found.draws, (len(weight),))
    summaries = {name: summary(values, weight) for name, values in rows.items()}
    return {"applies": True, "method": "importance sampling"} | about | {"parameters": summaries}


def summary(values: Array, weight: Array) -> dict[str, float]:
    """Interval columns of weighted draws, and their Monte Carlo SEs.

    The error of a quantile is that of the probability below it, carried over by the quantiles two such errors away.

    Parameters
    ----------
    values, weight : numpy.ndarray
        Shape (S,) each; weights sum to one.
    """
    mean = float(weight @ values)
    order = np.argsort(values)
    below = np.cumsum(weight[order]) - weight[order] / 2
    found = {"mean": mean, "sd": float(np.sqrt(weight @ (values - mean) ** 2))}
    found[MCSE[0]] = float(np.sqrt((weight**2) @ (values - mean) ** 2))
    for (name, level), error in zip(_LIMITS.items(), MCSE[1:], strict=True):
        found[name] = float(np.interp(level, below, values[order]))
        spread = np.sqrt((weight**2) @ ((values <= found[name]) - level) ** 2)
        low, high = np.interp([level - 2 * spread, level + 2 * spread], below, values[order])
        found[error] = float(high - low) / 4
    return found
