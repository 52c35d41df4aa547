"""The marginal likelihood of the meta-analysis model and the random effects given a draw, over many draws at once.

With D_i = v_i + τ²(1−ρ), a = τ√ρ and r = y − Xβ, the covariance of cluster c is V_c = diag(D) + a²11'. Its inverse
follows from Sherman and Morrison; γ_c has the variance 1/(1+q_c) and the mean h_c/(1+q_c) with q_c = Σ a²/D_i and
h_c = Σ a r_i/D_i. Dependent sampling errors are in `hiermeta.models.dependent`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hiermeta.models import dependent
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


@dataclass(frozen=True)
class _Terms:
    """r, τ_i²(1−ρ) and a, all (S, k); means and variances of γ, (S, J)."""

    residual: Array
    within: Array
    scale: Array
    gamma: Array
    gamma_variance: Array


def _terms(model: MetaModel, draws: Draws) -> _Terms:
    taus, rho = draws.taus(model.scale_design), draws.rho[:, None]
    within, scale = taus**2 * (1 - rho), taus * np.sqrt(rho)
    residual = model.effect - draws.beta @ model.design.T
    if not model.clustered:
        nothing = np.zeros((len(taus), 0))
        return _Terms(residual, within, scale, nothing, nothing)
    if model.dependent:
        given = dependent.blocks(model.start, model.covariance, residual, within, scale)
        moments = np.stack([block.gamma() for block in given], axis=-1)
        return _Terms(residual, within, scale, moments[0], moments[1])
    variance = model.variance + within
    spread = 1 / (1 + model.by_cluster(scale**2 / variance))
    return _Terms(residual, within, scale, spread * model.by_cluster(scale * residual / variance), spread)


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
        if model.dependent:
            given = dependent.blocks(model.start, model.covariance, t.residual, t.within, t.scale)
            for j, block in enumerate(given):
                cluster[part, j] = block.log_density()
                estimate[part, block.rows] = block.conditional_log_densities()
            continue
        variance = model.variance + t.within
        precision, standardised = 1 / variance, t.residual / variance
        if model.clustered:
            c = model.cluster_of_row
            terms = np.log(2 * np.pi * variance) + t.residual * standardised
            cluster[part] = -0.5 * (model.by_cluster(terms) - np.log(t.gamma_variance) - t.gamma**2 / t.gamma_variance)
            precision = precision - (t.scale / variance) ** 2 * t.gamma_variance[:, c]
            standardised = standardised - t.scale * t.gamma[:, c] / variance
        estimate[part] = -0.5 * (np.log(2 * np.pi / precision) + standardised**2 / precision)
    return estimate, cluster[:, : len(model.clusters)]


def weights(model: MetaModel, draws: Draws) -> Array:
    """Weight of each row in the pooled effect given each draw: the row sums of V⁻¹.

    A row's weight can be negative where sampling errors depend on each other.

    Returns
    -------
    numpy.ndarray
        Shape (S, k), in units of 1/variance, rows in model order.
    """
    t = _terms(model, draws)
    if model.dependent:
        found = np.empty_like(t.residual)
        for block in dependent.blocks(model.start, model.covariance, t.residual, t.within, t.scale):
            found[:, block.rows] = block.inverse.sum(axis=2)
        return found
    precision = np.asarray(1 / (model.variance + t.within))
    if not model.clustered:
        return precision
    shared = t.gamma_variance * model.by_cluster(t.scale * precision)
    return np.asarray(precision * (1 - t.scale * shared[:, model.cluster_of_row]))


def true_effects(model: MetaModel, draws: Draws) -> tuple[Array, Array]:
    """Mean and variance of each row's true effect x_i'β + b_c(i) + w_i, given each draw.

    Returns
    -------
    mean, variance : numpy.ndarray
        Shape (S, k) each, rows in model order.
    """
    t = _terms(model, draws)
    fixed = model.effect - t.residual
    if model.dependent:
        mean, variance = fixed, np.empty_like(fixed)
        for block in dependent.blocks(model.start, model.covariance, t.residual, t.within, t.scale):
            effects, variance[:, block.rows] = block.random_effects()
            mean[:, block.rows] += effects
        return mean, variance
    shrinkage = t.within / (model.variance + t.within)
    mean, variance = fixed + shrinkage * t.residual, shrinkage * model.variance
    if model.clustered:
        c = model.cluster_of_row
        mean += (1 - shrinkage) * t.scale * t.gamma[:, c]
        variance += ((1 - shrinkage) * t.scale) ** 2 * t.gamma_variance[:, c]
    return mean, variance


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
    return fixed + scale * t.gamma, scale**2 * t.gamma_variance


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
        t = _terms(model, some)
        fixed, gamma = model.effect - t.residual, t.gamma
        if model.dependent:
            effects, gamma = np.empty_like(fixed), np.empty((len(fixed), len(model.start)))
            given = dependent.blocks(model.start, model.covariance, t.residual, t.within, t.scale)
            for j, (block, sampling) in enumerate(zip(given, model.covariance, strict=True)):
                effects[:, block.rows], gamma[:, j] = block.drawn(sampling, rng)
        else:
            gamma = gamma + np.sqrt(t.gamma_variance) * rng.standard_normal(gamma.shape)
            shared = t.scale * gamma[:, model.cluster_of_row] if model.clustered else np.zeros_like(fixed)
            shrinkage = t.within / (model.variance + t.within)
            spread = np.sqrt(shrinkage * model.variance) * rng.standard_normal(fixed.shape)
            effects = shared + shrinkage * (t.residual - shared) + spread
        true[part] = fixed + effects
        if model.clustered:
            cluster[part] = (model.by_cluster(fixed) + model.by_cluster(t.scale) * gamma) / model.sizes
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
    means, variances = [], []
    for _, some in draws.chunks(model.k):
        t = _terms(model, some)
        means.append(t.gamma)
        variances.append(t.gamma_variance)
    gamma, spread = np.concatenate(means), np.concatenate(variances)
    rho = draws.rho[:, None]
    known = centre + np.sqrt(tau2 * rho) * gamma
    return np.hstack([centre, known]), np.hstack([tau2, tau2 * (1 - rho + rho * spread)])
