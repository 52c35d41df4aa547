"""Counts of events: y ~ Poisson(e exp(η)), with an exposure e where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, pdtr

from hiermeta.likelihoods.base import CountRows, Fault, Likelihood
from hiermeta.likelihoods.links import LOG

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PoissonRows(CountRows):
    """Sums of events ``y``; ``known`` is the logarithm of exposures, and ``constant`` stands beside yη − exp(η)."""

    @staticmethod
    def sums(y: Array, size: Array, total: Callable[[Array], Array], row: npt.NDArray[np.intp]) -> tuple[Array, ...]:
        events, known = total(y), np.log(total(size))
        constant = total(y * np.log(size) - gammaln(y + 1)) - events * known
        return events, np.ones_like(events), known, constant

    def mean(self, linear: Array) -> Array:
        return np.exp(np.minimum(linear, 700.0))

    def guess(self) -> Array:
        return np.asarray(np.log((self.y + 0.5) / (np.exp(self.known) + 0.5)) + self.known)

    def variance(self, mean: Array) -> Array:
        return mean

    @cached_property
    def _by_itself(self) -> tuple[Array, Array]:
        """Linear predictor that fits each row by itself, and the mean there."""
        mean = np.maximum(self.y, 1.0)
        return np.log(mean), mean

    @cached_property
    def saturated(self) -> Array:
        mean = self._by_itself[1]
        return np.asarray(self.y * np.log(mean) - mean)

    def kernel(self, linear: Array) -> Array:
        centre, mean = self._by_itself
        d = linear - centre
        return np.asarray(self.y * d - mean * np.expm1(np.minimum(d, 700.0 - centre)))


class Poisson(Likelihood):
    """Counts, on the scale of their logarithm."""

    name, kind, adjective = "poisson", "count", "Poisson"
    link, rows = LOG, PoissonRows
    size = "exposure"
    stan, r_function, r_family, brms_family = 1, "glmer", "poisson", "poisson"
    distribution, arguments, mean = "Poisson", ("λ_i",), "λ"
    symbol = "λ is the expected rate."

    def faults(self, outcome: str, size_column: str, y: Array, size: Array) -> list[Fault]:
        return [((y < 0) | (y != np.round(y)), f"{outcome} is not a count", "Counts are whole numbers from 0")]

    def overall(self, y: Array, size: Array) -> float:
        return float(np.log(max(float(y.sum()), 0.5) / float(size.sum())))

    def simulate(self, rng: np.random.Generator, linear: Array, size: Array, own: Array) -> Array:
        return np.asarray(rng.poisson(np.minimum(size * np.exp(np.minimum(linear, 30)), 1e15)), float)

    def cumulative(self, y: Array, size: Array, linear: Array, own: Array) -> tuple[Array, Array]:
        mean = size * self.link.inverse(linear)
        return np.where(y > 0, pdtr(np.maximum(y - 1, 0), mean), 0.0), np.asarray(pdtr(y, mean))

    def level1_variance(self, own: Array, y: Array) -> Array:
        """log(1 + 1/mean count), an approximation (Nakagawa, Johnson & Schielzeth 2017)."""
        return np.full(len(own), np.log1p(1 / max(float(y.mean()), 1e-12)))

    def response(self, outcome: str, settings: Mapping[str, Any]) -> str:
        exposure = settings.get("exposure")
        return f"{outcome} per unit of {exposure}" if exposure else f"expected {outcome}"


POISSON = Poisson()
