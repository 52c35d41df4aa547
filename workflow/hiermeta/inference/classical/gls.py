"""Generalised least squares at one pair of variances, with the derivatives of the restricted log-likelihood.

``P = V⁻¹ − V⁻¹Q M Q'V⁻¹`` with ``M = (Q'V⁻¹Q)⁻¹`` and the orthonormal basis Q of the design.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from hiermeta.inference.classical.rows import Array, Rows
from hiermeta.marginal.normal import Independent


class Gls:
    """The fit of the coefficients, given σ_w² and σ_b².

    Parameters
    ----------
    rows : Rows
    within, between : float
        σ_w² = τ²(1−ρ) and σ_b² = τ²ρ; the latter has no effect without clusters.
    """

    def __init__(self, rows: Rows, within: float, between: float) -> None:
        self.rows, self.within, self.between = rows, within, between if rows.clustered else 0.0
        self.marginal = Independent(rows.errors, np.full((1, 1), within), np.sqrt(self.between) * rows.shared[None])
        self.weight: Array = self.marginal.weight[0]
        self.q: Array = rows.by_cluster(rows.shared**2 * self.weight)
        self.gain: Array = self.between / self.marginal.determinant[0]
        self.solved: Array = self.solve(rows.basis)
        """V⁻¹Q, shape (k, p)."""
        self.m: Array = np.asarray(np.linalg.inv(rows.basis.T @ self.solved), np.float64)
        """M, covariance of the coefficients of the basis, shape (p, p)."""
        self.py: Array = self.project(rows.residual)
        """P y = V⁻¹(y − Xβ), shape (k,)."""
        self.inside: Array = rows.by_cluster(rows.shared[:, None] * self.solved)
        """Q'V⁻¹z_c of every cluster, shape (J, p)."""

    @property
    def tau2(self) -> float:
        return self.within + self.between

    @property
    def rho(self) -> float | None:
        """σ_b²/τ²; None without clusters and where τ² = 0, since it's then undefined."""
        return self.between / self.tau2 if self.rows.clustered and self.tau2 > 0 else None

    def solve(self, values: Array) -> Array:
        """V⁻¹ times the columns of ``values``, shape (k,) or (k, n)."""
        return self.marginal.inverse_times(values.T).T.reshape(values.shape)

    def project(self, values: Array) -> Array:
        """P times the columns of ``values``, shape (k,) or (k, n)."""
        return self.solve(values) - self.solved @ (self.m @ (self.solved.T @ values))

    @cached_property
    def coefficients(self) -> Array:
        """Shape (p,): of the design, in the user's units."""
        rows = self.rows
        return rows.back @ (self.m @ (self.solved.T @ rows.effect))

    @cached_property
    def covariance(self) -> Array:
        """Shape (p, p): of the coefficients of the design."""
        return self.rows.back @ self.m @ self.rows.back.T

    @cached_property
    def residual(self) -> Array:
        """Shape (k,): y − Xβ, rotated."""
        return self.rows.effect - self.rows.design @ self.coefficients

    @cached_property
    def weighted_square(self) -> float:
        """(y − Xβ)'V⁻¹(y − Xβ); Cochran's Q where both variances are 0."""
        return max(0.0, float(self.rows.residual @ self.py))

    @cached_property
    def own(self) -> Array:
        """z_c'V⁻¹z_c of every cluster, shape (J,)."""
        return self.q / (1 + self.between * self.q)

    @cached_property
    def explained(self) -> Array:
        """z_c'V⁻¹Q M Q'V⁻¹z_c of every cluster, shape (J,); ``own`` less this is z_c'P z_c."""
        return np.einsum("jp,pq,jq->j", self.inside, self.m, self.inside)

    @cached_property
    def traces(self) -> Array:
        """Shape (2,): tr(P V_i) for V_w = I and V_b = ⊕ z_c z_c'."""
        rows = self.rows
        trace = self.weight.sum() - self.gain @ rows.by_cluster((rows.shared * self.weight) ** 2)
        within = trace - np.sum(self.m * (self.solved.T @ self.solved))
        return np.array([within, np.sum(self.own - self.explained)])

    @cached_property
    def score(self) -> Array:
        """Shape (2,): derivatives of the restricted log-likelihood, ½ (y'P V_i P y − tr(P V_i))."""
        shared = self.rows.by_cluster(self.rows.shared * self.py)
        return 0.5 * (np.array([self.py @ self.py, shared @ shared]) - self.traces)

    @cached_property
    def information(self) -> Array:
        """Shape (2, 2): expected information, ½ tr(P V_i P V_j) (Searle, Casella & McCulloch 1992, ch. 6)."""
        rows, m = self.rows, self.m
        first = rows.by_cluster((rows.shared * self.weight) ** 2)
        second = rows.by_cluster(rows.shared**2 * self.weight**3)
        inner = self.solved.T @ self.solved
        ww = np.sum(self.weight**2) - 2 * self.gain @ second + np.sum((self.gain * first) ** 2)
        ww += -2 * np.sum(m * (self.solved.T @ self.solve(self.solved))) + np.sum((m @ inner) * (m @ inner).T)
        vz = rows.shared * self.weight
        if rows.clustered:
            vz = vz / (1 + self.between * self.q)[rows.cluster_of_row]
        twice = rows.by_cluster(vz[:, None] * self.solved)
        wb = np.sum(rows.by_cluster(vz**2)) - 2 * np.sum((self.inside @ m) * twice)
        wb += np.sum((self.inside @ m @ inner) * (self.inside @ m))
        outer = m @ (self.inside.T @ self.inside)
        bb = np.sum(self.own**2) - 2 * self.own @ self.explained + np.sum(outer * outer.T)
        return 0.5 * np.array([[ww, wb], [wb, bb]])

    @cached_property
    def hessian(self) -> Array:
        """Shape (2, 2): second derivatives, ½ tr(P V_i P V_j) − y'P V_i P V_j P y."""
        rows, e = self.rows, self.py
        directions = [e]
        if rows.clustered:
            directions.append(rows.shared * rows.by_cluster(rows.shared * e)[rows.cluster_of_row])
        stack = np.column_stack(directions)
        square = np.zeros((2, 2))
        square[: len(directions), : len(directions)] = stack.T @ self.project(stack)
        return self.information - square
