"""Random effects of any number of grouping factors, integrated out by Laplace's approximation.

With standardised rows, u = Lv and v ~ N(0, I), the linear predictor is η = known + Xβ + Av. The log density of the rows

    log ∫ p(y | η) p(v) dv ≈ log p(y | η̂) − ½ v̂'v̂ − ½ log|A'WA + I|

is that at the mode v̂, W being the curvature of −log p(y | η) there; for gaussian outcomes it is exact. The curvature is
as sparse as clusters that share rows, and is factorised in an order that keeps it so (Bates, Mächler, Bolker & Walker
2015). Coefficients with normal priors can be integrated out beside the random effects, as the last rows of the system.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import splu

from hiermeta.likelihoods import Likelihood, Rows
from hiermeta.marginal.hermite import aggregate

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.intp]
_NEWTON, _HALVINGS = 100, 30
_TOLERANCE = 1e-10
"""Largest Newton decrement at the mode: twice what the log density still rises."""
_ROUNDING = 1e-9
"""Decrement as a share of the log density below which rounding may hide the rise."""
_LOST = "the most probable random effects can't be computed in double precision"


@dataclass(frozen=True)
class Latent:
    """Rows that share all clusters and design row, standing together, in standardised units.

    Parameters
    ----------
    rows : Rows
        With R rows; ``known`` holds the centre of the outcome, and the logarithm of exposures.
    codes : numpy.ndarray
        Shape (R, F): numbers of each row's clusters.
    index : tuple of numpy.ndarray
        For each of the q effects, shape (J,): where it stands in v, by cluster.
    factor_of : tuple of int
        For each of the q effects, the number of its grouping factor.
    size : int
        Length M of v.
    row : numpy.ndarray
        Shape (N,): row here of each row of the table.
    """

    rows: Rows
    codes: Whole
    index: tuple[Whole, ...]
    factor_of: tuple[int, ...]
    size: int
    row: Whole

    @cached_property
    def place(self) -> Whole:
        """Shape (R, q): where each row's effects stand in v."""
        columns = [index[self.codes[:, f]] for index, f in zip(self.index, self.factor_of, strict=True)]
        return np.stack(columns, axis=1) if columns else np.zeros((len(self.codes), 0), np.intp)

    @cached_property
    def _pattern(self) -> tuple[Whole, Whole, Whole]:
        """Row indices and column pointers of A'WA + I, and the entries that its summands add to.

        They are the products of each row's effects, then the ones of the diagonal.
        """
        pairs = (self.place[:, None, :] * self.size + self.place[:, :, None]).reshape(-1)
        keys, entry = np.unique(np.append(pairs, np.arange(self.size) * (self.size + 1)), return_inverse=True)
        pointers = np.searchsorted(keys, np.arange(self.size + 1) * self.size)
        return keys % max(self.size, 1), pointers, entry.ravel()

    def design(self, L: Array) -> Any:
        """Shape (R, M), sparse: A, for a Cholesky factor of shape (q, q)."""
        loading = self.rows.Z @ L
        pointers = np.arange(len(loading) + 1) * loading.shape[1]
        return sparse.csr_matrix((loading.ravel(), self.place.ravel(), pointers), shape=(len(loading), self.size))

    def random_effects(self, v: Array, L: Array) -> list[Array]:
        """By grouping factor with effects, shape (S, J, its effects): u = Lv, for v of shape (S, M), L of (S, q, q)."""
        found = []
        for f in dict.fromkeys(self.factor_of):
            own = [k for k, owner in enumerate(self.factor_of) if owner == f]
            index = np.stack([self.index[k] for k in own], axis=1)
            found.append(np.einsum("skl,sjl->sjk", L[:, own][:, :, own], v[:, index]))
        return found

    def without_coefficients(self) -> Latent:
        """Rows whose linear predictor is known but for the random effects."""
        return replace(self, rows=replace(self.rows, X=self.rows.X[:, :0]))

    def with_effects(self, kept: Sequence[int]) -> Latent:
        """The same rows with some of the random effects."""
        used = np.unique(np.concatenate([np.zeros(0, np.intp), *(self.index[k] for k in kept)]))
        index = tuple(np.searchsorted(used, self.index[k]) for k in kept)
        factor_of = tuple(self.factor_of[k] for k in kept)
        rows = replace(self.rows, Z=self.rows.Z[:, list(kept)])
        return Latent(rows, self.codes, index, factor_of, len(used), self.row)

    def approximate(
        self,
        L: Array,
        known: Array,
        own: Array,
        prior: tuple[Array, Array] | None = None,
        start: tuple[Array, Array] | None = None,
    ) -> Approximation:
        """The normal approximation of v, and of the coefficients, given the parameters.

        Parameters
        ----------
        L : numpy.ndarray
            Shape (q, q): Cholesky factor of Σ.
        known : numpy.ndarray
            Shape (R,): the part of the linear predictor that is known.
        own : numpy.ndarray
            Shape (1 + m,): parameters of the likelihood, see `Rows.at`.
        prior : pair of numpy.ndarray, optional
            Means and precisions of the coefficients, shape (p,) each; a precision of 0 is a flat prior.
        start : pair of numpy.ndarray, optional
            v and coefficients where the search for the mode may begin, if the log density is higher there than at zero
            and the prior's means.

        Raises
        ------
        LinAlgError
            When parameters are so extreme that double precision doesn't tell the mode.
        """
        rows, A = self.rows.at(own), self.design(L)
        across = A.T
        loading = rows.Z @ L
        products = (loading[:, :, None] * loading[:, None, :]).reshape(len(known), len(L) ** 2)
        mean, precision = prior if prior is not None else (np.zeros(0), np.zeros(0))
        X = rows.X if prior is not None else rows.X[:, :0]

        def height(v: Array, beta: Array) -> float:
            penalty = v @ v + precision @ (beta - mean) ** 2
            return float(rows.kernel(known + A @ v + X @ beta).sum() - penalty / 2)

        v, beta = np.zeros(self.size), mean.copy()
        if start is not None and height(*start) > height(v, beta):
            v, beta = start
        for _ in range(_NEWTON):
            linear = known + A @ v + X @ beta
            score, weight = rows.derivatives(linear)
            curvature = _Curvature.of(self, across, X, products, weight, precision)
            slope = across @ score - v, X.T @ score - precision * (beta - mean)
            step = curvature.solve(*slope)
            if rows.quadratic:
                v, beta = v + step[0], beta + step[1]
                linear = known + A @ v + X @ beta
                break
            decrement = float(slope[0] @ step[0] + slope[1] @ step[1])
            if decrement < _TOLERANCE:
                break
            here, share = height(v, beta), 1.0
            for _ in range(_HALVINGS):
                new = v + share * step[0], beta + share * step[1]
                if height(*new) >= here:
                    break
                share /= 2
            else:
                if not decrement < _ROUNDING * abs(here):
                    raise np.linalg.LinAlgError(_LOST)
                break
            v, beta = new
        else:
            raise np.linalg.LinAlgError(_LOST)
        value = (
            height(v, beta)
            + float(rows.normalisers().sum())
            + 0.5 * np.log(precision[precision > 0]).sum()
            - curvature.log_determinant / 2
        )
        return Approximation(self, rows, A, linear, v, beta, (mean, precision), curvature, value)


