"""Profile-likelihood intervals of τ² and ρ, within τ² ≥ 0 and 0 ≤ ρ ≤ 1.

A value belongs to the interval when the restricted log-likelihood, maximised over the other parameter, is within
½ χ²₁(0.95) of its maximum (Hardy & Thompson 1996). Where that holds up to an edge of the parameter space, the edge is
the bound. Both parameters fixed leave a line in (σ_w², σ_b²) to maximise over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from scipy.stats import chi2

from hiermeta.inference.classical.reml import Reml, line_maximum, tau2_nodes, typical_scale
from hiermeta.inference.classical.rows import Array
from hiermeta.inference.roots import Higher, root

_DROP = chi2.ppf(0.95, 1) / 2
_SHARES = np.concatenate([[0.0], expit(np.linspace(-8, 8, 21)), [1.0]])
"""Values of ρ at which a maximum, or the end of an interval, is first looked for."""
_MOST = 1e12
"""Multiple of the largest thinkable τ² beyond which an interval counts as unbounded."""
_CLEARLY = 1e-9
"""Rise above the maximum, as a share of its size, that is more than rounding."""


@dataclass(frozen=True)
class _Profile:
    """Profile log-likelihood above the interval's floor, as a function of the parameter held fixed.

    Raises `Higher` where it is higher than at the fit.

    Parameters
    ----------
    found : Reml
    line : callable
        From the fixed value to the base and direction, shape (2,) each, of the line that is left.
    nodes : numpy.ndarray
        Shape (n,): positions on that line at which to look first.
    """

    found: Reml
    line: Callable[[float], tuple[Array, Array]]
    nodes: Array

    def __call__(self, value: float) -> float:
        highest, point = line_maximum(self.found.likelihood, *self.line(value), self.nodes)
        above = highest - self.found.log_likelihood
        if above > self.rise:
            raise Higher(point)
        return above + float(_DROP)

    @property
    def rise(self) -> float:
        """Difference of log-likelihoods beyond rounding."""
        return _CLEARLY * max(1e3, abs(self.found.log_likelihood))

    def roughly(self, values: Array) -> Array:
        """Lower bounds of the profile at many values, shape (n,), from the nodes alone."""
        points = [base[:, None] + direction[:, None] * self.nodes for base, direction in map(self.line, values)]
        heights = self.found.likelihood(*np.concatenate(points, axis=1)).reshape(len(values), -1)
        return heights.max(axis=1) - self.found.log_likelihood + _DROP

    def end(self, path: Array) -> float:
        """Outermost point of the interval, on a path of trial values from outside to the estimate.

        The whole path is looked at, since a profile may rise again beyond a first crossing.
        """
        rough = self.roughly(path)
        if rough.max() > _DROP + self.rise:
            self(path[rough.argmax()])
        rough[-1] = np.inf
        inside = int(np.argmax(rough >= 0))
        while inside > 0 and self(path[inside - 1]) >= 0:
            inside -= 1
        if inside == 0:
            return float(path[0])
        return root(self, float(path[inside - 1]), float(path[inside]), xtol=1e-9 * path.max(), rtol=1e-8)


def tau2_interval(found: Reml) -> tuple[float, float]:
    """Interval of τ²; the upper bound is infinite where the profile never falls far enough.

    Parameters
    ----------
    found : Reml

    Raises
    ------
    Higher, NotAvailable
    """

    def line(tau2: float) -> tuple[Array, Array]:
        return np.array([tau2, 0.0]), np.array([-tau2, tau2])

    estimate, share = found.gls.tau2, found.gls.rho
    shares = _SHARES if share is None else np.unique([*_SHARES, share])
    profile = _Profile(found, line, shares if found.rows.clustered else np.zeros(1))
    smallest, largest = typical_scale(found.rows)
    lower, reference = 0.0, smallest
    if estimate > 0:
        reference = estimate
        lower = profile.end(np.array([0.0, *np.geomspace(min(smallest, 1e-3 * estimate), estimate, 30)]))
    far = max(largest, 10 * estimate)
    while profile(far) >= 0:
        if far > _MOST * largest:
            return lower, np.inf
        far *= 10
    return lower, profile.end(np.array([*np.geomspace(far, reference, 30), estimate]))


def rho_interval(found: Reml) -> tuple[float, float]:
    """Interval of ρ, for rows with clusters; all of [0, 1] where τ² is estimated as 0.

    Parameters
    ----------
    found : Reml

    Raises
    ------
    Higher, NotAvailable
    """
    estimate = found.gls.rho
    if estimate is None:
        return 0.0, 1.0
    profile = _Profile(found, lambda rho: (np.zeros(2), np.array([1 - rho, rho])), tau2_nodes(found))
    below = np.array([*_SHARES[estimate > _SHARES], estimate])
    above = np.array([*_SHARES[estimate < _SHARES][::-1], estimate])
    return profile.end(below), profile.end(above)
