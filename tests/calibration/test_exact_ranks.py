"""The quick version of the calibration of the exact posterior; `make calibration` has 1,000 replications."""

import pandas as pd
import pytest

from tests.calibration.exact_ranks import exact_ranks
from tests.calibration.families import FAMILIES
from tests.calibration.full import EXACT
from tests.calibration.uniformity import LEVEL, p_value


@pytest.mark.parametrize("name", EXACT)
def test_the_truth_lies_anywhere_in_the_exact_posterior(name):
    """Are exact posterior probabilities of values below the truth uniform: μ, coefficients, τ, ρ, I², a new effect?

    Seen to fail for a new effect whose variance lacks τ², and for coefficients in standardised units.
    """
    rows = pd.DataFrame([exact_ranks(FAMILIES[name], i) for i in range(50)])
    assert {quantity: p for quantity in rows if (p := p_value(rows[quantity])) <= 1 - LEVEL} == {}
