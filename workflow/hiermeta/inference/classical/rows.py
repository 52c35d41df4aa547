"""The rows of a meta-analysis in the form in which the classical fits compute.

The marginal covariance of the effects of cluster c is ``V_c = S_c + σ_w² I + σ_b² 11'``, with the known sampling
covariance S_c. With the eigendecomposition ``S_c = Q diag(λ) Q'``, found once, the rotated effects ``Q'y_c`` have the
covariance ``diag(λ + σ_w²) + σ_b² zz'``, z = Q'1. So one O(k) algebra, that of Sherman and Morrison, serves
independent sampling errors (Q = I), a common sampling correlation and an arbitrary covariance matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hiermeta.inference.roots import NotAvailable
from hiermeta.marginal.normal import Errors, common_correlation

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]
_RANK = 1e-9
"""Smallest part of a direction, relative to its length, that counts as outside a space."""


class Unusable(NotAvailable):
    """The data or the design allow no fit; the message says why."""


@dataclass(frozen=True)
class Rows:
    """Rows sorted by cluster and rotated within it.

    Parameters
    ----------
    effect : numpy.ndarray
        Shape (k,): rotated effect estimates.
    design : numpy.ndarray
        Shape (k, p): rotated design, in the user's units.
    variance : numpy.ndarray
        Shape (k,): eigenvalues λ of the sampling covariance; the sampling variances where errors are independent.
    shared : numpy.ndarray
        Shape (k,): z, the rotated vector of ones.
    start : numpy.ndarray
        Shape (J,): first row of each cluster; empty without clusters.
    order : numpy.ndarray
        Shape (k,): position among the user's rows of each row here.
    terms : tuple of str
        Names of the p columns of the design.
    rotations : tuple of numpy.ndarray
        The matrices Q of consecutive blocks of rows, eigenvectors in columns; empty where Q = I.
    """

    effect: Array
    design: Array
    variance: Array
    shared: Array
    start: Index
    order: Index
    terms: tuple[str, ...]
    rotations: tuple[Array, ...] = ()

    @property
    def k(self) -> int:
        return len(self.effect)

    @property
    def p(self) -> int:
        return self.design.shape[1]

    @property
    def clustered(self) -> bool:
        return len(self.start) > 0

    @cached_property
    def errors(self) -> Errors:
        """The rotated sampling errors, which are independent."""
        return Errors(self.variance, self.start)

    @property
    def sizes(self) -> Index:
        """Shape (J,): rows per cluster."""
        return self.errors.sizes

    @property
    def cluster_of_row(self) -> Index:
        """Shape (k,): number of the cluster that each row is in."""
        return self.errors.cluster_of_row

    @cached_property
    def _qr(self) -> tuple[Array, Array]:
        basis, triangle = np.linalg.qr(self.design)
        return basis, triangle

    @property
    def basis(self) -> Array:
        """Shape (k, p): orthonormal basis of the design's columns, in which normal equations lose no digits."""
        return self._qr[0]

    @cached_property
    def back(self) -> Array:
        """Shape (p, p): from coefficients of the basis to those of the design."""
        return np.asarray(np.linalg.inv(self._qr[1]), np.float64)

    @cached_property
    def residual(self) -> Array:
        """Shape (k,): rotated residuals of ordinary least squares."""
        return self.effect - self.basis @ (self.basis.T @ self.effect)

    @cached_property
    def mean_design(self) -> Array:
        """Shape (p,): mean over the rows of the user's design."""
        return self.unrotate(self.design).mean(axis=0)

    def by_cluster(self, values: Array) -> Array:
        """Sums over the rows of each cluster: (k, ...) to (J, ...)."""
        if not self.clustered:
            return np.zeros((0, *values.shape[1:]))
        return np.add.reduceat(values, self.start, axis=0)

    def unrotate(self, values: Array) -> Array:
        """Rotated vectors in columns, (k, ...), as they are in the user's rows, sorted by cluster."""
        if not self.rotations:
            return values
        ends = np.cumsum([len(rotation) for rotation in self.rotations])[:-1]
        parts = zip(self.rotations, np.split(values, ends), strict=True)
        return np.concatenate([rotation @ part for rotation, part in parts])

    def unrotated_diagonal(self, values: Array) -> Array:
        """Diagonal of Q diag(values) Q'; shape (k,)."""
        squares = tuple(rotation**2 for rotation in self.rotations)
        return replace(self, rotations=squares).unrotate(values)

    def with_design(self, design: Array, terms: Sequence[str]) -> Rows:
        """The same rows with another design, shape (k, p) in the order of the user's rows.

        Raises
        ------
        Unusable
            When there are no more rows than coefficients, or columns are collinear.
        """
        check_design(design)
        inverse = replace(self, rotations=tuple(rotation.T for rotation in self.rotations))
        return replace(self, design=inverse.unrotate(design[self.order]), terms=tuple(terms))

    def without_clusters(self) -> Rows:
        """The same rows without between-cluster heterogeneity; the sampling covariance stays."""
        return replace(self, start=np.zeros(0, np.intp))


