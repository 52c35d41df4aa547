"""Classical fits of regressions whose predictors lie far from zero, or whose counts are large."""

import numpy as np
import pandas as pd
import pytest

from hiermeta.inference.hierarchical import classical, classical_counts
from hiermeta.models.hierarchical_files import with_priors


def rows_of(family):
    rng = np.random.default_rng(1)
    g, x = np.repeat(np.arange(8), 6), rng.normal(size=48)
    u = rng.normal(size=(8, 2)) * [0.5, 0.3]
    eta = 0.5 + 0.3 * x + u[g, 0] + u[g, 1] * x
    y = rng.poisson(np.exp(eta)) if family == "poisson" else eta + 0.5 * rng.normal(size=48)
    h = np.tile(np.arange(6), 8).astype(str)
    return pd.DataFrame({"row": range(1, 49), "g": g.astype(str), "h": h, "x": x, "y": y})


def fitted(table, formula, family):
    fit = classical.fit if family == "gaussian" else classical_counts.fit
    return fit(with_priors(table, {"formula": formula, "family": family})[0])


@pytest.mark.parametrize(("family", "shift"), [("gaussian", 1e3), ("gaussian", 1e5), ("poisson", 1e4)])
def test_fits_do_not_depend_on_where_a_predictor_has_its_zero(family, shift):
    """Are slope, its standard error, its SD and the likelihood those of the predictor around zero?

    In theory they are the same; the SD of the intercept grows with the shift.

    Seen to fail with slopes taken around zero: the gaussian model with a shift of 1e5, and the Poisson model.
    """
    table = rows_of(family)
    near, far = (fitted(t, "y ~ x + (x | g)", family) for t in (table, table.assign(x=table["x"] + shift)))
    height = (f.log_likelihood if family == "poisson" else -f.deviance / 2 for f in (near, far))
    assert abs(np.diff(list(height))[0]) < 1e-4
    assert far.coefficients[1] == pytest.approx(near.coefficients[1], rel=1e-3)
    assert far.standard_errors[1] == pytest.approx(near.standard_errors[1], rel=1e-3)
    assert far.parameters.sd[0, 1] == pytest.approx(near.parameters.sd[0, 1], rel=1e-3)
    assert far.parameters.sd[0, 0] == pytest.approx(shift * near.parameters.sd[0, 1], rel=0.01)


@pytest.mark.parametrize("formula", ["y ~ x + (1 | g)", "y ~ x + (1 | g) + (1 | h)"])
def test_multiplied_counts_change_only_the_intercept(formula):
    """Are counts times 1e5 and times 1e9 fitted alike, with intercepts log(1e4) apart?

    Where events say all about each cluster, the likelihood of the SDs is that of the clusters' effects, whatever the
    counts. The standard error of the slope shrinks with the root of the counts.

    Seen to fail when coefficients were moved in units of their predictors' SDs.
    """
    table = rows_of("poisson")
    small, large = (fitted(table.assign(y=table["y"] * factor), formula, "poisson") for factor in (1e5, 1e9))
    assert large.parameters.sd == pytest.approx(small.parameters.sd, rel=2e-3)
    assert large.coefficients - small.coefficients == pytest.approx([np.log(1e4), 0], abs=2e-3)
    assert large.standard_errors[0] == pytest.approx(small.standard_errors[0], rel=0.01)
    assert large.standard_errors[1] == pytest.approx(small.standard_errors[1] / 100, rel=0.03)
