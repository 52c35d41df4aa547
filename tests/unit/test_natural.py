"""Further columns of the results: the natural scale, and the probability of effects above a threshold."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from hiermeta.inference.meta import tables
from hiermeta.inference.natural import EFFECTS, add_natural
from hiermeta.inference.summaries import of_draws, of_normals
from hiermeta.models.meta import build
from hiermeta.models.priors import parse


def two_rows():
    row = {"median": [0.5, 0.3], "q2.5": [-0.1, 0.1], "q97.5": [1.1, 0.6]}
    return {name: pd.DataFrame(row | {"parameter": ["mu", "tau"]}) for name in EFFECTS}


def test_quantiles_are_carried_to_the_natural_scale_and_heterogeneity_is_not():
    """Is the risk ratio exp of its logarithm, for effects only?

    Seen to fail with the exponential of limits left out.
    """
    found = two_rows()
    add_natural(found, "RR")
    assert found["predictions"]["natural q97.5"].tolist() == pytest.approx([np.exp(1.1), np.exp(0.6)])
    assert found["estimates"]["natural median"].iloc[0] == pytest.approx(np.exp(0.5))
    assert np.isnan(found["estimates"]["natural median"].iloc[1])


def test_measures_on_their_natural_scale_get_no_columns():
    """Does an SMD stay as it is? Seen to fail with natural columns for every measure."""
    found = two_rows()
    add_natural(found, "SMD")
    assert "natural median" not in found["predictions"]


def test_probabilities_beyond_a_threshold_are_those_of_the_draws_and_of_the_mixture():
    """Does P(>0.2) count draws, and average normal tails where the quantity is normal given each draw?

    Seen to fail with variances for SDs in tail probabilities.
    """
    draws = np.linspace(-1, 1, 4000).reshape(4, 1000)
    assert of_draws({"x": draws}, 0.2).loc["x", "P(>0.2)"] == pytest.approx(0.4, abs=1e-3)
    mean = draws.reshape(-1, 1)
    table = of_normals(mean, np.full_like(mean, 0.25), ["x"], 4, 0.2)
    assert table.loc["x", "P(>0.2)"] == pytest.approx(ndtr((mean - 0.2) / 0.5).mean())


@pytest.mark.parametrize("scale", [1e-5, 1.0, 1e4])
@pytest.mark.parametrize("centre", [-3.0, -0.5, 0.0, 1.96, 8.0])
def test_the_probability_of_a_positive_effect_is_that_of_draws_from_the_mixture(centre, scale):
    """Is P(>0) of a quantity that is normal given each draw the share of positive draws from it, in any unit?

    A million draws: four standard errors are at most 0.002.
    """
    rng = np.random.default_rng(3)
    mean, variance = rng.normal(centre, 0.7, (4000, 1)), rng.gamma(2, 0.3, (4000, 1))
    found = of_normals(scale * mean, scale**2 * variance, ["x"], 4).loc["x", "P(>0)"]
    drawn = rng.normal(np.repeat(mean, 250), np.repeat(np.sqrt(variance), 250))
    assert found == pytest.approx((drawn > 0).mean(), abs=0.002)


def test_a_threshold_of_zero_leaves_the_probabilities_of_all_parameters():
    """Does `threshold: 0`, whose column is the one of P(>0), take no probability away?"""
    table = pd.DataFrame({"row": range(6), "label": "x", "effect": np.linspace(-0.1, 0.7, 6), "variance": 0.05})
    model = build(table, {name: parse("normal(0, 1)" if name == "mu" else "half_normal(1)") for name in ("mu", "tau")})
    rng = np.random.default_rng(4)
    draws = {"beta": rng.normal(0.3, 0.1, (4, 100, 1)), "delta": np.zeros((4, 100, 0))}
    draws |= {"tau": rng.gamma(2, 0.1, (4, 100)), "rho": np.zeros((4, 100))}
    plain, at_zero = (tables(model, draws, table, threshold=value) for value in (None, 0.0))
    for name in ("estimates", "predictions"):
        pd.testing.assert_frame_equal(getattr(at_zero, name), getattr(plain, name))
    assert plain.predictions.columns[:7].tolist() == ["target", "mean", "sd", "median", "q2.5", "q97.5", "P(>0)"]
