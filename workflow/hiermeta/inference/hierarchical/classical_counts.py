"""The classical mixed model of counts: maximum likelihood by adaptive quadrature.

With several grouping factors the random effects are integrated out by Laplace's approximation, as in lme4's glmer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import norm

from hiermeta.inference.hierarchical.centring import Centred, factor, places
from hiermeta.inference.hierarchical.classical import SINGULAR, about_null, limits
from hiermeta.marginal.hermite import NODES, log_likelihood
from hiermeta.marginal.laplace import Approximation
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import UNCONSTRAINED, HierarchicalModel

Array = npt.NDArray[np.float64]
_STEP = 0.03
"""Of numerical derivatives, in standard errors of coefficients and in `_SHARE` of SDs."""
_SHARE = 0.3
_WIDEST = 3.0
"""Largest unit of a standardised coefficient: separated outcomes leave standard errors without end."""
_OFF = 0.1
"""Searches begin at SDs of at least this."""
_HIGH = 1e12


@dataclass(frozen=True)
class CountFit:
    """A fitted mixed model of counts.

    Parameters
    ----------
    model : HierarchicalModel
    point : numpy.ndarray
        Shape (p + t + m,): standardised coefficients, the elements of the Cholesky factor, block by block, and
        unconstrained parameters of the likelihood.
    """

    model: HierarchicalModel
    point: Array

    @cached_property
    def log_likelihood(self) -> float:
        return _log_likelihood(self.model, self.point)

    @property
    def coefficients(self) -> Array:
        """Shape (p,): in the user's units."""
        return self.parameters.beta[0]

    @cached_property
    def parameters(self) -> Draws:
        """The estimates in the form of one draw."""
        return _parameters(self.model, self.point)

    @property
    def standard_errors(self) -> Array:
        """Shape (p,)."""
        return np.sqrt(np.diag(self.covariance))

    @cached_property
    def covariance(self) -> Array:
        """Shape (p, p): of the coefficients, from the curvature in all parameters but SDs at zero.

        Where rounding hides that curvature, or the likelihood beside the maximum can't be computed, from the curvature
        in the coefficients given the SDs, as in lme4.
        """
        centred, p = Centred.of(self.model), len(self.model.names)
        of_effects, own = _split(self.model, self.point)
        model, point = centred.model, np.concatenate([self.point[:p], centred.from_user(of_effects), own])
        scale = _scales(model, point)
        free = [i for i in range(len(point)) if not p <= i < len(point) - len(own) or abs(point[i]) > SINGULAR]
        steps = _STEP * np.diag(scale)[free]

        def at(shift: Array) -> float:
            try:
                return _log_likelihood(model, point + shift)
            except np.linalg.LinAlgError:
                return np.nan

        hessian = np.empty((len(free), len(free)))
        for i, a in enumerate(steps):
            for j, b in enumerate(steps[: i + 1]):
                corners = at(a + b) - at(a - b) - at(b - a) + at(-a - b)
                hessian[i, j] = hessian[j, i] = corners / (4 * _STEP**2)
        if np.isfinite(hessian).all() and np.linalg.eigvalsh(-hessian)[0] > 0:
            covariance = np.linalg.inv(-hessian)[:p, :p] * np.outer(scale[:p], scale[:p])
        else:
            covariance = np.asarray(np.linalg.pinv(_approximate(model, point[p:]).curvature.outer), float)
        zero = model.to_user(np.zeros(p))
        back = np.stack([model.to_user(row) - zero for row in np.eye(p)], axis=1)
        return np.asarray(back @ covariance @ back.T)

    @property
    def singular(self) -> bool:
        """Whether an SD is zero."""
        return bool((self.parameters.sd[0] < SINGULAR).any())


def _parameters(model: HierarchicalModel, point: Array) -> Draws:
    p, (of_effects, own) = len(model.names), _split(model, point)
    L = factor(model.blocks, of_effects) * model.units["sd"][:, None]
    covariance = L @ L.T
    sd = np.sqrt(np.diag(covariance))
    safe = np.where(sd > 0, sd, 1)
    correlation = covariance / np.outer(safe, safe)
    np.fill_diagonal(correlation, 1)
    values = model.own(own)
    shape = values[None, 1:] if model.shape_names else None
    return Draws(model.to_user(point[:p])[None], values[:1] * model.units["sigma"], sd[None], correlation[None], shape)


def _split(model: HierarchicalModel, point: Array) -> tuple[Array, Array]:
    """Elements of the Cholesky factor and unconstrained parameters of the likelihood of a point."""
    p, m = len(model.names), len(model.own_names)
    return point[p : len(point) - m], point[len(point) - m :]


def _log_likelihood(model: HierarchicalModel, point: Array) -> float:
    draw, p = _parameters(model, point), len(model.names)
    of_effects, own = _split(model, point)
    L = factor(model.blocks, of_effects)
    if model.several:
        rows = model.latent_rows.rows
        value = model.latent_rows.approximate(L, rows.known + rows.X @ point[:p], model.own(own)).laplace
        return float(value - model.n * np.log(model.outcome_spread))
    L = L * model.units["sd"][:, None]
    return float(log_likelihood(model.counts, draw.beta, L[None], draw.own).sum())


