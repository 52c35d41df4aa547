"""Adaptive importance sampling over the SDs and correlations of a mixed model, for marginal likelihoods.

A t proposal on the unconstrained scale is fitted to its own weighted draws and then used (Cappé, Guillin, Marin
& Robert 2004). Everything else is integrated out by the target, exactly or with an unbiased estimate, so that the mean
of the weights is an unbiased estimate of the marginal likelihood (Tran, Scharth, Pitt & Kohn 2013). Points are
scrambled Sobol sequences (Owen 1995), whose errors are a fraction of those of independent points; several independent
scrambles tell how large they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, gammaln, logsumexp, ndtri
from scipy.stats import qmc

from hiermeta.models.correlations import correlations
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel
from hiermeta.sampling.convergence import smoothed_weights

Array = npt.NDArray[np.float64]
SEED = 20260101
GROUPS = 32
"""Independent scrambles of the points; the spread between them gives Monte Carlo errors."""
FAR = 10.0
"""Distance from the middle of the proposal at which a point has no weight: logarithms of SDs so far out don't count.

The t distribution reaches there, where systems of equations are singular in double precision.
"""
_DF = 4.0


@dataclass(frozen=True)
class Effort:
    """How many rounds of how many points fit the proposal, and how many points of each group use it: powers of two."""

    rounds: int
    size: int
    final: int


class Hyperparameters:
    """SDs, correlations and the likelihood's parameters of a model over the unconstrained scale.

    A point holds log SDs, inverse hyperbolic tangents of partial correlations, and what `HierarchicalModel.own` takes.
    """

    def __init__(self, model: HierarchicalModel) -> None:
        self.model = model

    def start(self, draw: Draws | None) -> tuple[Array, Array]:
        """Centre and root of a first proposal: around point estimates, or at 1."""
        model = self.model
        q, m, own = len(model.effects), len(model.pairs), len(model.own_names)
        centre, root = np.zeros(q + m + own), 0.3 * np.eye(q + m + own)
        if draw is not None:
            standard = model.to_standard(draw)
            sigma = standard.sigma[0] if model.has_sigma else 1.0
            centre[:q] = np.log(np.maximum(standard.sd[0], 0.05 * sigma))
            centre[q + m :] = model.unconstrained(standard.own[0])
        for k, name in enumerate(model.sd_names):
            centre[k] = np.clip(centre[k], *np.log(model.priors[name].ppf([0.01, 0.99]) / model.units["sd"][k]))
        for k, (name, unit) in enumerate(zip(model.own_names, model.own_units, strict=True)):
            ends = np.zeros((2, len(model.likelihood.shapes) + 1))
            ends[:, k + (not model.has_sigma)] = model.priors[name].ppf([0.01, 0.99]) / unit
            centre[q + m + k] = np.clip(centre[q + m + k], *model.unconstrained(ends)[:, k])
            root[q + m + k, q + m + k] = 2 / np.sqrt(model.n) if name == "sigma" else 0.5
        return centre, root

    def unpack(self, z: Array) -> tuple[Array, Array, Array]:
        """Standardised parameters of the likelihood (S, 1 + m), Σ (S, q, q), and partial correlations (S, pairs)."""
        q, m = len(self.model.effects), len(self.model.pairs)
        sd, partial = np.exp(z[:, :q]), np.tanh(z[:, q : q + m])
        omega = correlations(partial, self.model.blocks)
        return self.model.own(z[:, q + m :]), sd[:, :, None] * omega * sd[:, None, :], partial

    def log_prior(self, z: Array) -> Array:
        """Shape (S,): priors and Jacobians."""
        model, q, m = self.model, len(self.model.effects), len(self.model.pairs)
        total = np.zeros(len(z))
        own = model.own(z[:, q + m :])[:, 0 if model.has_sigma else 1 :]
        for k, (name, unit) in enumerate(zip(model.own_names, model.own_units, strict=True)):
            total = total + model.priors[name].logpdf(own[:, k] * unit) + np.log(unit) + z[:, q + m + k]
        for k, name in enumerate(model.sd_names):
            unit = float(model.units["sd"][k])
            total = total + model.priors[name].logpdf(np.exp(z[:, k]) * unit) + np.log(unit) + z[:, k]
        partial = np.tanh(z[:, q : q + len(model.pairs)])
        used = 0
        for size in model.blocks:
            for i in range(1, size):
                for j in range(i):
                    shape = model.eta + 0.5 * (size - 2 - j)
                    constant = gammaln(2 * shape) - 2 * gammaln(shape) - (2 * shape - 1) * np.log(2)
                    total = total + constant + shape * np.log1p(-(partial[:, used] ** 2))
                    used += 1
        return np.asarray(total)


def adapt(
    target: Callable[[Array], Array], centre: Array, root: Array, effort: Effort, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Points from the adapted proposal, shape (S, d), and the logarithms of their importance weights, group by group.

    Parameters
    ----------
    target : callable
        Log density, unnormalised, at points of shape (S, d).
    centre, root : numpy.ndarray
        Shapes (d,) and (d, d): centre of the first proposal, and a Cholesky factor of its scale.
    effort : Effort
    rng : numpy.random.Generator
    """
    for _ in range(effort.rounds if len(centre) else 0):
        z, log_weight = _round(target, centre, root, 1, effort.size, rng)
        possible = int(np.isfinite(log_weight).sum())
        if not possible:
            continue
        weight = np.exp(log_weight - logsumexp(log_weight))
        # Flattened weights while few draws carry them all.
        while 1 / (weight**2).sum() < min(10 * len(centre), possible / 2):
            log_weight = 0.5 * log_weight
            weight = np.exp(log_weight - logsumexp(log_weight))
        centre = weight @ z
        spread = (weight[:, None] * (z - centre)).T @ (z - centre)
        root = np.linalg.cholesky(1.2 * spread + 1e-12 * np.eye(len(centre)))
    return _round(target, centre, root, GROUPS, effort.final, rng)


