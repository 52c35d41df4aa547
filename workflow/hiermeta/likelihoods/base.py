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

    Rows that share cluster and design row may stand together as one; they are sorted by cluster. Parameters of the
    likelihood itself are those of `at`: a residual SD of 1 before it was called.

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

    def at(self, own: Array) -> Rows:
        """The rows at values of the likelihood's own parameters.

        Parameters
        ----------
        own : numpy.ndarray
            Shape (..., 1 + m): residual SD (ignored without one), then the m shape parameters. Leading dimensions are
            those of the linear predictors before the rows.
        """
        return self

    @abstractmethod
    def mean(self, linear: Array) -> Array:
        """Expected y."""

    @abstractmethod
    def guess(self) -> Array:
        """A rough linear predictor of each row by itself."""

    @abstractmethod
    def derivatives(self, linear: Array) -> tuple[Array, Array]:
        """Score, the derivative of the log density by the linear predictor, and working weights: its variance."""

    def curvature(self, linear: Array) -> Array:
        """Curvature of −log p by the linear predictor, which is the working weight unless outcomes bear on it."""
        return self.derivatives(linear)[1]

    @abstractmethod
    def kernel(self, linear: Array) -> Array:
        """Log density of each row but for the normalisers."""

    @abstractmethod
    def normalisers(self) -> Array:
        """Shape (..., J): terms of the log density that don't depend on the linear predictor, by cluster."""


@dataclass(frozen=True)
class CountRows(Rows):
    """Rows of counts: their log density stands relative to one that fits each row by itself, so that large counts lose
    no digits.
    """

    @property
    @abstractmethod
    def saturated(self) -> Array:
        """Shape (R,): log density where each row is fitted by itself, but for the constant."""

    @abstractmethod
    def variance(self, mean: Array) -> Array:
        """Variance of y given its mean."""

    def derivatives(self, linear: Array) -> tuple[Array, Array]:
        mean = self.mean(linear)
        return self.y - mean, self.variance(mean)

    def normalisers(self) -> Array:
        return self.constant + self.by_cluster(self.saturated)


@dataclass(frozen=True)
class Shape:
    """A parameter of a likelihood beside its residual SD, without units.

    Parameters
    ----------
    name : str
        In tables, and under ``priors:`` in the config.
    meaning : str
    prior : str
        The default.
    source : str
        Where that comes from.
    bounds : tuple of float
        Between which it lies.
    """

    name: str
    meaning: str
    prior: str
    source: str
    bounds: tuple[float, float]


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
    shapes : tuple of Shape
        Its further parameters.
    additive : bool
        Whether the log density of rows with one linear predictor depends on the sum of their outcomes only.
    rows : type of Rows
        With ``quadratic`` rows random effects are integrated out in closed form.
    stan : int
        Number in ``stan/functions/latent_rows.hpp``.
    adjective : str
        Before "regression".
    r_function, r_family : str, str
        What fits the model in R by maximum likelihood (of lme4 or glmmTMB), and its ``family``, empty without one.
    brms_family : str
    distribution, arguments, mean : str, tuple of str, str
        The equation of the report: y_i ~ distribution(arguments), link(mean_i) = the linear predictor. In arguments, a
        letter stands for itself and one with ``_i`` for that of a row.
    symbol : str
        A sentence on the symbols that only this likelihood has in the equation.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind]
    link: ClassVar[Link]
    size: ClassVar[str | None] = None
    size_required: ClassVar[bool] = False
    has_sigma: ClassVar[bool] = False
    shapes: ClassVar[tuple[Shape, ...]] = ()
    additive: ClassVar[bool] = True
    rows: ClassVar[type[Rows]]
    stan: ClassVar[int]
    adjective: ClassVar[str]
    r_function: ClassVar[str]
    r_family: ClassVar[str] = ""
    brms_family: ClassVar[str]
    distribution: ClassVar[str]
    arguments: ClassVar[tuple[str, ...]]
    mean: ClassVar[str]
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
    def simulate(self, rng: np.random.Generator, linear: Array, size: Array, own: Array) -> Array:
        """Random outcomes, sums over trials or exposure.

        Parameters
        ----------
        rng : numpy.random.Generator
        linear, size : numpy.ndarray
            Linear predictors of one trial or unit of exposure, and trials or exposure.
        own : numpy.ndarray
            Shape (1 + m,): see `Rows.at`.
        """

    @abstractmethod
    def cumulative(self, y: Array, size: Array, linear: Array, own: Array) -> tuple[Array, Array]:
        """P(Y < y) and P(Y ≤ y), shape (N,) each, for arguments as in `simulate`."""

    @abstractmethod
    def level1_variance(self, own: Array, y: Array) -> Array:
        """Shape (S,): variance within clusters on the scale of the coefficients.

        Parameters
        ----------
        own : numpy.ndarray
            Shape (S, 1 + m): see `Rows.at`.
        y : numpy.ndarray
            Shape (N,): outcomes.
        """

    @abstractmethod
    def response(self, outcome: str, settings: Mapping[str, Any]) -> str:
        """What is predicted, in words."""
