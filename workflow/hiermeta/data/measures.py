"""Effect-size measures: their names, their natural scales, and what scales the default priors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def _identity(x: Array) -> Array:
    return x


def _inverse_logit(x: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * x))


def _squared_sine(x: Array) -> Array:
    return np.sin(np.clip(x, 0.0, math.pi / 2)) ** 2


TRANSFORMATIONS: dict[str, Callable[[Array], Array]] = {
    "identity": _identity,
    "exp": np.exp,
    "tanh": np.tanh,
    "inverse logit": _inverse_logit,
    "squared sine": _squared_sine,
}
"""Back-transformations from the analysis scale to the natural scale; all are increasing."""


@dataclass(frozen=True)
class Measure:
    """An effect-size measure, under metafor's abbreviation.

    Parameters
    ----------
    label : str
        What it is on the scale of the analysis, in words; log measures say so.
    natural_label : str
        What it is on its natural scale: risk ratio, correlation, proportion.
    transformation : str
        Key of `TRANSFORMATIONS` that leads from the scale of the analysis to the natural scale.
    unit_information_sd : float or None
        Standard deviation of one unit of information (docs/explanation/specification.md); None
        where it depends on the units of the outcome.
    no_effect : float or None
        The value, on the scale of the analysis, that means no effect; None for measures of one group.
    """

    label: str
    natural_label: str
    transformation: str = "identity"
    unit_information_sd: float | None = None
    no_effect: float | None = 0.0

    @property
    def single_group(self) -> bool:
        """True for measures of one group, where an effect of zero is not neutral."""
        return self.no_effect is None


MEASURES = {
    "SMD": Measure("standardised mean difference", "standardised mean difference", unit_information_sd=math.sqrt(2)),
    "SMDH": Measure(
        "standardised mean difference (heteroscedastic)",
        "standardised mean difference (heteroscedastic)",
        unit_information_sd=math.sqrt(2),
    ),
    "MD": Measure("mean difference", "mean difference"),
    "ROM": Measure("log ratio of means", "ratio of means", "exp"),
    "OR": Measure("log odds ratio", "odds ratio", "exp", 2.0),
    "RR": Measure("log risk ratio", "risk ratio", "exp", 2.0),
    "RD": Measure("risk difference", "risk difference"),
    "HR": Measure("log hazard ratio", "hazard ratio", "exp", 2.0),
    "IRR": Measure("log incidence rate ratio", "incidence rate ratio", "exp", 2.0),
    "IRD": Measure("incidence rate difference", "incidence rate difference"),
    "COR": Measure("correlation", "correlation"),
    "ZCOR": Measure("correlation (Fisher's z)", "correlation", "tanh", 1.0),
    "PR": Measure("proportion", "proportion", no_effect=None),
    "PLN": Measure("log proportion", "proportion", "exp", no_effect=None),
    "PLO": Measure("log odds", "proportion", "inverse logit", no_effect=None),
    "PAS": Measure("arcsine square root of a proportion", "proportion", "squared sine", no_effect=None),
    "IR": Measure("incidence rate", "incidence rate", no_effect=None),
    "IRLN": Measure("log incidence rate", "incidence rate", "exp", no_effect=None),
    "MN": Measure("mean", "mean", no_effect=None),
    "MNLN": Measure("log mean", "mean", "exp", no_effect=None),
    "GEN": Measure("effect", "effect"),
}


def to_natural(measure: str, x: npt.ArrayLike) -> Array:
    """Back-transform values to a measure's natural scale.

    Parameters
    ----------
    measure : str
        Abbreviation, a key of `MEASURES`.
    x : array-like
        Any shape; values on the scale of the analysis. Transform quantiles and draws, not means or standard
        deviations: the mean of a transformed quantity is not the transformed mean.

    Returns
    -------
    numpy.ndarray
        Same shape. Arcsine-transformed proportions outside [0, π/2] become 0 or 1.

    Examples
    --------
    >>> float(to_natural("RR", 0.0)), float(to_natural("PLO", 0.0)), float(to_natural("MD", 2.5))
    (1.0, 0.5, 2.5)
    """
    return TRANSFORMATIONS[MEASURES[measure].transformation](np.asarray(x, dtype=float))
