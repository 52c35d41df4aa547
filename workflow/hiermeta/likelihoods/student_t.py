"""Measurements with outliers: y ~ t_ν(η, σ), whose scale σ is the residual SD of normal outcomes as ν grows.

Working weights are the expected information, (ν + 1)/((ν + 3)σ²) for each row: unlike the curvature of the log density
it is above zero for outliers as well (Lange, Little & Taylor 1989, section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, stdtr

from hiermeta.likelihoods.base import Fault, Likelihood, Rows, Shape
from hiermeta.likelihoods.links import IDENTITY

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StudentRows(Rows):
    """``y`` is the sum of ``trials`` equal outcomes.

    Parameters
    ----------
    sigma, nu : numpy.ndarray
        Shape (...).
    """

    sigma: Array = field(default_factory=lambda: np.ones(()))
    nu: Array = field(default_factory=lambda: np.ones(()))

    @staticmethod
    def sums(y: Array, size: Array, total: Callable[[Array], Array], row: npt.NDArray[np.intp]) -> tuple[Array, ...]:
        rows = total(size)
        return total(y), rows, np.zeros_like(rows), np.zeros_like(y)

    def at(self, own: Array) -> StudentRows:
        return replace(self, sigma=own[..., 0], nu=own[..., 1])

    def mean(self, linear: Array) -> Array:
        return self.trials * linear

    def guess(self) -> Array:
        return self.y / self.trials

    def _apart(self, linear: Array) -> Array:
        return np.asarray((self.y / self.trials - linear) / self.sigma[..., None])

    def derivatives(self, linear: Array) -> tuple[Array, Array]:
        apart, sigma, nu = self._apart(linear), self.sigma[..., None], self.nu[..., None]
        weight = np.broadcast_to(self.trials * (nu + 1) / ((nu + 3) * sigma**2), apart.shape)
        return self.trials * (nu + 1) * apart / (nu + apart**2) / sigma, weight

    def curvature(self, linear: Array) -> Array:
        square, nu = self._apart(linear) ** 2, self.nu[..., None]
        return self.trials * (nu + 1) * (nu - square) / (nu + square) ** 2 / self.sigma[..., None] ** 2

    def kernel(self, linear: Array) -> Array:
        nu = self.nu[..., None]
        return np.asarray(-0.5 * self.trials * (nu + 1) * np.log1p(self._apart(linear) ** 2 / nu))

    def normalisers(self) -> Array:
        nu = self.nu
        each = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi) - np.log(self.sigma)
        return np.asarray(each[..., None] * self.by_cluster(self.trials))


class StudentT(Likelihood):
    """Student-t outcomes with a scale σ and ν degrees of freedom."""

    name, kind, adjective = "student_t", "measurement", "robust linear"
    link, rows, has_sigma, additive = IDENTITY, StudentRows, True, False
    shapes = (
        Shape("nu", "degrees of freedom of the residuals", "gamma(2, 0.1)", "Juárez & Steel 2010", (0.0, np.inf)),
    )
    stan, r_function, r_family, brms_family = 3, "glmmTMB", "t_family()", "student"
    distribution, arguments, mean = "Student", ("ν", "μ_i", "σ"), "μ"
    symbol = "ν is the number of degrees of freedom, small where there are outliers, and σ the scale of the residuals."

    def faults(self, outcome: str, size_column: str, y: Array, size: Array) -> list[Fault]:
        return []

    def overall(self, y: Array, size: Array) -> float:
        return float(y.mean())

    def simulate(self, rng: np.random.Generator, linear: Array, size: Array, own: Array) -> Array:
        return np.asarray(linear + own[0] * rng.standard_t(own[1], len(linear)))

    def cumulative(self, y: Array, size: Array, linear: Array, own: Array) -> tuple[Array, Array]:
        found = np.asarray(stdtr(own[1], (y - linear) / own[0]))
        return found, found

    def level1_variance(self, own: Array, y: Array) -> Array:
        """σ²ν/(ν − 2), which is infinite with two degrees of freedom or fewer."""
        beyond = np.maximum(own[:, 1] - 2, 0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(own[:, 0] ** 2 * own[:, 1] / beyond)

    def response(self, outcome: str, settings: Mapping[str, Any]) -> str:
        return outcome


STUDENT_T = StudentT()