@dataclass(frozen=True)
class _Curvature:
    """The system [A'WA + I, A'WX; X'WA, X'WX + P], by elimination of its first rows."""

    inner: Any
    cross: Array
    half: Array
    outer: Array

    @classmethod
    def of(cls, latent: Latent, across: Any, X: Array, products: Array, weight: Array, precision: Array) -> _Curvature:
        inner, half = None, np.zeros((latent.size, X.shape[1]))
        weighted = weight[:, None] * X
        cross = np.asarray(across @ weighted)
        if latent.size:
            indices, pointers, entry = latent._pattern
            summands = np.append(weight[:, None] * products, np.ones(latent.size))
            values = np.bincount(entry, weights=summands, minlength=len(indices))
            matrix = sparse.csc_matrix((values, indices, pointers), shape=(latent.size, latent.size))
            symmetric = {"SymmetricMode": True}
            try:
                inner = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=symmetric)
            except RuntimeError as reason:  # SuperLU's word for a singular matrix
                raise np.linalg.LinAlgError(str(reason)) from None
            half = inner.solve(cross) if X.shape[1] else half
        outer = X.T @ weighted + np.diag(precision) - cross.T @ half
        return cls(inner, cross, half, outer)

    @cached_property
    def by_effect(self) -> Array:
        """Shape (M,): logarithms of the pivots of the inner system."""
        return np.log(np.abs(self.inner.U.diagonal()))[self.inner.perm_c] if self.inner else np.zeros(0)

    @property
    def log_determinant(self) -> float:
        return float(self.by_effect.sum() + np.linalg.slogdet(self.outer)[1])

    def solve(self, v: Array, beta: Array) -> tuple[Array, Array]:
        """The solution for a right-hand side of random effects and coefficients, (M,) and (p,) or with columns."""
        b = np.linalg.solve(self.outer, beta - self.half.T @ v) if len(beta) else beta
        return np.asarray(self.inner.solve(v) - self.half @ b if self.inner else v), np.asarray(b, float)


