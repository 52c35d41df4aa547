"""Student-t outcomes against glmmTMB 1.1.5 (R 4.2.2)."""

import numpy as np
import pandas as pd
import pytest
from tests.conftest import ROOT

from hiermeta.inference.hierarchical import classical_counts
from hiermeta.models.hierarchical_files import with_priors

OUTLIERS = [75, 51, 3, 71, 115, 143, 56, 62, 102, 130, 129, 84]
"""Rows of Penicillin, from 1, to which 6 is added."""
PEER = {"intercept": 22.92481456, "se": 0.72852124, "plate": 0.80802115, "sample": 1.72663857}
PEER |= {"sigma": 0.44359153, "nu": 1.42984790, "log_likelihood": -245.66775214}
"""glmmTMB(diameter ~ 1 + (1 | plate) + (1 | sample), family = t_family())."""


def test_two_crossed_factors_with_outliers_are_fitted_as_by_glmmtmb():
    """Are estimates, the standard error and the log likelihood those of an independent Laplace approximation?

    Both optimisers stop within 1e-4 of the maximum; estimates differ by less than 2e-3 of themselves.
    Seen to fail with working weights in place of the curvature: the log likelihood was off by more than 1.
    """
    table = pd.read_csv(ROOT / "tests" / "reference" / "hierarchical" / "factors" / "penicillin.csv")
    table["diameter"] = table["diameter"].astype(float)
    table.loc[np.array(OUTLIERS) - 1, "diameter"] += 6
    settings = {"formula": "diameter ~ 1 + (1 | plate) + (1 | sample)", "family": "student_t"}
    fitted = classical_counts.fit(with_priors(table.assign(row=range(1, len(table) + 1)), settings)[0])
    draw = fitted.parameters
    assert fitted.log_likelihood == pytest.approx(PEER["log_likelihood"], abs=1e-3)
    found = [draw.beta[0, 0], *draw.sd[0], *draw.own[0]]
    assert found == pytest.approx([PEER[name] for name in ("intercept", "plate", "sample", "sigma", "nu")], rel=2e-3)
    assert fitted.standard_errors[0] == pytest.approx(PEER["se"], rel=5e-3)
