"""The covariance of estimates with known sampling errors at many parameter values at once, cluster by cluster.

With independent sampling errors V_c = diag(D) + a a', D_i = v_i + σ_i², and with q_c = Σ a_i²/D_i its inverse follows
in O(k) from Sherman & Morrison (1950): V_c⁻¹u = u/D − (a/D) Σ(a u/D)/(1+q_c). With dependent ones
V_c = S_c + diag(σ_i²) + a a' is inverted as a matrix. In the meta-analysis σ_i² = τ_i²(1−ρ) and a_i = τ_i√ρ; true
effects less their means are a_i γ_c + w_i, γ_c ~ N(0, 1), w_i ~ N(0, σ_i²).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Errors:
    """Sampling errors of k rows, sorted by cluster.

    Parameters
    ----------
    variance : numpy.ndarray
        Shape (k,): sampling variances.
    start : numpy.ndarray
        Shape (J,): first row of each cluster or, without clusters, of each block of dependent errors; empty without
        either.
    blocks : tuple of numpy.ndarray
        Covariance matrix of each cluster; empty where errors are independent.
    """

    variance: Array
    start: Index
    blocks: tuple[Array, ...] = ()

    @cached_property
    def sizes(self) -> Index:
        """Shape (J,): rows per cluster."""
        return np.diff(np.append(self.start, len(self.variance))) if len(self.start) else np.zeros(0, np.intp)

    @cached_property
    def cluster_of_row(self) -> Index:
        """Shape (k,): number of the cluster that each row is in."""
        return np.repeat(np.arange(len(self.start)), self.sizes)

    def by_cluster(self, values: Array) -> Array:
        """Sums over the rows of each cluster along the last axis: (..., k) to (..., J)."""
        if not len(self.start):
            return np.zeros((*values.shape[:-1], 0))
        return np.add.reduceat(values, self.start, axis=-1)

    def spread(self, values: Array) -> Array:
        """Values of clusters at each of their rows: (..., J) to (..., k)."""
        return values[..., self.cluster_of_row]

    def covariance(self, within: Array, loading: Array) -> Covariance:
        """V at N parameter values.

        Parameters
        ----------
        within, loading : numpy.ndarray
            Shape (N, k), or (N, 1) where all rows have the same: σ_i² and a_i; loadings don't count without clusters.
        """
        return (_Dependent if self.blocks else Independent)(self, within, loading)


def common_correlation(variance: Array, start: Index, correlation: float) -> tuple[Array, ...]:
    """Covariance matrices of clusters whose sampling errors have one correlation.

    Parameters
    ----------
    variance : numpy.ndarray
        Shape (k,): sampling variances of rows sorted by cluster.
    start : numpy.ndarray
        Shape (J,): first row of each cluster.
    correlation : float
    """
    errors = np.split(np.sqrt(variance), start[1:])
    return tuple(np.outer(e, e) * (correlation + (1 - correlation) * np.eye(len(e))) for e in errors)


class Covariance(ABC):
    """V at N parameter values; see `Errors.covariance`."""

    def __init__(self, errors: Errors, within: Array, loading: Array) -> None:
        self.errors, self.within, self.loading = errors, within, loading

    @abstractmethod
    def inverse_times(self, u: Array) -> Array:
        """V⁻¹u for u of shape (k,) or (N, k): shape (N, k)."""

    @abstractmethod
    def inverse_diagonal(self) -> Array:
        """Diagonal of V⁻¹, shape (N, k)."""

    @abstractmethod
    def log_determinants(self) -> Array:
        """Log determinants of the blocks of V, shape (N, number of blocks); blocks are clusters where there are any."""

    @abstractmethod
    def squares(self, u: Array) -> Array:
        """u_c'V_c u_c for each cluster: u of shape (k,) to (N, J)."""

    @abstractmethod
    def effect_variances(self) -> Array:
        """Variance of each row's random effects a_i γ_c + w_i given the data, shape (N, k)."""

    @abstractmethod
    def _simulated(self, rng: np.random.Generator) -> Array:
        """Random sampling errors, shape (N, k)."""

    @property
    def _clustered(self) -> bool:
        return len(self.errors.start) > 0

    def log_density(self, residual: Array) -> Array:
        """Shape (N,): log density of residuals of shape (N, k) under a normal distribution with mean zero."""
        squares = np.einsum("nk,nk->n", residual, self.inverse_times(residual))
        return -0.5 * (residual.shape[-1] * np.log(2 * np.pi) + self.log_determinants().sum(axis=1) + squares)

    def cluster_log_densities(self, residual: Array) -> Array:
        """Shape (N, J): the same of each cluster."""
        squares = self.errors.by_cluster(residual * self.inverse_times(residual))
        return -0.5 * (self.errors.sizes * np.log(2 * np.pi) + self.log_determinants() + squares)

    def conditional_log_densities(self, residual: Array) -> Array:
        """Shape (N, k): log density of each residual given the others."""
        precision = self.inverse_diagonal()
        return -0.5 * (np.log(2 * np.pi / precision) + self.inverse_times(residual) ** 2 / precision)

    def gamma(self, residual: Array) -> tuple[Array, Array]:
        """Mean and variance of γ_c given residuals of shape (N, k); shape (N, J) each."""
        mean = self.errors.by_cluster(self.loading * self.inverse_times(residual))
        return mean, 1 - self.errors.by_cluster(self.loading * self.inverse_times(self.loading))

    def effects(self, residual: Array) -> Array:
        """Mean of a_i γ_c + w_i given residuals of shape (N, k); shape (N, k)."""
        return self._random_part(self.inverse_times(residual))

    def _random_part(self, u: Array) -> Array:
        """(V − S)u, shape (N, k)."""
        part = self.within * u
        return (
            part + self.loading * self.errors.spread(self.errors.by_cluster(self.loading * u))
            if self._clustered
            else part
        )

    def drawn(self, residual: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """One joint draw of a_i γ_c + w_i, shape (N, k), and γ_c, shape (N, J), given residuals of shape (N, k).

        Draws from the prior, with data simulated from them, are moved to the data by the regression of effects on data
        (Matheron's rule; Journel & Huijbregts 1978, section VII.A).
        """
        gamma = rng.standard_normal((len(residual), len(self.errors.start)))
        effects = np.sqrt(self.within) * rng.standard_normal(residual.shape)
        if self._clustered:
            effects = effects + self.loading * self.errors.spread(gamma)
        step = self.inverse_times(residual - effects - self._simulated(rng))
        return effects + self._random_part(step), gamma + self.errors.by_cluster(self.loading * step)


class Independent(Covariance):
    """V with independent sampling errors: a diagonal and, in each cluster, a matrix of rank one."""

    @cached_property
    def weight(self) -> Array:
        """Shape (N, k): 1/D."""
        return 1 / (self.errors.variance + self.within)

    @cached_property
    def determinant(self) -> Array:
        """Shape (N, J): 1 + q_c."""
        return 1 + self.errors.by_cluster(self.loading**2 * self.weight)

    def inverse_times(self, u: Array) -> Array:
        weighted = self.weight * u
        if not self._clustered:
            return weighted
        sums = self.errors.by_cluster(self.loading * weighted) / self.determinant
        return weighted - self.weight * self.loading * self.errors.spread(sums)

    def inverse_diagonal(self) -> Array:
        if not self._clustered:
            return self.weight
        return self.weight - (self.weight * self.loading) ** 2 / self.errors.spread(self.determinant)

    def log_determinants(self) -> Array:
        if not self._clustered:
            return -np.log(self.weight)
        return np.log(self.determinant) - self.errors.by_cluster(np.log(self.weight))

    def squares(self, u: Array) -> Array:
        return self.errors.by_cluster(u**2 / self.weight) + self.errors.by_cluster(u * self.loading) ** 2

    def gram(self, columns: Array) -> Array:
        """C'V⁻¹C for columns C of shape (k, m): shape (N, m, m)."""
        k, m = columns.shape
        products = (columns[:, :, None] * columns[:, None, :]).reshape(k, m * m)
        gram = (self.weight @ products).reshape(-1, m, m)
        if self._clustered:
            loaded = self.weight * self.loading
            sums = np.stack([self.errors.by_cluster(loaded * column) for column in columns.T], axis=-1)
            gram -= np.einsum("nj,nja,njb->nab", 1 / self.determinant, sums, sums, optimize=True)
        return np.asarray(gram)

    def gamma(self, residual: Array) -> tuple[Array, Array]:
        variance = 1 / self.determinant  # one less what the data take away would lose digits where that is much
        return variance * self.errors.by_cluster(self.loading * self.weight * residual), variance

    def effect_variances(self) -> Array:
        unexplained = self.errors.variance * self.weight
        variance = self.within * unexplained
        if self._clustered:
            variance = variance + (unexplained * self.loading) ** 2 / self.errors.spread(self.determinant)
        return variance

    def _simulated(self, rng: np.random.Generator) -> Array:
        return np.asarray(np.sqrt(self.errors.variance) * rng.standard_normal(self.weight.shape))


class _Dependent(Covariance):
    def __init__(self, errors: Errors, within: Array, loading: Array) -> None:
        shape = (len(within), len(errors.variance))
        super().__init__(errors, np.broadcast_to(within, shape), np.broadcast_to(loading, shape))
        self._rows = [slice(first, first + size) for first, size in zip(errors.start, errors.sizes, strict=True)]

    @cached_property
    def _true(self) -> list[Array]:
        """V − S of each cluster, shape (N, n, n)."""
        parts = [(self.within[:, rows], self.loading[:, rows]) for rows in self._rows]
        return [w[:, :, None] * np.eye(w.shape[1]) + a[:, :, None] * a[:, None, :] for w, a in parts]

    @cached_property
    def _blocks(self) -> list[Array]:
        return [sampling + true for sampling, true in zip(self.errors.blocks, self._true, strict=True)]

    @cached_property
    def _inverses(self) -> list[Array]:
        return [np.asarray(np.linalg.inv(block), np.float64) for block in self._blocks]

    def inverse_times(self, u: Array) -> Array:
        u = np.broadcast_to(u, self.within.shape)
        parts = [inverse @ u[:, rows, None] for inverse, rows in zip(self._inverses, self._rows, strict=True)]
        return np.concatenate(parts, axis=1)[..., 0]

    def inverse_diagonal(self) -> Array:
        return np.concatenate([np.einsum("nii->ni", inverse) for inverse in self._inverses], axis=1)

    def log_determinants(self) -> Array:
        return np.stack([np.linalg.slogdet(block)[1] for block in self._blocks], axis=1)

    def squares(self, u: Array) -> Array:
        pairs = zip(self._blocks, self._rows, strict=True)
        return np.stack([np.einsum("i,nij,j->n", u[rows], block, u[rows]) for block, rows in pairs], axis=1)

    def effect_variances(self) -> Array:
        parts = [
            np.einsum("nii->ni", true) - np.einsum("nij,njk,nki->ni", true, inverse, true, optimize=True)
            for true, inverse in zip(self._true, self._inverses, strict=True)
        ]
        return np.concatenate(parts, axis=1)

    def _simulated(self, rng: np.random.Generator) -> Array:
        parts = []
        for sampling in self.errors.blocks:
            values, vectors = np.linalg.eigh(sampling)
            root = vectors * np.sqrt(np.clip(values, 0, None))
            parts.append(rng.standard_normal((len(self.within), len(root))) @ root.T)
        return np.concatenate(parts, axis=1)
