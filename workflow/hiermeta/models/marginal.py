"""The marginal likelihood of the meta-analysis model and the random effects given a draw, over many draws at once.

With D_i = v_i + τ²(1−ρ), a = τ√ρ and r = y − Xβ, the covariance of cluster c is V_c = diag(D) + a²11'. Its inverse
follows from Sherman and Morrison with q_c = Σ a²/D_i and h_c = Σ a r_i/D_i.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hiermeta.models.meta import MetaModel

Array = npt.NDArray[np.float64]
Single = npt.NDArray[np.float32]
_CHUNK = 2_000_000
"""Largest number of (draw, row) pairs held at once."""


@dataclass(frozen=True)
class Draws:
    """Posterior draws of the parameters.

    Parameters
    ----------
    beta : numpy.ndarray
        Shape (S, p): coefficients of the standardised design.
    tau, rho : numpy.ndarray
        Shape (S,): total heterogeneity SD and cluster allocation (zeros without clusters).
    """

    beta: Array
    tau: Array
    rho: Array

    @classmethod
    def from_chains(cls, draws: dict[str, Array]) -> Draws:
        """From ``mu``, ``tau`` and perhaps ``rho``, shape (chains, draws) each."""
        tau = draws["tau"].ravel()
        return cls(draws["mu"].reshape(-1, 1), tau, draws["rho"].ravel() if "rho" in draws else np.zeros_like(tau))

    def chunks(self, k: int) -> Iterator[tuple[slice, Draws]]:
        """Slices of the draws small enough to be combined with k rows."""
        step = max(1, _CHUNK // k)
        for first in range(0, len(self.tau), step):
            part = slice(first, first + step)
            yield part, Draws(self.beta[part], self.tau[part], self.rho[part])


@dataclass(frozen=True)
class _Terms:
    """D (S, k), residuals r (S, k), a (S, 1), q and h (S, J)."""

    variance: Array
    residual: Array
    scale: Array
    q: Array
    h: Array


def _terms(model: MetaModel, draws: Draws) -> _Terms:
    tau2, rho = draws.tau[:, None] ** 2, draws.rho[:, None]
    variance = model.variance + tau2 * (1 - rho)
    residual = model.effect - draws.beta @ model.design.T
    scale = np.sqrt(tau2 * rho)
    if not model.clustered:
        return _Terms(variance, residual, scale, np.zeros((len(tau2), 0)), np.zeros((len(tau2), 0)))
    q = scale**2 * model.by_cluster(1 / variance)
    h = scale * model.by_cluster(residual / variance)
    return _Terms(variance, residual, scale, q, h)


def log_likelihood(model: MetaModel, draws: Draws) -> tuple[Single, Single]:
    """Log predictive densities given each draw, the random effects integrated out.

    Returns
    -------
    estimate : numpy.ndarray
        Shape (S, k), single precision: log p(y_i | the other rows of its cluster, parameters).
    cluster : numpy.ndarray
        Shape (S, J), single precision: log p(y_c | parameters); (S, 0) without clusters.
    """
    n = len(draws.tau)
    estimate = np.empty((n, model.k), np.float32)
    cluster = np.empty((n, len(model.start)), np.float32)
    for part, some in draws.chunks(model.k):
        t = _terms(model, some)
        precision, standardised = 1 / t.variance, t.residual / t.variance
        if model.clustered:
            c = model.cluster_of_row
            terms = np.log(2 * np.pi * t.variance) + t.residual * standardised
            cluster[part] = -0.5 * (model.by_cluster(terms) + np.log1p(t.q) - t.h**2 / (1 + t.q))
            precision = 1 / t.variance - (t.scale / t.variance) ** 2 / (1 + t.q)[:, c]
            standardised = standardised - t.scale * (t.h / (1 + t.q))[:, c] / t.variance
        estimate[part] = -0.5 * (np.log(2 * np.pi / precision) + standardised**2 / precision)
    return estimate, cluster


def true_effects(model: MetaModel, draws: Draws) -> tuple[Array, Array]:
    """Mean and variance of each row's true effect x_i'β + b_c(i) + w_i, given each draw.

    Returns
    -------
    mean, variance : numpy.ndarray
        Shape (S, k) each, rows in model order.
    """
    t = _terms(model, draws)
    shrinkage = (draws.tau**2 * (1 - draws.rho))[:, None] / t.variance
    fixed = model.effect - t.residual
    if not model.clustered:
        return fixed + shrinkage * t.residual, shrinkage * model.variance
    c = model.cluster_of_row
    between = t.scale * (t.h / (1 + t.q))[:, c]
    spread = (t.scale**2 / (1 + t.q))[:, c]
    mean = fixed + shrinkage * t.residual + (1 - shrinkage) * between
    return mean, shrinkage * model.variance + (1 - shrinkage) ** 2 * spread


def cluster_effects(model: MetaModel, draws: Draws) -> tuple[Array, Array]:
    """Mean and variance of each cluster's effect, the mean over its rows of x_i'β + b_c, given each draw.

    Returns
    -------
    mean, variance : numpy.ndarray
        Shape (S, J) each.
    """
    t = _terms(model, draws)
    fixed = model.by_cluster(model.effect - t.residual) / model.sizes
    return fixed + t.scale * t.h / (1 + t.q), t.scale**2 / (1 + t.q)


def new_effects(model: MetaModel, draws: Draws) -> tuple[Array, Array]:
    """Mean and variance, given each draw, of a new estimate's true effect at the mean design.

    Returns
    -------
    mean, variance : numpy.ndarray
        Shape (S, 1 + J) each: in a new cluster, then in each known one.
    """
    centre = (draws.beta @ model.mean_design)[:, None]
    tau2 = draws.tau[:, None] ** 2
    if not model.clustered:
        return centre, tau2
    t = _terms(model, draws)
    known = centre + t.scale * t.h / (1 + t.q)
    spread = tau2 * (1 - draws.rho[:, None]) + t.scale**2 / (1 + t.q)
    return np.hstack([centre, known]), np.hstack([tau2, spread])
