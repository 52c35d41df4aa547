"""Exact marginal posterior densities of μ, τ and ρ, by the quadrature that gives their summaries."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logsumexp

from hiermeta.inference import exact
from hiermeta.inference.mixtures import normal_mixture_quantiles
from hiermeta.inference.quadrature import axis_nodes
from hiermeta.io.registry import header

Array = npt.NDArray[np.float64]
POINTS = 100
_ENDS = (0.0005, 0.9995)
_INSIDE = 1e-3
"""Share of the range that the first and last point keep from its ends, where a prior may be without bound."""


def table(posterior: exact.ExactPosterior) -> pd.DataFrame:
    """The densities at evenly spaced points over all but a thousandth of each posterior.

    Parameters
    ----------
    posterior : ExactPosterior
        Parameters with a point prior are left out.

    Raises
    ------
    NotAvailable
        When the ends of a range can't be found.
    """
    parts = []
    mean, variance = exact.linear(posterior, posterior.model.mean_design)
    if variance.any():
        sd = np.sqrt(variance)
        ends = normal_mixture_quantiles(_ENDS, mean[:, None], sd[:, None], posterior.weight)[:, 0]
        parts.append(("mu", at := _points(ends), _of_mixture(at, mean, sd, posterior.weight)))
    probabilities = exact.distributions(posterior)
    for number, name in enumerate(("tau", "rho")):
        if name in probabilities:
            axis, bounds = posterior.grid.axes[number], posterior.grid.bounds[number]
            limits = axis.value(np.array(bounds))
            ends = np.array([exact.quantile(probabilities[name], level, *limits) for level in _ENDS])
            at = _points(np.array(axis.prior.up_to_support(*ends)))
            parts.append((name, at, _of_axis(posterior, number, at)))
    return pd.concat(
        [pd.DataFrame({"parameter": name, "at": at, "density": density}) for name, at, density in parts]
        or [pd.DataFrame(columns=header("densities.csv"))],
        ignore_index=True,
    )


def _points(ends: Array) -> Array:
    keep = _INSIDE * (ends[1] - ends[0])
    return np.linspace(ends[0] + keep, ends[1] - keep, POINTS)


def _of_mixture(at: Array, mean: Array, sd: Array, weight: Array) -> Array:
    """Density of a mixture of N normals."""
    keep = weight > 1e-12 * weight.max()
    z = (at[:, None] - mean[keep]) / sd[keep]
    return np.asarray(np.exp(-0.5 * z**2) @ (weight[keep] / sd[keep]) / np.sqrt(2 * np.pi))


def _of_axis(posterior: exact.ExactPosterior, number: int, at: Array) -> Array:
    """Density of τ (number 0) or ρ (1): the prior's times the likelihood with everything else integrated out."""
    nodes = posterior.grid
    z, log_weight = axis_nodes(nodes.axes[1 - number], nodes.bounds[1 - number], len(nodes.z[1 - number]))
    other = nodes.axes[1 - number].value(z)
    pairs = np.repeat(at, len(other)), np.tile(other, len(at))
    tau, rho = pairs if number == 0 else pairs[::-1]
    log_likelihood = exact.conditional(posterior.model, tau, rho).log_likelihood.reshape(len(at), -1)
    log_ratio = logsumexp(log_likelihood + log_weight, axis=1) - posterior.log_marginal_likelihood
    return np.asarray(np.exp(nodes.axes[number].prior.logpdf(at) + log_ratio))
