"""The exact posterior of the meta-analysis model by quadrature, against which every fit is checked.

Given τ and ρ, coefficients with a normal prior have a normal posterior and integrate out of the likelihood; what
remains is a density in two dimensions (docs/explanation/specification.md, exact posterior).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from hiermeta.inference.mixtures import normal_mixture_quantiles
from hiermeta.inference.quadrature import Axis, ConditionalCdf, Grid, NotApplicable, find_box, grid
from hiermeta.inference.roots import attempt, root
from hiermeta.models.heterogeneity import FORMS, Quantity, quantities
from hiermeta.models.meta import MetaModel
from hiermeta.models.priors import Prior

Array = npt.NDArray[np.float64]
LEVELS = (0.5, 0.025, 0.975)
_NAMES = ("median", "q2.5", "q97.5")
_CHUNK = 1_000_000
_TOLERANCE = 1e-9
_SMALLEST = 1e-300
_START, _MOST = 24, 192


@dataclass(frozen=True)
class Conditional:
    """What is known given (τ, ρ), at N pairs.

    Parameters
    ----------
    log_likelihood : numpy.ndarray
        Shape (N,): log p(y | τ, ρ), the coefficients integrated over their prior.
    mean, covariance : numpy.ndarray
        Shapes (N, p) and (N, p, p): normal posterior of the coefficients of the standardised design.
    """

    log_likelihood: Array
    mean: Array
    covariance: Array


def conditional(model: MetaModel, tau: Array, rho: Array) -> Conditional:
    """Integrate the coefficients out at N pairs (τ, ρ).

    Parameters
    ----------
    model : MetaModel
        With normal or point priors on the coefficients and no scale formula.
    tau, rho : numpy.ndarray
        Shape (N,) each.
    """
    step = max(1, _CHUNK // (model.k * (model.design.shape[1] + 1)))
    parts = [_conditional(model, tau[i : i + step], rho[i : i + step]) for i in range(0, len(tau), step)]
    return Conditional(
        np.concatenate([part.log_likelihood for part in parts]),
        np.concatenate([part.mean for part in parts]),
        np.concatenate([part.covariance for part in parts]),
    )


def _conditional(model: MetaModel, tau: Array, rho: Array) -> Conditional:
    prior_mean, prior_sd = coefficient_prior(model)
    p = model.design.shape[1]
    rows = model.rotated
    columns = np.column_stack([rows.design, rows.effect - rows.design @ prior_mean])
    v = rows.marginal(tau, rho)
    gram, log_determinant = v.gram(columns), v.log_determinants().sum(axis=1)
    # With prior N(m, sd²), beta = m + sd·b and b ~ N(0, I): no division by an SD of zero (a point prior).
    xx = gram[:, :p, :p] * prior_sd[:, None] * prior_sd[None, :]
    xy = gram[:, :p, p] * prior_sd
    precision = xx + np.eye(p)
    solution = np.linalg.solve(precision, xy[..., None])[..., 0]
    quadratic = gram[:, p, p] - np.einsum("np,np->n", xy, solution)
    log_likelihood = -0.5 * (
        model.k * np.log(2 * np.pi) + log_determinant + np.linalg.slogdet(precision)[1] + quadratic
    )
    covariance = np.linalg.inv(precision) * prior_sd[:, None] * prior_sd[None, :]
    return Conditional(log_likelihood, prior_mean + prior_sd * solution, covariance)


def coefficient_prior(model: MetaModel) -> tuple[Array, Array]:
    """Prior means and SDs of the coefficients of the standardised design, shape (p,) each; an SD of 0 is a point.

    Raises
    ------
    NotApplicable
    """
    for prior in model.coefficient_priors:
        if prior.family != "normal" and not prior.is_point:
            raise NotApplicable(f"the prior {prior.short} of a coefficient is not normal")
    if model.scale is not None:
        raise NotApplicable("heterogeneity depends on scale moderators")
    priors = model.coefficient_priors
    return (
        np.array([prior.arguments[0] for prior in priors]),
        np.array([0.0 if prior.is_point else prior.arguments[1] for prior in priors]),
    )


@dataclass(frozen=True)
class ExactPosterior:
    """The posterior at the nodes of a quadrature rule.

    Parameters
    ----------
    model : MetaModel
    grid : Grid
        Over (τ, ρ).
    tau, rho, weight : numpy.ndarray
        Shape (N,): values and posterior weights of the nodes, the weights summing to one.
    conditional : Conditional
    log_marginal_likelihood, error : float
        log p(y), and its change when half as many nodes were added.
    """

    model: MetaModel
    grid: Grid
    tau: Array
    rho: Array
    weight: Array
    conditional: Conditional
    log_marginal_likelihood: float
    error: float


def solve(model: MetaModel, tolerance: float = _TOLERANCE) -> ExactPosterior:
    """Integrate the posterior, adding half as many nodes until the log marginal likelihood stands still.

    Parameters
    ----------
    model : MetaModel
    tolerance : float, optional
        Its largest change that counts as standing still.

    Raises
    ------
    NotApplicable
        When a coefficient's prior is not normal, τ depends on scale moderators, or the posterior is out of reach.
    """
    axes = Axis(model.priors["tau"]), Axis(model.priors.get("rho", Prior("point", (0.0,))))
    axes, bounds = find_box(axes, lambda _: lambda tau, rho: conditional(model, tau, rho).log_likelihood)
    n, previous = _START, np.inf
    while True:
        nodes = grid(axes, bounds, n)
        tau, rho = nodes.pairs()
        given = conditional(model, tau, rho)
        log_terms = given.log_likelihood + nodes.log_weight.ravel()
        largest = log_terms.max()
        weight = np.exp(log_terms - largest)
        log_marginal = float(largest + np.log(weight.sum()))
        error = abs(log_marginal - previous)
        if error < tolerance or n >= _MOST:
            return ExactPosterior(model, nodes, tau, rho, weight / weight.sum(), given, log_marginal, error)
        n, previous = n * 3 // 2, log_marginal


def summarise(posterior: ExactPosterior) -> dict[str, Any]:
    """Exact summaries of everything the draws are summarised by.

    Returns
    -------
    dict
        ``log_marginal_likelihood``, ``error``, and mean, sd, median, q2.5 and q97.5 of mu, the new effect, the
        coefficients in the user's units and each row of the heterogeneity table; ``P(>0)`` of the effects and
        coefficients; ``unavailable``: reasons by name of those that can't be had.

    Raises
    ------
    NotApplicable
        When the quadrature rule doesn't resolve τ or ρ.
    """
    unavailable: dict[str, str] = {}
    found = {name: attempt(name, compute, unavailable) for name, compute in quantities_of(posterior).items()}
    about = {"log_marginal_likelihood": posterior.log_marginal_likelihood, "error": posterior.error}
    return about | {name: row for name, row in found.items() if row is not None} | {"unavailable": unavailable}


def quantities_of(posterior: ExactPosterior) -> dict[str, Callable[[], dict[str, float]]]:
    """How each row of `summarise` is computed, by name.

    Raises
    ------
    NotApplicable
        As `summarise`.
    """
    model, weight = posterior.model, posterior.weight
    mean, variance = linear(posterior, model.mean_design)
    rows: dict[str, Callable[[], dict[str, float]]] = {}
    if variance.any():
        rows["mu"] = lambda: _with_sign(mean, variance, weight)
    rows["new effect"] = lambda: _with_sign(mean, variance + posterior.tau**2, weight)
    if model.moderators is not None:
        for name, row in zip(model.moderators.names, model.back, strict=True):
            of_term = linear(posterior, row)
            if of_term[1].any():
                rows[name] = partial(_with_sign, *of_term, weight)
    return rows | _heterogeneity(posterior)


def linear(posterior: ExactPosterior, row: Array) -> tuple[Array, Array]:
    """Means and variances, at each node, of a linear combination of the standardised coefficients.

    Parameters
    ----------
    posterior : ExactPosterior
    row : numpy.ndarray
        Shape (p,).

    Returns
    -------
    mean, variance : numpy.ndarray
        Shape (N,) each.
    """
    given = posterior.conditional
    return given.mean @ row, np.einsum("p,npq,q->n", row, given.covariance, row)


def normal_mixture(mean: Array, variance: Array, weight: Array) -> dict[str, float]:
    """Interval columns of a mixture of N normals, shape (N,) each."""
    centre = float(weight @ mean)
    sd = float(np.sqrt(weight @ (variance + (mean - centre) ** 2)))
    quantiles = normal_mixture_quantiles(LEVELS, mean[:, None], np.sqrt(variance)[:, None], weight)[:, 0]
    return {"mean": centre, "sd": sd, **dict(zip(_NAMES, map(float, quantiles), strict=True))}


def _with_sign(mean: Array, variance: Array, weight: Array) -> dict[str, float]:
    """Interval columns and P(>0) of a mixture of N normals, shape (N,) each."""
    above = float(weight @ ndtr(mean / np.sqrt(np.maximum(variance, _SMALLEST))))
    return normal_mixture(mean, variance, weight) | {"P(>0)": above}


def distributions(posterior: ExactPosterior) -> dict[str, Callable[[float], float]]:
    """P(quantity ≤ x) as functions of x, for ρ and the rows of the heterogeneity table, where they aren't fixed."""
    model, nodes = posterior.model, posterior.grid
    weight = posterior.weight.reshape(nodes.log_weight.shape)
    along_tau, along_rho = (
        None if axis.prior.is_point else ConditionalCdf(nodes, weight, i) for i, axis in enumerate(nodes.axes)
    )
    found: dict[str, Callable[[float], float]] = {}
    if along_rho is not None:
        found["rho"] = along_rho
    for name, quantity in quantities(model.clustered).items():
        lower, upper = _limits(nodes, partial(quantity.at, typical_variance=model.typical_variance))
        if upper - lower > 1e-12 * abs(upper):
            found[name] = _probability(quantity, along_tau, along_rho, model.typical_variance)
    return found


