"""Profile-likelihood intervals of a gaussian mixed model, on the scale of SDs and correlations.

With V_j = σ²I + R_jΣR_j' and a_j = d_j − E_jβ, minus twice the log likelihood is

    D(β, σ, Σ) = N log 2π + (N − Jq) log σ² + Σ_j [log|V_j| + a_j'V_j⁻¹a_j] + Σ_j |T_j(β, −1)|²/σ²

One parameter is held while D is minimised over the others (β exactly, the rest by its gradient); the interval holds the
values at which it lies less than the 95% quantile of chi-squared(1) above its minimum, as in lme4's ``confint``.
Correlations are made of sines of angles, so that D is smooth up to correlations of ±1, and effects are put into an
order in which the correlation that is held is the sine of one angle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import chi2

from hiermeta.inference.hierarchical.centring import elements, lower
from hiermeta.inference.hierarchical.classical import MixedFit
from hiermeta.inference.roots import Higher, attempt, root
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]
CUTOFF = float(np.sqrt(chi2.ppf(0.95, 1)))
_DOUBLINGS = 40
_ACCURACY = 1e-4
"""Of an end, as a share of the distance from the estimate."""
_TOLERANCE = 1e-8
_FAR = 5.0
"""Searched on either side of log σ."""
_OFF = 0.05
"""Searches begin this share of σ, or angle, off boundaries, where slopes vanish whether or not it is a minimum."""
_SIZES = (0.1, 1.0)
"""Shares of σ at which further searches begin before a limit is taken."""
_CLEARLY = 1e-3
"""A fall of D by less is within the searches' tolerance."""


@dataclass(frozen=True)
class _Surface:
    """D at the best coefficients, in standardised units, over points of q SDs, log σ and m angles.

    Parameters
    ----------
    model : HierarchicalModel
    order : tuple of int
        Effects in the order in which the angles take them.
    contrast : numpy.ndarray or None
        Shape (p,): c of a sum c'β that can be held.
    """

    model: HierarchicalModel
    order: tuple[int, ...]
    contrast: Array | None = None

    @cached_property
    def back(self) -> npt.NDArray[np.intp]:
        """Shape (q,): place of each effect in the order."""
        return np.argsort(self.order)

    def correlations(self, angles: Array) -> tuple[Array, Array]:
        """A factor C of the correlations CC', shape (q, q), and its derivatives by the angles, shape (m, q, q)."""
        q, first, used = len(self.order), 0, 0
        C, slopes = np.zeros((q, q)), np.zeros((len(angles), q, q))
        for size in self.model.blocks:
            for i in range(size):
                sine, cosine = np.sin(angles[used : used + i]), np.cos(angles[used : used + i])
                columns = slice(first, first + i + 1)
                C[first + i, columns] = _row(sine, cosine)
                for k in range(i):
                    turned, beside = sine.copy(), cosine.copy()
                    turned[k], beside[k] = cosine[k], -sine[k]
                    slopes[used + k, first + i, columns] = np.append(np.zeros(k), _row(turned, beside)[k:])
                used += i
            first += size
        return C[self.back], slopes[:, self.back]

    def angles(self, correlation: Array) -> Array:
        """The inverse of `correlations`, from a correlation matrix of shape (q, q)."""
        q = len(self.order)
        C = np.linalg.cholesky(correlation[np.ix_(self.order, self.order)] + 1e-9 * np.eye(q))
        found = []
        for i, j in self.model.pairs:  # rows of C are zero left of their block
            left = np.sqrt(max(1 - (C[i, :j] ** 2).sum(), 1e-300))
            found.append(np.arcsin(np.clip(C[i, j] / left, -1, 1)))
        return np.array(found)

    def relative(self, point: Array) -> Array:
        """Elements of the relative Cholesky factor Λ at a point."""
        q = len(self.order)
        root = point[:q, None] * self.correlations(point[q + 1 :])[0]
        return elements(self.model.blocks, lower(root)) / float(np.exp(point[q]))

    def __call__(self, point: Array, held: float | None = None) -> tuple[float, Array]:
        """D and its gradient; with a contrast, at c'β = held."""
        model, s = self.model, self.model.sufficient
        J, q = len(s.sizes), s.q
        sd, variance = point[:q], np.exp(2 * point[q])
        C, slopes = self.correlations(point[q + 1 :])
        L = sd[:, None] * C
        loading = s.R @ L
        V = loading @ np.swapaxes(loading, 1, 2) + variance * np.eye(q)
        inverse = np.linalg.inv(V)
        both = np.concatenate([s.E, s.d[:, :, None]], axis=2)
        white, within = inverse @ both, s.within.T @ s.within
        squares = np.einsum("jap,jab->pb", both, white) + within / variance
        A = squares[:-1, :-1]
        beta = np.linalg.solve(A, squares[:-1, -1])
        if self.contrast is not None and held is not None:
            toward = np.linalg.solve(A, self.contrast)
            beta = beta + toward * (held - self.contrast @ beta) / (self.contrast @ toward)
        ahead = np.append(beta, -1.0)
        lever = white @ ahead  # −V⁻¹a
        free = model.n - J * q
        value = model.n * np.log(2 * np.pi) + 2 * free * point[q] + np.linalg.slogdet(V)[1].sum()
        by_variance = free / variance + np.trace(inverse, axis1=1, axis2=2).sum() - (lever**2).sum()
        by_variance -= ahead @ within @ ahead / variance**2
        twice = 2 * np.einsum("jba,jbc->ac", s.R, (inverse - lever[:, :, None] * lever[:, None, :]) @ loading)
        slope = [(twice * C).sum(axis=1), [2 * variance * by_variance]]
        slope.append([(twice * sd[:, None] * each).sum() for each in slopes])
        return float(value + ahead @ squares @ ahead), np.concatenate(slope)


