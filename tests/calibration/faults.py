"""Planted faults, and how many replications it takes to see them.

A fault turns simulated data into what a faulty analysis would take for them.
"""

from dataclasses import replace
from functools import cache

import numpy as np

from hiermeta.models.priors import parse
from hiermeta.sampling.programs import compiled
from tests.calibration.families import FAMILIES
from tests.calibration.meta_family import Meta
from tests.calibration.uniformity import critical, smallest_tail
from tests.conftest import ROOT

SIZES = (10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 500, 750)
_ORDERS = 100
_MU = {"mu": "normal(0.1, 0.5)"}
GAMMA = Meta("gamma-prior", "Two-level meta-analysis, gamma prior", _MU | {"tau": "gamma(2, 8)"}, clusters=False)
FEW = Meta(
    "few-estimates", "Two-level meta-analysis of six imprecise estimates", _MU | {"tau": "half_normal(0.3)"},
    clusters=False, estimates=6, imprecision=6,
)  # fmt: skip


def wide_prior(simulated):
    """The prior of τ is 1.5 times as wide as it should be."""
    return _with(simulated, priors=simulated.model.priors | {"tau": parse("half_normal(0.45)")})


def no_jacobian(simulated):
    """τ = exp(u) is sampled without its Jacobian.

    The density p(τ) of u in place of p(τ)τ is the prior p(τ)/τ, and Gamma(2, 8)/τ is proportional to Exponential(8).
    """
    return _with(simulated, priors=simulated.model.priors | {"tau": parse("exponential(8)")})


def swapped_variance(simulated):
    """Standard errors are taken for variances."""
    return _with(simulated, variance=np.sqrt(simulated.model.variance))


def _with(simulated, **changed):
    return replace(simulated, model=replace(simulated.model, **changed))


PRIOR = "prior of τ 1.5 times too wide, six imprecise estimates"
JACOBIAN, VARIANCE = "Jacobian of τ missing", "standard errors taken for variances"
FAULTS = {
    PRIOR: (FEW, wide_prior),
    "prior of τ 1.5 times too wide, 18 estimates": (FAMILIES["two-level"], wide_prior),
    JACOBIAN: (GAMMA, no_jacobian),
    VARIANCE: (FAMILIES["two-level"], swapped_variance),
}
"""By name: the family whose data are analysed, and the fault."""


@cache
def program_without_jacobian():
    """``meta.stan`` with the density of τ = exp(u) without its Jacobian."""
    text = (ROOT / "stan" / "meta.stan").read_text()
    right, wrong = "prior_lpdf(tau | tau_family, tau_prior)", "prior_lpdf(tau | tau_family, tau_prior) - log(tau)"
    assert text.count(right) == 1
    changed = ROOT / "results" / "calibration" / "no_jacobian.stan"
    changed.parent.mkdir(parents=True, exist_ok=True)
    changed.write_text(text.replace(right, wrong))
    functions = ROOT / "stan" / "functions"
    options = {"allow-undefined": True}
    return compiled(
        changed, include_paths=[functions], stanc_options=options, user_header=functions / "three_level.hpp"
    )


def caught(ranks):
    """Does the ECDF of any quantity leave its 99.9 % band? Ranks have shape (n, quantities)."""
    limit = critical(len(ranks))
    return any(smallest_tail(column) <= limit for column in np.asarray(ranks).T)


def replications_needed(seen, total, share):
    """The smallest of `SIZES` at which this share of 100 random selections of replications shows the fault.

    Parameters
    ----------
    seen : callable
        Whether replications show the fault, given their numbers.
    total : int
        Replications to select from.
    share : float

    Returns
    -------
    int or None
        None where more would be needed.
    """
    rng = np.random.default_rng(1)
    for size in (size for size in SIZES if size <= total):
        if np.mean([seen(rng.permutation(total)[:size]) for _ in range(_ORDERS)]) >= share:
            return size
    return None