def _heterogeneity(posterior: ExactPosterior) -> dict[str, Callable[[], dict[str, float]]]:
    """How each row of the heterogeneity table is computed, in the order of exact.json."""
    model, nodes = posterior.model, posterior.grid
    probabilities = distributions(posterior)

    def row(name: str, value: Callable[[Array, Array], Array]) -> dict[str, float]:
        limits = _limits(nodes, value)
        quantiles = dict.fromkeys(_NAMES, limits[0])
        if name in probabilities:
            levels = zip(_NAMES, LEVELS, strict=True)
            quantiles = {key: quantile(probabilities[name], level, *limits) for key, level in levels}
        return _moments(value(posterior.tau, posterior.rho), posterior.weight) | quantiles

    values: dict[str, Callable[[Array, Array], Array]] = {
        name: partial(entry.at, typical_variance=model.typical_variance)
        for name, entry in quantities(model.clustered).items()
    }
    if "rho" in probabilities:
        values["rho"] = lambda tau, rho: rho
    for name in {"tau", "rho"} & set(probabilities):
        lower, upper = map(probabilities[name], _limits(nodes, values[name]))
        if not lower < min(LEVELS) < max(LEVELS) < upper:
            raise NotApplicable("the posterior is too narrow within its prior for the quadrature rule to resolve")
    first = [name for name in ("tau", "rho") if name in values]
    return {name: partial(row, name, values[name]) for name in dict.fromkeys([*first, *values])}


