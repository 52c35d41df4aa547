"""The covariance of the estimates at many parameter values at once, inverted cluster by cluster.

With independent sampling errors V_c = diag(D) + a a', D_i = v_i + τ_i²(1−ρ), a_i = τ_i√ρ, and with q_c = Σ a_i²/D_i its
inverse follows in O(k) from Sherman & Morrison (1950): V_c⁻¹u = u/D − (a/D) Σ(a u/D)/(1+q_c). With dependent ones
V_c = S_c + diag(τ_i²(1−ρ)) + a a' is inverted as a matrix.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hiermeta.models.meta import MetaModel

Array = npt.NDArray[np.float64]


class Covariance(ABC):
    """V at N parameter values.

    Parameters
    ----------
    model : MetaModel
    taus : numpy.ndarray
        Shape (N, k), or (N, 1) where all rows have the same: heterogeneity SDs.
    rho : numpy.ndarray
        Shape (N,): cluster allocations.
    """

    def __init__(self, model: MetaModel, taus: Array, rho: Array) -> None:
        self.model = model
        self.within: Array = taus**2 * (1 - rho)[:, None]
        self.loading: Array = taus * np.sqrt(rho)[:, None]

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

    def log_density(self, residual: Array) -> Array:
        """Shape (N,): log density of residuals of shape (N, k) under a normal distribution with mean zero."""
        squares = np.einsum("nk,nk->n", residual, self.inverse_times(residual))
        return -0.5 * (self.model.k * np.log(2 * np.pi) + self.log_determinants().sum(axis=1) + squares)


def covariance(model: MetaModel, taus: Array, rho: Array) -> Covariance:
    """The covariance in the form that suits the model's sampling errors."""
    return (_Dependent if model.dependent else _Independent)(model, taus, rho)


class _Independent(Covariance):
    def __init__(self, model: MetaModel, taus: Array, rho: Array) -> None:
        super().__init__(model, taus, rho)
        self._weight = 1 / (model.variance + self.within)

    @cached_property
    def _determinant(self) -> Array:
        """Shape (N, J): 1 + q_c."""
        return 1 + self.model.by_cluster(self.loading**2 * self._weight)

    def _spread(self, by_cluster: Array) -> Array:
        """Values of clusters at each of their rows: (N, J) to (N, k)."""
        return by_cluster[:, self.model.cluster_of_row]

    def inverse_times(self, u: Array) -> Array:
        weighted = self._weight * u
        if not self.model.clustered:
            return weighted
        sums = self.model.by_cluster(self.loading * weighted) / self._determinant
        return weighted - self._weight * self.loading * self._spread(sums)

    def inverse_diagonal(self) -> Array:
        if not self.model.clustered:
            return self._weight
        return self._weight - (self._weight * self.loading) ** 2 / self._spread(self._determinant)

    def log_determinants(self) -> Array:
        if not self.model.clustered:
            return -np.log(self._weight)
        return np.log(self._determinant) - self.model.by_cluster(np.log(self._weight))

    def squares(self, u: Array) -> Array:
        return self.model.by_cluster(u**2 / self._weight) + self.model.by_cluster(u * self.loading) ** 2


class _Dependent(Covariance):
    def __init__(self, model: MetaModel, taus: Array, rho: Array) -> None:
        super().__init__(model, taus, rho)
        within = np.broadcast_to(self.within, (len(rho), model.k))
        loading = np.broadcast_to(self.loading, within.shape)
        self._rows = [slice(first, first + size) for first, size in zip(model.start, model.sizes, strict=True)]
        self._blocks = [
            matrix + within[:, rows, None] * np.eye(len(matrix)) + loading[:, rows, None] * loading[:, None, rows]
            for rows, matrix in zip(self._rows, model.covariance, strict=True)
        ]

    @cached_property
    def _inverses(self) -> list[Array]:
        return [np.asarray(np.linalg.inv(block), np.float64) for block in self._blocks]

    def inverse_times(self, u: Array) -> Array:
        u = np.broadcast_to(u, (len(self._blocks[0]), self.model.k))
        parts = [inverse @ u[:, rows, None] for inverse, rows in zip(self._inverses, self._rows, strict=True)]
        return np.concatenate(parts, axis=1)[..., 0]

    def inverse_diagonal(self) -> Array:
        return np.concatenate([np.einsum("nii->ni", inverse) for inverse in self._inverses], axis=1)

    def log_determinants(self) -> Array:
        return np.stack([np.linalg.slogdet(block)[1] for block in self._blocks], axis=1)

    def squares(self, u: Array) -> Array:
        pairs = zip(self._blocks, self._rows, strict=True)
        return np.stack([np.einsum("i,nij,j->n", u[rows], block, u[rows]) for block, rows in pairs], axis=1)
