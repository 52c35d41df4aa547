"""Complete pooling: the regression that doesn't know of clusters, with naive and cluster-robust standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from hiermeta.marginal.hermite import regress
from hiermeta.models.hierarchical import UNCONSTRAINED, HierarchicalModel

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Complete:
    """An ordinary regression in the user's units.

    Parameters
    ----------
    coefficients : numpy.ndarray
        Shape (p,).
    naive, robust : numpy.ndarray
        Shape (p,): standard errors that take rows as independent, and cluster-robust ones (CR1S, with the small-sample
        factor J/(J − 1) · (N − 1)/(N − p)).
    sigma : float
        Residual SD; NaN where there is none.
    """

    coefficients: Array
    naive: Array
    robust: Array
    sigma: float


def unknown(model: HierarchicalModel) -> Complete:
    """What there is where the regression can't be had: no number."""
    none = np.full(len(model.names), np.nan)
    return Complete(none, none, none, float("nan"))


def fit(model: HierarchicalModel) -> Complete:
    """Ordinary least squares from the sufficient statistics, or logistic or Poisson regression.

    With several grouping factors, standard errors are robust to clusters of each of them (Cameron, Gelbach & Miller
    2011).

    Parameters
    ----------
    model : HierarchicalModel
    """
    if model.latent:
        return _of_rows(model)
    s = model.sufficient
    n, p, J = s.n, s.p, len(s.sizes)
    triangle = s.total
    beta = np.asarray(np.linalg.solve(triangle[:p, :p], triangle[:p, p]), float)
    inverse = np.linalg.solve(triangle[:p, :p], np.eye(p))
    variance = float(triangle[p, p] ** 2) / (n - p)
    residual = s.residuals(beta[None])[0]
    left = s.T @ np.append(beta, -1.0)
    scores = np.einsum("jap,ja->jp", s.E, residual) - np.einsum("jap,ja->jp", s.T[:, :, :p], left)
    bread = inverse @ inverse.T
    correction = J / (J - 1) * (n - 1) / (n - p)
    covariances = [variance * bread, correction * bread @ (scores.T @ scores) @ bread]
    back = np.stack([model.to_user(row) - model.to_user(0 * row) for row in np.eye(p)], axis=1)
    naive, robust = (np.sqrt(np.diag(back @ covariance @ back.T)) for covariance in covariances)
    return Complete(model.to_user(beta), naive, robust, float(np.sqrt(variance)) * model.outcome_spread)


def _of_rows(model: HierarchicalModel) -> Complete:
    n, p = model.n, len(model.names)
    own = _own(model)
    rows = model.latent_rows.rows.at(own)
    found = regress(rows, rows.X)
    linear = rows.known + rows.X @ found.coefficients
    scores, variance = rows.X * rows.derivatives(linear)[0][:, None], 1.0
    if rows.quadratic:
        variance = float(-2 * (rows.kernel(linear).sum() + rows.constant.sum())) / (n - p)
    meat = np.zeros((p, p))
    for size in range(1, len(model.factors) + 1):
        for chosen in combinations(range(len(model.factors)), size):
            _, code = np.unique(model.latent_rows.codes[:, chosen], axis=0, return_inverse=True)
            J = int(code.max()) + 1
            sums = np.stack([np.bincount(code.ravel(), weights=column) for column in scores.T], axis=1)
            meat -= (-1) ** size * J / (J - 1) * (n - 1) / (n - p) * sums.T @ sums
    back = np.stack([model.to_user(row) - model.to_user(0 * row) for row in np.eye(p)], axis=1)
    covariances = [variance * found.covariance, found.covariance @ meat @ found.covariance]
    naive, robust = (np.sqrt(np.maximum(np.diag(back @ c @ back.T), 0)) for c in covariances)
    sigma = float(np.sqrt(variance) * own[0]) * model.outcome_spread if model.has_sigma else float("nan")
    return Complete(model.to_user(found.coefficients), naive, robust, sigma)


def _own(model: HierarchicalModel) -> Array:
    """Shape (1 + m,): the likelihood's parameters that fit best without clusters; a residual SD of 1 by itself."""
    if not model.shape_names:
        return np.ones(1)

    def height(z: Array) -> float:
        rows = model.latent_rows.rows.at(model.own(z))
        linear = rows.known + rows.X @ regress(rows, rows.X).coefficients
        return float(rows.kernel(linear).sum() + rows.normalisers().sum())

    start = np.zeros(len(model.own_names))
    bounds = [UNCONSTRAINED] * len(start)
    return model.own(minimize(lambda z: -height(z), start, method="Nelder-Mead", bounds=bounds).x)
