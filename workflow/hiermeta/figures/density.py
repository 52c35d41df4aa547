"""Densities of draws that keep their height at the edge of the support."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Array = npt.NDArray[np.float64]
_BINS = 1024


def density(draws: Array, grid: Array, support: tuple[float, float]) -> Array:
    """Kernel density with boundary correction.

    An ordinary kernel estimate loses half its height at a boundary with mass, and reflection forces a zero slope
    there. The estimator of Jones and Foster (1996), f₀·exp(f₁/f₀ − 1), combines the locally constant estimate f₀ with
    the locally linear f₁: unbiased to first order up to the edge, and never negative.

    Parameters
    ----------
    draws : numpy.ndarray
        Shape (S,): posterior draws.
    grid : numpy.ndarray
        Shape (n,): where the density is wanted, inside the support; same scale as the draws.
    support : tuple of float
        Lower and upper end, possibly infinite.

    Returns
    -------
    numpy.ndarray
        Shape (n,): density per unit of the draws.

    References
    ----------
    Jones MC, Foster PJ (1996). A simple nonnegative boundary correction method for kernel density estimation.
    Statistica Sinica 6, 1005-1013.
    """
    h = _bandwidth(draws)
    counts, edges = np.histogram(draws, bins=_BINS)
    occupied = counts > 0
    centres, weights = ((edges[:-1] + edges[1:]) / 2)[occupied], counts[occupied] / len(draws)
    z = (grid[:, None] - centres) / h
    kernel = np.exp(-0.5 * z**2) / (math.sqrt(2 * math.pi) * h)
    plain, tilted = kernel @ weights, (kernel * z) @ weights
    # Moments of the kernel over the part that lies inside the support, the variable being (x - draw) / h.
    upper, lower = (grid - support[0]) / h, (grid - support[1]) / h
    phi_upper, phi_lower = (np.exp(-0.5 * edge**2) / math.sqrt(2 * math.pi) for edge in (upper, lower))
    a0 = ndtr(upper) - ndtr(lower)
    a1 = phi_lower - phi_upper
    a2 = a0 - _times(upper, phi_upper) + _times(lower, phi_lower)
    constant = plain / a0
    linear = (a2 * plain - a1 * tilted) / (a0 * a2 - a1**2)
    safe = np.where(constant > 0, constant, 1.0)
    return np.where(constant > 0, constant * np.exp(np.minimum(linear / safe, 5.0) - 1), 0.0)


def _times(edge: Array, phi: Array) -> Array:
    return np.where(np.isfinite(edge), edge, 0.0) * phi


def _bandwidth(draws: Array) -> float:
    """The normal reference rule (Scott 1992), with the smaller of two spreads."""
    quartiles = np.quantile(draws, [0.25, 0.75])
    spread = min(float(np.std(draws)), float(quartiles[1] - quartiles[0]) / 1.349) or float(np.std(draws)) or 1.0
    return float(1.06 * spread * len(draws) ** -0.2)
