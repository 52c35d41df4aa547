"""Posterior predictive checks of hierarchical regressions: do they see what is wrong, and pass what isn't?"""

import numpy as np
import pandas as pd
import pytest

from hiermeta.inference.hierarchical import checks
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical_files import with_priors

S = 100


def poisson(rng, extra):
    """Counts of mean 6 in 20 clusters, with extra variation between rows of a cluster, and the truth as draws."""
    codes = np.repeat(np.arange(20), 15)
    u = rng.normal(0, 0.3, 20)
    y = rng.poisson(np.exp(np.log(6) + u[codes] + rng.normal(0, extra, 300)))
    x = rng.normal(size=300)
    table = pd.DataFrame({"row": range(1, 301), "y": y.astype(float), "x": x, "g": codes.astype(str)})
    model = with_priors(table, {"formula": "y ~ x + (1 | g)", "family": "poisson"})[0]
    beta, ones = np.tile([np.log(6), 0.0], (S, 1)), np.ones((S, 1, 1))
    return model, Draws(beta, np.zeros(S), np.full((S, 1), 0.3), ones), np.tile(u[None, :, None], (S, 1, 1))


@pytest.mark.parametrize("extra, seen", [(0.0, False), (0.6, True)])
def test_overdispersed_counts_are_seen_and_poisson_counts_are_not(extra, seen):
    """Is the dispersion near 1 with a middling probability for Poisson counts, and above with none otherwise?

    The mean of 300 squared Pearson residuals has an SD of about 0.085, so 0.3 is more than three of them.

    Seen to fail with residuals not divided by their variance.
    """
    model, draws, u = poisson(np.random.default_rng(2), extra)
    name, observed, simulated, _, upper, beyond = checks.dispersion(model, draws, [u])
    assert name == "dispersion"
    assert simulated == pytest.approx(1, abs=0.05)
    if seen:
        assert observed > upper and beyond == 0
    else:
        assert observed == pytest.approx(1, abs=0.3)
        assert 0.01 < beyond < 0.99


def test_tables_hold_statistics_and_quantiles_of_data_and_simulations():
    """Do rates, shares of zeros and cluster means of well-fitted counts lie inside their simulated ranges?

    Seen to fail with simulations without differences between clusters.
    """
    model, draws, u = poisson(np.random.default_rng(9), 0.0)
    table, quantiles = checks.tables(model, draws, [u])
    table = table.set_index("statistic")
    assert table.loc["SD of cluster means", "q2.5"] < table.loc["SD of cluster means", "observed"]
    assert table.loc["SD of cluster means", "observed"] < table.loc["SD of cluster means", "q97.5"]
    assert table.loc["mean", "observed"] == pytest.approx(model.outcome.mean())
    assert {"share of zeros", "dispersion"} < set(table.index)
    assert quantiles["observed"].is_monotonic_increasing and len(quantiles) == 99


def test_small_variation_around_a_large_mean_is_kept():
    """Do simulated outcomes of SD 0.001 around 10⁶ vary by as much?

    Seen to fail with simulations in single precision: all of them were 10⁶, and every check said misfit.
    """
    rng = np.random.default_rng(4)
    table = pd.DataFrame({"row": range(1, 61), "g": np.tile(list("abcdef"), 10), "y": 1e6 + rng.normal(0, 1e-3, 60)})
    model = with_priors(table, {"formula": "y ~ 1 + (1 | g)", "family": "gaussian"})[0]
    draws = Draws(np.full((S, 1), 1e6), np.full(S, 1e-3), np.full((S, 1), 1e-4), np.ones((S, 1, 1)))
    assert checks.replicate(model, draws).std(axis=1).mean() == pytest.approx(1e-3, rel=0.05)