def summary(log_weight: Array, count: int, rng: np.random.Generator) -> tuple[float, float, npt.NDArray[np.intp]]:
    """Log marginal likelihood, its Monte Carlo SE, and places of equally weighted draws by systematic resampling."""
    n = len(log_weight)
    weight = np.exp(log_weight - logsumexp(log_weight))
    error = grouped_error(weight - 1 / n)
    at = (np.arange(count) + rng.uniform()) / count
    return float(logsumexp(log_weight) - np.log(n)), error, np.searchsorted(np.cumsum(weight), at).clip(max=n - 1)


def grouped_error(deviations: Array) -> float:
    """Monte Carlo SE of a weighted mean.

    Parameters
    ----------
    deviations : numpy.ndarray
        Shape (S, ...): weight, the sum of all being one, times deviation from the mean; points group by group.
    """
    totals = deviations.reshape(GROUPS, -1).sum(axis=1)
    return float(np.sqrt(GROUPS / (GROUPS - 1) * (totals**2).sum()))


def log_predictive(likelihood: Array) -> tuple[Array, Array]:
    """Log predictive densities of units left out, and Pareto k̂ of their weights, shape (U,).

    Parameters
    ----------
    likelihood : numpy.ndarray
        Shape (S, U): log densities of the units given the rest and draws from the posterior of all.
    """
    log_weights, pareto_k = smoothed_weights(-likelihood)
    return logsumexp(log_weights + likelihood, axis=0), pareto_k


def _round(
    target: Callable[[Array], Array], centre: Array, root: Array, groups: int, size: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    d = len(centre)
    uniform = np.concatenate([qmc.Sobol(d + 1, rng=rng).random(size) for _ in range(groups)]).clip(1e-12)
    standard = ndtri(uniform[:, :d]) * np.sqrt(_DF / chdtri(_DF, uniform[:, d]))[:, None]
    step = standard @ root.T
    far = (np.abs(step) > FAR).any(axis=1)
    z = centre + np.where(far[:, None], 0.0, step)
    log_proposal = gammaln((_DF + d) / 2) - gammaln(_DF / 2) - d / 2 * np.log(_DF * np.pi)
    log_proposal = log_proposal - (_DF + d) / 2 * np.log1p((standard**2).sum(axis=1) / _DF)
    log_proposal -= np.log(np.diag(root)).sum()
    return z, np.where(far, -np.inf, target(z) - log_proposal)
