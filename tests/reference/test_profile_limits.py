"""Intervals by profile likelihood where estimates lie on boundaries, profiles are flat or one row is far off."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2
from tests.conftest import ROOT

from hiermeta.data.hierarchical import validate
from hiermeta.data.read import Source
from hiermeta.inference.hierarchical import classical, profile
from hiermeta.models.hierarchical_files import with_priors

CASES = ROOT / "tests" / "cases"
CONFINT = {
    "profile-search/orthodont.csv": (
        "distance ~ age + (1 + age | Subject)",
        {
            "sd(Subject:intercept)": (0, 4.20273),
            "cor(Subject:intercept,age)": (-1, 1),
            "sd(Subject:age)": (0.006455, 0.392861),
            "sigma": (1.097032, 1.598892),
            "intercept": (15.21542, 18.30680),
            "age": (0.518120, 0.802251),
        },
    ),
    "break/profile_nullvar/null_10_1.csv": (
        "y ~ x + (1 | g)",
        {"sd(g:intercept)": (0, 0.532), "sigma": (0.661, 1.010), "x": (0.187, 0.732)},
    ),
    "singular-slopes/one-large-group.csv": (
        "y ~ 1 + (1 | g)",
        {"sigma": (0.88444, 1.00154), "intercept": (-1.39476, 0.32295)},
    ),
}
"""lme4's ``confint(lmer(..., REML = FALSE))``."""


def fitted(table, formula):
    """The full maximum likelihood fit of a table."""
    text = table.map(str)
    text.index = pd.RangeIndex(1, len(text) + 1)
    settings = {"formula": formula, "family": "gaussian"}
    return classical.fit(with_priors(validate(Source("case", "", text), settings).table, settings)[0], reml=False)


def simulated(kind, groups, seed):
    """Five rows per group that don't differ: with random intercepts or slopes, or one row 30 SDs away."""
    rng = np.random.default_rng(1000 * groups + seed)
    g, x = np.repeat(np.arange(groups), 5), rng.normal(size=groups * 5)
    y = 0.5 * x + rng.normal(size=groups * 5)
    if kind == "outlier":
        y += 0.5 * rng.normal(size=groups)[g]
        y[0] += 30
    return pd.DataFrame({"g": [f"g{k}" for k in g], "x": x, "y": y})


@pytest.mark.parametrize("name", CONFINT)
def test_limits_of_textbook_models_are_those_of_lme4(name):
    """Are limits lme4's, to 1e-3 of the interval, where it has no warning?

    Seen to fail when bracketing searches began anew at their ends and met another minimum.
    """
    formula, reference = CONFINT[name]
    found = profile.intervals(fitted(pd.read_csv(CASES / name), formula), {})
    for parameter, limits in reference.items():
        mine = found[parameter][1:]
        assert mine == pytest.approx(limits, abs=1e-3 * (mine[1] - mine[0])), parameter


def dense(table):
    """Smallest −2 log likelihood of random intercepts at group SDs, over a grid of σ, from means and squares."""
    groups = table.groupby("g")["y"]
    n, mean = groups.size().to_numpy(), groups.mean().to_numpy()
    left = float(((table["y"] - groups.transform("mean")) ** 2).sum())
    sigma = np.geomspace(0.8, 1.1, 2001) * np.sqrt(left / (n - 1).sum())

    def at(sd):
        variance = sd**2 + sigma[:, None] ** 2 / n
        mu = (mean / variance).sum(axis=1) / (1 / variance).sum(axis=1)
        squares = ((mean - mu[:, None]) ** 2 / variance).sum(axis=1) + left / sigma**2
        return float((2 * (n - 1).sum() * np.log(sigma) + np.log(variance * n).sum(axis=1) + squares).min())

    return at


def test_a_profile_that_falls_again_towards_zero_ends_where_it_first_crosses():
    """Are the limits of the group SD with one large group where an independent dense search finds the cutoff?

    D rises to 5.2 above its minimum at an SD of 0.12 and falls to 3.849 at zero, just above the cutoff of 3.841. lme4
    warns of a non-monotonic profile and interpolates linearly, to 0.04.

    Seen to fail with the cutoff of 90%.
    """
    table = pd.read_csv(CASES / "singular-slopes" / "one-large-group.csv")
    estimate, lower, upper = profile.intervals(fitted(table, "y ~ 1 + (1 | g)"), {})["sd(g:intercept)"]
    at = dense(table)
    for limit in (lower, upper):
        assert at(limit) - at(estimate) == pytest.approx(chi2.ppf(0.95, 1), abs=2e-3)
    assert at(0.0) - at(estimate) > chi2.ppf(0.95, 1)


@pytest.mark.parametrize(
    ("kind", "formula"),
    [("null", "y ~ x + (1 | g)"), ("null", "y ~ x + (1 + x | g)"), ("outlier", "y ~ x + (1 + x | g)")],
)
def test_every_interval_is_found_without_variance_and_with_an_outlier(kind, formula):
    """Does every parameter have an interval around its estimate, in data whose estimates lie on boundaries?

    Seen to fail, for slopes without variance, when searches were expected to reproduce their values.
    """
    for seed in range(4):
        for name, (estimate, lower, upper) in profile.intervals(fitted(simulated(kind, 6, seed), formula), {}).items():
            assert lower <= estimate <= upper, name
            assert lower < upper, name


@pytest.mark.parametrize("case", ["singular-slopes/data.csv", "break/profile_slope6/slope6.csv"])
def test_singular_slopes_have_intervals(case):
    """Do correlations at ±1 have one-sided or open intervals? Seen to fail as the test above."""
    formula = "outcome ~ treatment + (1 + treatment | group)" if "singular" in case else "y ~ x + (1 + x | g)"
    for estimate, lower, upper in profile.intervals(fitted(pd.read_csv(CASES / case), formula), {}).values():
        assert lower <= estimate <= upper
