"""The covariance of the estimates at many parameter values at once, inverted in O(k).

Per cluster V_c = diag(D) + a a' with D_i = v_i + τ_i²(1−ρ) and a_i = τ_i√ρ; with q_c = Σ a_i²/D_i its inverse follows
from Sherman & Morrison (1950): V_c⁻¹u = u/D − (a/D) Σ(a u/D)/(1+q_c).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hiermeta.models.meta import MetaModel

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Covariance:
    """V at N parameter values.

    Parameters
    ----------
    model : MetaModel
    weight : numpy.ndarray
        Shape (N, k): 1/D_i.
    loading : numpy.ndarray
        Shape (N, k), or (N, 1) where all rows have the same: a_i.
    """

    model: MetaModel
    weight: Array
    loading: Array

    @classmethod
    def at(cls, model: MetaModel, taus: Array, rho: Array) -> Covariance:
        """At heterogeneity SDs of shape (N, k) or (N, 1) and cluster allocations of shape (N,)."""
        within = taus**2 * (1 - rho)[:, None]
        return cls(model, 1 / (model.variance + within), taus * np.sqrt(rho)[:, None])

    @cached_property
    def _determinant(self) -> Array:
        """Shape (N, J): 1 + q_c."""
        return 1 + self.model.by_cluster(self.loading**2 * self.weight)

    def _spread(self, by_cluster: Array) -> Array:
        """Values of clusters at each of their rows: (N, J) to (N, k)."""
        return by_cluster[:, self.model.cluster_of_row]

    def inverse_times(self, u: Array) -> Array:
        """V⁻¹u for u of shape (k,) or (N, k): shape (N, k)."""
        weighted = self.weight * u
        if not self.model.clustered:
            return weighted
        sums = self.model.by_cluster(self.loading * weighted) / self._determinant
        return weighted - self.weight * self.loading * self._spread(sums)

    def inverse_diagonal(self) -> Array:
        """Diagonal of V⁻¹, shape (N, k)."""
        if not self.model.clustered:
            return self.weight
        return self.weight - (self.weight * self.loading) ** 2 / self._spread(self._determinant)

    def log_determinants(self) -> Array:
        """Shape (N, J): log|V_c| of each cluster; without clusters (N, k), of each row."""
        if not self.model.clustered:
            return -np.log(self.weight)
        return np.log(self._determinant) - self.model.by_cluster(np.log(self.weight))

    def log_density(self, residual: Array) -> Array:
        """Shape (N,): log density of residuals of shape (N, k) under a normal distribution with mean zero."""
        squares = np.einsum("nk,nk->n", residual, self.inverse_times(residual))
        return -0.5 * (self.model.k * np.log(2 * np.pi) + self.log_determinants().sum(axis=1) + squares)
