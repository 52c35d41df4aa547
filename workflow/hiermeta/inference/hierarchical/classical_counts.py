"""The classical mixed model of counts: maximum likelihood by adaptive quadrature.

With several grouping factors the random effects are integrated out by Laplace's approximation, as in lme4's glmer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import norm

from hiermeta.inference.hierarchical.classical import SINGULAR, factor, limits, point_shares
from hiermeta.models.counts import NODES, regress
from hiermeta.models.hierarchical import Draws, HierarchicalModel
from hiermeta.models.latent import Approximation

Array = npt.NDArray[np.float64]
_STEP = 1e-3


@dataclass(frozen=True)
class CountFit:
    """A fitted mixed model of counts.

    Parameters
    ----------
    model : HierarchicalModel
    point : numpy.ndarray
        Shape (p + t,): standardised coefficients, then the elements of the Cholesky factor, block by block.
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
        """Shape (p, p): of the coefficients, from the curvature in all parameters but SDs at zero."""
        model, p = self.model, len(self.model.names)
        free = [i for i in range(len(self.point)) if i < p or abs(self.point[i]) > SINGULAR]
        steps = _STEP * np.eye(len(self.point))[free]

        def at(shift: Array) -> float:
            return _log_likelihood(model, self.point + shift)

        hessian = np.empty((len(free), len(free)))
        for i, a in enumerate(steps):
            for j, b in enumerate(steps[: i + 1]):
                corners = at(a + b) - at(a - b) - at(b - a) + at(-a - b)
                hessian[i, j] = hessian[j, i] = corners / (4 * _STEP**2)
        covariance = np.linalg.pinv(-hessian)[:p, :p]
        zero = model.to_user(np.zeros(p))
        back = np.stack([model.to_user(row) - zero for row in np.eye(p)], axis=1)
        return np.asarray(back @ covariance @ back.T)

    @property
    def singular(self) -> bool:
        """Whether an SD is zero."""
        return bool((self.parameters.sd[0] < SINGULAR).any())


def _parameters(model: HierarchicalModel, point: Array) -> Draws:
    p = len(model.names)
    L = factor(model.blocks, point[p:]) * model.units["sd"][:, None]
    covariance = L @ L.T
    sd = np.sqrt(np.diag(covariance))
    safe = np.where(sd > 0, sd, 1)
    correlation = covariance / np.outer(safe, safe)
    np.fill_diagonal(correlation, 1)
    return Draws(model.to_user(point[:p])[None], np.zeros(1), sd[None], correlation[None])


def _log_likelihood(model: HierarchicalModel, point: Array) -> float:
    p = len(model.names)
    L = factor(model.blocks, point[p:])
    if model.several:
        rows = model.latent_rows.rows
        return model.latent_rows.approximate(L, rows.known + rows.X @ point[:p], 1.0).value
    L = L * model.units["sd"][:, None]
    return float(model.counts.log_likelihood(model.to_user(point[:p])[None], L[None]).sum())


def fit(model: HierarchicalModel) -> CountFit:
    """Maximise the likelihood, starting from the regression without clusters.

    Parameters
    ----------
    model : HierarchicalModel
    """
    diagonal, bounds = limits(model.blocks)
    starts = [_joint(model, diagonal)] if model.several else _separate(model, diagonal)
    found = [
        minimize(
            lambda point: -_log_likelihood(model, point),
            start,
            method="L-BFGS-B",
            jac="3-point",
            bounds=[(None, None)] * len(model.names) + bounds,
            options={"ftol": 1e-13, "gtol": 1e-6, "maxiter": 200},
        )
        for start in starts
    ]
    return CountFit(model, np.asarray(min(found, key=lambda result: result.fun).x))


def _separate(model: HierarchicalModel, diagonal: npt.NDArray[np.bool_]) -> list[Array]:
    """The coefficients of a regression without clusters, beside small and large SDs."""
    rows = model.counts
    start = regress(rows, (rows.X - model.centre) / model.spread).coefficients
    if model.centred:
        start[model.names.index("intercept")] -= model.outcome_centre
    return [np.concatenate([np.clip(start, -10, 10), np.where(diagonal, size, 0.0)]) for size in (0.2, 0.8)]


def _joint(model: HierarchicalModel, diagonal: npt.NDArray[np.bool_]) -> Array:
    """The best Cholesky factor with the coefficients at the mode of the random effects, as lme4 begins."""
    latent, flat = model.latent_rows, np.zeros(len(model.names))

    def approximate(theta: Array) -> Approximation:
        return latent.approximate(factor(model.blocks, theta), latent.rows.known, 1.0, (flat, flat))

    def objective(theta: Array) -> float:
        found = approximate(theta)
        return -found.value - 0.5 * float(np.linalg.slogdet(found.curvature.outer)[1])

    bounds, options = limits(model.blocks)[1], {"ftol": 1e-9, "maxiter": 100}
    found = [
        minimize(objective, np.where(diagonal, size, 0.0), method="L-BFGS-B", bounds=bounds, options=options)
        for size in (0.3, 1.0)
    ]
    theta = np.asarray(min(found, key=lambda result: result.fun).x)
    return np.concatenate([approximate(theta).beta, theta])


def document(fitted: CountFit, null: CountFit) -> dict[str, Any]:
    """The classical counterpart for ``classical.json``."""
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
        "singular": fitted.singular,
        "log_likelihood": fitted.log_likelihood,
        **point_shares(fitted.model, fitted.parameters, null.model, null.parameters),
        "null": {
            "intercept": null.coefficients[0],
            "sd": null.parameters.sd[0, 0],
            "sds": dict(zip(null.model.sd_names, null.parameters.sd[0], strict=True)),
        },
    }
