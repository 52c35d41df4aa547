"""Exact marginal densities, against the distribution functions that give the exact quantiles."""

import numpy as np
import pytest
from scipy.integrate import cumulative_simpson
from scipy.special import ndtr

from hiermeta.inference import densities, exact

CASES = [
    ("konstantopoulos2011", {}),
    ("assink2016", {}),
    ("bcg_ablat", {}),
    ("konstantopoulos2011", {"rho": "beta(2, 2)"}),
    ("bcg", {"tau": "half_cauchy(0.5)"}),
]


@pytest.mark.parametrize("name, priors", CASES)
def test_areas_below_the_densities_are_the_probabilities(model_of, name, priors):
    """Is the area between any two points the difference of the distribution functions, over 99.9% of each posterior?

    0.002 is what Simpson's rule loses between a hundred points. Seen to fail with the likelihood at the other axis's
    nodes without their weights, and with the new effect's variance for the pooled effect's.
    """
    posterior = exact.solve(model_of(name, **priors))
    mean, variance = exact.linear(posterior, posterior.model.mean_design)
    functions = exact.distributions(posterior) | {
        "mu": lambda x: float(posterior.weight @ ndtr((x - mean) / np.sqrt(variance)))
    }
    table = densities.table(posterior)
    names = ["mu", "tau", "rho"] if posterior.model.clustered else ["mu", "tau"]
    assert list(table["parameter"].unique()) == names
    for parameter, rows in table.groupby("parameter"):
        at = rows["at"].to_numpy()
        below = np.array([functions[parameter](x) for x in at])
        area = cumulative_simpson(rows["density"].to_numpy(), x=at, initial=0.0)
        assert area == pytest.approx(below - below[0], abs=2e-3), parameter
        assert area[-1] > 0.998


def test_parameters_that_are_fixed_have_no_density(model_of):
    """Are point priors left out? Seen to fail without a look at the variance of the pooled effect, which is zero."""
    posterior = exact.solve(model_of("konstantopoulos2011", mu="point(0)", tau="point(0.3)"))
    assert list(densities.table(posterior)["parameter"].unique()) == ["rho"]
