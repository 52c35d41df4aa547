"""Random effects that the data settle: counts so large that a cluster's rows say far more of it than its SD does.

In units of their SDs such effects would have to change with every step of an SD, and together with the intercept. NUTS
takes coordinates instead in which they are nearly independent, b and v:

    β = start + error b        u = centre + slope b + root v        v nearly N(0, I) given b

from Laplace's approximation at rough SDs. The coordinates decide how fast NUTS moves, not what it finds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hiermeta.marginal.laplace import Latent

Array = npt.NDArray[np.float64]
_SETTLED = 1e4
"""Information of a cluster's rows on a random effect, relative to that of its SD, in at least half of the clusters."""
_MOST = 1000
"""Largest number of random effects: each gradient takes its square in multiplications."""
_STEPS, _CLOSE = 20, 0.02
"""Steps of the EM algorithm that finds rough SDs, and the relative change at which it ends."""


@dataclass(frozen=True)
class Settled:
    """Coordinates of random effects in standardised units.

    Parameters
    ----------
    start : numpy.ndarray
        Shape (p,): coefficients at the mode.
    error : numpy.ndarray
        Shape (p,): rough posterior SDs of the coefficients.
    sd : numpy.ndarray
        Shape (q,): rough SDs of the random effects.
    centre, slope, root : numpy.ndarray
        Shapes (M,), (M, p) and (M, M).
    """

    start: Array
    error: Array
    sd: Array
    centre: Array
    slope: Array
    root: Array

    def random_effects(self, b: Array, v: Array) -> Array:
        """Shape (S, M): u from coordinates (S, p) and (S, M)."""
        return np.asarray(self.centre + b @ self.slope.T + v @ self.root.T)


def settled(latent: Latent) -> Settled | None:
    """Coordinates for random effects of counts that the data settle; None where they don't, or rounding hides them.

    Parameters
    ----------
    latent : Latent
        Rows of binomial or Poisson outcomes.
    """
    try:
        found = _coordinates(latent)
    except (np.linalg.LinAlgError, RuntimeError):  # the latter by SuperLU
        return None
    return found if found and all(np.isfinite(values).all() for values in vars(found).values()) else None


def _coordinates(latent: Latent) -> Settled | None:
    rows = latent.rows
    by_itself = rows.derivatives(rows.guess())[1]
    if not 0 < latent.size <= _MOST or not _typical(latent, by_itself, np.ones(len(latent.index))):
        return None
    flat, sd, start = np.zeros(rows.X.shape[1]), np.ones(len(latent.index)), None
    for _ in range(_STEPS):
        found = latent.approximate(np.diag(sd), rows.known, np.ones(1), (flat, flat), start)
        start, weight = (found.v, found.beta), rows.derivatives(found.linear)[1]
        if not _typical(latent, weight, sd):
            return None
        A = latent.design(np.diag(sd))
        root = np.linalg.inv(np.linalg.cholesky((A.T @ A.multiply(weight[:, None])).toarray() + np.eye(latent.size))).T
        squares = found.v**2 + (root**2).sum(axis=1)
        scale = np.zeros(latent.size)
        for index, value in zip(latent.index, sd, strict=True):
            scale[index] = value
        share = np.array([np.sqrt(squares[index].mean()) for index in latent.index])
        if np.abs(np.log(share)).max() < _CLOSE:
            break
        sd = sd * share
    error = np.sqrt(np.diag(np.linalg.pinv(found.curvature.outer)))
    slope = -scale[:, None] * found.curvature.half * error
    return Settled(found.beta, error, sd, scale * found.v, slope, scale[:, None] * root)


def _typical(latent: Latent, weight: Array, sd: Array) -> bool:
    """Whether half of each effect's clusters have rows that settle it."""
    information = [
        np.bincount(latent.place[:, k], weight * (latent.rows.Z[:, k] * sd[k]) ** 2, latent.size)[index]
        for k, index in enumerate(latent.index)
    ]
    return all(float(np.median(values)) >= _SETTLED for values in information)
