"""The restricted log-likelihood at many pairs of variances at once, the coefficients profiled out.

In the orthonormal basis Q of the design X, with the residuals r of ordinary least squares in place of the effects,

    ℓ(σ_w², σ_b²) = −½ [(k − p) log 2π + log|V| + log|Q'V⁻¹Q| + r'V⁻¹r − r'V⁻¹Q (Q'V⁻¹Q)⁻¹ Q'V⁻¹r]

which is the usual form with + ½ log|X'X| (Harville 1974), so that it doesn't depend on the units of X.
"""

from __future__ import annotations

import numpy as np

from hiermeta.inference.classical.rows import Array, Rows
from hiermeta.marginal.normal import Independent

_CHUNK = 20_000
"""Largest number of (pair of variances, row) combinations held at once."""


class RestrictedLikelihood:
    """The restricted log-likelihood of rows as a function of the two variances.

    Parameters
    ----------
    rows : Rows
    """

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._columns = np.column_stack([rows.basis, rows.residual])

    def __call__(self, within: Array, between: Array) -> Array:
        """Restricted log-likelihood.

        Parameters
        ----------
        within, between : numpy.ndarray
            Shape (n,): σ_w² = τ²(1−ρ) and σ_b² = τ²ρ.

        Returns
        -------
        numpy.ndarray
            Shape (n,).
        """
        step = max(1, _CHUNK // self.rows.k)
        parts = [self._chunk(within[i : i + step], between[i : i + step]) for i in range(0, len(within), step)]
        return np.concatenate(parts)

    def _chunk(self, within: Array, between: Array) -> Array:
        rows = self.rows
        v = Independent(rows.errors, within[:, None], np.sqrt(between)[:, None] * rows.shared)
        cross = v.gram(self._columns)
        left, right, square = cross[:, :-1, :-1], cross[:, :-1, -1:], cross[:, -1, -1]
        square = square - (np.swapaxes(right, 1, 2) @ np.linalg.solve(left, right))[:, 0, 0]
        log_design = np.linalg.slogdet(left)[1]
        return -0.5 * ((rows.k - rows.p) * np.log(2 * np.pi) + v.log_determinants().sum(axis=1) + log_design + square)
