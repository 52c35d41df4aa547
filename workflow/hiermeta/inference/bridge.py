"""The log marginal likelihood from draws, by bridge sampling on the unconstrained scale.

A normal proposal is fitted to the first half of each chain; the second half and draws from the proposal then bridge
between posterior and proposal with the optimal bridge of Meng & Wong (1996), iterated in log space, the effective
sample size of the draws standing in its weights (Gronau et al. 2017). The error is that of Frühwirth-Schnatter (2004).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit, logit, logsumexp

from hiermeta.models.given_draws import Draws
from hiermeta.models.meta import MetaModel
from hiermeta.models.priors import Prior
from hiermeta.sampling.convergence import convergence

Array = npt.NDArray[np.float64]
_TOLERANCE = 1e-10
_ITERATIONS = 1000
_PAIRS = 200_000
_SEED = 20260101


@dataclass(frozen=True)
class Bridge:
    """A log marginal likelihood and its Monte Carlo standard error."""

    log_marginal_likelihood: float
    error: float


@dataclass(frozen=True)
class _Free:
    """One free parameter: where it stands, its prior, and its map to the real line as in the Stan program."""

    name: str
    column: int
    prior: Prior

    def unconstrain(self, x: Array) -> Array:
        lower, upper = self.prior.support
        x = np.clip(x, np.nextafter(lower, np.inf), np.nextafter(upper, -np.inf))
        if np.isfinite(lower) and np.isfinite(upper):
            return logit((x - lower) / (upper - lower))
        if np.isfinite(lower):
            return np.log(x - lower)
        return x

    def constrain(self, u: Array) -> tuple[Array, Array]:
        """The parameter and the log Jacobian of the transformation."""
        lower, upper = self.prior.support
        if np.isfinite(lower) and np.isfinite(upper):
            width = upper - lower
            return lower + width * expit(u), np.log(width) + log_expit(u) + log_expit(-u)
        if np.isfinite(lower):
            return lower + np.exp(u), u
        return u, np.zeros_like(u)


class LogPosterior:
    """The unnormalised log posterior of a model over its free parameters on the unconstrained scale."""

    def __init__(self, model: MetaModel) -> None:
        self._model = model
        entries = [("beta", j, prior) for j, prior in enumerate(model.coefficient_priors)]
        entries.append(("tau", 0, model.priors["tau"]))
        if model.clustered:
            entries.append(("rho", 0, model.priors["rho"]))
        entries += [("delta", j, model.priors["scale"]) for j in range(model.scale_design.shape[1])]
        self.free = [_Free(*entry) for entry in entries if not entry[2].is_point]
        self._fixed = [(name, column, prior.arguments[0]) for name, column, prior in entries if prior.is_point]

    def unconstrain(self, draws: dict[str, Array]) -> Array:
        """Draws of ``beta``, ``tau``, ``rho`` and ``delta``, (chains, draws, ...), to (chains, draws, free)."""
        columns = []
        for parameter in self.free:
            values = draws[parameter.name]
            columns.append(parameter.unconstrain(values if values.ndim == 2 else values[..., parameter.column]))
        return np.stack(columns, axis=-1)

    def __call__(self, points: Array) -> Array:
        """At points of shape (S, free): log likelihood, priors and Jacobians, shape (S,)."""
        step = max(1, _PAIRS // self._model.k)
        return np.concatenate([self._part(points[i : i + step]) for i in range(0, len(points), step)])

    def _part(self, points: Array) -> Array:
        model, n = self._model, len(points)
        values = {
            "beta": np.zeros((n, model.design.shape[1])),
            "tau": np.zeros((n, 1)),
            "rho": np.zeros((n, 1)),
            "delta": np.zeros((n, model.scale_design.shape[1])),
        }
        for name, column, value in self._fixed:
            values[name][:, column] = value
        log_density = np.zeros(n)
        for parameter, u in zip(self.free, points.T, strict=True):
            x, log_jacobian = parameter.constrain(u)
            values[parameter.name][:, parameter.column] = x
            log_density += parameter.prior.logpdf(x) + log_jacobian
        draws = Draws(values["beta"], values["delta"], values["tau"][:, 0], values["rho"][:, 0])
        v = model.marginal(draws.taus(model.scale_design), draws.rho)
        return log_density + v.log_density(model.effect - draws.beta @ model.design.T)


def bridge(model: MetaModel, draws: dict[str, Array]) -> Bridge:
    """Estimate the log marginal likelihood.

    Parameters
    ----------
    model : MetaModel
    draws : dict of str to numpy.ndarray
        ``beta``, ``delta``, ``tau``, ``rho``, shape (chains, draws, ...) each.
    """
    log_posterior = LogPosterior(model)
    points = log_posterior.unconstrain(draws)
    half = points.shape[1] // 2
    fitting = points[:, :half].reshape(-1, points.shape[2])
    rest = points[:, half:]
    by_name = {str(j): rest[..., j] for j in range(rest.shape[2])}
    effective = float(convergence(by_name)["ess_bulk"].median())
    proposal = _Normal(fitting)
    sampled = rest.reshape(-1, points.shape[2])
    proposed = proposal.sample(len(sampled))
    at_draws = log_posterior(sampled) - proposal.log_density(sampled)
    at_proposals = log_posterior(proposed) - proposal.log_density(proposed)
    value, terms_draws, terms_proposals = _iterate(at_draws, at_proposals, effective)
    effective_terms = convergence({"x": terms_draws.reshape(rest.shape[:2])})["ess_bulk"].iloc[0]
    variance = terms_proposals.var() / terms_proposals.mean() ** 2 / len(terms_proposals)
    variance += terms_draws.var() / terms_draws.mean() ** 2 / effective_terms
    return Bridge(value, float(np.sqrt(variance)))


def _iterate(at_draws: Array, at_proposals: Array, effective: float) -> tuple[float, Array, Array]:
    """Meng and Wong's iterations.

    Parameters
    ----------
    at_draws, at_proposals : numpy.ndarray
        Log ratios of unnormalised posterior to proposal at draws of either.
    effective : float
        Effective sample size of the draws.

    Returns
    -------
    value : float
        Log marginal likelihood.
    terms_draws, terms_proposals : numpy.ndarray
        The terms whose means are the denominator and numerator, up to constants, for the error.
    """
    share = effective / (effective + len(at_proposals))
    log_share, log_other = np.log(share), np.log1p(-share)
    value = float(np.median(at_draws))
    for _ in range(_ITERATIONS):
        mixed_proposals = np.logaddexp(log_share + at_proposals, log_other + value)
        mixed_draws = np.logaddexp(log_share + at_draws, log_other + value)
        numerator = logsumexp(at_proposals - mixed_proposals) - np.log(len(at_proposals))
        denominator = logsumexp(-mixed_draws) - np.log(len(at_draws))
        previous, value = value, float(numerator - denominator)
        if abs(value - previous) < _TOLERANCE * max(1.0, abs(value)):
            break
    terms_proposals = at_proposals - np.logaddexp(log_share + at_proposals, log_other + value)
    terms_draws = -np.logaddexp(log_share + at_draws, log_other + value)
    return value, np.exp(terms_draws - terms_draws.max()), np.exp(terms_proposals - terms_proposals.max())


class _Normal:
    """A normal distribution with the mean and covariance of some points, always drawn from in the same way."""

    def __init__(self, points: Array) -> None:
        self._mean = points.mean(axis=0)
        self._root = np.linalg.cholesky(np.atleast_2d(np.cov(points, rowvar=False)))

    def sample(self, n: int) -> Array:
        standard = np.random.default_rng(_SEED).standard_normal((n, len(self._mean)))
        return self._mean + standard @ self._root.T

    def log_density(self, points: Array) -> Array:
        standard = np.linalg.solve(self._root, (points - self._mean).T)
        log_determinant = np.log(np.diag(self._root)).sum()
        constant = len(self._mean) / 2 * np.log(2 * np.pi) + log_determinant
        density: Array = -0.5 * (standard**2).sum(axis=0) - constant
        return density
