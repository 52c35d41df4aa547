"""Tensor Gauss–Legendre quadrature over two parameters with proper priors.

Each parameter is written as x = F⁻¹(Φ(z)) with its prior distribution function F, which turns the prior into a
standard normal, whatever its support and singularities. The rule covers the box of (z₁, z₂) where the integrand
exceeds e⁻³⁶ of its largest value. Where data lie so many prior standard deviations away that the tail probability of
the prior is no longer a floating-point number, z is log x (for a parameter in the unit interval, logit x) instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from numpy.polynomial import legendre
from scipy.special import expit, log_expit, logit, ndtr, ndtri

from hiermeta.inference.roots import NotAvailable
from hiermeta.models.priors import Prior

Array = npt.NDArray[np.float64]
_RANGE = (-12.0, 37.0)
"""Standard normal deviates whose tail probabilities, and the prior's quantiles at them, can be computed."""
_DIRECT_RANGE = (-300.0, 300.0)
"""Logarithms whose exponentials have squares and inverses."""
_NEGLIGIBLE = 36.0
_FINE = 1000
_COARSE = 33


class NotApplicable(NotAvailable):
    """The exact posterior is not available; the message says why."""


@dataclass(frozen=True)
class Axis:
    """One parameter on the scale of z; a point prior has the single value z = 0.

    Parameters
    ----------
    prior : Prior
        Of a parameter above zero.
    direct : bool, optional
        Whether z is the logarithm of the parameter (the logit, for a prior on the unit interval) rather than the scale
        where its prior is standard normal.
    """

    prior: Prior
    direct: bool = False

    @property
    def range(self) -> tuple[float, float]:
        """Values of z that can be computed with."""
        return _DIRECT_RANGE if self.direct else _RANGE

    @property
    def _unit(self) -> bool:
        return self.prior.family == "beta"

    def value(self, z: Array) -> Array:
        """Parameter values at ``z``, elementwise."""
        if self.prior.is_point:
            return np.full_like(z, self.prior.arguments[0])
        if self.direct:
            return np.asarray(expit(z) if self._unit else np.exp(z))
        return np.where(z < 0, self.prior.ppf(ndtr(z)), self.prior.isf(ndtr(-z)))

    def z(self, value: Array) -> Array:
        """The inverse of `value`, elementwise; infinite beyond the support."""
        if self.direct:
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.asarray(logit(np.clip(value, 0, 1)) if self._unit else np.log(np.maximum(value, 0)))
        below = self.prior.cdf(value)
        return np.where(below < 0.5, ndtri(below), -ndtri(self.prior.sf(value)))

    def log_density(self, z: Array) -> Array:
        """Log prior density of ``z``, elementwise; zero for a point."""
        if self.prior.is_point:
            return np.zeros_like(z)
        if not self.direct:
            return -0.5 * (z**2 + np.log(2 * np.pi))
        with np.errstate(all="ignore"):  # far out, values overflow and the density is zero
            density = np.asarray(self.prior.logpdf(self.value(z)))
        return density + (log_expit(z) + log_expit(-z) if self._unit else z)


LogLikelihood = Callable[[Array, Array], Array]
"""Log likelihood at pairs of parameter values: (N,), (N,) to (N,)."""


@dataclass(frozen=True)
class Grid:
    """Nodes of the rule.

    Parameters
    ----------
    axes : tuple of Axis
    bounds : tuple of pairs of float
        Box in z.
    z : tuple of numpy.ndarray
        Nodes per axis, shapes (n₁,) and (n₂,).
    log_weight : numpy.ndarray
        Shape (n₁, n₂): log of quadrature weight times prior density.
    """

    axes: tuple[Axis, Axis]
    bounds: tuple[tuple[float, float], tuple[float, float]]
    z: tuple[Array, Array]
    log_weight: Array

    def pairs(self) -> tuple[Array, Array]:
        """Parameter values at all nodes, shapes (n₁·n₂,), first axis slowest."""
        first, second = (axis.value(z) for axis, z in zip(self.axes, self.z, strict=True))
        return np.repeat(first, len(second)), np.tile(second, len(first))


def axis_nodes(axis: Axis, bounds: tuple[float, float], n: int) -> tuple[Array, Array]:
    """Nodes of one axis in z, and the logarithms of quadrature weight times prior density; one for a point prior.

    Parameters
    ----------
    axis : Axis
    bounds : tuple of float
        Of the box in z.
    n : int
        Number of nodes.

    Returns
    -------
    z, log_weight : numpy.ndarray
        Shape (n,) each.
    """
    if axis.prior.is_point:
        return np.zeros(1), np.zeros(1)
    x, weight = _gauss(n)
    half = (bounds[1] - bounds[0]) / 2
    z = bounds[0] + half * (x + 1)
    return z, np.log(weight * half) + axis.log_density(z)


def grid(axes: tuple[Axis, Axis], bounds: tuple[tuple[float, float], tuple[float, float]], n: int) -> Grid:
    """The tensor rule with n nodes per axis on a box (one node for a point prior)."""
    (z1, w1), (z2, w2) = (axis_nodes(axis, limits, n) for axis, limits in zip(axes, bounds, strict=True))
    return Grid(axes, bounds, (z1, z2), w1[:, None] + w2[None, :])


Box = tuple[tuple[float, float], tuple[float, float]]


