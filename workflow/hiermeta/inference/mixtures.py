"""Quantiles of mixtures of normal distributions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

Array = npt.NDArray[np.float64]
_CHUNK = 4_000_000


def normal_mixture_quantiles(probabilities: npt.ArrayLike, mean: Array, sd: Array, weight: Array) -> Array:
    """Quantiles of m mixtures of n normals, by safeguarded Newton iterations on the distribution function.

    Parameters
    ----------
    probabilities : array-like of float
        Shape (q,): strictly between 0 and 1.
    mean, sd : numpy.ndarray
        Shape (n, m): components of each mixture; an SD of zero is a point mass.
    weight : numpy.ndarray
        Shape (n,): summing to one.

    Returns
    -------
    numpy.ndarray
        Shape (q, m), to about 1e-10 of each mixture's SD.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> normal_mixture_quantiles([0.5, 0.975], 3 * one, one, np.ones(1)).round(4).tolist()
    [[3.0], [4.96]]
    """
    keep = weight > 1e-14 * weight.max()
    mean, sd, weight = mean[keep], sd[keep], weight[keep] / weight[keep].sum()
    scale = np.abs(mean).max(axis=0) + sd.max(axis=0)
    sd = np.maximum(sd, 1e-9 * np.where(scale > 0, scale, 1.0))  # a point mass as a very narrow normal
    levels = np.asarray(probabilities, float)
    result = np.empty((len(levels), mean.shape[1]))
    step = max(1, _CHUNK // len(mean))
    for first in range(0, mean.shape[1], step):
        part = slice(first, first + step)
        for i, level in enumerate(levels):
            result[i, part] = _solve(level, mean[:, part], sd[:, part], weight)
    return result


def _solve(level: float, mean: Array, sd: Array, weight: Array) -> Array:
    lower, upper = (mean - 40 * sd).min(axis=0), (mean + 40 * sd).max(axis=0)
    total_mean = weight @ mean
    total_sd = np.sqrt(weight @ (sd**2 + (mean - total_mean) ** 2))
    x = total_mean + ndtri(level) * total_sd
    for _ in range(200):
        z = (x - mean) / sd
        error = weight @ ndtr(z) - level
        slope = weight @ (np.exp(-0.5 * z**2) / sd) / np.sqrt(2 * np.pi)
        lower, upper = np.where(error < 0, x, lower), np.where(error >= 0, x, upper)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            newton = x - error / slope
        inside = (newton >= lower) & (newton <= upper)  # at the quantile, x and newton are one of them
        new = np.where(inside, newton, (lower + upper) / 2)
        done = np.abs(new - x) <= 1e-10 * total_sd
        x = new
        if done.all():
            break
    return x
