"""Residuals by level: the scale they stand on, and whether they find what is planted."""

import numpy as np
import pandas as pd
import pytest

from hiermeta.inference.hierarchical import residuals
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical_files import with_priors

SD, SIGMA = np.array([0.8, 0.5]), 0.6
OMEGA = np.array([[1.0, 0.4], [0.4, 1.0]])


def simulated(clusters=200, size=8, family="gaussian"):
    """A random-slope model at its true parameters: model, table, one draw (two for counts), random effects."""
    rng = np.random.default_rng(11)
    codes = np.repeat(np.arange(clusters), size)
    x = rng.normal(size=len(codes))
    u = rng.standard_normal((clusters, 2)) @ (SD[:, None] * np.linalg.cholesky(OMEGA)).T
    linear = 0.5 + 0.3 * x + u[codes, 0] + u[codes, 1] * x
    draw = {
        "gaussian": lambda: linear + SIGMA * rng.standard_normal(len(codes)),
        "poisson": lambda: rng.poisson(np.exp(linear)).astype(float),
        "bernoulli": lambda: rng.binomial(1, 1 / (1 + np.exp(-linear))).astype(float),
    }[family]
    table = pd.DataFrame({"row": np.arange(1, len(codes) + 1), "y": draw(), "x": x, "g": codes.astype(str)})
    settings = {"formula": "y ~ x + (x | g)", "family": family}
    model = with_priors(table, settings)[0]
    draws = Draws(np.tile([0.5, 0.3], (2, 1)), np.full(2, SIGMA), np.tile(SD, (2, 1)), np.tile(OMEGA, (2, 1, 1)))
    return model, table, draws, u


def test_standardised_residuals_have_the_variances_of_the_dense_model():
    """Are residuals and random effects those of V = ZΣZ' + σ²I, and their SDs those of Lange & Ryan's formulas?

    Seen to fail with all residuals over σ and with random effects over their prior SD.
    """
    model, table, draws, _ = simulated(clusters=12)
    found = residuals.tables(model, table, draws, ())
    covariance = SD[:, None] * OMEGA * SD
    for j in (0, 7):
        rows = model.clusters.codes == j
        X, Z, y = model.X[rows], model.Z[rows], model.outcome[rows]
        V = Z @ covariance @ Z.T + SIGMA**2 * np.eye(rows.sum())
        P, r = np.linalg.inv(V), y - X @ draws.beta[0]
        own = found["residuals"][rows]
        assert own["residual"].to_numpy() == pytest.approx(SIGMA**2 * P @ r)
        assert own["standardised"].to_numpy() == pytest.approx(P @ r / np.sqrt(np.diag(P)))
        effect, spread = covariance @ Z.T @ P @ r, covariance @ Z.T @ P @ Z @ covariance
        of_cluster = found["cluster_residuals"][found["cluster_residuals"]["cluster"] == str(j)]
        assert of_cluster["estimate"].to_numpy() == pytest.approx(effect)
        assert of_cluster["standardised"].to_numpy() == pytest.approx(effect / np.sqrt(np.diag(spread)))
        assert of_cluster["distance"].iloc[0] == pytest.approx(effect @ np.linalg.solve(spread, effect))


@pytest.mark.parametrize("family", ["gaussian", "poisson", "bernoulli"])
def test_residuals_of_a_true_model_are_standard_normal(family):
    """At the true parameters and random effects, is every level of 1,600 rows in 200 clusters normal to chance?

    The SE of a mean of 200 is 0.07, that of an SD 0.05: 0.2 is three to four of them.

    Seen to fail with quantile residuals that aren't randomised.
    """
    model, table, draws, u = simulated(family=family)
    found = residuals.tables(model, table, draws, () if family == "gaussian" else [np.tile(u, (2, 1, 1))])
    levels = found["residual_checks"].set_index("level")
    checked = ["individuals"] if family != "gaussian" else list(levels.index)
    for level in checked:
        assert levels.loc[level, "mean"] == pytest.approx(0, abs=0.2)
        assert levels.loc[level, "sd"] == pytest.approx(1, abs=0.2)
        assert levels.loc[level, "p"] > 1e-3
    if family == "gaussian":
        chances = found["cluster_residuals"].drop_duplicates("cluster")["p"]
        assert chances.mean() == pytest.approx(0.5, abs=0.08)


def test_planted_outliers_are_named():
    """Do a row and a cluster far off head their levels, with the cluster's tail probability near zero?

    Seen to fail with the smallest residual named.
    """
    model, table, draws, _ = simulated()
    moved = table.assign(y=table["y"] + 8.0 * (table["g"] == "31") + 4.0 * (table["row"] == 100))
    model = with_priors(moved, {"formula": "y ~ x + (x | g)", "family": "gaussian"})[0]
    found = residuals.tables(model, moved, draws, ())
    levels = found["residual_checks"].set_index("level")
    assert levels.loc["individuals", "where"] == "row 100"
    assert levels.loc["g: intercept", "where"] == "31"
    assert found["cluster_residuals"].set_index("cluster").loc["31", "p"].max() < 1e-6


def test_clusters_that_data_say_nothing_of_have_no_standardised_effect():
    """With a variance of zero between clusters, are standardised effects missing rather than noise?

    Seen to fail with directions that data say nothing of kept.
    """
    model, table, draws, _ = simulated(clusters=12)
    zero = Draws(draws.beta, draws.sigma, 0 * draws.sd, draws.correlation)
    found = residuals.tables(model, table, zero, ())
    assert found["cluster_residuals"]["standardised"].isna().all() and (found["cluster_residuals"]["df"] == 0).all()
    assert list(found["residual_checks"]["level"]) == ["individuals"]


def test_many_rows_are_thinned():
    """Do tables of more than 50,000 individuals hold every n-th, and the summary all?

    Seen to fail with all rows in the table.
    """
    model, table, draws, _ = simulated(clusters=600, size=100)
    found = residuals.tables(model, table, draws, ())
    assert len(found["residuals"]) == 30_000 and found["residuals"]["row"].iloc[1] == 3
    assert found["residual_checks"]["n"].iloc[0] == 60_000
