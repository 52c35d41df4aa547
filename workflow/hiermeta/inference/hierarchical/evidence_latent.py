"""Marginal likelihoods of mixed models of counts, and of those with several grouping factors.

Given SDs and correlations, random effects and coefficients are integrated out by importance sampling from the normal
approximation at their mode, which is exact for gaussian outcomes; SDs and correlations by adaptive importance sampling
around that (`importance`). The estimate is unbiased for every family and prior, and its error is printed with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from hiermeta.inference.hierarchical.importance import (
    SEED,
    Effort,
    Hyperparameters,
    adapt,
    log_predictive,
    summary,
)
from hiermeta.inference.hierarchical.independent import Weighted
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel
from hiermeta.models.left_out import clusters_left_out, rows_left_out

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
_EFFORT = Effort(3, 128, 32)
_PAIRS = 4
"""Antithetic pairs of draws of coefficients and random effects at each point."""
_LEFT_OUT = 400
"""Draws for leaving out clusters and individuals."""
_OVERFLOWN = 1e10
"""Logarithm of a weight that only overflown exponentials have."""
_QUARTILE = 0.6744897501960817


@dataclass(frozen=True)
class Scores:
    """A model's log marginal likelihood with its Monte Carlo SE, and its leave-one-out densities.

    Parameters
    ----------
    value, error : float
    rows : numpy.ndarray
        Shape (N,): log p(y_i | all other rows).
    clusters : tuple of numpy.ndarray
        By grouping factor, shape (J,): log p(y_j | the other clusters).
    posterior : Weighted
    """

    value: float
    error: float
    rows: Array
    clusters: tuple[Array, ...]
    posterior: Weighted


class _Marginal(Hyperparameters):
    """Log p(y | SDs, correlations) plus their priors, with draws of all else."""

    def __init__(self, model: HierarchicalModel) -> None:
        super().__init__(model)
        priors, units = [model.priors[name] for name in model.names], model.units["beta"]
        quartiles = np.array([[float(prior.ppf(level)) for level in (0.25, 0.5, 0.75)] for prior in priors])
        self._priors, self._units = priors, units
        self._normal = all(prior.family == "normal" for prior in priors)
        sd = (quartiles[:, 2] - quartiles[:, 0]) / (2 * _QUARTILE)
        self._prior = (quartiles[:, 1] - model.offset) / units, (units / sd) ** 2
        self._rng = np.random.default_rng(SEED)
        self.beta, self.chosen = np.zeros((0, 0, 0)), np.zeros(0, np.intp)
        self.log_share = self.v = np.zeros((0, 0))

    def factor(self, z: Array) -> tuple[Array, Array]:
        """Standardised parameters of the likelihood, shape (S, 1 + m), and Cholesky factors of Σ, shape (S, q, q)."""
        own, covariance, _ = self.unpack(z)
        sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        root = np.linalg.cholesky(covariance / (sd[:, :, None] * sd[:, None, :]) + 1e-12 * np.eye(sd.shape[1]))
        return own, np.asarray(sd[:, :, None] * root)

    def __call__(self, z: Array) -> Array:
        """Shape (S,): unnormalised log posterior, or an unbiased estimate of it.

        Leaves draws of β of each with the logarithms of their shares, and the place of one of them with its v.
        """
        latent, value, draws = self.model.latent_rows, np.empty(len(z)), 2 * _PAIRS
        exact = latent.rows.quadratic and self._normal
        self.beta, self.log_share = np.empty((len(z), draws, len(self._priors))), np.empty((len(z), draws))
        self.chosen, self.v = np.empty(len(z), np.intp), np.empty((len(z), latent.size))
        start = None
        for i, (own, L) in enumerate(zip(*self.factor(z), strict=True)):
            try:
                found = latent.approximate(L, latent.rows.known, own, self._prior, start)
            except np.linalg.LinAlgError:  # so far out that double precision gives out: no weight
                self.beta[i], self.v[i], self.chosen[i], value[i] = self._prior[0], 0.0, 0, -np.inf
                self.log_share[i] = -np.log(draws)
                continue
            start = found.v, found.beta  # modes of neighbours save half of the steps
            v, self.beta[i], log_weight = found.sample(self._rng, _PAIRS)
            log_weight = 0 * log_weight if exact else log_weight + self._correction(self.beta[i])
            total, share = _total(log_weight)
            with np.errstate(divide="ignore"):
                self.log_share[i] = np.log(share)
            self.chosen[i] = self._rng.choice(draws, p=share)
            self.v[i] = v[self.chosen[i]]
            value[i] = found.value + total - np.log(draws)
        return value - self.model.n * np.log(self.model.outcome_spread) + self.log_prior(z)

    def _correction(self, beta: Array) -> Array:
        """Shape (K,): log prior density of coefficients less that of the normal in its place."""
        total = np.zeros(len(beta))
        if self._normal:
            return total
        user = beta * self._units + self.model.offset
        for j, prior in enumerate(self._priors):
            stand_in = norm(self._prior[0][j], 1 / np.sqrt(self._prior[1][j]))
            total += prior.logpdf(user[:, j]) + np.log(self._units[j]) - stand_in.logpdf(beta[:, j])
        return total

    def parameters(self, z: Array) -> Draws:
        """All draws of the parameters at the points of the last call, in the user's units, point by point."""
        model, (own, covariance, _) = self.model, self.unpack(z)
        sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        correlation = covariance / (sd[:, :, None] * sd[:, None, :])
        draws = self.log_share.shape[1]
        sizes = own[:, 0] * model.units["sigma"], sd * model.units["sd"], correlation, own[:, 1:]
        sigma, sd, correlation, shape = (np.repeat(values, draws, axis=0) for values in sizes)
        beta = model.to_user(self.beta.reshape(-1, self.beta.shape[2]))
        return Draws(beta, sigma, sd, correlation, shape if model.shape_names else None)

    def one_each(self, places: Places) -> Places:
        """Places of the chosen draws of some points among all draws."""
        return np.asarray(places * self.log_share.shape[1] + self.chosen[places])


def _total(log_weight: Array) -> tuple[float, Array]:
    """Logarithm of the sum of weights, and their shares.

    No weight, −∞ and equal shares, where all draws are outside of a prior's support, or so far out that exponentials
    overflow and differences of log densities are rounding errors.
    """
    peak = float(log_weight.max())
    if not abs(peak) < _OVERFLOWN:
        return -np.inf, np.full(len(log_weight), 1 / len(log_weight))
    weight = np.exp(log_weight - peak)
    return peak + float(np.log(weight.sum())), weight / weight.sum()


def scores(model: HierarchicalModel, start: Draws) -> Scores:
    """The marginal likelihood of a model and its leave-one-out densities.

    Parameters
    ----------
    model : HierarchicalModel
    start : Draws
        One draw: point estimates to begin at.
    """
    marginal, rng = _Marginal(model), np.random.default_rng(SEED)
    z, log_weight = adapt(marginal, *marginal.start(start), _EFFORT, rng)
    value, error, places = summary(log_weight, _LEFT_OUT, rng)
    every = marginal.parameters(z)
    draws = every[marginal.one_each(places)]
    u = model.latent_rows.random_effects(marginal.v[places], draws.factor)
    if model.several or not model.effects:
        clusters = [clusters_left_out(model, draws, u, f) for f in range(len(model.factors))]
    else:
        clusters = [model.log_likelihood(draws)]
    rows = log_predictive(rows_left_out(model, draws))[0]
    left_out = tuple(log_predictive(values)[0] for values in clusters)
    return Scores(value, error, rows, left_out, Weighted(every, log_weight[:, None] + marginal.log_share))
