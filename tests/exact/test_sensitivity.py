"""The grid of prior scales: one rule for all of them against a rule for each."""

from dataclasses import replace

import numpy as np
import pytest

from hiermeta.inference import exact, sensitivity
from hiermeta.models.priors import FAMILIES, Prior, parse

ZERO = Prior("point", (0.0,))


@pytest.mark.parametrize(
    "name, priors",
    [
        ("konstantopoulos2011", {}),
        ("bcg", {}),
        ("bcg_ablat", {"mu": "normal(0.3, 0.4)"}),
        ("bcg", {"tau": "inverse_gamma(2, 0.3)"}),
        ("bcg", {"tau": "uniform(0, 1)"}),
        ("konstantopoulos2011", {"rho": "point(0.5)"}),
    ],
)
def test_every_row_is_the_posterior_under_its_priors(model_of, name, priors):
    """Are moments, limits, evidence and Bayes factors those of an analysis with these priors?

    1e-6: the change of the log marginal likelihood at which no more nodes are added.

    Seen to fail with priors of tau not rescaled.
    """
    model = model_of(name, **priors)
    table = sensitivity.sensitivity(exact.solve(model), neutral=True)
    assert table.groupby("parameter")["factor"].apply(list).to_dict() == {
        parameter: sensitivity.FACTORS.tolist() for parameter in ("mu", "tau")
    }
    for row in table.iloc[::2].to_dict("records"):
        changed = {row["parameter"]: sensitivity.scaled(model.priors[row["parameter"]], row["factor"])}
        posterior = exact.solve(replace(model, priors=model.priors | changed))
        null = exact.solve(replace(model, priors=model.priors | changed | {"mu": ZERO}))
        evidence = posterior.log_marginal_likelihood
        assert row["log_marginal_likelihood"] == pytest.approx(evidence, abs=1e-6)
        assert row["log_bayes_factor_mu"] == pytest.approx(evidence - null.log_marginal_likelihood, abs=1e-6)
        mu = {key: value for key, value in exact.summarise(posterior)["mu"].items() if key != "P(>0)"}
        assert {key: row[key] for key in mu} == pytest.approx(mu, abs=1e-6 * mu["sd"])


def test_the_middle_row_is_the_main_analysis(model_of):
    """Does a factor of one give what exact.json says?

    Seen to fail with priors of tau not rescaled.
    """
    posterior = exact.solve(model_of("assink2016"))
    summary = exact.summarise(posterior)
    table = sensitivity.sensitivity(posterior, neutral=True)
    middle = table[table["factor"] == 1.0]
    assert len(middle) == 2
    for row in middle.to_dict("records"):
        assert row["log_marginal_likelihood"] == pytest.approx(summary["log_marginal_likelihood"], abs=1e-6)
        assert row["q97.5"] == pytest.approx(summary["mu"]["q97.5"], abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "half_normal(0.4)",
        "half_student_t(3, 0.4)",
        "half_cauchy(0.2)",
        "gamma(2, 3)",
        "inverse_gamma(2, 0.3)",
        "exponential(4)",
        "lognormal(-1, 0.5)",
        "uniform(0.1, 2)",
    ],
)
def test_scaled_priors_are_those_of_the_parameter_times_the_factor(text):
    """Is P(fτ ≤ x) = P(τ ≤ x/f) for every family that τ may have? Seen to fail with rates multiplied by the factor."""
    prior, x = parse(text), np.array([0.05, 0.3, 1.0, 3.0])
    assert sensitivity.scaled(prior, 2.5).cdf(2.5 * x) == pytest.approx(prior.cdf(x), abs=1e-14)


def test_all_families_of_tau_can_be_scaled():
    """Is a prior that the config allows for τ missing from the table of scaled ones?

    Seen to fail with one family left out of the table.
    """
    positive = {name for name, family in FAMILIES.items() if family.support == (0.0, np.inf)}
    assert positive | {"uniform", "normal"} <= set(sensitivity._SCALED)


def test_points_and_one_sided_measures_have_no_rows_or_no_bayes_factor(model_of):
    """Is a point left alone, and no Bayes factor given where zero isn't neutral?

    Seen to fail with a Bayes factor whether zero is neutral or not.
    """
    fixed = sensitivity.sensitivity(exact.solve(model_of("bcg", mu="point(0)")), neutral=True)
    assert set(fixed["parameter"]) == {"tau"}
    assert fixed["log_bayes_factor_mu"].isna().all()
    single = sensitivity.sensitivity(exact.solve(model_of("bcg", tau="point(0.3)")), neutral=False)
    assert set(single["parameter"]) == {"mu"}
    assert single["log_bayes_factor_mu"].isna().all()
