"""Complete pooling: the regression that doesn't know of clusters, with naive and cluster-robust standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hiermeta.models.counts import regress
from hiermeta.models.hierarchical import HierarchicalModel

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


def fit(model: HierarchicalModel) -> Complete:
    """Ordinary least squares from the sufficient statistics, or logistic or Poisson regression.

    Parameters
    ----------
    model : HierarchicalModel
    """
    if not model.gaussian:
        return _of_counts(model)
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


def _of_counts(model: HierarchicalModel) -> Complete:
    rows = model.counts
    found = regress(rows, rows.X)
    residual = rows.y - rows.mean(rows.known + rows.X @ found.coefficients)
    scores = np.add.reduceat(rows.X * residual[:, None], rows.start, axis=0)
    J, n, p = len(rows.start), model.n, len(model.names)
    robust = J / (J - 1) * (n - 1) / (n - p) * found.covariance @ (scores.T @ scores) @ found.covariance
    naive = np.sqrt(np.diag(found.covariance))
    return Complete(found.coefficients, naive, np.sqrt(np.diag(robust)), float("nan"))
