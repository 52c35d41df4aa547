"""Likelihoods of binomial and Poisson outcomes with random effects, integrated by adaptive Gauss–Hermite quadrature.

With η = known + x'β + z'u, each cluster's integral over u ~ N(0, LL') is taken around the mode of its integrand, in
coordinates in which the curvature there is the identity (Pinheiro & Chao 2006); one node is Laplace's approximation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.special import expit, gammaln, logsumexp

Array = npt.NDArray[np.float64]
NODES = {1: 25, 2: 9, 3: 5}
"""Nodes per dimension by number of random effects; one beyond three."""
_CELLS = 4_000_000
_NEWTON = 50
_TOLERANCE = 1e-9
_STRIDE = 3.0
"""Largest change of a linear predictor in a Newton step: the scale on which logits and logarithms curve."""


@dataclass(frozen=True)
class Counts:
    """Rows that share cluster and design row, standing together, sorted by cluster.

    Parameters
    ----------
    poisson : bool
        Poisson rather than binomial.
    y, trials, known : numpy.ndarray
        Shape (R,): events, trials (binomial), logarithm of the exposure (Poisson).
    X, Z : numpy.ndarray
        Shapes (R, p) and (R, q): in the user's units.
    start : numpy.ndarray
        Shape (J,): first row of each cluster.
    cluster : numpy.ndarray
        Shape (R,): number of each row's cluster.
    constant : numpy.ndarray
        Shape (J,): terms of the log likelihood without parameters, by cluster, beside yη − exp(η), or yη − n log(1 +
        exp(η)).
    """

    poisson: bool
    y: Array
    trials: Array
    known: Array
    X: Array
    Z: Array
    start: npt.NDArray[np.intp]
    cluster: npt.NDArray[np.intp]
    constant: Array

    @property
    def quadratic(self) -> bool:
        """Whether the log likelihood is quadratic in the linear predictor."""
        return False

    def by_cluster(self, values: Array) -> Array:
        """Sums over the rows of each cluster along the last axis."""
        return np.asarray(np.add.reduceat(values, self.start, axis=-1))

    def mean(self, linear: Array) -> Array:
        """Expected events."""
        return np.exp(np.minimum(linear, 700.0)) if self.poisson else self.trials * expit(linear)

    def guess(self) -> Array:
        """A rough linear predictor of each row by itself."""
        if self.poisson:
            return np.asarray(np.log((self.y + 0.5) / (np.exp(self.known) + 0.5)) + self.known)
        return np.asarray(np.log((self.y + 0.5) / (self.trials - self.y + 0.5)))

    def curvature(self, mean: Array) -> Array:
        """Variance of the events given their mean."""
        return mean if self.poisson else mean * (1 - mean / self.trials)

    @cached_property
    def _reference(self) -> tuple[Array, Array, Array]:
        """Linear predictor that fits each row by itself, the mean or probability there, and the log density there."""
        if self.poisson:
            size = np.maximum(self.y, 1.0)
            return np.log(size), size, self.y * np.log(size) - size
        inside = (self.y > 0) & (self.y < self.trials)
        p = np.where(inside, self.y / self.trials, (self.y + 0.5) / (self.trials + 1))
        return np.log(p) - np.log1p(-p), p, self.y * np.log(p) + (self.trials - self.y) * np.log1p(-p)

    def kernel(self, linear: Array) -> Array:
        """Log density of each row relative to one that fits the row by itself, to which large counts lose no digits."""
        centre, size, _ = self._reference
        d = linear - centre
        if self.poisson:
            return np.asarray(self.y * d - size * np.expm1(np.minimum(d, 700.0 - centre)))
        up = d > 0
        share = np.where(up, 1 - size, size) * np.expm1(-np.abs(d))
        return np.asarray(np.where(up, self.y - self.trials, self.y) * d - self.trials * np.log1p(share))

    def normalisers(self, dispersion: float) -> Array:
        """Shape (J,): terms of the log likelihood that don't depend on the linear predictor, by cluster."""
        return self.constant + self.by_cluster(self._reference[2])

    def chunks(self, draws: int, nodes: int) -> Iterator[slice]:
        """Slices of draws small enough for arrays of shape (draws, R) at every node."""
        step = max(1, _CELLS // (len(self.y) * max(nodes, self.Z.shape[1] ** 2)))
        for first in range(0, draws, step):
            yield slice(first, first + step)

    def log_likelihood(self, beta: Array, L: Array, nodes: int | None = None) -> Array:
        """Shape (S, J): log p(y_j | β, L), random effects integrated out.

        Parameters
        ----------
        beta : numpy.ndarray
            Shape (S, p).
        L : numpy.ndarray
            Shape (S, q, q): Cholesky factors of the covariance of the random effects.
        nodes : int, optional
            Per dimension; by default `NODES`.
        """
        q = self.Z.shape[1]
        count = nodes or NODES.get(q, 1)
        points, log_weights = _rule(q, count)
        result = np.empty((len(beta), len(self.start)))
        for part in self.chunks(len(beta), len(points)):
            fixed = self.known + beta[part] @ self.X.T
            loading = np.einsum("rk,skl->srl", self.Z, L[part])
            mode, root = self._modes(fixed, loading)
            terms = []
            for point, log_weight in zip(points, log_weights, strict=True):
                v = (
                    mode
                    + np.linalg.solve(np.swapaxes(root, 2, 3), np.broadcast_to(point, mode.shape)[..., None])[..., 0]
                )
                linear = fixed + (loading * v[:, self.cluster]).sum(axis=2)
                terms.append(self.by_cluster(self.kernel(linear)) - 0.5 * (v**2).sum(axis=2) + log_weight)
            log_determinant = np.log(np.diagonal(root, axis1=2, axis2=3)).sum(axis=2)
            result[part] = logsumexp(terms, axis=0) - log_determinant
        return result + self.normalisers(1.0)

    def _modes(self, fixed: Array, loading: Array) -> tuple[Array, Array]:
        """Modes (S, J, q) of v = L⁻¹u and Cholesky factors (S, J, q, q) of the negative curvature there, by Newton."""
        shape = (len(fixed), len(self.start), loading.shape[2])
        v, identity = np.zeros(shape), np.eye(shape[2])
        for _ in range(_NEWTON):
            linear = fixed + (loading * v[:, self.cluster]).sum(axis=2)
            mean = self.mean(linear)
            gradient = np.add.reduceat(loading * (self.y - mean)[..., None], self.start, axis=1) - v
            weighted = loading * self.curvature(mean)[..., None]
            curvature = np.add.reduceat(weighted[..., None] * loading[:, :, None, :], self.start, axis=1) + identity
            step = np.asarray(np.linalg.solve(curvature, gradient[..., None])[..., 0], float)
            change = np.abs((loading * step[:, self.cluster]).sum(axis=2))
            v = v + step / np.maximum(1, np.maximum.reduceat(change, self.start, axis=1) / _STRIDE)[..., None]
            if np.abs(step).max() < _TOLERANCE:
                break
        return v, np.asarray(np.linalg.cholesky(curvature), float)


def _rule(q: int, count: int) -> tuple[Array, Array]:
    """Tensor Gauss–Hermite nodes for ∫ f(v) dv in q dimensions, and logs of their weights over the normal kernel."""
    x, w = np.polynomial.hermite_e.hermegauss(count)
    logs = np.log(w) + 0.5 * x**2 - 0.5 * np.log(2 * np.pi)
    points = np.array(list(product(x, repeat=q)))
    return points, np.array([sum(entry) for entry in product(logs, repeat=q)])


@dataclass(frozen=True)
class Gaussian(Counts):
    """Normal outcomes in the same form: sums ``y`` of ``trials`` rows; ``constant`` is −½ Σ (y_i − mean)² of them.

    Densities are those at a variance of 1: divide by the variance, and add the normalisers.
    """

    @property
    def quadratic(self) -> bool:
        return True

    def mean(self, linear: Array) -> Array:
        return self.trials * linear

    def guess(self) -> Array:
        return self.y / self.trials

    def curvature(self, mean: Array) -> Array:
        return self.trials

    def kernel(self, linear: Array) -> Array:
        return np.asarray(-0.5 * self.trials * (self.y / self.trials - linear) ** 2)

    def normalisers(self, dispersion: float) -> Array:
        return self.constant / dispersion - 0.5 * self.by_cluster(self.trials) * np.log(2 * np.pi * dispersion)


def aggregate(
    family: str, codes: npt.NDArray[np.intp], y: Array, size: Array, X: Array, Z: Array
) -> tuple[Counts, npt.NDArray[np.intp]]:
    """Put rows that share cluster and design row together.

    Parameters
    ----------
    family : str
    codes : numpy.ndarray
        Shape (N,): number of each row's cluster.
    y, size : numpy.ndarray
        Shape (N,): outcomes, and trials or exposure.
    X, Z : numpy.ndarray
        Shapes (N, p) and (N, q).

    Returns
    -------
    together : Counts
    row : numpy.ndarray
        Shape (N,): where each row went.
    """
    unique, group = np.unique(np.column_stack([codes, X, Z]), axis=0, return_inverse=True)
    group = group.ravel()

    def total(values: Array) -> Array:
        return np.asarray(np.bincount(group, weights=values, minlength=len(unique)), float)

    events, sizes = total(y), total(size)
    cluster = unique[:, 0].astype(np.intp)
    start = np.searchsorted(cluster, np.arange(cluster[-1] + 1))
    p, poisson = X.shape[1], family == "poisson"
    if poisson:
        own = y * np.log(size) - gammaln(y + 1)
        constant = total(own) - events * np.log(sizes)
    elif family == "gaussian":
        constant = total(-0.5 * (y - (events / sizes)[group]) ** 2)
    else:
        constant = total(gammaln(size + 1) - gammaln(y + 1) - gammaln(size - y + 1))
    together = (Gaussian if family == "gaussian" else Counts)(
        poisson=poisson,
        y=events,
        trials=np.ones_like(sizes) if poisson else sizes,
        known=np.log(sizes) if poisson else np.zeros_like(sizes),
        X=unique[:, 1 : 1 + p],
        Z=unique[:, 1 + p :],
        start=start,
        cluster=cluster,
        constant=np.asarray(np.bincount(cluster, weights=constant), float),
    )
    return together, group


@dataclass(frozen=True)
class Glm:
    """An ordinary logistic or Poisson regression.

    Parameters
    ----------
    coefficients : numpy.ndarray
        Shape (p,).
    covariance : numpy.ndarray
        Shape (p, p).
    converged : bool
        False where likelihood rises without end, as it does with separated outcomes.
    """

    coefficients: Array
    covariance: Array
    converged: bool


def regress(rows: Counts, X: Array) -> Glm:
    """Fit by Fisher scoring.

    Parameters
    ----------
    rows : Counts
    X : numpy.ndarray
        Shape (R, p): full rank.
    """
    spread = np.maximum(np.sqrt((X**2).mean(axis=0)), 1e-300)
    design = X / spread
    beta = np.linalg.lstsq(design, rows.guess() - rows.known, rcond=None)[0]
    converged, information = False, np.eye(len(beta))
    for _ in range(_NEWTON):
        mean = rows.mean(rows.known + design @ beta)
        information = design.T @ (rows.curvature(mean)[:, None] * design)
        step = np.linalg.lstsq(information, design.T @ (rows.y - mean), rcond=1e-14)[0]
        beta = beta + step / max(1.0, np.abs(step).max() / 3)
        if np.abs(step).max() < 1e-8:
            converged = bool(np.abs(beta).max() < 30 and np.linalg.cond(information) < 1e12)
            break
    inverse = np.linalg.pinv(information) / np.outer(spread, spread)
    return Glm(beta / spread, inverse, converged)
