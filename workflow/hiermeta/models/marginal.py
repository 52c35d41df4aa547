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
"""Largest number of (draw, row) pairs worked on at once."""
_ROWS = 6_000_000
"""Largest number of (draw, row) pairs for which summaries of rows use every draw."""


@dataclass(frozen=True)
class Draws:
    """Posterior draws of the parameters.

    Parameters
    ----------
    beta, delta : numpy.ndarray
        Shapes (S, p) and (S, s): coefficients of the standardised designs.
    tau, rho : numpy.ndarray
        Shape (S,): total heterogeneity SD and cluster allocation (zeros without clusters).
    """

    beta: Array
    delta: Array
    tau: Array
    rho: Array

    @classmethod
    def from_chains(cls, draws: dict[str, Array]) -> Draws:
        """From ``beta``, ``delta``, ``tau`` and ``rho``, shape (chains, draws, ...) each."""
        n = draws["tau"].size
        return cls(
            draws["beta"].reshape(n, -1),
            draws["delta"].reshape(n, -1),
            draws["tau"].ravel(),
            draws["rho"].ravel(),
        )

    def taus(self, scale_design: Array) -> Array:
        """Shape (S, k): τ_i at rows of a centred scale design of shape (k, s)."""
        return self.tau[:, None] * np.exp(self.delta @ scale_design.T)

    def thinned(self, k: int, chains: int) -> Draws:
        """Every n-th draw of each chain, so few that they can be combined with k rows at once."""
        per_chain = len(self.tau) // chains
        kept = np.arange(0, per_chain, -(-len(self.tau) * k // _ROWS))
        index = (np.arange(chains)[:, None] * per_chain + kept).ravel()
        return Draws(self.beta[index], self.delta[index], self.tau[index], self.rho[index])

    def chunks(self, k: int) -> Iterator[tuple[slice, Draws]]:
        """Slices of the draws small enough to be combined with k rows."""
        step = max(1, _CHUNK // k)
        for first in range(0, len(self.tau), step):
            part = slice(first, first + step)
            yield part, Draws(self.beta[part], self.delta[part], self.tau[part], self.rho[part])


@dataclass(frozen=True)
class _Terms:
    """w-variance τ_i²(1−ρ), D, residuals r and a, all (S, k); q and h (S, J)."""

    within: Array
    variance: Array
    residual: Array
    scale: Array
    q: Array
    h: Array


def _terms(model: MetaModel, draws: Draws) -> _Terms:
    taus, rho = draws.taus(model.scale_design), draws.rho[:, None]
    within = taus**2 * (1 - rho)
    variance = model.variance + within
    residual = model.effect - draws.beta @ model.design.T
    scale = taus * np.sqrt(rho)
    if not model.clustered:
        nothing = np.zeros((len(taus), 0))
        return _Terms(within, variance, residual, scale, nothing, nothing)
    q = model.by_cluster(scale**2 / variance)
    h = model.by_cluster(scale * residual / variance)
    return _Terms(within, variance, residual, scale, q, h)


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
    shrinkage = t.within / t.variance
    fixed = model.effect - t.residual
    if not model.clustered:
        return fixed + shrinkage * t.residual, shrinkage * model.variance
    c = model.cluster_of_row
    between = t.scale * (t.h / (1 + t.q))[:, c]
    spread = t.scale**2 / (1 + t.q)[:, c]
    mean = fixed + shrinkage * t.residual + (1 - shrinkage) * between
    return mean, shrinkage * model.variance + (1 - shrinkage) ** 2 * spread


def cluster_effects(model: MetaModel, draws: Draws) -> tuple[Array, Array]:
    """Mean and variance of each cluster's effect, the mean over its rows of x_i'β + a_i γ_c, given each draw.

    Returns
    -------
    mean, variance : numpy.ndarray
        Shape (S, J) each.
    """
    t = _terms(model, draws)
    fixed = model.by_cluster(model.effect - t.residual) / model.sizes
    scale = model.by_cluster(t.scale) / model.sizes
    return fixed + scale * t.h / (1 + t.q), scale**2 / (1 + t.q)


def new_effects(model: MetaModel, draws: Draws, row: Array, scale_row: Array) -> tuple[Array, Array]:
    """Mean and variance, given each draw, of a new estimate's true effect at a design row.

    Parameters
    ----------
    model : MetaModel
    draws : Draws
    row, scale_row : numpy.ndarray
        Shapes (p,) and (s,): rows of the standardised designs.

    Returns
    -------
    mean, variance : numpy.ndarray
        Shape (S, 1 + J) each: in a new cluster, then in each known one.
    """
    centre = (draws.beta @ row)[:, None]
    tau2 = draws.taus(scale_row[None, :]) ** 2
    if not model.clustered:
        return centre, tau2
    t = _terms(model, draws)
    rho = draws.rho[:, None]
    known = centre + np.sqrt(tau2 * rho) * t.h / (1 + t.q)
    return np.hstack([centre, known]), np.hstack([tau2, tau2 * (1 - rho) + tau2 * rho / (1 + t.q)])
