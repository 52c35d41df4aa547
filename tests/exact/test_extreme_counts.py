"""Counts and random effects so large that rounding, or overflow, could decide: modes and log densities."""

from decimal import Decimal, getcontext
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from hiermeta.inference.hierarchical import classical_counts
from hiermeta.likelihoods import LIKELIHOODS
from hiermeta.marginal.hermite import aggregate
from hiermeta.models.hierarchical_files import with_priors

getcontext().prec = 60
LARGE = [1, 1e3, 1e6, 1e9, 1e12]


def rows_of(family, y, size):
    codes, one = np.arange(len(y)), np.ones((len(y), 1))
    return aggregate(LIKELIHOODS[family], codes, np.array(y, float), np.array(size, float), one, one)[0]


def exactly(family, y, size, linear):
    """Log density without its constant, in 60 digits."""
    if family == "poisson":
        return Decimal(y) * Decimal(linear) - Decimal(linear).exp()
    return Decimal(y) * Decimal(linear) - Decimal(size) * (1 + Decimal(linear).exp()).ln()


@pytest.mark.parametrize("family", ["poisson", "binomial"])
@pytest.mark.parametrize("count", LARGE)
def test_differences_of_log_densities_keep_their_digits(family, count):
    """Is the fall of the log density between two linear predictors that of arithmetic with 60 digits?

    The points lie one and two SDs of the estimate from the best one, where log densities differ by about 1 whatever the
    counts; linear predictors themselves are rounded to 1e-16 of their size, which with 1e12 events makes 1e-8.

    Seen to fail from 1e9 events on when log densities were not taken relative to their maximum.
    """
    y, size = 3 * count, 10 * count if family == "binomial" else 1.0
    rows = rows_of(family, [y], [size])
    sd = 1 / np.sqrt(rows.variance(np.array([y]))[0])
    best = np.log(y) if family == "poisson" else np.log(y / (size - y))
    points = best + sd * np.array([-2.0, -1.0, 1.0, 2.0])
    found = rows.kernel(points[:, None])[:, 0]
    right = [exactly(family, y, size, point) for point in points]
    assert np.diff(found) == pytest.approx([float(b - a) for a, b in pairwise(right)], abs=1e-7)


@pytest.mark.parametrize("family", ["poisson", "binomial"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("linear", [-900.0, -40.0, -1.0, 0.0, 2.0, 40.0, 600.0])
def test_log_densities_are_those_of_the_formula(family, share, linear):
    """Are they right with no events, with nothing but events, and far out on either side?"""
    y, size = 10 * share, 10.0
    rows = rows_of(family, [y], [size])
    constant = rows.constant[0] - (y * rows.known[0] if family == "poisson" else 0.0)
    found = (rows.kernel(np.array([linear])) + rows.normalisers())[0] - rows.constant[0]
    assert np.isfinite(constant)
    assert found == pytest.approx(float(exactly(family, y, size, linear)), rel=1e-12, abs=1e-12)


@pytest.fixture(scope="module")
def crossed():
    """Fifteen Poisson rows with three grouping factors."""
    rng = np.random.default_rng(19)
    table = pd.DataFrame({"row": range(1, 16), "x": rng.normal(size=15), "y": rng.poisson(3.0, size=15)})
    for name, levels in {"a": 3, "b": 2, "c": 4}.items():
        table[name] = rng.permutation(np.arange(15) % levels).astype(str)
    settings = {"formula": "y ~ x + (1 | a) + (1 | b) + (1 | c)", "family": "poisson"}
    return with_priors(table, settings)[0].latent_rows


@pytest.mark.parametrize("far", [0.0, 1.0, 100.0, 1e77])
@pytest.mark.parametrize("sd", [(1e-4, 1.0, 1e-3), (1.0, 1.0, 1.0), (2.3, 3e-4, 1450.0), (1e-6, 1e4, 1.0)])
def test_modes_do_not_depend_on_where_the_search_begins(crossed, sd, far):
    """Is the log density found from a start whose exponentials overflow the one found from zero?

    Seen to fail with ``RuntimeError: Factor is exactly singular`` when searches began at the start they were given.
    """
    L, prior = np.diag(np.array(sd)), (np.zeros(2), np.full(2, 0.1))
    plain = crossed.approximate(L, crossed.rows.known, np.ones(1), prior)
    start = np.full(crossed.size, far), np.full(2, far)
    with np.errstate(over="ignore", invalid="ignore"):
        found = crossed.approximate(L, crossed.rows.known, np.ones(1), prior, start)
    assert found.value == pytest.approx(plain.value, abs=1e-6)
    assert found.linear == pytest.approx(plain.linear, abs=1e-4)


def test_standard_errors_do_not_need_the_likelihood_all_around_its_maximum():
    """Has the classical fit standard errors where clusters of no events stand beside clusters of millions?

    Seen to fail with an error at some of the points beside the maximum, which crashed the data set.
    """
    rng = np.random.default_rng(3)
    clusters, raters = np.arange(24) % 6, rng.integers(3, size=24)
    rng.normal(size=24)
    rates = np.exp(np.array([-30.0, 0.0, 16.0, -30.0, 16.0, -30.0])[clusters] + rng.normal(size=24))
    table = pd.DataFrame({"school": clusters.astype(str), "rater": raters.astype(str), "y": rng.poisson(rates)})
    model = with_priors(table, {"formula": "y ~ 1 + (1 | school) + (1 | rater)", "family": "poisson"})[0]
    assert 1 < classical_counts.fit(model).standard_errors[0] < 20
