"""The marginal likelihood and the random effects given a draw where sampling errors depend on each other.

With S_c the sampling covariance and U_c = diag(τ_i²(1−ρ)) + a a' that of the true effects, V_c = S_c + U_c is inverted
densely, for many draws at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Block:
    """One cluster of n rows, given S draws.

    Parameters
    ----------
    rows : slice
    residual, scale : numpy.ndarray
        Shape (S, n): r and a.
    true : numpy.ndarray
        Shape (S, n, n): U.
    inverse : numpy.ndarray
        Shape (S, n, n): V⁻¹.
    """

    rows: slice
    residual: Array
    scale: Array
    true: Array
    inverse: Array

    @property
    def alpha(self) -> Array:
        """Shape (S, n): V⁻¹ r."""
        return np.einsum("sij,sj->si", self.inverse, self.residual)

    def log_density(self) -> Array:
        """Shape (S,): log p(y_c | parameters)."""
        determinant = np.linalg.slogdet(self.inverse)[1]
        quadratic = np.einsum("si,si->s", self.residual, self.alpha)
        return 0.5 * (determinant - quadratic - self.residual.shape[1] * np.log(2 * np.pi))

    def conditional_log_densities(self) -> Array:
        """Shape (S, n): log p(y_i | the other rows, parameters)."""
        precision = np.einsum("sii->si", self.inverse)
        return -0.5 * (np.log(2 * np.pi / precision) + self.alpha**2 / precision)

    def random_effects(self) -> tuple[Array, Array]:
        """Means and variances of b_i + w_i, shape (S, n) each: U V⁻¹ r and the diagonal of U − U V⁻¹ U."""
        gain = self.true @ self.inverse
        mean = np.einsum("sij,sj->si", gain, self.residual)
        return mean, np.einsum("sii->si", self.true) - np.einsum("sij,sji->si", gain, self.true)

    def gamma(self) -> tuple[Array, Array]:
        """Mean and variance of γ_c, shape (S,) each."""
        mean = np.einsum("si,si->s", self.scale, self.alpha)
        return mean, 1 - np.einsum("si,sij,sj->s", self.scale, self.inverse, self.scale)

    def drawn(self, sampling: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """One joint draw of b_i + w_i, shape (S, n), and γ_c, shape (S,).

        Draws from the prior, with data simulated from them, are moved to the data by the regression of effects on data
        (Matheron's rule; Journel & Huijbregts 1978, section VII.A).

        Parameters
        ----------
        sampling : numpy.ndarray
            Shape (n, n): covariance of the sampling errors.
        rng : numpy.random.Generator
        """
        values, vectors = np.linalg.eigh(sampling)
        root = vectors * np.sqrt(np.clip(values, 0, None))
        within = np.clip(np.einsum("sii->si", self.true) - self.scale**2, 0, None)
        gamma = rng.standard_normal(len(self.scale))
        own = np.sqrt(within) * rng.standard_normal(within.shape)
        effects = self.scale * gamma[:, None] + own
        simulated = effects + rng.standard_normal(within.shape) @ root.T
        step = np.einsum("sij,sj->si", self.inverse, self.residual - simulated)
        moved = effects + np.einsum("sij,sj->si", self.true, step)
        return moved, gamma + np.einsum("si,si->s", self.scale, step)


def blocks(
    start: npt.NDArray[np.intp], covariance: tuple[Array, ...], residual: Array, within: Array, scale: Array
) -> Iterator[Block]:
    """The clusters one after the other.

    Parameters
    ----------
    start : numpy.ndarray
        Shape (J,).
    covariance : tuple of numpy.ndarray
        S_c of each cluster.
    residual, within, scale : numpy.ndarray
        Shape (S, k): r, τ_i²(1−ρ) and a.
    """
    for first, sampling in zip(start, covariance, strict=True):
        rows = slice(first, first + len(sampling))
        a = scale[:, rows]
        true = a[:, :, None] * a[:, None, :]
        diagonal = np.arange(len(sampling))
        true[:, diagonal, diagonal] += within[:, rows]
        yield Block(rows, residual[:, rows], a, true, np.asarray(np.linalg.inv(sampling + true), float))
