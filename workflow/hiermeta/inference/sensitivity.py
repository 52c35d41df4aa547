"""How μ and the evidence for an effect change when the priors of τ and of μ are made narrower or wider.

All of it comes from one quadrature rule, whose box holds the posteriors under all these priors: another prior of τ is
another weight of its nodes, and another normal prior of the coefficients is a closed form at each node. Where that rule
is too coarse for a posterior, it gets its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logsumexp

from hiermeta.inference.exact import (
    Conditional,
    ExactPosterior,
    coefficient_prior,
    conditional,
    normal_mixture,
)
from hiermeta.inference.quadrature import Axis, find_box, grid
from hiermeta.io.registry import header
from hiermeta.models.meta import MetaModel
from hiermeta.models.priors import Prior

Array = npt.NDArray[np.float64]
FACTORS = 2.0 ** np.linspace(-2, 2, 9)
_NODES = (48, 68, 96)
_TOLERANCE = 1e-6
"""Change of any log marginal likelihood at which more nodes are no use."""
_ZERO = Prior("point", (0.0,))

_SCALED: dict[str, Callable[[tuple[float, ...], float], tuple[float, ...]]] = {
    "normal": lambda a, f: (a[0], a[1] * f),
    "half_normal": lambda a, f: (a[0] * f,),
    "half_student_t": lambda a, f: (a[0], a[1] * f),
    "half_cauchy": lambda a, f: (a[0] * f,),
    "gamma": lambda a, f: (a[0], a[1] / f),
    "inverse_gamma": lambda a, f: (a[0], a[1] * f),
    "exponential": lambda a, f: (a[0] / f,),
    "lognormal": lambda a, f: (a[0] + float(np.log(f)), a[1]),
    "uniform": lambda a, f: (a[0] * f, a[1] * f),
}


def scaled(prior: Prior, factor: float) -> Prior:
    """A prior of τ stretched about zero, or a normal prior of μ about its mean.

    Examples
    --------
    >>> from hiermeta.models.priors import parse
    >>> print(scaled(parse("half_normal(0.5)"), 2), scaled(parse("exponential(3)"), 2))
    half_normal(1) exponential(1.5)
    """
    return Prior(prior.family, _SCALED[prior.family](prior.arguments, factor))


@dataclass(frozen=True)
class _Variant:
    """A model whose priors of μ and τ differ from the user's."""

    parameter: str
    factor: float
    mu: Prior
    tau: Prior


def sensitivity(posterior: ExactPosterior, neutral: bool) -> pd.DataFrame:
    """Posterior of μ, log marginal likelihood and Bayes factor of μ ≠ 0 over scales of the priors of τ and μ.

    Parameters
    ----------
    posterior : ExactPosterior
    neutral : bool
        Whether zero is a neutral value of the effect, so that there is a Bayes factor.

    Returns
    -------
    pandas.DataFrame
        Columns of ``sensitivity.csv``; no rows for a parameter that is a point, or whose prior has no scale (beta).
    """
    model = posterior.model
    mu, tau = model.priors["mu"], model.priors["tau"]
    variants = [_Variant("tau", f, mu, scaled(tau, f)) for f in FACTORS if tau.family in _SCALED]
    variants += [_Variant("mu", f, scaled(mu, f), tau) for f in FACTORS if mu.family in _SCALED]
    tests_mu = neutral and not mu.is_point and (model.moderators is None or model.moderators.formula.intercept)
    without = [replace(variant, mu=_ZERO) for variant in variants] if tests_mu else []
    if tau.family == "uniform":  # a density that ends inside the box needs a rule of its own
        solved = [_solve(model, [variant])[0] for variant in [*variants, *without]]
    else:
        solved = _solve(model, [*variants, *without])
    rows = []
    for i, variant in enumerate(variants):
        log_marginal, row = solved[i]
        log_bayes_factor = log_marginal - solved[len(variants) + i][0] if tests_mu else np.nan
        prior = variant.tau if variant.parameter == "tau" else variant.mu
        rows.append(
            {"parameter": variant.parameter, "factor": variant.factor, "prior": prior.short}
            | row
            | {"log_marginal_likelihood": log_marginal, "log_bayes_factor_mu": log_bayes_factor}
        )
    return pd.DataFrame(rows, columns=header("sensitivity.csv"))


