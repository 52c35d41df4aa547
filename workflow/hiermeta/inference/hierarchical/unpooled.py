"""No pooling: one ordinary regression in every cluster, where its rows allow it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hiermeta.likelihoods import Rows
from hiermeta.marginal.hermite import regress
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]
_LARGEST = 200
"""Clusters in which it is judged whether a column adds to the regression."""
_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Unpooled:
    """Regressions per cluster; NaN where a cluster's rows don't allow one.

    Parameters
    ----------
    estimate, se : numpy.ndarray
        Shape (J, q): the coefficients that differ between clusters in the model.
    line : numpy.ndarray
        Shape (J, q, p): what the model's coefficients β add to those of cluster j: ``line @ β + u_j`` stands beside
        ``estimate``. Cluster-level predictors and cross-level interactions differ between clusters here.
    """

    estimate: Array
    se: Array
    line: Array


def unknown(model: HierarchicalModel) -> Unpooled:
    """What there is before any regression: no number."""
    J, q, p = len(model.clusters.start), model.Z.shape[1], model.X.shape[1]
    return Unpooled(np.full((J, q), np.nan), np.full((J, q), np.nan), np.full((J, q, p), np.nan))


def fit(model: HierarchicalModel) -> Unpooled:
    """Regress within each cluster on the columns of Z and those of X that vary beside them.

    Parameters
    ----------
    model : HierarchicalModel
    """
    order, start = model.clusters.order, model.clusters.start
    X, Z, y = model.X[order], model.Z[order], model.outcome[order]
    stop = start + model.clusters.sizes
    C = np.column_stack([Z, X[:, _further(Z, X, model)]])
    q, p = Z.shape[1], X.shape[1]
    every = unknown(model)
    estimate, se, line = every.estimate, every.se, every.line
    for j in range(len(start)):
        rows = slice(start[j], stop[j])
        scale = np.maximum(np.sqrt((C[rows] ** 2).mean(axis=0)), 1e-300)
        found, _, rank, _ = np.linalg.lstsq(C[rows] / scale, np.column_stack([X[rows], y[rows]]), rcond=1e-10)
        if rank < C.shape[1]:
            continue
        found = found / scale[:, None]
        line[j] = found[:q, :p]
        if not model.closed_form:
            alone = regress(_one(model, order[rows]), C[rows])
            if alone.converged:
                estimate[j], se[j] = alone.coefficients[:q], np.sqrt(np.diag(alone.covariance)[:q])
            continue
        estimate[j] = found[:q, p]
        free = len(y[rows]) - rank
        if free > 0:
            residual = y[rows] - C[rows] @ found[:, p]
            inverse = np.linalg.pinv(C[rows] / scale) / scale[:, None]
            se[j] = np.sqrt(residual @ residual / free * (inverse[:q] ** 2).sum(axis=1))
    line[np.abs(line) < 1e-10 * np.maximum(np.abs(line).max(axis=(0, 1), initial=0), 1e-300)] = 0
    return every


def _one(model: HierarchicalModel, rows: npt.NDArray[np.intp]) -> Rows:
    """One cluster's rows as they are."""
    kind, zeros = model.likelihood.rows, np.zeros(len(rows), dtype=np.intp)
    y, trials, known, _ = kind.sums(model.outcome[rows], model.size[rows], np.asarray, np.arange(len(rows)))
    return kind(y, trials, known, model.X[rows], model.Z[rows], zeros[:1], zeros, np.zeros(1))


def _further(Z: Array, X: Array, model: HierarchicalModel) -> list[int]:
    """Columns of X that the columns before them don't make up within every cluster."""
    sizes, start = model.clusters.sizes, model.clusters.start
    largest = np.argsort(-sizes, kind="stable")[:_LARGEST]
    chosen: list[int] = []
    for column in range(X.shape[1]):
        for j in largest:
            rows = slice(start[j], start[j] + sizes[j])
            before = np.column_stack([Z[rows], X[rows][:, chosen]])
            own = X[rows, column]
            left = own - before @ np.linalg.lstsq(before, own, rcond=None)[0]
            if np.linalg.norm(left) > _TOLERANCE * max(np.linalg.norm(X[:, column]) / np.sqrt(len(X)), 1e-300):
                chosen.append(column)
                break
    return chosen
