"""Normal outcomes: y ~ N(η, σ²)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from hiermeta.likelihoods.base import Fault, Likelihood, Rows
from hiermeta.likelihoods.links import IDENTITY

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GaussianRows(Rows):
    """Sums ``y`` of ``trials`` rows; ``constant`` is −½ Σ (y_i − mean)² of them. The dispersion is σ²."""

    quadratic = True

    @staticmethod
    def sums(y: Array, size: Array, total: Callable[[Array], Array], row: npt.NDArray[np.intp]) -> tuple[Array, ...]:
        events, rows = total(y), total(size)
        return events, rows, np.zeros_like(rows), total(-0.5 * (y - (events / rows)[row]) ** 2)

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


class Gaussian(Likelihood):
    """Normal outcomes with a residual SD σ."""

    name, kind, adjective = "gaussian", "measurement", "linear"
    link, rows, has_sigma = IDENTITY, GaussianRows, True
    stan, r_family = 2, None
    symbol = "e is what rows differ by within their cluster."

    def faults(self, outcome: str, size_column: str, y: Array, size: Array) -> list[Fault]:
        return []

    def overall(self, y: Array, size: Array) -> float:
        return float(y.mean())

    def simulate(self, rng: np.random.Generator, linear: Array, size: Array, sigma: float) -> Array:
        return np.asarray(linear + sigma * rng.standard_normal(len(linear)))

    def cumulative(self, y: Array, size: Array, linear: Array, sigma: float) -> tuple[Array, Array]:
        found = np.asarray(ndtr((y - linear) / sigma))
        return found, found

    def level1_variance(self, sigma: Array, y: Array) -> Array:
        return np.asarray(sigma**2)

    def response(self, outcome: str, settings: Mapping[str, Any]) -> str:
        return outcome


GAUSSIAN = Gaussian()