def check_design(design: Array) -> None:
    """Raise ``Unusable`` unless there are more rows than columns and no collinear columns; ``design`` is (k, p)."""
    k, p = design.shape
    if k <= p:
        raise Unusable(f"{k} rows are too few for {p} coefficients")
    lengths = np.linalg.norm(design, axis=0)
    if not lengths.all() or np.linalg.svd(design / lengths, compute_uv=False)[-1] < _RANK:
        raise Unusable("columns of the design are collinear")


def build(
    effect: Array,
    variance: Array,
    design: Array,
    terms: Sequence[str],
    cluster: Index | None = None,
    correlation: float = 0.0,
    covariance: Array | None = None,
) -> Rows:
    """Sort the rows by cluster and diagonalise the sampling covariance.

    Parameters
    ----------
    effect, variance : numpy.ndarray
        Shape (k,): effect estimates and their sampling variances (squared standard errors).
    design : numpy.ndarray
        Shape (k, p).
    terms : sequence of str
        Names of the p columns.
    cluster : numpy.ndarray, optional
        Shape (k,): codes 0 … J − 1.
    correlation : float
        Common correlation of the sampling errors within a cluster.
    covariance : numpy.ndarray, optional
        Shape (k, k): sampling covariance, which takes the place of ``variance`` and ``correlation``.

    Raises
    ------
    Unusable
        When there are no more rows than coefficients, columns of the design are collinear, the sampling covariance is
        not positive definite, or it ties rows of different clusters.
    """
    check_design(design)
    k = len(effect)
    if cluster is None:
        order, start = np.arange(k), np.zeros(0, np.intp)
        bounds = np.array([0, k])
    else:
        order = np.argsort(cluster, kind="stable")
        start = np.searchsorted(cluster[order], np.unique(cluster))
        bounds = np.append(start, k)
    rows = Rows(effect[order], design[order], variance[order], np.ones(k), start, order, tuple(terms))
    if covariance is not None:
        sampling = covariance[np.ix_(order, order)]
        blocks = [sampling[first:last, first:last] for first, last in pairwise(bounds)]
        if np.count_nonzero(sampling) > sum(np.count_nonzero(block) for block in blocks):
            raise Unusable("the sampling covariance ties rows of different clusters")
    elif correlation != 0 and cluster is not None:
        blocks = list(common_correlation(rows.variance, start, correlation))
    else:
        if not rows.variance.min() > 0:
            raise Unusable("sampling variances must be positive")
        return rows
    return _rotate(rows, blocks)


def _rotate(rows: Rows, blocks: list[Array]) -> Rows:
    values, vectors = zip(*(np.linalg.eigh(block) for block in blocks), strict=True)
    if not all(value[0] > 1e-12 * value[-1] for value in values):
        raise Unusable("the sampling covariance is not positive definite")
    inverse = replace(rows, rotations=tuple(vector.T for vector in vectors))
    return replace(
        rows,
        effect=inverse.unrotate(rows.effect),
        design=inverse.unrotate(rows.design),
        variance=np.concatenate(values),
        shared=inverse.unrotate(rows.shared),
        rotations=vectors,
    )


def clusters_identified(rows: Rows) -> bool:
    """Whether the rows can tell between-cluster from within-cluster heterogeneity.

    They can't when every cluster has one row, or when the design takes up all differences between clusters. The
    information on (σ_w², σ_b²) at V = I, ½ tr(P V_i P V_j) with P = I − QQ', is then singular.
    """
    if not rows.clustered:
        return False
    inside = rows.by_cluster(rows.shared[:, None] * rows.basis)
    shared = rows.by_cluster(rows.shared**2)
    own = shared - np.sum(inside**2, axis=1)
    within = rows.k - rows.p
    overlap = own.sum()
    between = np.sum(shared**2) - 2 * np.sum(shared * (shared - own)) + np.sum((inside.T @ inside) ** 2)
    return bool(overlap > _RANK * rows.k and within * between - overlap**2 > _RANK * within * between)