def find_box(
    axes: tuple[Axis, Axis], log_likelihood: Callable[[tuple[Axis, Axis]], LogLikelihood]
) -> tuple[tuple[Axis, Axis], Box]:
    """The box in z outside which the integrand is negligible, on axes that reach as far as it does.

    Parameters
    ----------
    axes : tuple of Axis
    log_likelihood : callable
        Axes to the log likelihood.

    Returns
    -------
    axes : tuple of Axis
        Those given, made direct where the integrand is not negligible at an end of their range.
    box : tuple of pairs of float
        Lower and upper limit per axis.

    Raises
    ------
    NotApplicable
        When the integrand is not negligible at an end of the range of direct axes.
    """
    while True:
        box, cut = _zoom(axes, log_likelihood(axes))
        if not any(cut):
            return axes, box
        if any(axis.direct and is_cut for axis, is_cut in zip(axes, cut, strict=True)):
            raise NotApplicable("the posterior is beyond the reach of the quadrature")
        first, second = (replace(axis, direct=axis.direct or at) for axis, at in zip(axes, cut, strict=True))
        axes = first, second


def _zoom(axes: tuple[Axis, Axis], log_likelihood: LogLikelihood) -> tuple[Box, tuple[bool, bool]]:
    """The box, by zooming in on an even grid, and whether the range of an axis cuts the integrand off."""
    box, cut = [axis.range for axis in axes], [False, False]
    for _ in range(12):
        points = [
            np.zeros(1) if axis.prior.is_point else np.linspace(limits[0], limits[1], _COARSE)
            for axis, limits in zip(axes, box, strict=True)
        ]
        values = [axis.value(z) for axis, z in zip(axes, points, strict=True)]
        first, second = np.repeat(values[0], len(points[1])), np.tile(values[1], len(points[0]))
        prior = axes[0].log_density(points[0])[:, None] + axes[1].log_density(points[1])[None, :]
        with np.errstate(all="ignore"):  # far out, values overflow and the density is zero
            log_density = log_likelihood(first, second).reshape(prior.shape) + prior
        largest = float(np.max(log_density, initial=-np.inf, where=~np.isnan(log_density)))
        if not np.isfinite(largest) or largest - _NEGLIGIBLE == largest:  # rounding hides where the density falls
            raise NotApplicable("prior and data are too far apart for numbers to hold their product")
        relevant = log_density > largest - _NEGLIGIBLE
        shrunk = False
        for number, axis in enumerate(axes):
            if len(points[number]) == 1:
                continue
            inside = np.flatnonzero(relevant.any(axis=1 - number))
            at_ends = zip((0, -1), (0, _COARSE - 1), strict=True)
            cut[number] = any(points[number][i] == axis.range[i] and inside[i] == last for i, last in at_ends)
            first_kept, last_kept = max(inside[0] - 1, 0), min(inside[-1] + 1, _COARSE - 1)
            shrunk |= last_kept - first_kept < 0.7 * (_COARSE - 1)
            box[number] = float(points[number][first_kept]), float(points[number][last_kept])
        if not shrunk:
            break
    return (box[0], box[1]), (cut[0], cut[1])


class ConditionalCdf:
    """Distribution functions along one axis (the inner one) at fine, evenly spaced points of the other.

    The density is expanded in Legendre polynomials along both axes. Along the inner one their antiderivatives are
    exact; along the outer one the points are dense enough for thresholds that change quickly from node to node.

    Parameters
    ----------
    nodes : Grid
    weight : numpy.ndarray
        Shape (n₁, n₂): posterior weights of the nodes, summing to one.
    inner : int
        0 or 1: the axis along which to integrate; not one with a point prior.
    """

    def __init__(self, nodes: Grid, weight: Array, inner: int) -> None:
        outer_axis, outer_bounds = nodes.axes[1 - inner], nodes.bounds[1 - inner]
        self._inner_axis, self._bounds = nodes.axes[inner], nodes.bounds[inner]
        by_inner = np.moveaxis(weight, inner, 0)
        if outer_axis.prior.is_point:
            outer, fine = np.zeros(1), by_inner
        else:
            x = (np.arange(_FINE) + 0.5) * 2 / _FINE - 1
            outer = outer_bounds[0] + (x + 1) / 2 * (outer_bounds[1] - outer_bounds[0])
            degree = by_inner.shape[1] - 1
            fine = by_inner @ _projection(degree) @ legendre.legvander(x, degree).T * (2 / _FINE)
        self.outer = outer_axis.value(outer)
        self._integral = legendre.legint(_projection(len(fine) - 1).T @ fine, lbnd=-1)
        self._marginal = self._integral.sum(axis=1)

    def __call__(self, threshold: Array | float) -> float:
        """P(inner ≤ threshold), the threshold being a number or a function of the outer parameter.

        Parameters
        ----------
        threshold : float or numpy.ndarray
            One value of the inner parameter, or one at each of ``outer``; they may lie beyond its support.
        """
        lower, upper = self._bounds
        x = np.clip(2 * (self._inner_axis.z(np.asarray(threshold)) - lower) / (upper - lower) - 1, -1, 1)
        series = self._integral if x.ndim else self._marginal
        return float(np.sum(legendre.legval(x, series, tensor=False)))


@cache
def _gauss(n: int) -> tuple[Array, Array]:
    """Nodes and weights of the Gauss–Legendre rule on [-1, 1]."""
    x, weight = legendre.leggauss(n)
    x.flags.writeable = weight.flags.writeable = False
    return x, weight


@cache
def _projection(degree: int) -> Array:
    """Matrix from integrals against Gauss–Legendre weights to coefficients of Legendre polynomials."""
    x, _ = _gauss(degree + 1)
    projection: Array = legendre.legvander(x, degree) * (np.arange(degree + 1) + 0.5)
    projection.flags.writeable = False
    return projection
