"""Normal outcomes: y ~ N(η, σ²)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from hiermeta.likelihoods.base import Fault, Likelihood, Rows
from hiermeta.likelihoods.links import IDENTITY

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GaussianRows(Rows):
    """Sums ``y`` of ``trials`` rows; ``constant`` is −½ Σ (y_i − mean)² of them.

    Parameters
    ----------
    variance : numpy.ndarray
        Shape (...): σ².
    """

    variance: Array = field(default_factory=lambda: np.ones(()))
    quadratic = True

    @staticmethod
    def sums(y: Array, size: Array, total: Callable[[Array], Array], row: npt.NDArray[np.intp]) -> tuple[Array, ...]:
        events, rows = total(y), total(size)
        return events, rows, np.zeros_like(rows), total(-0.5 * (y - (events / rows)[row]) ** 2)

    def at(self, own: Array) -> GaussianRows:
        return replace(self, variance=own[..., 0] ** 2)

    def mean(self, linear: Array) -> Array:
        return self.trials * linear

    def guess(self) -> Array:
        return self.y / self.trials

    def derivatives(self, linear: Array) -> tuple[Array, Array]:
        variance = self.variance[..., None]
        return (self.y - self.mean(linear)) / variance, self.trials / variance

    def kernel(self, linear: Array) -> Array:
        return np.asarray(-0.5 * self.trials * (self.y / self.trials - linear) ** 2 / self.variance[..., None])

    def normalisers(self) -> Array:
        variance = self.variance[..., None]
        return self.constant / variance - 0.5 * self.by_cluster(self.trials) * np.log(2 * np.pi * variance)


class Gaussian(Likelihood):
    """Normal outcomes with a residual SD σ."""

    name, kind, adjective = "gaussian", "measurement", "linear"
    link, rows, has_sigma = IDENTITY, GaussianRows, True
    stan, r_function, brms_family = 2, "lmer", "gaussian"
    distribution, arguments, mean = "Normal", ("μ_i", "σ²"), "μ"
    symbol = "σ is the standard deviation of rows within their cluster."

    def faults(self, outcome: str, size_column: str, y: Array, size: Array) -> list[Fault]:
        return []

    def overall(self, y: Array, size: Array) -> float:
        return float(y.mean())

    def simulate(self, rng: np.random.Generator, linear: Array, size: Array, own: Array) -> Array:
        return np.asarray(linear + own[0] * rng.standard_normal(len(linear)))

    def cumulative(self, y: Array, size: Array, linear: Array, own: Array) -> tuple[Array, Array]:
        found = np.asarray(ndtr((y - linear) / own[0]))
        return found, found

    def level1_variance(self, own: Array, y: Array) -> Array:
        return np.asarray(own[:, 0] ** 2)

    def response(self, outcome: str, settings: Mapping[str, Any]) -> str:
        return outcome


GAUSSIAN = Gaussian()
