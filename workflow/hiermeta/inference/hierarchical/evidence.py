"""Marginal likelihoods of gaussian mixed models: coefficients integrated out exactly, the rest by importance sampling.

With normal priors β ~ N(m, Λ⁻¹) the density of the data given the SDs and correlations is

    log p(y | σ, Σ) = −½ [N log 2π + (N − Jq) log σ² + Σ log|V_j| + log|A + Λ| − log|Λ| + C + m'Λm − b'(A + Λ)⁻¹b]

with A, B, C the sums over clusters of E_j'V_j⁻¹E_j + T_j'T_j/σ² in X and y, and b = B + Λm. What is left has few
dimensions, and is integrated by adaptive importance sampling (`importance`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from hiermeta.inference.hierarchical.classical import MixedFit
from hiermeta.inference.hierarchical.importance import SEED, Effort, Hyperparameters, adapt, summary
from hiermeta.inference.hierarchical.independent import Weighted
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]
_LEFT_OUT = 600
"""Draws for leaving clusters out, and for individuals."""
_CELLS = 3_000_000
_EFFORT = Effort(4, 512, 128)
_PAIRS = 4
"""Antithetic pairs of draws of the coefficients at each point."""


@dataclass(frozen=True)
class Evidence:
    """A model's log marginal likelihood with its Monte Carlo SE, and posterior draws.

    Parameters
    ----------
    value, error : float
    clusters : numpy.ndarray
        Shape (J,): log p(y_j | the other clusters).
    draws : Draws
        Shape (S,) each, from the posterior, in the user's units.
    posterior : Weighted
        The same posterior by all points.
    """

    value: float
    error: float
    clusters: Array
    draws: Draws
    posterior: Weighted


@dataclass(frozen=True)
class _Sums:
    """A, B and C of each cluster, shapes (S, J, p, p), (S, J, p) and (S, J), and log determinants, (S, J)."""

    a: Array
    b: Array
    c: Array
    log_determinant: Array

    def total(self) -> _Sums:
        """Over clusters."""
        return _Sums(self.a.sum(axis=1), self.b.sum(axis=1), self.c.sum(axis=1), self.log_determinant.sum(axis=1))

    def without_each(self) -> _Sums:
        """Over all clusters but one, for each one in turn."""
        t = self.total()
        return _Sums(
            t.a[:, None] - self.a,
            t.b[:, None] - self.b,
            t.c[:, None] - self.c,
            t.log_determinant[:, None] - self.log_determinant,
        )


class _Marginal(Hyperparameters):
    """log p(y | SDs, correlations) plus their priors, over the unconstrained scale."""

    def __init__(self, model: HierarchicalModel) -> None:
        super().__init__(model)
        priors = [model.priors[name] for name in model.names]
        mean, sd = np.array([prior.arguments for prior in priors]).T
        units = model.units
        self.prior_mean = (mean - model.offset) / units["beta"]
        self.precision = (units["beta"] / sd) ** 2

    def sums(self, sigma: Array, covariance: Array) -> _Sums:
        s = self.model.sufficient
        V = s.covariances(sigma, covariance)
        roots = np.linalg.cholesky(V)
        both = np.concatenate([s.E, s.d[:, :, None]], axis=2)
        white = np.linalg.solve(roots, np.broadcast_to(both, (len(sigma), *both.shape)))
        squares = np.swapaxes(white, 2, 3) @ white
        within = np.einsum("jab,jac->jbc", s.T, s.T)
        squares = squares + within / (sigma**2)[:, None, None, None]
        log_determinant = 2 * np.log(np.diagonal(roots, axis1=2, axis2=3)).sum(axis=2)
        log_determinant += 2 * (s.sizes - s.q) * np.log(sigma)[:, None]
        return _Sums(squares[:, :, : s.p, : s.p], squares[:, :, : s.p, s.p], squares[:, :, s.p, s.p], log_determinant)

    def log_density(self, sums: _Sums, n: Array | int) -> Array:
        """Log p(y | σ, Σ) of n rows from their sums, leading dimensions free."""
        precision = sums.a + np.diag(self.precision)
        right = sums.b + self.precision * self.prior_mean
        root = np.linalg.cholesky(precision)
        white = np.linalg.solve(root, right[..., None])[..., 0]
        constant = (self.precision * self.prior_mean**2).sum() - np.log(self.precision).sum()
        log_precision = 2 * np.log(np.diagonal(root, axis1=-2, axis2=-1)).sum(axis=-1)
        value = (
            n * np.log(2 * np.pi) + sums.log_determinant + log_precision + sums.c - (white**2).sum(axis=-1) + constant
        )
        return np.asarray(-0.5 * value - n * np.log(self.model.outcome_spread))

    def __call__(self, z: Array) -> Array:
        """Shape (S,): unnormalised log posterior."""
        result = np.empty(len(z))
        for part in self._parts(len(z)):
            own, covariance, _ = self.unpack(z[part])
            result[part] = self.log_density(self.sums(own[:, 0], covariance).total(), self.model.n)
        return result + self.log_prior(z)

    def _parts(self, n: int) -> list[slice]:
        step = max(1, _CELLS // (len(self.model.sufficient.sizes) * (self.model.sufficient.p + 1) ** 2))
        return [slice(first, first + step) for first in range(0, n, step)]

    def left_out(self, z: Array) -> Array:
        """Shape (J,): log p(y_j | the other clusters), for draws from the posterior.

        p(y_j | y₋ⱼ) = 1 / E[p(y₋ⱼ | σ, Σ) / p(y | σ, Σ)].
        """
        ratios = []
        sizes = self.model.clusters.sizes.astype(float)
        for part in self._parts(len(z)):
            own, covariance, _ = self.unpack(z[part])
            t = self.sums(own[:, 0], covariance)
            whole = self.log_density(t.total(), self.model.n)
            ratios.append(self.log_density(t.without_each(), self.model.n - sizes) - whole[:, None])
        return -(logsumexp(np.concatenate(ratios), axis=0) - np.log(len(z)))

    def draws(self, z: Array, rng: np.random.Generator, pairs: int = 0) -> Draws:
        """Posterior draws of everything, β from its conditional normal distribution: one, or antithetic pairs.

        Those of one point follow on each other.
        """
        model, units = self.model, self.model.units
        own, covariance, _ = self.unpack(z)
        sigma = own[:, 0]
        count = max(1, 2 * pairs)
        beta = np.empty((len(z), count, len(model.names)))
        for part in self._parts(len(z)):
            t = self.sums(sigma[part], covariance[part])
            root = np.linalg.cholesky(t.a.sum(axis=1) + np.diag(self.precision))
            right = t.b.sum(axis=1) + self.precision * self.prior_mean
            noise = rng.standard_normal((*right.shape, max(1, pairs)))
            noise = np.concatenate([noise, -noise], axis=2) if pairs else noise
            white = np.linalg.solve(root, right[..., None]) + noise
            beta[part] = np.swapaxes(np.linalg.solve(np.swapaxes(root, 1, 2), white), 1, 2)
        sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        correlation = covariance / (sd[:, :, None] * sd[:, None, :])
        every = (np.repeat(values, count, axis=0) for values in (sigma * units["sigma"], sd * units["sd"], correlation))
        return Draws(model.to_user(beta.reshape(-1, beta.shape[2])), *every)


def applies(model: HierarchicalModel) -> bool:
    """Whether all coefficients have normal priors."""
    return all(model.priors[name].family == "normal" for name in model.names)


def evidence(model: HierarchicalModel, start: MixedFit | None) -> Evidence:
    """The marginal likelihood of a model.

    Parameters
    ----------
    model : HierarchicalModel
        With normal priors of the coefficients.
    start : MixedFit or None
        Where to begin; None for a model without random effects.
    """
    marginal, rng = _Marginal(model), np.random.default_rng(SEED)
    centre, root = marginal.start(None if start is None else start.parameters)
    if start is None:
        triangle = model.sufficient.total
        centre[-1] = np.log(max(abs(triangle[-1, -1]) / np.sqrt(model.n), 1e-8))
    z, log_weight = adapt(marginal, centre, root, _EFFORT, rng)
    value, error, places = summary(log_weight, _LEFT_OUT, rng)
    chosen = z[places]
    clusters, draws = marginal.left_out(chosen), marginal.draws(chosen, rng)
    posterior = Weighted(marginal.draws(z, rng, _PAIRS), np.repeat(log_weight[:, None], 2 * _PAIRS, axis=1))
    return Evidence(value, error, clusters, draws, posterior)


def individuals(model: HierarchicalModel, draws: Draws) -> Array:
    """Shape (N,): log p(y_i | all other rows), rows in the order of the table.

    Given a draw, y_i has, given the other rows of its cluster, the mean y_i − (V⁻¹r)_i/(V⁻¹)_ii and the variance
    1/(V⁻¹)_ii, where σ²(V⁻¹r)_i = r_i − z_i'E[u] and σ²(V⁻¹)_ii = 1 − z_i'Cov[u]z_i/σ². Draws are weighted by
    1/p(y_i | ...), as in leaving clusters out.
    """
    codes, total = model.clusters.codes, np.full(model.n, -np.inf)
    count = max(20, min(draws.sigma.size, 40_000_000 // model.n))
    kept = np.linspace(0, draws.sigma.size - 1, count).astype(int)
    for s in np.array_split(kept, max(1, count // 20)):
        mean, covariance = model.random_effects(draws[s])
        for i, index in enumerate(s):
            left = model.outcome - model.X @ draws.beta[index] - (model.Z * mean[i, codes]).sum(axis=1)
            variance = draws.sigma[index] ** 2
            inside = np.einsum("na,nab,nb->n", model.Z, covariance[i, codes], model.Z, optimize=True)
            precision = (1 - inside / variance) / variance
            residual = left / variance / precision
            density = -0.5 * (np.log(2 * np.pi / precision) + residual**2 * precision)
            total = np.logaddexp(total, -density)
    return np.log(count) - total
