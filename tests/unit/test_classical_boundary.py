"""Where do singular classical fits lie?"""

import numpy as np
import pandas as pd
import pytest

from hiermeta.inference.hierarchical import classical
from hiermeta.models.hierarchical_files import with_priors


@pytest.mark.parametrize(
    ("intercept", "slope", "boundary"), [(0.0, 0.0, "sd"), (1.0, 0.5, "correlation"), (None, None, "")]
)
def test_a_zero_is_told_from_a_correlation_of_one(intercept, slope, boundary):
    """Is a fit at the edge said to have an SD of zero only where it has one? None: effects that differ apart.

    Seen to fail when every singular fit was said to have an SD of zero.
    """
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(10), 8)
    x, e = np.tile(np.linspace(-1, 1, 8), 10), np.tile(rng.permutation(np.linspace(-1, 1, 8)), 10)
    v = np.linspace(-2, 2, 10)
    a, b = (v, rng.permutation(v)) if intercept is None else (intercept * v, slope * v)
    rows = pd.DataFrame({"row": np.arange(1, 81), "g": g.astype(str), "x": x, "y": a[g] + b[g] * x + e})
    fit = classical.fit(with_priors(rows, {"formula": "y ~ x + (x | g)", "family": "gaussian"})[0])
    assert (fit.boundary, fit.singular) == (boundary, boundary != "")