@dataclass(frozen=True)
class Approximation:
    """A normal approximation around the mode.

    Parameters
    ----------
    latent : Latent
    rows : Rows
        At the likelihood's own parameters.
    A : sparse matrix
        Shape (R, M).
    linear : numpy.ndarray
        Shape (R,): linear predictor at the mode.
    v, beta : numpy.ndarray
        The mode.
    prior : pair of numpy.ndarray
        Means and precisions of the coefficients.
    curvature : _Curvature
        Of −log p there.
    value : float
        Log density of the rows, what was approximated integrated out; flat priors count 1.
    """

    latent: Latent
    rows: Rows
    A: Any
    linear: Array
    v: Array
    beta: Array
    prior: tuple[Array, Array]
    curvature: _Curvature
    value: float

    @property
    def laplace(self) -> float:
        """Laplace's approximation of log p(rows), coefficients at their mode: by curvatures, not by working weights."""
        curvature = self.rows.curvature(self.linear)
        loading, none = self.A.data.reshape(len(self.linear), -1), np.zeros((len(self.linear), 0))
        products = (loading[:, :, None] * loading[:, None, :]).reshape(len(loading), loading.shape[1] ** 2)
        observed = _Curvature.of(self.latent, self.A.T, none, products, curvature, np.zeros(0))
        return self.value + (self.curvature.log_determinant - observed.log_determinant) / 2

    def sample(self, rng: np.random.Generator, pairs: int) -> tuple[Array, Array, Array]:
        """Antithetic draws from the approximation, and what it gets wrong at each.

        Returns
        -------
        v, beta : numpy.ndarray
            Shapes (2 pairs, M) and (2 pairs, p).
        log_ratio : numpy.ndarray
            Shape (2 pairs,): log p of rows, v and beta less that of the approximation; the mean of its exponential is 1
            times exp(−value) times the density of the rows.
        """
        latent, rows = self.latent, self.rows
        (mean, precision), X = self.prior, rows.X[:, : len(self.beta)]
        root = np.sqrt(rows.derivatives(self.linear)[1])
        noise = root[:, None] * rng.standard_normal((len(root), pairs))
        right = self.A.T @ noise + rng.standard_normal((latent.size, pairs)), X.T @ noise
        right = right[0], right[1] + np.sqrt(precision)[:, None] * rng.standard_normal((len(precision), pairs))
        dv, db = self.curvature.solve(*right)
        half = 0.5 * ((dv * right[0]).sum(axis=0) + (db * right[1]).sum(axis=0))
        dv, db, half = np.concatenate([dv, -dv], 1), np.concatenate([db, -db], 1), np.tile(half, 2)
        v, beta = self.v[:, None] + dv, self.beta[:, None] + db
        linear = self.linear[:, None] + self.A @ dv + X @ db
        rise = (rows.kernel(linear.T) - rows.kernel(self.linear)).sum(axis=1)
        fall = ((v**2).sum(axis=0) - self.v @ self.v) / 2
        fall += (precision[:, None] * ((beta - mean[:, None]) ** 2 - (self.beta - mean)[:, None] ** 2)).sum(axis=0) / 2
        return v.T, beta.T, rise - fall + half

    def variances(self) -> Array:
        """Shape (R,): of A v, for an approximation without coefficients."""
        latent = self.latent
        if not latent.size:
            return np.zeros(len(self.linear))
        inverse = self.curvature.inner.solve(np.eye(latent.size))
        loading, place = self.A.data.reshape(len(self.linear), -1), latent.place
        return np.asarray(np.einsum("rk,rl,rkl->r", loading, loading, inverse[place[:, :, None], place[:, None, :]]))

    def random_effects(self, L: Array) -> list[tuple[Array, Array]]:
        """By grouping factor with effects: means (J, its effects) and covariances of u = Lv given the coefficients."""
        latent = self.latent
        inverse = self.curvature.inner.solve(np.eye(latent.size))
        means = latent.random_effects(self.v[None], L[None])
        found = []
        for mean, f in zip(means, dict.fromkeys(latent.factor_of), strict=True):
            own = [k for k, owner in enumerate(latent.factor_of) if owner == f]
            index, root = np.stack([latent.index[k] for k in own], axis=1), L[np.ix_(own, own)]
            found.append((mean[0], root @ inverse[index[:, :, None], index[:, None, :]] @ root.T))
        return found

    def by_cluster(self, factor: int, n_clusters: int) -> Array:
        """Shape (J,): the log density's parts by cluster of a factor in which all effects are nested."""
        latent = self.latent
        cluster = np.zeros(latent.size, np.intp)
        for k in range(latent.place.shape[1]):
            cluster[latent.place[:, k]] = latent.codes[:, factor]
        codes, rows = latent.codes[:, factor], self.rows
        total = np.bincount(codes, weights=rows.kernel(self.linear), minlength=n_clusters)
        total += np.bincount(codes[rows.start], weights=rows.normalisers(), minlength=n_clusters)
        own = (self.v**2 + self.curvature.by_effect) / 2
        return np.asarray(total - np.bincount(cluster, weights=own, minlength=n_clusters))


