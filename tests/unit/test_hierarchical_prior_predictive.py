"""What priors alone say of a regression's outcome: are the draws those of the priors, and the quantiles theirs?"""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from hiermeta.inference.hierarchical.prior_predictive import table
from hiermeta.models import prior_draws
from hiermeta.models.hierarchical_files import with_priors

COUNT = 20_000


def model_of(formula, priors=None, family="gaussian", **columns):
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(6), 10)
    frame = pd.DataFrame({"row": range(1, 61), "g": g.astype(str), "h": np.tile(list("ab"), 30)})
    frame["x"], frame["z"] = rng.normal(5, 2, 60), rng.normal(size=60)
    frame["y"] = columns.get("y", 10 + frame["x"] + rng.normal(size=60))
    return with_priors(frame, {"formula": formula, "family": family, "priors": priors or {}})[0]


def test_draws_are_those_of_the_priors():
    """Have intercept (at the mean of x), slope, SDs and sigma the quantiles of their priors? COUNT slices: 1 %.

    Seen to fail with the intercept's prior at x = 0, and with priors taken for those of standardised coefficients.
    """
    model = model_of("y ~ x + (x | g)")
    found = prior_draws.regression(model, COUNT, np.random.default_rng(1))
    at_mean = found.beta[:, 0] + found.beta[:, 1] * model.X[:, 1].mean()
    drawn = {"intercept": at_mean, "x": found.beta[:, 1], "sigma": found.sigma}
    drawn |= dict(zip(model.sd_names, found.sd.T, strict=True))
    for name, values in drawn.items():
        prior = model.priors[name]
        spread = float(prior.ppf(0.9) - prior.ppf(0.1))
        for level in (0.05, 0.5, 0.95):
            assert np.quantile(values, level) == pytest.approx(float(prior.ppf(level)), abs=0.01 * spread), name


@pytest.mark.parametrize(("formula", "q"), [("y ~ x + (x | g)", 2), ("y ~ x + z + (x + z | g)", 3)])
def test_correlations_have_the_variance_of_the_lkj_prior(formula, q):
    """Is the variance of each correlation 1 / (2η + q − 1), as Lewandowski, Kurowicka & Joe (2009) have it?

    Seen to fail with the same shape for all partial correlations.
    """
    model = model_of(formula)
    found = prior_draws.regression(model, COUNT, np.random.default_rng(1)).correlation
    for i in range(q):
        for j in range(i):
            assert found[:, i, j].mean() == pytest.approx(0, abs=0.02)
            assert found[:, i, j].var() == pytest.approx(1 / (2 * model.eta + q - 1), rel=0.05)


def test_quantiles_are_those_of_the_outcome_that_the_priors_imply():
    """Are average, cluster means and rows normal with the variances that μ, clusters of ten and rows add up to?

    SDs are as good as fixed: half-normals of a narrow scale, E[sd²] = scale². A thousand data sets: quantiles of the
    average to 5 %, of more values better. Seen to fail without the residual variance.
    """
    priors = {"intercept": "normal(3, 2)", "sd": "half_normal(0.1)", "sigma": "half_normal(0.1)"}
    rows = table(model_of("y ~ 1 + (1 | g)", priors)).set_index("quantity")
    assert list(rows.index) == ["average", "cluster mean", "row"]
    for name, level in (("q2.5", 0.025), ("q75", 0.75)):
        for quantity in rows.index:
            assert rows.loc[quantity, name] == pytest.approx(norm.ppf(level, 3, 2), abs=0.2)
    priors |= {"intercept": "normal(3, 0.01)", "sd": "half_normal(2)"}
    between = table(model_of("y ~ 1 + (1 | g)", priors)).set_index("quantity")
    grid = 2 * norm.ppf(0.5 + (np.arange(2000) + 0.5) / 4000)
    below = norm.cdf(between.loc["cluster mean", "q2.5"], 3, grid).mean()
    assert below == pytest.approx(0.025, abs=0.006)
    priors |= {"sd": "half_normal(0.01)", "sigma": "half_normal(2)"}
    within = table(model_of("y ~ 1 + (1 | g)", priors)).set_index("quantity")
    assert norm.cdf(within.loc["row", "q2.5"], 3, grid).mean() == pytest.approx(0.025, abs=0.003)
    assert norm.cdf(within.loc["cluster mean", "q2.5"], 3, grid / np.sqrt(10)).mean() == pytest.approx(0.025, abs=0.006)


def test_data_stand_beside_the_priors():
    """Are observed quantiles those of the data, by grouping factor, and are rows of 0 and 1 left out?

    Seen to fail with clusters in the order of the first factor for all.
    """
    model = model_of("y ~ x + (1 | g) + (1 | h)")
    rows = table(model).set_index("quantity")
    assert list(rows.index) == ["average", "cluster mean [g]", "cluster mean [h]", "row"]
    y = pd.Series(model.outcome)
    for quantity, values in (
        ("average", y.mean()),
        ("cluster mean [g]", y.groupby(np.repeat(np.arange(6), 10)).mean()),
        ("cluster mean [h]", y.groupby(np.tile([0, 1], 30)).mean()),
        ("row", y),
    ):
        assert rows.loc[quantity, "observed_q25"] == pytest.approx(np.quantile(values, 0.25), rel=1e-12)
    zeros = table(model_of("y ~ 1 + (1 | g)", family="bernoulli", y=np.tile([0.0, 1.0, 1.0], 20)))
    assert list(zeros["quantity"]) == ["average", "cluster mean"]
    assert zeros.loc[0, "observed_median"] == pytest.approx(2 / 3)
