"""The classical mixed model: restricted and full maximum likelihood by lme4's profiled deviance.

With Λ the Cholesky factor of Σ/σ², V_j = I + R_j ΛΛ'R_j', and β and σ at their best values given Λ (Bates, Mächler,
Bolker & Walker 2015):

    ML     log|V| + N (1 + log(2π rss/N))
    REML   log|V| + log|X'V⁻¹X| + (N − p) (1 + log(2π rss/(N − p)))
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import norm

from hiermeta.inference.hierarchical.centring import Centred, factor, places
from hiermeta.inference.roots import attempt
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]
SINGULAR = 1e-4
"""A relative Cholesky diagonal below this counts as zero, as in lme4."""
LARGEST = 1e5
"""Beyond this the elements of a relative Cholesky factor don't go: crossed factors are singular in double precision."""


@dataclass(frozen=True)
class _Solved:
    """Best coefficients and residual sum of squares given Λ, in standardised units."""

    beta: Array
    triangle: Array
    rss: float
    log_determinant: float


@dataclass(frozen=True)
class MixedFit:
    """A fitted mixed model.

    Parameters
    ----------
    model : HierarchicalModel
    reml : bool
        Restricted rather than full maximum likelihood.
    theta : numpy.ndarray
        Elements of Λ, block by block, row by row.
    """

    model: HierarchicalModel
    reml: bool
    theta: Array

    @cached_property
    def _solved(self) -> _Solved:
        return _solve(self.model, factor(self.model.blocks, self.theta))

    @property
    def degrees(self) -> int:
        """N − p, or N without restriction."""
        return self.model.n - len(self.model.names) * self.reml

    @cached_property
    def deviance(self) -> float:
        """The REML criterion or −2 log likelihood, in the user's units."""
        model, units = self.model, 2 * self.degrees * np.log(self.model.outcome_spread)
        if self.reml:
            units += 2 * np.log(model.spread).sum()
        return _deviance(self._solved, self.degrees, self.reml) + units

    @cached_property
    def sigma(self) -> float:
        """Residual SD."""
        return float(np.sqrt(self._solved.rss / self.degrees)) * self.model.outcome_spread

    @cached_property
    def coefficients(self) -> Array:
        """Shape (p,): in the user's units."""
        return self.model.to_user(self._solved.beta)

    @cached_property
    def covariance(self) -> Array:
        """Shape (p, p): of the coefficients."""
        model = self.model
        identity = np.eye(len(model.names))
        back = np.stack([model.to_user(row) - model.to_user(0 * row) for row in identity], axis=1)
        inverse = np.linalg.solve(self._solved.triangle, identity)
        root = back @ inverse * np.sqrt(self._solved.rss / self.degrees)
        return np.asarray(root @ root.T)

    @cached_property
    def standard_errors(self) -> Array:
        """Shape (p,)."""
        return np.sqrt(np.diag(self.covariance))

    @cached_property
    def parameters(self) -> Draws:
        """The estimates in the form of one draw."""
        L = factor(self.model.blocks, self.theta) * self.sigma / self.model.outcome_spread
        unit = self.model.units["sd"]
        covariance = (L @ L.T) * np.outer(unit, unit)
        sd = np.sqrt(np.diag(covariance))
        safe = np.where(sd > 0, sd, 1)
        correlation = covariance / np.outer(safe, safe)
        np.fill_diagonal(correlation, 1)
        return Draws(self.coefficients[None], np.array([self.sigma]), sd[None], correlation[None])

    @property
    def singular(self) -> bool:
        """Whether the fit lies on the boundary: an SD of zero, or a correlation of one."""
        return bool((np.diag(factor(self.model.blocks, self.theta)) < SINGULAR).any())

    @property
    def boundary(self) -> str:
        """Where a singular fit lies: ``sd``, some SDs being zero, or ``correlation``; empty otherwise."""
        size = np.sqrt((factor(self.model.blocks, self.theta) ** 2).sum(axis=1))
        return "" if not self.singular else "sd" if (size < SINGULAR).any() else "correlation"


def limits(blocks: tuple[int, ...]) -> tuple[npt.NDArray[np.bool_], list[tuple[float, float]]]:
    """Which elements of Λ stand on its diagonal, and where each may lie."""
    diagonal = np.equal(*places(blocks))
    return diagonal, [(0.0 if on else -LARGEST, LARGEST) for on in diagonal]


def _solve(model: HierarchicalModel, L: Array) -> _Solved:
    if model.several:
        return _solve_latent(model, L)
    s = model.sufficient
    B = s.R @ L
    roots = np.linalg.cholesky(B @ np.swapaxes(B, 1, 2) + np.eye(s.q))
    white = np.linalg.solve(roots, np.concatenate([s.E, s.d[:, :, None]], axis=2))
    stacked = np.concatenate([white.reshape(-1, s.p + 1), s.within])
    triangle = np.asarray(np.linalg.qr(stacked, mode="r"))
    beta = np.linalg.solve(triangle[: s.p, : s.p], triangle[: s.p, s.p])
    rss = float(triangle[s.p, s.p] ** 2) if len(triangle) > s.p else 0.0
    log_determinant = 2 * np.log(np.diagonal(roots, axis1=1, axis2=2)).sum()
    return _Solved(beta, triangle[: s.p, : s.p], rss, float(log_determinant))


