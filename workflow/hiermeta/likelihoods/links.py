"""Link functions: from the scale of the coefficients to that of the outcome, and what either is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Link:
    """A link function.

    Parameters
    ----------
    name : str
        In equations.
    scale : str
        What coefficients are in, as printed.
    ratio : str
        What the exponential of a coefficient is called; empty for the identity link.
    inverse : callable
        From linear predictors, of any shape, to expected outcomes (of one trial, or per unit of exposure).
    """

    name: str
    scale: str
    ratio: str
    inverse: Callable[[Array], Array]


def _exp(linear: Array) -> Array:
    return np.exp(np.minimum(linear, 700.0))


def _logistic(linear: Array) -> Array:
    return np.asarray(expit(linear))


IDENTITY = Link("identity", "outcome", "", np.asarray)
LOGIT = Link("logit", "log odds", "odds ratio", _logistic)
LOG = Link("log", "log rate", "rate ratio", _exp)
