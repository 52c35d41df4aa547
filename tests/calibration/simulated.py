"""What both kinds of families share: a simulated data set, draws from priors, compiled programs."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from hiermeta.sampling.families import family_program
from tests.conftest import ROOT


@dataclass(frozen=True)
class Simulated:
    """One data set as a model, the truth by quantity, and the true parameters as a single draw of the library's."""

    model: object
    truth: dict
    draw: object


@cache
def compiled(name):
    """A shipped program; its executable is checked once."""
    return family_program(ROOT / "stan" / f"{name}.stan")


def drawn(prior, rng):
    """A value from a prior, which may be a point."""
    return prior.arguments[0] if prior.is_point else float(prior.ppf(rng.random()))


def normal(mean, variance, rng):
    """A normal number for each mean and variance."""
    return mean + np.sqrt(variance) * rng.standard_normal(mean.shape)
