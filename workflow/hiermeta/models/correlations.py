"""Correlation matrices of random effects, as the Stan programs build them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def correlations(partial: Array, blocks: tuple[int, ...]) -> Array:
    """Correlation matrices from partial correlations.

    Parameters
    ----------
    partial : numpy.ndarray
        Shape (S, m): as ``block_cholesky`` of stan/functions/correlation.stan takes them.
    blocks : tuple of int

    Returns
    -------
    numpy.ndarray
        Shape (S, q, q).
    """
    factor = np.zeros((len(partial), sum(blocks), sum(blocks)))
    first = used = 0
    for size in blocks:
        for i in range(first, first + size):
            left = np.ones(len(partial))
            for j in range(first, i):
                factor[:, i, j] = partial[:, used] * np.sqrt(left)
                left = left * (1 - partial[:, used] ** 2)
                used += 1
            factor[:, i, i] = np.sqrt(left)
        first += size
    return np.asarray(factor @ np.swapaxes(factor, 1, 2))
