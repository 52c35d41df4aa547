"""Numbers of events among trials: y ~ Binomial(n, logit⁻¹(η))."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, expit, gammaln

from hiermeta.likelihoods.base import CountRows, Fault, Kind, Likelihood
from hiermeta.likelihoods.links import LOGIT

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BinomialRows(CountRows):
    """Sums of events ``y`` and of ``trials``; ``constant`` stands beside yη − n log(1 + exp(η))."""

    @staticmethod
    def sums(y: Array, size: Array, total: Callable[[Array], Array], row: npt.NDArray[np.intp]) -> tuple[Array, ...]:
        trials = total(size)
        constant = total(gammaln(size + 1) - gammaln(y + 1) - gammaln(size - y + 1))
        return total(y), trials, np.zeros_like(trials), constant

    def mean(self, linear: Array) -> Array:
        return np.asarray(self.trials * expit(linear))

    def guess(self) -> Array:
        return np.asarray(np.log((self.y + 0.5) / (self.trials - self.y + 0.5)))

    def variance(self, mean: Array) -> Array:
        return np.asarray(mean * (1 - mean / self.trials))

    @cached_property
    def _by_itself(self) -> tuple[Array, Array]:
        """Linear predictor that fits each row by itself, and the probability there."""
        inside = (self.y > 0) & (self.y < self.trials)
        p = np.where(inside, self.y / self.trials, (self.y + 0.5) / (self.trials + 1))
        return np.log(p) - np.log1p(-p), p

    @cached_property
    def saturated(self) -> Array:
        p = self._by_itself[1]
        return np.asarray(self.y * np.log(p) + (self.trials - self.y) * np.log1p(-p))

    def kernel(self, linear: Array) -> Array:
        centre, p = self._by_itself
        d = linear - centre
        up = d > 0
        share = np.where(up, 1 - p, p) * np.expm1(-np.abs(d))
        return np.asarray(np.where(up, self.y - self.trials, self.y) * d - self.trials * np.log1p(share))


class Binomial(Likelihood):
    """Events among trials, on the logit scale."""

    name, adjective = "binomial", "binomial logistic"
    kind: ClassVar[Kind] = "count"
    link, rows = LOGIT, BinomialRows
    size: ClassVar[str | None] = "trials"
    size_required = True
    stan, r_function, r_family, brms_family = 0, "glmer", "binomial", "binomial"
    distribution, mean = "Binomial", "p"
    arguments: ClassVar[tuple[str, ...]] = ("n_i", "p_i")
    symbol = "p is the probability of the outcome."

    def faults(self, outcome: str, size_column: str, y: Array, size: Array) -> list[Fault]:
        bad = (y < 0) | (y > size) | (y != np.round(y)) | (size != np.round(size))
        remedy = f"Check that {outcome!r} holds events and {size_column!r} what they were taken from"
        return [(bad, f"{outcome} is not a whole number from 0 to its trials", remedy)]

    def overall(self, y: Array, size: Array) -> float:
        events, total = float(y.sum()), float(size.sum())
        events = min(max(events, 0.5), total - 0.5)
        return float(np.log(events / (total - events)))

    def simulate(self, rng: np.random.Generator, linear: Array, size: Array, own: Array) -> Array:
        return np.asarray(rng.binomial(size.astype(np.int64), expit(linear)), float)

    def cumulative(self, y: Array, size: Array, linear: Array, own: Array) -> tuple[Array, Array]:
        trials, p = size.astype(np.int64), expit(linear)
        return np.where(y > 0, bdtr(np.maximum(y - 1, 0), trials, p), 0.0), np.asarray(bdtr(y, trials, p))

    def level1_variance(self, own: Array, y: Array) -> Array:
        """π²/3: that of the latent logistic distribution."""
        return np.full(len(own), np.pi**2 / 3)

    def response(self, outcome: str, settings: Mapping[str, Any]) -> str:
        return f"probability of {outcome}"


BINOMIAL = Binomial()
