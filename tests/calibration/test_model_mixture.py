"""The quick version of the calibration of Bayes factors; `make calibration` has 1,000 data sets."""

import pandas as pd
import pytest

from tests.calibration.model_mixture import (
    LARGEST,
    MADE_BY,
    MIXTURES,
    excess_of,
    standardised_excess,
    standardised_mean,
    with_factor,
)

DATA_SETS = 100


@pytest.fixture(scope="session")
def replications():
    return {name: pd.DataFrame([mixture(i) for i in range(DATA_SETS)]) for name, mixture in MIXTURES.items()}


@pytest.mark.parametrize("name", MIXTURES)
def test_posterior_probabilities_are_the_prior_ones_on_average(replications, name):
    """Is each model's average posterior probability its prior one, and does it make its share of the data sets?

    Fails for marginal likelihoods that lack a factor: see below.
    """
    rows = replications[name]
    models = [column for column in rows if column != MADE_BY]
    for model in models:
        assert abs(standardised_mean(rows[model], 1 / len(models))) < LARGEST
        assert abs(standardised_excess(rows[MADE_BY] == model, rows[model])) < LARGEST


def test_wrong_constants_are_seen(replications):
    """Is it seen when marginal likelihoods of models with heterogeneity, or an effect, are wrong by a factor of four?

    The probabilities of the same data sets are changed as that would. A factor of two takes more: docs/calibration.
    """
    for part in ("heterogeneity", "effect"):
        assert abs(excess_of(with_factor(replications["meta"], part, 0.25), part)) > LARGEST