def fit(model: HierarchicalModel) -> CountFit:
    """Maximise the likelihood, from its maximum with the coefficients at the mode of the random effects (as in lme4).

    Coefficients are moved in units of their standard errors, so that large counts, which leave some of them thousands
    of times better known than others, cost no accuracy.

    Parameters
    ----------
    model : HierarchicalModel

    Raises
    ------
    LinAlgError
        When the likelihood can't be computed in double precision.
    """
    p, (diagonal, bounds), centred = len(model.names), limits(model.blocks), Centred.of(model)
    start = _joint(centred.model, diagonal)
    of_effects, _ = _split(centred.model, start)
    # At an SD of zero the slope vanishes whether or not it is a minimum.
    of_effects[:] = np.where(diagonal, np.maximum(of_effects, _OFF), of_effects)
    scale, height = _scales(centred.model, start), _log_likelihood(centred.model, start)
    limited = [(-np.inf, np.inf)] * p + bounds + [UNCONSTRAINED] * len(model.own_names)
    point = _search(lambda point: height - _log_likelihood(centred.model, point), start, scale, limited)[1]
    of_effects, own = _split(centred.model, point)
    return CountFit(model, np.concatenate([point[:p], centred.to_user(of_effects), own]))


def _search(
    objective: Callable[[Array], float], start: Array, scale: Array, bounds: list[tuple[float, float]]
) -> tuple[float, Array]:
    """The smallest value found, and where, with derivatives by differences wide enough for large counts' rounding."""

    def value(z: Array) -> float:
        return _fall(lambda: objective(start + scale * z))

    def with_slope(z: Array) -> tuple[float, Array]:
        ends = [(value(z + step), value(z - step)) for step in _STEP * np.eye(len(z))]
        return value(z), np.array([(up - down) / (2 * _STEP) for up, down in ends])

    limits = (np.array(bounds) - start[:, None]) / scale[:, None]
    options = {"ftol": 1e-11, "gtol": 1e-5, "maxiter": 200}
    found = minimize(with_slope, np.zeros(len(start)), jac=True, method="L-BFGS-B", bounds=limits, options=options)
    return float(found.fun), np.asarray(start + scale * found.x)


def _fall(compute: Callable[[], float]) -> float:
    """A value to minimise; a high one where it can't be computed, from which searches turn back."""
    try:
        value = compute()
    except np.linalg.LinAlgError:
        return _HIGH
    return min(value, _HIGH) if np.isfinite(value) else _HIGH


def _scales(model: HierarchicalModel, point: Array) -> Array:
    """Shape (p + t + m,): standard errors of the coefficients given all else, shares of the SDs, and `_SHARE`."""
    p, (of_effects, own) = len(model.names), _split(model, point)
    errors = np.sqrt(np.abs(np.diag(np.linalg.pinv(_approximate(model, point[p:]).curvature.outer))))
    sizes = np.sqrt((factor(model.blocks, of_effects) ** 2).sum(axis=1))
    of_effects = _SHARE * np.maximum(sizes, _OFF)[places(model.blocks)[0]]
    return np.concatenate([np.clip(errors, 1e-300, _WIDEST), of_effects, np.full(len(own), _SHARE)])


def _approximate(model: HierarchicalModel, theta: Array) -> Approximation:
    """Laplace's approximation with coefficients at the mode of the random effects, for a point without them."""
    latent, flat, m = model.latent_rows, np.zeros(len(model.names)), len(model.own_names)
    L = factor(model.blocks, theta[: len(theta) - m])
    return latent.approximate(L, latent.rows.known, model.own(theta[len(theta) - m :]), (flat, flat))


def _joint(model: HierarchicalModel, diagonal: npt.NDArray[np.bool_]) -> Array:
    """The best point with the coefficients at the mode of the random effects."""

    def objective(theta: Array) -> float:
        return -_approximate(model, theta).laplace

    own = np.zeros(len(model.own_names))
    starts = [np.append(np.where(diagonal, size, 0.0), own) for size in (0.3, 1.0)]
    bounds = limits(model.blocks)[1] + [UNCONSTRAINED] * len(own)
    ends = []
    for start in starts:
        scale = np.full(len(start), _SHARE * max(start.max(initial=0), _OFF))
        ends.append(_search(objective, start, scale, bounds))
    theta = min(ends, key=lambda end: end[0])[1]
    return np.concatenate([_approximate(model, theta).beta, theta])


def document(fitted: CountFit, null: CountFit | None) -> dict[str, Any]:
    """The classical counterpart for ``classical.json``.

    Parameters
    ----------
    fitted : CountFit
    null : CountFit or None
        The null model, where its fit can be had.
    """
    model, draw, z = fitted.model, fitted.parameters, float(norm.ppf(0.975))
    rows = [
        {"term": t, "estimate": b, "se": se, "z": b / se, "p": 2 * norm.sf(abs(b / se)), "ci": [b - z * se, b + z * se]}
        for t, b, se in zip(model.names, fitted.coefficients, fitted.standard_errors, strict=True)
    ]
    return {
        "applies": True,
        "method": "ML",
        "quadrature_nodes": 1 if model.several else NODES.get(len(model.effects), 1),
        "coefficients": rows,
        "sd": dict(zip(model.sd_names, draw.sd[0], strict=True)),
        "correlation": {
            name: draw.correlation[0, i, j] for name, (i, j) in zip(model.correlation_names, model.pairs, strict=True)
        },
        **{name: draw.own[0, k] for k, name in enumerate(("sigma", *model.shape_names)) if name in model.own_names},
        "singular": fitted.singular,
        "log_likelihood": fitted.log_likelihood,
        **({} if null is None else about_null(model, draw, null.model, null.parameters)),
        "unavailable": {},
    }
