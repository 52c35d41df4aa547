"""Restricted maximum likelihood over σ_w² ≥ 0 and σ_b² ≥ 0, that is τ² ≥ 0 and 0 ≤ ρ ≤ 1.

In the two variances V is linear and both boundaries (τ² = 0, ρ = 0, ρ = 1) are those of a quadrant, on which Newton's
method with an active set ends exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hiermeta.inference.classical.gls import Gls
from hiermeta.inference.classical.likelihood import RestrictedLikelihood
from hiermeta.inference.classical.rows import Array, Rows

_SHARES = np.array([0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1.0])
_STARTS = 4
_ITERATIONS = 200
_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Reml:
    """The restricted maximum.

    Parameters
    ----------
    likelihood : RestrictedLikelihood
        The function that was maximised.
    gls : Gls
        Everything at the maximum.
    log_likelihood : float
        Restricted log-likelihood there, with + ½ log|X'X|.
    """

    likelihood: RestrictedLikelihood
    gls: Gls
    log_likelihood: float

    @property
    def rows(self) -> Rows:
        return self.gls.rows


def typical_scale(rows: Rows) -> tuple[float, float]:
    """Smallest and largest τ² that data of this spread and precision make thinkable as a start."""
    spread = float(rows.residual @ rows.residual) / (rows.k - rows.p)
    precision = float(1 / np.mean(1 / rows.variance))
    largest = 30 * spread + precision
    return min(1e-3 * precision, 1e-3 * largest), largest


def tau2_nodes(found: Reml) -> Array:
    """0, the estimate and a geometric sequence of τ², wide enough to enclose the maximum for any fixed ρ."""
    smallest, largest = typical_scale(found.rows)
    estimate = found.gls.tau2 or smallest
    spread = np.geomspace(min(smallest, 1e-3 * estimate), max(largest, 100 * estimate), 40)
    return np.unique([0.0, found.gls.tau2, *spread])


def fit(rows: Rows) -> Reml:
    """Maximise from the local maxima of a grid over (τ², ρ).

    1. Evaluate a grid of τ² (0 and geometric) and ρ (0 to 1) at once.
    2. Climb from each of its highest local maxima by Newton's method.
    3. Keep the highest end.

    Parameters
    ----------
    rows : Rows
    """
    likelihood = RestrictedLikelihood(rows)
    tau2 = np.concatenate([[0.0], np.geomspace(*typical_scale(rows), 25)])
    shares = _SHARES if rows.clustered else np.zeros(1)
    between = tau2[:, None] * shares
    within = tau2[:, None] - between
    height = likelihood(within.ravel(), between.ravel()).reshape(within.shape)
    padded = np.pad(height, 1, constant_values=-np.inf)
    around = np.max([padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]], axis=0)
    peaks = np.flatnonzero(height >= around)
    peaks = peaks[np.argsort(-height.ravel()[peaks])][:_STARTS]
    starts = [np.array([within.ravel()[i], between.ravel()[i]]) for i in peaks]
    ends = [climb(likelihood, start) for start in starts]
    return max(ends, key=lambda end: end.log_likelihood)


def climb(likelihood: RestrictedLikelihood, start: Array) -> Reml:
    """Newton's method on the quadrant, with Fisher scoring where the surface isn't concave.

    Parameters
    ----------
    likelihood : RestrictedLikelihood
    start : numpy.ndarray
        Shape (2,): σ_w² and σ_b².
    """
    rows = likelihood.rows

    def at(point: Array) -> float:
        return float(likelihood(point[:1], point[1:])[0])

    point, height = start, at(start)
    for _ in range(_ITERATIONS):
        gls = Gls(rows, *map(float, point))
        score = gls.score
        free = (point > 0) | (score > 0)
        free[1] &= rows.clustered
        step = np.zeros(2)
        step[free] = _ascent(score[free], gls.hessian[np.ix_(free, free)], gls.information[np.ix_(free, free)])
        if score @ step < _TOLERANCE:
            break
        length = 1.0
        while length > 1e-10:
            trial = np.maximum(point + length * step, 0.0)
            trial_height = at(trial)
            if trial_height > height:
                break
            length /= 2
        else:
            break
        point, height = trial, trial_height
    return Reml(likelihood, Gls(rows, *map(float, point)), height)


def _ascent(score: Array, hessian: Array, information: Array) -> Array:
    """The Newton step where it leads upwards for sure, else the Fisher-scoring step."""
    if len(score) == 0:
        return score
    curvature = -hessian
    if np.linalg.eigvalsh(curvature)[0] <= 1e-8 * np.trace(information):
        curvature = information
    return np.asarray(np.linalg.lstsq(curvature, score, rcond=1e-13)[0])


def line_maximum(likelihood: RestrictedLikelihood, base: Array, direction: Array, nodes: Array) -> tuple[float, Array]:
    """Largest restricted log-likelihood on a line of variances, by Newton's method from the best of some nodes.

    Parameters
    ----------
    likelihood : RestrictedLikelihood
    base, direction : numpy.ndarray
        Shape (2,): the line is ``(σ_w², σ_b²) = base + s · direction``.
    nodes : numpy.ndarray
        Shape (n,), increasing: values of s that enclose the maximum, close enough to each other to see its peak.

    Returns
    -------
    height : float
    point : numpy.ndarray
        Shape (2,): σ_w² and σ_b² where it is.
    """
    values = likelihood(*(base[:, None] + direction[:, None] * nodes))
    best = int(values.argmax())
    low, here, high = nodes[max(best - 1, 0)], nodes[best], nodes[min(best + 1, len(nodes) - 1)]
    for _ in range(_ITERATIONS):
        gls = Gls(likelihood.rows, *map(float, base + here * direction))
        slope, curvature = float(gls.score @ direction), float(direction @ gls.hessian @ direction)
        low, high = (here, high) if slope > 0 else (low, here)
        there = here - slope / curvature if curvature < 0 else np.inf
        if not low <= there <= high:
            there = (low + high) / 2
        if abs(slope * (there - here)) < _TOLERANCE:
            break
        here = there
    ends = [(float(values[best]), nodes[best]), (float(likelihood(*(base + here * direction)[:, None])[0]), here)]
    height, here = max(ends, key=lambda end: end[0])
    return height, base + here * direction