def _solve_latent(model: HierarchicalModel, L: Array) -> _Solved:
    rows, flat = model.latent_rows.rows, np.zeros(len(model.names))
    fitted = model.latent_rows.approximate(L, rows.known, np.ones(1), (flat, flat))
    squares = -2 * (rows.kernel(fitted.linear).sum() + rows.constant.sum())
    triangle = np.asarray(np.linalg.cholesky(fitted.curvature.outer).T, float)
    return _Solved(fitted.beta, triangle, float(squares + fitted.v @ fitted.v), float(fitted.curvature.by_effect.sum()))


def _deviance(solved: _Solved, degrees: int, reml: bool) -> float:
    value = solved.log_determinant + degrees * (1 + np.log(2 * np.pi * max(solved.rss, 1e-300) / degrees))
    if reml:
        value += 2 * np.log(np.abs(np.diag(solved.triangle))).sum()
    return float(value)


def fit(model: HierarchicalModel, reml: bool = True, further: Array | None = None) -> MixedFit:
    """Maximise the (restricted) likelihood over Λ from several starts.

    Parameters
    ----------
    model : HierarchicalModel
    reml : bool
    further : numpy.ndarray, optional
        Elements of Λ at which one more search begins.
    """
    degrees, centred = model.n - len(model.names) * reml, Centred.of(model)
    diagonal, bounds = limits(model.blocks)

    def objective(theta: Array) -> float:
        return _deviance(_solve(centred.model, factor(model.blocks, theta)), degrees, reml)

    def climb(start: Array) -> Any:
        options = {"ftol": 1e-14, "gtol": 1e-7, "maxiter": 500}
        return minimize(objective, start, method="L-BFGS-B", jac="3-point", bounds=bounds, options=options)

    starts = [np.where(diagonal, size, 0.0) for size in (0.1, 0.5, 2.0)]
    if further is not None:
        starts.append(centred.from_user(further))
    best = min((climb(start) for start in starts), key=lambda result: result.fun)
    # At a zero of the diagonal the slope vanishes whether or not it is a minimum: step off it and look.
    for position in np.flatnonzero(diagonal & (best.x < 0.01)):
        for size in (0.02, 0.1):
            start = best.x.copy()
            start[position] = size
            best = min(best, climb(start), key=lambda result: result.fun)
    options = {"xatol": 1e-7, "fatol": 1e-9, "maxiter": 400}
    polished = minimize(objective, best.x, method="Nelder-Mead", bounds=bounds, options=options)
    return MixedFit(model, reml, centred.to_user(polished.x if polished.fun < best.fun else best.x))


def document(fitted: MixedFit, ml: MixedFit, null: MixedFit | None) -> dict[str, Any]:
    """The classical counterpart for ``classical.json``.

    Parameters
    ----------
    fitted, ml : MixedFit
        The model by restricted and by full maximum likelihood.
    null : MixedFit or None
        The null model by restricted maximum likelihood, where it can be had.
    """
    model, draw, unavailable = fitted.model, fitted.parameters, dict[str, str]()
    z = float(norm.ppf(0.975))
    rows = [
        {
            "term": term,
            "estimate": b,
            "se": se,
            "z": b / se,
            "p": 2 * norm.sf(abs(b / se)),
            "ci": [b - z * se, b + z * se],
        }
        for term, b, se in zip(model.names, fitted.coefficients, fitted.standard_errors, strict=True)
    ]
    return {
        "applies": True,
        "method": "REML",
        "coefficients": rows,
        "sigma": fitted.sigma,
        "sd": dict(zip(model.sd_names, draw.sd[0], strict=True)),
        "correlation": {
            name: draw.correlation[0, i, j] for name, (i, j) in zip(model.correlation_names, model.pairs, strict=True)
        },
        "singular": fitted.singular,
        "boundary": fitted.boundary,
        "deviance": fitted.deviance,
        "log_likelihood": -fitted.deviance / 2,
        "ml": {
            "log_likelihood": -ml.deviance / 2,
            "sigma": ml.sigma,
            "sd": dict(zip(model.sd_names, ml.parameters.sd[0], strict=True)),
        },
        **({} if null is None else about_null(model, draw, null.model, null.parameters)),
        "random_effects": attempt("random_effects", lambda: _blups(fitted), unavailable),
        "unavailable": unavailable,
    }