def _solve(model: MetaModel, variants: list[_Variant]) -> list[tuple[float, dict[str, Any]]]:
    """Log marginal likelihood and interval columns of μ under each variant, with one rule for all."""
    if not variants:
        return []
    widest = max((variant.tau for variant in variants), key=lambda prior: 0 if prior.is_point else prior.ppf(0.5))
    axes = Axis(widest), Axis(model.priors.get("rho", Prior("point", (0.0,))))

    def log_terms(tau: Array, rho: Array, given: Conditional) -> tuple[Array, list[Conditional]]:
        """Shape (V, N): log likelihoods, times the ratio of each variant's prior of τ to the widest."""
        changed = {prior: with_prior_of_mu(model, given, prior) for prior in {variant.mu for variant in variants}}
        ratios = {prior: _log_ratio(prior, widest, tau) for prior in {variant.tau for variant in variants}}
        conditionals = [changed[variant.mu] for variant in variants]
        terms = [c.log_likelihood + ratios[v.tau] for c, v in zip(conditionals, variants, strict=True)]
        return np.stack(terms), conditionals

    def largest(axes: tuple[Axis, Axis], tau: Array, rho: Array) -> Array:
        free = [(axis, x) for axis, x in zip(axes, (tau, rho), strict=True) if not axis.prior.is_point]
        prior = sum((axis.log_density(axis.z(x)) for axis, x in free), np.zeros_like(tau))
        terms, _ = log_terms(tau, rho, conditional(model, tau, rho))
        terms = terms + np.where(np.isfinite(prior), prior, -np.inf)
        terms -= np.nanmax(np.where(np.isfinite(terms), terms, -np.inf), axis=1)[:, None]
        return np.nanmax(terms, axis=0) - prior

    axes, bounds = find_box(axes, lambda axes: partial(largest, axes))
    previous = np.full(len(variants), np.inf)
    for n in _NODES:
        nodes = grid(axes, bounds, n)
        tau, rho = nodes.pairs()
        terms, conditionals = log_terms(tau, rho, conditional(model, tau, rho))
        terms = terms + nodes.log_weight.ravel()
        log_marginal = logsumexp(terms, axis=1)
        unsettled = np.abs(log_marginal - previous) > _TOLERANCE
        if not unsettled.any():
            break
        previous = log_marginal
    weight = np.exp(terms - log_marginal[:, None])
    solved = []
    for i, variant in enumerate(variants):
        if unsettled[i] and len(variants) > 1:  # narrow in the common box
            solved += _solve(model, [variant])
        else:
            solved.append((float(log_marginal[i]), _of_mu(model, conditionals[i], weight[i])))
    return solved


def _of_mu(model: MetaModel, given: Conditional, weight: Array) -> dict[str, float]:
    row = model.mean_design
    variance = np.einsum("p,npq,q->n", row, given.covariance, row)
    return normal_mixture(given.mean @ row, variance, weight)


def _log_ratio(prior: Prior, to: Prior, tau: Array) -> Array:
    if prior == to or prior.is_point:
        return np.zeros_like(tau)
    positive = np.maximum(tau, np.finfo(float).tiny)  # densities may be infinite at zero, where values underflow to
    return prior.logpdf(positive) - to.logpdf(positive)


def with_prior_of_mu(model: MetaModel, given: Conditional, prior: Prior) -> Conditional:
    """The coefficients given (τ, ρ) under another normal or point prior of μ, without going back to the data.

    With prior N(m, s²) the data say A = C⁻¹ − s⁻² and X'V⁻¹(y − Xm) = C⁻¹(b − m), from which the posterior under
    another prior follows; p(y | τ, ρ) changes by the ratio of ∫ likelihood × prior over the coefficients.

    Parameters
    ----------
    model : MetaModel
        With a normal prior of μ.
    given : Conditional
        Under the model's own priors.
    prior : Prior
    """
    changed = replace(model, priors=model.priors | {"mu": prior})
    (mean, sd), (new_mean, new_sd) = coefficient_prior(model), coefficient_prior(changed)
    if np.array_equal(mean, new_mean) and np.array_equal(sd, new_sd):
        return given
    free = np.flatnonzero(sd > 0)
    among = np.ix_(np.arange(len(given.mean)), free, free)
    information = np.linalg.inv(given.covariance[among]).astype(np.float64)
    score = (information @ (given.mean - mean)[:, free, None])[..., 0]
    information = information - np.diag(1 / sd[free] ** 2)
    shift = (new_mean - mean)[free]
    new_score = score - information @ shift
    old_evidence, _, _ = _evidence(information, score, sd[free])
    new_evidence, centre, spread = _evidence(information, new_score, new_sd[free])
    squares = -2 * (score @ shift) + np.einsum("p,npq,q->n", shift, information, shift)
    new_given_mean, covariance = given.mean.copy(), np.zeros_like(given.covariance)
    new_given_mean[:, free] = new_mean[free] + centre
    covariance[among] = spread
    return Conditional(given.log_likelihood + new_evidence - old_evidence - squares / 2, new_given_mean, covariance)


def _evidence(information: Array, score: Array, sd: Array) -> tuple[Array, Array, Array]:
    """Log ∫ exp(score·x − x'information x/2) N(x; 0, sd²) dx, and mean and covariance of x; an SD may be zero."""
    precision = np.eye(len(sd)) + information * sd[:, None] * sd[None, :]
    scaled_score = score * sd
    solution = np.linalg.solve(precision, scaled_score[..., None])[..., 0]
    evidence = 0.5 * ((scaled_score * solution).sum(axis=1) - np.linalg.slogdet(precision)[1])
    return evidence, sd * solution, np.linalg.inv(precision) * sd[:, None] * sd[None, :]
