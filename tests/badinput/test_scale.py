"""The unit of the effects: sampling does not notice it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hiermeta.models.priors import parse
from hiermeta.models.stan import in_own_unit
from hiermeta.sampling import meta
from hiermeta.sampling.families import family_program

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"chains": 4, "warmup": 500, "draws": 500, "seed": 3, "adapt_delta": 0.9}
PRIORS = ["normal(0.1, 0.7)", "student_t(3, 0.1, 0.5)", "cauchy(0.2, 1)", "half_normal(0.5)", "half_student_t(3, 0.5)"]
PRIORS += ["half_cauchy(0.5)", "gamma(2, 3)", "inverse_gamma(2, 0.5)", "exponential(2)", "lognormal(-1, 0.5)"]
PRIORS += ["uniform(0, 2)"]


@pytest.mark.parametrize("text", PRIORS)
@pytest.mark.parametrize("unit", [1e-9, 0.25, 1e9])
def test_priors_change_their_unit(text, unit):
    """Is the density of x / u that of x times u, for every family? 1e-10: rounding. Fails when an argument isn't."""
    prior, x = parse(text), np.array([0.05, 0.3, 1.7])
    scaled = prior.scaled(unit)
    assert scaled.pdf(x / unit) == pytest.approx(prior.pdf(x) * unit, rel=1e-10)


def test_families_without_units_keep_the_data_as_they_are(model_of):
    """Is the model left alone where a prior can't be rescaled? Fails when beta is taken for a family that can."""
    assert parse("beta(2, 3)").scaled(2) is None
    model = model_of("bcg", tau="beta(2, 3)")
    unit, same = in_own_unit(model)
    assert unit == 1.0
    assert same is model


@pytest.mark.parametrize("name", ["konstantopoulos2011", "bcg_ablat", "bcg_scale"])
def test_draws_are_those_of_the_usual_scale_times_the_unit(model_of, name):
    """With effects, errors and priors times 2^-30 (1e-9) and 2^30, are the draws the same to the last bit?

    Exact, since powers of two change no digit. Fails when sampling takes the model in the user's unit: at 1e-9 chains
    then end without a usable draw.
    """
    program = family_program(ROOT / "stan" / "meta.stan")
    model = model_of(name)
    usual = meta.fit(program, model, SETTINGS, 2)
    for power in (-30, 30):
        unit = 2.0**power
        other = in_unit(model, unit)
        fitted = meta.fit(program, other, SETTINGS, 2)
        found, expected = meta.parameters(fitted.draws), meta.parameters(usual.draws)
        for parameter in ("beta", "tau"):
            assert (found[parameter] == expected[parameter] * unit).all(), parameter
        for parameter in ("rho", "delta"):
            assert (found[parameter] == expected[parameter]).all(), parameter


def in_unit(model, unit):
    """A model whose effects are those of another times a unit, with priors to suit."""
    priors = {name: p if name in ("rho", "scale") else p.scaled(1 / unit) for name, p in model.priors.items()}
    return replace(model, effect=model.effect * unit, variance=model.variance * unit**2, priors=priors)
