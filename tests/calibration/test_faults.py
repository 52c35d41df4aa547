"""Can calibration fail? Planted faults are seen after the replications that `docs/calibration` says it takes."""

import numpy as np
import pandas as pd
import pytest

from tests.calibration.exact_ranks import exact_ranks
from tests.calibration.faults import FAULTS, FEW, GAMMA, JACOBIAN, PRIOR, VARIANCE, caught, no_jacobian
from tests.calibration.replications import generator, ranks_of, replicate

NEEDED = {PRIOR: 150, JACOBIAN: 200, VARIANCE: 10}
"""Replications after which nine of ten calibrations see the fault."""


@pytest.mark.parametrize("name", NEEDED)
def test_a_planted_fault_is_seen(name):
    """Does a quantity leave its 99.9% band when the analysis has a wrong prior, Jacobian or variance?

    Without the fault the families' ranks stay inside: the next test.
    """
    family, fault = FAULTS[name]
    rows = pd.DataFrame([replicate(family, i, fault) for i in range(NEEDED[name])])
    assert caught(rows[ranks_of(rows)])


@pytest.mark.parametrize("family", [FEW, GAMMA], ids=lambda family: family.name)
def test_without_a_fault_nothing_is_seen(family):
    """Do the exact posterior's ranks stay inside their bands for as many replications of the faults' own families?"""
    assert not caught(pd.DataFrame([exact_ranks(family, i) for i in range(200)]))


def test_the_prior_in_place_of_a_missing_jacobian_is_its_equal():
    """Is p(τ)/τ, the density that is sampled without the Jacobian of τ = exp(u), proportional to the fault's prior?"""
    x = np.array([0.01, 0.2, 0.9])
    simulated = GAMMA.simulate(generator("any", 0))
    right, wrong = simulated.model.priors["tau"], no_jacobian(simulated).model.priors["tau"]
    ratio = right.pdf(x) / x / wrong.pdf(x)
    assert ratio == pytest.approx(ratio[0])
