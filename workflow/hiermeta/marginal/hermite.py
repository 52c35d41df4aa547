"""Likelihoods with random effects, integrated out by adaptive Gauss–Hermite quadrature.

With η = known + x'β + z'u, each cluster's integral over u ~ N(0, LL') is taken around the mode of its integrand, in
coordinates in which the curvature there is the identity (Pinheiro & Chao 2006); one node is Laplace's approximation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from hiermeta.likelihoods import Likelihood, Rows

Array = npt.NDArray[np.float64]
NODES = {1: 25, 2: 9, 3: 5}
"""Nodes per dimension by number of random effects; one beyond three."""
_CELLS = 4_000_000
_NEWTON = 50
_TOLERANCE = 1e-9
_STRIDE = 3.0
"""Largest change of a linear predictor in a Newton step: the scale on which logits and logarithms curve."""


def _chunks(rows: Rows, draws: int, nodes: int) -> Iterator[slice]:
    """Slices of draws small enough for arrays of shape (draws, R) at every node."""
    step = max(1, _CELLS // (len(rows.y) * max(nodes, rows.Z.shape[1] ** 2)))
    for first in range(0, draws, step):
        yield slice(first, first + step)


def log_likelihood(rows: Rows, beta: Array, L: Array, own: Array, nodes: int | None = None) -> Array:
    """Shape (S, J): log p(y_j | β, L, own), random effects integrated out.

    Parameters
    ----------
    rows : Rows
    beta : numpy.ndarray
        Shape (S, p).
    L : numpy.ndarray
        Shape (S, q, q): Cholesky factors of the covariance of the random effects.
    own : numpy.ndarray
        Shape (S, 1 + m): parameters of the likelihood, see `Rows.at`.
    nodes : int, optional
        Per dimension; by default `NODES`.
    """
    q = rows.Z.shape[1]
    count = nodes or NODES.get(q, 1)
    points, log_weights = _rule(q, count)
    result = np.empty((len(beta), len(rows.start)))
    for part in _chunks(rows, len(beta), len(points)):
        fixed = rows.known + beta[part] @ rows.X.T
        loading = np.einsum("rk,skl->srl", rows.Z, L[part])
        some = rows.at(own[part])
        mode, root = _modes(some, fixed, loading)
        terms = []
        for point, log_weight in zip(points, log_weights, strict=True):
            v = mode + np.linalg.solve(np.swapaxes(root, 2, 3), np.broadcast_to(point, mode.shape)[..., None])[..., 0]
            linear = fixed + (loading * v[:, rows.cluster]).sum(axis=2)
            terms.append(some.by_cluster(some.kernel(linear)) - 0.5 * (v**2).sum(axis=2) + log_weight)
        log_determinant = np.log(np.diagonal(root, axis1=2, axis2=3)).sum(axis=2)
        result[part] = logsumexp(terms, axis=0) - log_determinant + some.normalisers()
    return result


def _modes(rows: Rows, fixed: Array, loading: Array) -> tuple[Array, Array]:
    """Modes (S, J, q) of v = L⁻¹u and Cholesky factors (S, J, q, q) of the negative curvature there, by Newton."""
    shape = (len(fixed), len(rows.start), loading.shape[2])
    v, identity = np.zeros(shape), np.eye(shape[2])
    for _ in range(_NEWTON):
        linear = fixed + (loading * v[:, rows.cluster]).sum(axis=2)
        score, weight = rows.derivatives(linear)
        gradient = np.add.reduceat(loading * score[..., None], rows.start, axis=1) - v
        weighted = loading * weight[..., None]
        curvature = np.add.reduceat(weighted[..., None] * loading[:, :, None, :], rows.start, axis=1) + identity
        step = np.asarray(np.linalg.solve(curvature, gradient[..., None])[..., 0], float)
        change = np.abs((loading * step[:, rows.cluster]).sum(axis=2))
        v = v + step / np.maximum(1, np.maximum.reduceat(change, rows.start, axis=1) / _STRIDE)[..., None]
        if np.abs(step).max() < _TOLERANCE:
            break
    return v, np.asarray(np.linalg.cholesky(curvature), float)


def _rule(q: int, count: int) -> tuple[Array, Array]:
    """Tensor Gauss–Hermite nodes for ∫ f(v) dv in q dimensions, and logs of their weights over the normal kernel."""
    x, w = np.polynomial.hermite_e.hermegauss(count)
    logs = np.log(w) + 0.5 * x**2 - 0.5 * np.log(2 * np.pi)
    points = np.array(list(product(x, repeat=q)))
    return points, np.array([sum(entry) for entry in product(logs, repeat=q)])


def aggregate(
    likelihood: Likelihood, codes: npt.NDArray[np.intp], y: Array, size: Array, X: Array, Z: Array
) -> tuple[Rows, npt.NDArray[np.intp]]:
    """Put rows that share cluster and design row together; outcomes, too, where their sum isn't enough.

    Parameters
    ----------
    likelihood : Likelihood
    codes : numpy.ndarray
        Shape (N,): number of each row's cluster.
    y, size : numpy.ndarray
        Shape (N,): outcomes, and trials or exposure.
    X, Z : numpy.ndarray
        Shapes (N, p) and (N, q).

    Returns
    -------
    together : Rows
    row : numpy.ndarray
        Shape (N,): where each row went.
    """
    key = [codes, X, Z] if likelihood.additive else [codes, X, Z, y]
    unique, row = np.unique(np.column_stack(key), axis=0, return_inverse=True)
    row, p, q = row.ravel(), X.shape[1], Z.shape[1]

    def total(values: Array) -> Array:
        return np.asarray(np.bincount(row, weights=values, minlength=len(unique)), float)

    events, trials, known, constant = likelihood.rows.sums(y, size, total, row)
    cluster = unique[:, 0].astype(np.intp)
    start = np.searchsorted(cluster, np.arange(cluster[-1] + 1))
    by_cluster = np.asarray(np.bincount(cluster, weights=constant), float)
    X, Z = unique[:, 1 : 1 + p], unique[:, 1 + p : 1 + p + q]
    return likelihood.rows(events, trials, known, X, Z, start, cluster, by_cluster), row


@dataclass(frozen=True)
class Glm:
    """An ordinary logistic or Poisson regression.

    Parameters
    ----------
    coefficients : numpy.ndarray
        Shape (p,).
    covariance : numpy.ndarray
        Shape (p, p).
    converged : bool
        False where likelihood rises without end, as it does with separated outcomes.
    """

    coefficients: Array
    covariance: Array
    converged: bool


def regress(rows: Rows, X: Array) -> Glm:
    """Fit by Fisher scoring.

    Parameters
    ----------
    rows : Rows
    X : numpy.ndarray
        Shape (R, p): full rank.
    """
    spread = np.maximum(np.sqrt((X**2).mean(axis=0)), 1e-300)
    design = X / spread
    beta = np.linalg.lstsq(design, rows.guess() - rows.known, rcond=None)[0]
    converged, information = False, np.eye(len(beta))
    for _ in range(_NEWTON):
        score, weight = rows.derivatives(rows.known + design @ beta)
        information = design.T @ (weight[:, None] * design)
        step = np.linalg.lstsq(information, design.T @ score, rcond=1e-14)[0]
        beta = beta + step / max(1.0, np.abs(step).max() / 3)
        if np.abs(step).max() < 1e-8:
            converged = bool(np.abs(beta).max() < 30 and np.linalg.cond(information) < 1e12)
            break
    inverse = np.linalg.pinv(information) / np.outer(spread, spread)
    return Glm(beta / spread, inverse, converged)
