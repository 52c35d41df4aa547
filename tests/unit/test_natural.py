"""Further columns of the results: the natural scale, and the probability of effects above a threshold."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from hiermeta.inference.natural import EFFECTS, add_natural
from hiermeta.inference.summaries import of_draws, of_normals


def tables():
    row = {"median": [0.5, 0.3], "q2.5": [-0.1, 0.1], "q97.5": [1.1, 0.6]}
    return {name: pd.DataFrame(row | {"parameter": ["mu", "tau"]}) for name in EFFECTS}


def test_quantiles_are_carried_to_the_natural_scale_and_heterogeneity_is_not():
    """Is the risk ratio exp of its logarithm, for effects only?

    Seen to fail with the exponential of limits left out.
    """
    found = tables()
    add_natural(found, "RR")
    assert found["predictions"]["natural q97.5"].tolist() == pytest.approx([np.exp(1.1), np.exp(0.6)])
    assert found["estimates"]["natural median"].iloc[0] == pytest.approx(np.exp(0.5))
    assert np.isnan(found["estimates"]["natural median"].iloc[1])


def test_measures_on_their_natural_scale_get_no_columns():
    """Does an SMD stay as it is? Seen to fail with natural columns for every measure."""
    found = tables()
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