def about_null(model: HierarchicalModel, estimates: Draws, null: HierarchicalModel, of_null: Draws) -> dict[str, Any]:
    """What the null model says in ``classical.json``, alone and beside the model.

    Parameters
    ----------
    model, null : HierarchicalModel
    estimates, of_null : Draws
        Point estimates of either.
    """
    about = {"intercept": of_null.beta[0, 0], "sd": of_null.sd[0, 0]}
    about["sds"] = dict(zip(null.sd_names, of_null.sd[0], strict=True))
    if null.has_sigma:
        about["sigma"] = of_null.sigma[0]
    return point_shares(model, estimates, null, of_null) | {"null": about}


def _blups(fitted: MixedFit) -> list[dict[str, Any]]:
    """Conditional modes of the random effects, with the standard errors that lme4 gives them."""
    model = fitted.model
    return [
        {
            "group": clusters.name,
            "cluster": cluster,
            "term": term,
            "estimate": mean[j, k],
            "se": np.sqrt(spread[j, k, k]),
        }
        for (mean, spread), (f, clusters) in zip(_modes(fitted), enumerate(model.factors), strict=True)
        for j, cluster in enumerate(clusters.names)
        for k, term in enumerate(model.effects[place] for place in model.effects_of(f))
    ]


def _modes(fitted: MixedFit) -> list[tuple[Array, Array]]:
    """Conditional means and covariances of the random effects, by grouping factor, in the user's units."""
    model = fitted.model
    if not model.several:
        mean, covariance = model.random_effects(fitted.parameters)
        return [(mean[0], covariance[0])]
    rows, L = model.latent_rows.rows, factor(model.blocks, fitted.theta)
    found = model.latent_rows.approximate(L, rows.known + rows.X @ fitted._solved.beta, np.ones(1)).random_effects(L)
    units = [model.units["sd"][model.effects_of(f)] for f in range(len(model.factors))]
    variance = (fitted.sigma / model.outcome_spread) ** 2
    return [(mean * u, variance * spread * np.outer(u, u)) for (mean, spread), u in zip(found, units, strict=True)]


def shares(model: HierarchicalModel, draws: Draws, label: str = "") -> dict[str, Array]:
    """ICC, design effect and effective sample size, shape (S,) each.

    The ICC is the share of the variance between the clusters of all grouping factors, and ``ICC [GROUP]`` that of one
    of several. The design effect 1 + Σ (n̄ − 1) ICC sums over grouping factors, n̄ being their individuals per cluster;
    each trial of a binomial row is one.

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
    label : str
        Such as ``null``; names end with it in brackets.
    """
    between, factors = list(between_variances(model, draws).values()), range(len(model.factors))
    total = np.sum(between, axis=0) + residual_variance(model, draws)
    icc = [part / total for part in between]
    n = float(model.individuals.sum())
    grown = [(n / len(model.factors[f].names) - 1) * icc[f] for f in factors]
    parts = {"": (sum(icc), sum(grown))}
    if model.several:
        parts |= {model.factors[f].name: (icc[f], grown[f]) for f in factors}
    found = {}
    for group, (share, growth) in parts.items():
        inside = ", ".join(text for text in (group, label) if text)
        suffix = f" [{inside}]" if inside else ""
        found[f"ICC{suffix}"] = np.asarray(share)
        found[f"design effect{suffix}"] = np.asarray(1 + growth)
        found[f"effective sample size{suffix}"] = np.asarray(n / (1 + growth))
    return found


def point_shares(
    model: HierarchicalModel, estimates: Draws, null: HierarchicalModel, of_null: Draws
) -> dict[str, float]:
    """ICC and design effect of point estimates, of the model and of the null model."""
    found = shares(model, estimates) | shares(null, of_null, "null")
    return {name: float(value[0]) for name, value in found.items() if not name.startswith("effective")}


def between_variances(model: HierarchicalModel, draws: Draws) -> dict[str, Array]:
    """`between_variance` of each grouping factor, by its name.

    Unlike the variance of the intercepts it doesn't depend on where a predictor with varying slopes is zero.
    """
    parts = {clusters.name: model.effects_of(f) for f, clusters in enumerate(model.factors)}
    return {name: between_variance(model.by(f), draws.of_effects(own)) for f, (name, own) in enumerate(parts.items())}


def between_variance(model: HierarchicalModel, draws: Draws) -> Array:
    """Shape (S,): variance between clusters averaged over individuals, mean_i z_i'Σz_i (Johnson 2014)."""
    moments = model.Z.T @ (model.individuals[:, None] * model.Z) / model.individuals.sum()
    return np.asarray(np.einsum("ab,sba->s", moments, draws.covariance))


def residual_variance(model: HierarchicalModel, draws: Draws) -> Array:
    """Shape (S,): within clusters, on the scale of the coefficients.

    σ² for gaussian outcomes, π²/3 for logits; for Poisson outcomes log(1 + 1/mean count), an approximation (Nakagawa,
    Johnson & Schielzeth 2017).
    """
    return model.likelihood.level1_variance(draws.own, model.outcome)