def _row(sine: Array, cosine: Array) -> Array:
    return np.append(sine, 1.0) * np.append(1.0, np.cumprod(cosine))


class _Profile:
    """D with one parameter held: a coordinate of the point, or the surface's contrast.

    The smallest D that was found for a value is an upper bound. Where it is below the cutoff the value is inside the
    interval for sure; a limit is taken when searches from elsewhere find nothing lower there.

    Parameters
    ----------
    surface : _Surface
    best : numpy.ndarray
        The point of maximum likelihood.
    estimate : float
        The parameter there.
    coordinate : int or None
        The coordinate that is held.
    """

    def __init__(self, surface: _Surface, best: Array, estimate: float, coordinate: int | None) -> None:
        self.surface, self.estimate, self.coordinate = surface, estimate, coordinate
        q = len(surface.order)
        self.free = np.array([i for i in range(len(best)) if i != coordinate])
        # σ is known to 1/√(2N) of itself: a unit of every coordinate should matter alike.
        self.unit = np.where(np.arange(len(best)) == q, 1 / np.sqrt(2 * surface.model.n), 1.0)
        right = np.pi / 2
        of_sigma = (best[q] - _FAR, best[q] + _FAR) / self.unit[q]
        limits = [(0.0, None)] * q + [tuple(of_sigma)] + [(-right, right)] * (len(best) - q - 1)
        self.limits = [limits[i] for i in self.free]
        self.lowest = surface(best, estimate)[0]
        self.known = {estimate: (self.lowest, best)}

    def off(self, start: Array, held: float) -> Array:
        """A start, moved off the boundaries, with the parameter held."""
        point, q = start.copy(), len(self.surface.order)
        point[:q] = np.maximum(point[:q], _OFF * np.exp(point[q]))
        point[q + 1 :] = np.clip(point[q + 1 :], _OFF - np.pi / 2, np.pi / 2 - _OFF)
        if self.coordinate is not None:
            point[self.coordinate] = held
        return point

    def search(self, start: Array, held: float) -> tuple[float, Array]:
        """The smallest D found from a start, and where."""
        point, free, unit = start.copy(), self.free, self.unit[self.free]

        def objective(values: Array) -> tuple[float, Array]:
            point[free] = values * unit
            value, slope = self.surface(point, held)
            return value, slope[free] * unit

        options = {"ftol": _TOLERANCE / max(abs(self.lowest), 1.0), "gtol": 1e-6, "maxiter": 300}
        found = minimize(
            objective, point[free] / unit, jac=True, method="L-BFGS-B", bounds=self.limits, options=options
        )
        point[free] = found.x * unit
        return float(found.fun), point

    def height(self, held: float) -> float:
        """How far the root of D's rise lies above the cutoff; the same whenever it is asked for a value."""
        if held not in self.known:
            self.known[held] = self.search(self.nearby(held), held)
            self.raise_higher(held)
        return float(np.sqrt(max(self.known[held][0] - self.lowest, 0.0))) - CUTOFF

    def nearby(self, held: float) -> Array:
        """The best start of the points found for the values on either side, and of the one between them."""
        lower = max((value for value in self.known if value < held), default=None)
        upper = min((value for value in self.known if value > held), default=None)
        near = [self.known[value][1] for value in (lower, upper) if value is not None]
        if lower is not None and upper is not None:
            share = (held - lower) / (upper - lower)
            near.append((1 - share) * near[0] + share * near[1])
        return min((self.off(point, held) for point in near), key=lambda point: self.surface(point, held)[0])

    def improved(self, held: float) -> bool:
        """Whether searches that begin far from the values nearby end clearly lower; the lowest end is kept."""
        q, best, before = len(self.surface.order), self.known[self.estimate][1], self.known[held]
        ends = []
        for size in _SIZES:
            start = best.copy()
            start[:q], start[q + 1 :] = size * np.exp(best[q]), 0.0
            ends.append(self.search(self.off(start, held), held))
        lowest = min(ends, key=lambda end: end[0])
        if lowest[0] >= before[0] - _CLEARLY:
            return False
        self.known[held] = lowest
        self.raise_higher(held)
        return True

    def raise_higher(self, held: float) -> None:
        """Raise `Higher` where the smallest D found for a value is clearly below that of the fit."""
        lowest, point = self.known[held]
        if lowest < self.lowest - _CLEARLY:
            raise Higher(self.surface.relative(point))

    def end(self, step: float, bound: float) -> float:
        """The end of the interval in the direction of a step: at most the bound, NaN where there is none.

        A value that a lower minimum shows to be inside is where the search goes on.
        """
        inside = self.estimate
        for _ in range(_DOUBLINGS):
            outside = inside + step
            outside = min(outside, bound) if step > 0 else max(outside, bound)
            if self.height(outside) >= 0:
                found = root(self.height, inside, outside, xtol=_ACCURACY * abs(outside - self.estimate))
                self.height(found)
                if not self.improved(found):
                    return found
                self.known = {value: end for value, end in self.known.items() if (value - found) * step <= 0}
                inside, step = found, step / 4
            elif outside == bound:
                return bound
            else:
                inside, step = outside, 2 * step
        return float("nan")


