"""Draws of the parameters of a hierarchical regression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Draws:
    """Posterior draws in the user's units.

    Parameters
    ----------
    beta : numpy.ndarray
        Shape (S, p): coefficients of the design as the user wrote it.
    sigma : numpy.ndarray
        Shape (S,): residual SD, zero for outcomes that have none.
    sd : numpy.ndarray
        Shape (S, q): SDs of the random effects.
    correlation : numpy.ndarray
        Shape (S, q, q): their correlation matrices.
    shape : numpy.ndarray
        Shape (S, m): the likelihood's shape parameters; none by default.
    """

    beta: Array
    sigma: Array
    sd: Array
    correlation: Array
    shape: Array | None = None

    @property
    def own(self) -> Array:
        """Shape (S, 1 + m): parameters of the likelihood, σ first; see `Rows.at`."""
        return np.column_stack([self.sigma, *(() if self.shape is None else (self.shape,))])

    @property
    def covariance(self) -> Array:
        """Shape (S, q, q): Σ."""
        return np.asarray(self.sd[:, :, None] * self.correlation * self.sd[:, None, :])

    @property
    def factor(self) -> Array:
        """Shape (S, q, q): a Cholesky factor of Σ."""
        root = np.linalg.cholesky(self.correlation + 1e-12 * np.eye(self.sd.shape[1]))
        return np.asarray(self.sd[:, :, None] * root)

    @property
    def average(self) -> Draws:
        """One draw in place of all: their means."""
        return self._each(lambda values: values.mean(axis=0, keepdims=True))

    def of_effects(self, columns: Sequence[int]) -> Draws:
        """The draws with some of the random effects."""
        kept = np.asarray(columns, dtype=np.intp)
        return replace(self, sd=self.sd[:, kept], correlation=self.correlation[:, kept[:, None], kept])

    def __getitem__(self, which: Any) -> Draws:
        return self._each(lambda values: values[which])

    def _each(self, change: Callable[[Array], Array]) -> Draws:
        beta, sigma, sd, correlation = map(change, (self.beta, self.sigma, self.sd, self.correlation))
        return Draws(beta, sigma, sd, correlation, None if self.shape is None else change(self.shape))