def _moments(values: Array, weight: Array) -> dict[str, float]:
    mean = float(weight @ values)
    return {"mean": mean, "sd": float(np.sqrt(weight @ (values - mean) ** 2))}


def _limits(nodes: Grid, value: Callable[[Array, Array], Array]) -> tuple[float, float]:
    """Smallest and largest value in the box, for a function monotone in τ and in ρ."""
    tau, rho = (axis.value(np.array(limits)) for axis, limits in zip(nodes.axes, nodes.bounds, strict=True))
    corners = value(np.repeat(tau, 2), np.tile(rho, 2))
    return float(corners.min()), float(corners.max())


def quantile(probability: Callable[[float], float], level: float, lower: float, upper: float) -> float:
    """The value below which a quantity lies with a probability of `level`.

    Parameters
    ----------
    probability : callable
        Its distribution function.
    level : float
    lower, upper : float
        Limits of the search.

    Raises
    ------
    NotAvailable
        When the probabilities of the limits are not on either side of the level.
    """
    return root(lambda x: probability(x) - level, lower, upper, xtol=1e-13 * upper)


def _probability(
    quantity: Quantity, along_tau: ConditionalCdf | None, along_rho: ConditionalCdf | None, typical_variance: float
) -> Callable[[float], float]:
    """P(quantity ≤ x), by inversion along the axis on which the quantity changes more smoothly.

    Where sampling error is small, a part of I² hardly depends on τ, so that τ is no axis to invert it along.
    """
    by_share = quantity.part != "total" and quantity.form is FORMS["I2"]
    if along_rho is not None and (along_tau is None or by_share):
        rho_cdf, tau2 = along_rho, along_rho.outer**2

        def probability(x: float) -> float:
            share = quantity.form.share(x, tau2, typical_variance)
            return rho_cdf(share) if quantity.part == "between" else 1 - rho_cdf(1 - share)

    else:
        if along_tau is None:
            raise ValueError("with τ and ρ fixed there is nothing to invert")
        tau_cdf, share = along_tau, quantity.share(along_tau.outer)

        def probability(x: float) -> float:
            return tau_cdf(np.sqrt(quantity.form.tau2(x, share, typical_variance)))

    return probability