def intervals(ml: MixedFit, unavailable: dict[str, str]) -> dict[str, list[float]]:
    """Estimate and 95% limits by maximum likelihood of every parameter, by the names of the estimates table.

    An interval that reaches a boundary (an SD of zero, a correlation of ±1) ends there; a limit is NaN where the
    likelihood doesn't fall far enough however far it is followed.

    Parameters
    ----------
    ml : MixedFit
        By full maximum likelihood.
    unavailable : dict
        Receives the reasons, as ``confint/NAME``, for parameters along which the likelihood of these data can't be
        followed in double precision.

    Raises
    ------
    Higher
        When the likelihood is higher elsewhere, with the elements of the relative Cholesky factor there.
    """
    found = {name: attempt(f"confint/{name}", search, unavailable) for name, search in _searches(ml).items()}
    return {name: interval for name, interval in found.items() if interval is not None}


def _searches(ml: MixedFit) -> dict[str, Callable[[], list[float]]]:
    """The search for each parameter's interval."""
    model, draw = ml.model, ml.model.to_standard(ml.parameters)
    q, natural = len(model.effects), tuple(range(len(model.effects)))
    starts = [sum(model.blocks[:n]) for n in range(len(model.blocks))]
    plain = _Surface(model, natural)
    back = np.stack([model.to_user(row) - model.to_user(0 * row) for row in np.eye(len(model.names))], axis=1)
    shift = model.to_user(np.zeros(len(model.names)))

    def best(surface: _Surface) -> Array:
        return np.concatenate([draw.sd[0], np.log(draw.sigma), surface.angles(draw.correlation[0])])

    def limits(profile: _Profile, step: float, lower: float, upper: float) -> list[float]:
        return [profile.end(-step, lower), profile.end(step, upper)]

    def of_coefficient(m: int) -> list[float]:
        surface, estimate = replace(plain, contrast=back[m]), float(ml.coefficients[m])
        profile = _Profile(surface, best(surface), estimate - float(shift[m]), None)
        ends = limits(profile, 2 * ml.standard_errors[m], -np.inf, np.inf)
        return [estimate, *(float(end + shift[m]) for end in ends)]

    def of_sigma() -> list[float]:
        log_sigma = float(np.log(draw.sigma[0]))
        ends = limits(_Profile(plain, best(plain), log_sigma, q), 2 / np.sqrt(2 * model.n), -np.inf, np.inf)
        return [float(np.exp(end)) * model.outcome_spread for end in (log_sigma, *ends)]

    def of_sd(k: int) -> list[float]:
        sd, unit = float(draw.sd[0, k]), model.units["sd"][k]
        ends = limits(_Profile(plain, best(plain), sd, k), 0.3 * sd + 0.05 * draw.sigma[0], 0.0, np.inf)
        return [float(end * unit) for end in (sd, *ends)]

    def of_correlation(i: int, j: int) -> list[float]:
        first = max(start for start in starts if start <= j)
        order = [*natural[:first], j, i, *(k for k in natural[first:] if k not in (i, j))]
        surface = _Surface(model, tuple(order))
        place = q + 1 + model.pairs.index((first + 1, first))
        point = best(surface)
        ends = limits(_Profile(surface, point, float(point[place]), place), 0.3, -np.pi / 2, np.pi / 2)
        return [float(np.sin(end)) for end in (point[place], *ends)]

    return {
        **{name: partial(of_coefficient, m) for m, name in enumerate(model.names)},
        "sigma": of_sigma,
        **{name: partial(of_sd, k) for k, name in enumerate(model.sd_names)},
        **{
            name: partial(of_correlation, *pair)
            for name, pair in zip(model.correlation_names, model.pairs, strict=True)
        },
    }
