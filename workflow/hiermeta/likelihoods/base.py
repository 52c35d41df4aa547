"""What every likelihood offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from hiermeta.likelihoods.links import Link

Array = npt.NDArray[np.float64]
Kind = Literal["measurement", "event", "count"]
Fault = tuple[npt.NDArray[np.bool_], str, str]
"""Rows that can't be analysed, shape (N,), what is wrong with them, and the remedy."""


@dataclass(frozen=True)
class Rows(ABC):
    """The log density of rows as a function of their linear predictors η = known + x'β + z'u.

    Rows that share cluster and design row may stand together as one; they are sorted by cluster. Densities are those
    at a dispersion of 1: `kernel`, `mean` − y and `curvature` are divided by it, and `normalisers` take it.

    Parameters
    ----------
    y, trials, known : numpy.ndarray
        Shape (R,): sums of outcomes, what they are sums of (trials, or rows), and the known part of η.
    X, Z : numpy.ndarray
        Shapes (R, p) and (R, q).
    start : numpy.ndarray
        Shape (J,): first row of each cluster.
    cluster : numpy.ndarray
        Shape (R,): number of each row's cluster.
    constant : numpy.ndarray
        Shape (J,): terms of the log density without parameters, by cluster.
    """

    y: Array
    trials: Array
    known: Array
    X: Array
    Z: Array
    start: npt.NDArray[np.intp]
    cluster: npt.NDArray[np.intp]
    constant: Array

    quadratic: ClassVar[bool] = False
    """Whether the log density is quadratic in the linear predictor."""

    def by_cluster(self, values: Array) -> Array:
        """Sums over the rows of each cluster along the last axis."""
        return np.asarray(np.add.reduceat(values, self.start, axis=-1))

    @staticmethod
    @abstractmethod
    def sums(y: Array, size: Array, total: Callable[[Array], Array], row: npt.NDArray[np.intp]) -> tuple[Array, ...]:
        """What rows hold that stand together.

        Parameters
        ----------
        y, size : numpy.ndarray
            Shape (N,): outcomes, and trials or exposure.
        total : callable
            Sums of a value over the rows that stand together.
        row : numpy.ndarray
            Shape (N,): where each row goes.

        Returns
        -------
        y, trials, known, constant : numpy.ndarray
            Shape (R,) each.
        """

    @abstractmethod
    def mean(self, linear: Array) -> Array:
        """Expected y."""

    @abstractmethod
    def guess(self) -> Array:
        """A rough linear predictor of each row by itself."""

    @abstractmethod
    def curvature(self, mean: Array) -> Array:
        """Variance of y given its mean, which is the curvature of −log p by the linear predictor."""

    @abstractmethod
    def kernel(self, linear: Array) -> Array:
        """Log density of each row but for the normalisers."""

    @abstractmethod
    def normalisers(self, dispersion: float) -> Array:
        """Shape (J,): terms of the log density that don't depend on the linear predictor, by cluster."""


@dataclass(frozen=True)
class CountRows(Rows):
    """Rows of counts: their log density stands relative to one that fits each row by itself, so that large counts lose
    no digits.
    """

    @property
    @abstractmethod
    def saturated(self) -> Array:
        """Shape (R,): log density where each row is fitted by itself, but for the constant."""

    def normalisers(self, dispersion: float) -> Array:
        return self.constant + self.by_cluster(self.saturated)


class Likelihood(ABC):
    """The distribution of an outcome given its linear predictor.

    Attributes
    ----------
    name : str
        As ``family:`` has it.
    kind : str
        ``measurement``; ``event``: a row is 0 or 1; or ``count``: rows can vary more than the likelihood says.
    link : Link
    size : str or None
        Config key of the column that says what an outcome was taken from.
    size_required : bool
    has_sigma : bool
        Whether there is a residual SD, named ``sigma``.
    rows : type of Rows
        With ``quadratic`` rows random effects are integrated out in closed form.
    stan : int
        Number in ``stan/functions/latent_rows.hpp``.
    adjective : str
        Before "regression".
    r_family : str or None
        For ``glmer``; None with ``lmer``.
    symbol : str
        A sentence on the symbol that only this likelihood has in the equation (``reports/sections/hierarchical``).
    """

    name: ClassVar[str]
    kind: ClassVar[Kind]
    link: ClassVar[Link]
    size: ClassVar[str | None] = None
    size_required: ClassVar[bool] = False
    has_sigma: ClassVar[bool] = False
    rows: ClassVar[type[Rows]]
    stan: ClassVar[int]
    adjective: ClassVar[str]
    r_family: ClassVar[str | None]
    symbol: ClassVar[str]

    @abstractmethod
    def faults(self, outcome: str, size_column: str, y: Array, size: Array) -> list[Fault]:
        """Rows whose values the likelihood doesn't have.

        Parameters
        ----------
        outcome, size_column : str
            Names of the columns, for messages.
        y, size : numpy.ndarray
            Shape (N,).
        """

    @abstractmethod
    def overall(self, y: Array, size: Array) -> float:
        """The mean of all rows on the scale of the coefficients, half an event away from none and from all."""

    @abstractmethod
    def simulate(self, rng: np.random.Generator, linear: Array, size: Array, sigma: float) -> Array:
        """Random outcomes, sums over trials or exposure.

        Parameters
        ----------
        rng : numpy.random.Generator
        linear, size : numpy.ndarray
            Linear predictors of one trial or unit of exposure, and trials or exposure.
        sigma : float
            Residual SD; ignored without one.
        """

    @abstractmethod
    def cumulative(self, y: Array, size: Array, linear: Array, sigma: float) -> tuple[Array, Array]:
        """P(Y < y) and P(Y ≤ y), shape (N,) each, for arguments as in `simulate`."""

    @abstractmethod
    def level1_variance(self, sigma: Array, y: Array) -> Array:
        """Shape (S,): variance within clusters on the scale of the coefficients.

        Parameters
        ----------
        sigma : numpy.ndarray
            Shape (S,): residual SDs, zero without one.
        y : numpy.ndarray
            Shape (N,): outcomes.
        """

    @abstractmethod
    def response(self, outcome: str, settings: Mapping[str, Any]) -> str:
        """What is predicted, in words."""