def aggregate_cells(
    likelihood: Likelihood, codes: Whole, y: Array, size: Array, X: Array, Z: Array
) -> tuple[Rows, Whole, Whole]:
    """Rows that share all clusters and design row, together.

    Parameters
    ----------
    likelihood : Likelihood
    codes : numpy.ndarray
        Shape (N, factors): cluster of each row in each grouping factor.
    y, size : numpy.ndarray
        Shape (N,): outcomes, and trials or exposures.
    X, Z : numpy.ndarray
        Shapes (N, p) and (N, q).

    Returns
    -------
    rows : Rows
    codes : numpy.ndarray
        Their clusters.
    row : numpy.ndarray
        Shape (N,): where each row went.
    """
    cells, cell = np.unique(codes, axis=0, return_inverse=True)
    rows, row = aggregate(likelihood, cell.ravel(), y, size, X, Z)
    return rows, cells[rows.cluster], row


def places_of_effects(blocks: Sequence[int], clusters: Sequence[int]) -> tuple[tuple[Whole, ...], int]:
    """Where the random effects stand in the vector of all, block after block, cluster after cluster.

    Parameters
    ----------
    blocks : sequence of int
        Number of random effects of each block.
    clusters : sequence of int
        Number of clusters of each block's grouping factor.

    Returns
    -------
    places : tuple of numpy.ndarray
        For each random effect, its place for each cluster.
    total : int
        Length of the vector.
    """
    places: list[Whole] = []
    used = 0
    for size, J in zip(blocks, clusters, strict=True):
        places += [used + k + size * np.arange(J) for k in range(size)]
        used += size * J
    return tuple(places), used
