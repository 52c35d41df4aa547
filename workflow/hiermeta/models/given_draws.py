"""What draws of a meta-analysis say of its rows: predictive densities, weights, true effects, cluster effects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hiermeta.marginal.normal import Covariance
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

    def mean(self) -> Draws:
        """The posterior means as a single draw."""
        return Draws(*(values.mean(axis=0, keepdims=True) for values in (self.beta, self.delta, self.tau, self.rho)))

    def chunks(self, k: int) -> Iterator[tuple[slice, Draws]]:
        """Slices of the draws small enough to be combined with k rows."""
        step = max(1, _CHUNK // k)
        for first in range(0, len(self.tau), step):
            part = slice(first, first + step)
            yield part, Draws(self.beta[part], self.delta[part], self.tau[part], self.rho[part])


def _given(model: MetaModel, draws: Draws) -> tuple[Array, Covariance]:
    """Residuals y − Xβ, shape (S, k), and V."""
    return model.effect - draws.beta @ model.design.T, model.marginal(draws.taus(model.scale_design), draws.rho)


def log_likelihood(model: MetaModel, draws: Draws) -> tuple[Single, Single]:
    """Log predictive densities given each draw, the random effects integrated out.

    Returns
    -------
    estimate : numpy.ndarray
        Shape (S, k), single precision: log p(y_i | the other rows of its cluster, parameters).
    cluster : numpy.ndarray
        Shape (S, J), single precision: log p(y_c | parameters); (S, 0) without clusters.
    """
    estimate = np.empty((len(draws.tau), model.k), np.float32)
    cluster = np.empty((len(draws.tau), len(model.clusters)), np.float32)
    for part, some in draws.chunks(model.k):
        residual, v = _given(model, some)
        estimate[part] = v.conditional_log_densities(residual)
        if model.clustered:
            cluster[part] = v.cluster_log_densities(residual)
    return estimate, cluster


def weights(model: MetaModel, draws: Draws) -> Array:
    """Weight of each row in the pooled effect given each draw: the row sums of V⁻¹.

    A row's weight can be negative where sampling errors depend on each other.

    Returns
    -------
    numpy.ndarray
        Shape (S, k), in units of 1/variance, rows in model order.
    """
    return _given(model, draws)[1].inverse_times(np.ones(model.k))


def true_effects(model: MetaModel, draws: Draws) -> tuple[Array, Array]:
    """Mean and variance of each row's true effect x_i'β + b_c(i) + w_i, given each draw.

    Returns
    -------
    mean, variance : numpy.ndarray
        Shape (S, k) each, rows in model order.
    """
    residual, v = _given(model, draws)
    return model.effect - residual + v.effects(residual), v.effect_variances()


def cluster_effects(model: MetaModel, draws: Draws) -> tuple[Array, Array]:
    """Mean and variance of each cluster's effect, the mean over its rows of x_i'β + a_i γ_c, given each draw.

    Returns
    -------
    mean, variance : numpy.ndarray
        Shape (S, J) each.
    """
    residual, v = _given(model, draws)
    gamma, variance = v.gamma(residual)
    scale = _cluster_means(model, v.loading)
    return _cluster_means(model, model.effect - residual) + scale * gamma, scale**2 * variance


def _cluster_means(model: MetaModel, values: Array) -> Array:
    """Means over the rows of each cluster: (S, k) to (S, J)."""
    return model.by_cluster(values) / model.sizes


def drawn_effects(model: MetaModel, draws: Draws, rng: np.random.Generator) -> tuple[Single, Single]:
    """One joint draw of all true effects and cluster effects given each draw of the parameters.

    Returns
    -------
    true : numpy.ndarray
        Shape (S, k), single precision, rows in model order.
    cluster : numpy.ndarray
        Shape (S, J), single precision; (S, 0) without clusters.
    """
    true = np.empty((len(draws.tau), model.k), np.float32)
    cluster = np.empty((len(draws.tau), len(model.clusters)), np.float32)
    for part, some in draws.chunks(model.k):
        residual, v = _given(model, some)
        fixed = model.effect - residual
        effects, gamma = v.drawn(residual, rng)
        true[part] = fixed + effects
        if model.clustered:
            cluster[part] = _cluster_means(model, fixed) + _cluster_means(model, v.loading) * gamma
    return true, cluster


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
    given = [v.gamma(residual) for residual, v in (_given(model, some) for _, some in draws.chunks(model.k))]
    gamma, spread = (np.concatenate(moments) for moments in zip(*given, strict=True))
    rho = draws.rho[:, None]
    known = centre + np.sqrt(tau2 * rho) * gamma
    return np.hstack([centre, known]), np.hstack([tau2, tau2 * (1 - rho + rho * spread)])
