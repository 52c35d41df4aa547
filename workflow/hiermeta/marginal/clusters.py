"""What a gaussian mixed model with one grouping factor needs of its rows: a few numbers per cluster.

A QR decomposition of each cluster's [Z_j, X_j, y_j] leaves the triangle

    R_j  E_j  d_j        with Z_j = Q_j R_j, E_j = Q_j'X_j, d_j = Q_j'y_j
     0    T_j            with |T_j (β, −1)|² = |(I − Q_j Q_j')(y_j − X_j β)|²

in which nothing large has been subtracted from anything large, as it would be in y'y − 2β'X'y + β'X'Xβ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_CHUNK = 4_000_000
"""Largest number of (draw, cluster, entry) triples worked on at once."""


@dataclass(frozen=True)
class Sufficient:
    """Sufficient statistics of N rows in J clusters, p coefficients and q random effects.

    Parameters
    ----------
    sizes : numpy.ndarray
        Shape (J,): rows per cluster.
    R : numpy.ndarray
        Shape (J, q, q): upper triangles; rows of zeros where a cluster has fewer rows than effects.
    E, d : numpy.ndarray
        Shapes (J, q, p) and (J, q).
    T : numpy.ndarray
        Shape (J, p + 1, p + 1): upper triangles, rows of zeros below.
    """

    sizes: npt.NDArray[np.intp]
    R: Array
    E: Array
    d: Array
    T: Array

    @property
    def n(self) -> int:
        return int(self.sizes.sum())

    @property
    def p(self) -> int:
        return int(self.E.shape[2])

    @property
    def q(self) -> int:
        return int(self.R.shape[1])

    @cached_property
    def within(self) -> Array:
        """Shape (p + 1, p + 1): the triangle of all T_j together."""
        return _triangle(self.T.reshape(-1, self.p + 1), self.p + 1)

    @cached_property
    def total(self) -> Array:
        """Shape (p + 1, p + 1): the triangle of [X, y] without clusters."""
        projected = np.concatenate([self.E, self.d[:, :, None]], axis=2).reshape(-1, self.p + 1)
        return _triangle(np.concatenate([projected, self.within]), self.p + 1)

    def chunks(self, draws: int) -> Iterator[slice]:
        """Slices of draws small enough for arrays of shape (draws, J, q, q)."""
        step = max(1, _CHUNK // (len(self.sizes) * max(self.q**2, self.p + 1)))
        for first in range(0, draws, step):
            yield slice(first, first + step)

    def residuals(self, beta: Array) -> Array:
        """Shape (S, J, q): a_j = d_j − E_j β, for coefficients of shape (S, p)."""
        flat = self.d.reshape(-1) - beta @ self.E.reshape(-1, self.p).T
        return np.asarray(flat.reshape(len(beta), *self.d.shape))

    def covariances(self, sigma: Array, covariance: Array) -> Array:
        """Shape (S, J, q, q): V_j = σ²I + R_j Σ R_j', for σ of shape (S,) and Σ of shape (S, q, q)."""
        V = np.einsum("jab,sbc,jdc->sjad", self.R, covariance, self.R, optimize=True)
        V += (sigma**2)[:, None, None, None] * np.eye(self.q)
        return np.asarray(V)

    def log_likelihood(self, beta: Array, sigma: Array, covariance: Array) -> Array:
        """Shape (S, J): log p(y_j | β, σ, Σ), random effects integrated out.

        Parameters
        ----------
        beta, sigma, covariance : numpy.ndarray
            Shapes (S, p), (S,) and (S, q, q).
        """
        result = np.empty((len(sigma), len(self.sizes)))
        ahead = np.concatenate([beta, -np.ones((len(beta), 1))], axis=1)
        for part in self.chunks(len(sigma)):
            a, V = self.residuals(beta[part]), self.covariances(sigma[part], covariance[part])
            left = np.einsum("jab,sb->sja", self.T, ahead[part], optimize=True)
            squares = np.sum(left**2, axis=2)
            weighted = np.sum(a * np.linalg.solve(V, a[..., None])[..., 0], axis=2)
            sd = sigma[part][:, None]
            result[part] = -0.5 * (
                self.sizes * np.log(2 * np.pi)
                + 2 * (self.sizes - self.q) * np.log(sd)
                + squares / sd**2
                + np.linalg.slogdet(V)[1]
                + weighted
            )
        return result

    def random_effects(self, beta: Array, sigma: Array, covariance: Array) -> tuple[Array, Array]:
        """Means (S, J, q) and covariances (S, J, q, q) of the random effects given the parameters.

        Parameters
        ----------
        beta, sigma, covariance : numpy.ndarray
            Shapes (S, p), (S,) and (S, q, q).
        """
        mean = np.empty((len(sigma), *self.d.shape))
        spread = np.empty((len(sigma), *self.R.shape))
        for part in self.chunks(len(sigma)):
            V = self.covariances(sigma[part], covariance[part])
            loading = np.einsum("jab,sbc->sjac", self.R, covariance[part], optimize=True)
            gain = np.swapaxes(np.linalg.solve(V, loading), 2, 3)
            mean[part] = (gain @ self.residuals(beta[part])[..., None])[..., 0]
            spread[part] = covariance[part][:, None] - gain @ loading
        return mean, spread

    def pooled(self, sigma: Array, covariance: Array) -> Array:
        """Shape (J, q): share of each cluster's own estimate that is not kept, averaged over draws.

        The diagonal of I − Σ R_j'V_j⁻¹R_j, which is 1 − diag(L M_j⁻¹ L' Z_j'Z_j).
        """
        kept = np.zeros((len(self.sizes), self.q))
        for part in self.chunks(len(sigma)):
            V = self.covariances(sigma[part], covariance[part])
            loading = np.einsum("jab,sbc->sjac", self.R, covariance[part], optimize=True)
            gain = np.swapaxes(np.linalg.solve(V, loading), 2, 3)
            kept += np.einsum("sjab,jba->ja", gain, self.R)
        return 1 - kept / len(sigma)


def reduce_rows(y: Array, X: Array, Z: Array, start: npt.NDArray[np.intp]) -> Sufficient:
    """Sufficient statistics of rows sorted by cluster.

    Parameters
    ----------
    y, X, Z : numpy.ndarray
        Shapes (N,), (N, p) and (N, q).
    start : numpy.ndarray
        Shape (J,): first row of each cluster.
    """
    p, q = X.shape[1], Z.shape[1]
    together = np.column_stack([Z, X, y])
    triangles = np.zeros((len(start), q + p + 1, q + p + 1))
    sizes = np.diff(np.append(start, len(y)))
    for j, (first, size) in enumerate(zip(start, sizes, strict=True)):
        triangles[j] = _triangle(together[first : first + size], q + p + 1)
    return _parts(sizes, triangles, q)


def _parts(sizes: npt.NDArray[np.intp], triangles: Array, q: int) -> Sufficient:
    return Sufficient(
        sizes, triangles[:, :q, :q], triangles[:, :q, q:-1], triangles[:, :q, -1], triangles[:, q:, q:].copy()
    )


def _triangle(rows: Array, size: int) -> Array:
    """The triangular factor of a matrix, filled up with rows of zeros."""
    found = np.asarray(np.linalg.qr(rows, mode="r"))
    return np.concatenate([found, np.zeros((size - len(found), size))]) if len(found) < size else found
