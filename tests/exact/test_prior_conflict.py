"""Prior against data: are the tail probabilities right, and are contradictions told from agreement?"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from hiermeta.data.meta import moderator_column
from hiermeta.data.read import read_table
from hiermeta.inference import exact
from hiermeta.inference.classical import classical
from hiermeta.inference.prior_conflict import PRIOR, REML, checks, confronted, entry, tail_probability
from hiermeta.models.meta import build
from hiermeta.models.priors import parse
from hiermeta.stages.prepare import usable


@pytest.mark.parametrize("estimate, error, sd", [(0.3, 0.1, 0.7), (-2.4, 0.05, 0.7), (5.0, 4.0, 0.1), (0.0, 1.0, 1.0)])
def test_normal_priors_have_a_closed_form(estimate, error, sd):
    """Is it 2 Φ(−|z|), z the estimate over the root of prior variance plus squared error?

    Seen to fail with one tail in place of two.
    """
    expected = 2 * norm.sf(abs(estimate - 0.2) / np.hypot(error, sd))
    assert tail_probability(parse(f"normal(0.2, {sd})"), estimate, error) == pytest.approx(expected, rel=1e-6)


def test_other_priors_agree_with_simulation():
    """For a Cauchy prior, is it the share of simulated estimates that lie further out?

    Seen to fail with one tail in place of two.
    """
    rng = np.random.default_rng(1)
    simulated = 0.5 * rng.standard_cauchy(2_000_000) + 0.4 * rng.standard_normal(2_000_000)
    share = 2 * (simulated >= 3.0).mean()
    assert tail_probability(parse("cauchy(0, 0.5)"), 3.0, 0.4) == pytest.approx(share, rel=0.01)


def fitted(effect, mu="normal(0, 0.7)", tau="half_normal(0.35)", moderators=None):
    """A model of six estimates with variances of 0.01, and its classical fit."""
    table = pd.DataFrame({"row": range(1, 7), "label": list("abcdef"), "effect": effect, "variance": 0.01})
    table["x: dose"] = [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]
    priors = {"mu": parse(mu), "tau": parse(tau)}
    formulas = None
    if moderators:
        priors["moderators"], formulas = parse("normal(0, 0.35)"), {"moderators": "~ dose"}
        table = table.rename(columns={"x: dose": moderators})
    else:
        table = table.drop(columns="x: dose")
    model = build(table, priors, formulas)
    names = ["mu"] if model.moderators is None else list(model.moderators.names)
    document = classical(model.effect, model.variance, model.user_design, names)
    return model, document


WRONG_UNIT = Path(__file__).parents[1] / "cases" / "meta" / "wrong-unit-declared" / "data.csv"
EFFECTS = [0.1, 0.3, 0.2, 0.15, 0.25, 0.2]


def found(effect, low=-9.0, high=9.0, **priors):
    model, document = fitted(np.array(effect), **priors)
    estimates = pd.DataFrame({"parameter": ["mu", "tau"], "q2.5": [low, 0.0], "q97.5": [high, 1.0]})
    draws = {"beta": np.full((2, 5, len(model.back)), document["predict"]["mean"]), "tau": np.ones((2, 5))}
    return {told["name"]: told for told in checks(model, document, estimates, draws)}


def judged(model, document):
    """The check of priors with the limits of the exact posterior."""
    found = exact.summarise(exact.solve(model))
    return entry(
        confronted(model, document), {name: (found[name]["q2.5"], found[name]["q97.5"]) for name in ("mu", "tau")}
    )[0]


def test_default_priors_and_ordinary_effects_agree():
    """Do standardised mean differences around 0.2 pass, the smallest probability doubled for two parameters?

    Seen to fail with one tail in place of two and without the number of parameters.
    """
    entries = found(EFFECTS)
    assert entries[PRIOR]["status"] == entries[REML]["status"] == "pass"
    expected = 2 * norm.sf(0.2 / np.hypot(0.7, 0.1 / 6**0.5))
    assert entries[PRIOR]["parameter"] == "mu" and entries[PRIOR]["value"] == pytest.approx(
        min(1, 2 * expected), rel=1e-6
    )


@pytest.mark.parametrize("scale, status", [(1, "pass"), (7, "pass"), (12, "warn"), (100, "warn")])
def test_effects_far_beyond_the_prior_are_seen(scale, status):
    """Are effects a hundred times too large, as in a wrong unit, a contradiction? At 7 p is 0.05, doubled 0.09.

    The draws lie at the classical estimates. Seen to fail with a threshold of 0.2 and with a threshold of 1e-12.
    """
    assert found(np.array(EFFECTS) * scale, tau="half_normal(50)")[PRIOR]["status"] == status


@pytest.mark.parametrize(
    "effect, mu, tau, status",
    [
        (EFFECTS, "normal(0, 0.7)", "half_normal(0.35)", "pass"),
        (EFFECTS, "normal(0, 0.01)", "half_normal(0.35)", "warn"),
        (EFFECTS, "normal(2, 0.04)", "half_normal(0.35)", "fail"),
        (np.array(EFFECTS) + 8, "normal(0, 0.7)", "half_normal(0.01)", "warn"),
        (np.array(EFFECTS) * 12, "normal(0, 0.7)", "half_normal(50)", "warn"),
        (np.array(EFFECTS) * 100, "normal(0, 0.7)", "half_normal(0.35)", "fail"),
        (np.array(EFFECTS) * 100, "normal(0, 0.7)", "half_normal(50)", "fail"),
    ],
)
def test_answers_that_the_data_exclude_fail(effect, mu, tau, status):
    """Does a contradiction fail where the exact posterior follows the prior, and only then?

    Effects of 8 with standard errors of 0.1 that hardly differ move a prior of N(0, 0.7) to where they are, 11 of its
    SDs away: this posterior is what the data say.

    Seen to fail with every contradiction below one in a million a failure, and with none that is likelier.
    """
    assert judged(*fitted(np.array(effect), mu, tau))["status"] == status


def test_milliseconds_declared_as_standardised_fail():
    """Is the reported case unusable: a pooled effect of 2.6 where restricted maximum likelihood finds 273 ± 44?"""
    settings = {"analysis": "meta", "measure": "SMD", "effect": "yi", "standard_error": "sei"}
    model = usable(read_table(str(WRONG_UNIT)), settings).model
    document = classical(model.effect, model.variance, model.user_design, ["mu"])
    told = judged(model, document)
    assert told["status"] == "fail" and told["value"] < 1e-9


def test_heterogeneity_far_beyond_the_prior_is_seen():
    """With a prior scale of 0.01 on τ and effects from −2 to 2, is it the prior of τ that is named?

    Seen to fail without τ among the parameters.
    """
    told = judged(*fitted(np.array([-2, 2, -1, 1, 0.5, -0.5]), tau="half_normal(0.01)"))
    assert (told["status"], told["parameter"]) == ("fail", "tau")


def test_points_are_not_doubted():
    """Are fixed parameters left out? Seen to fail with points doubted."""
    model, document = fitted(np.array([-2, 2, -1, 1, 0.5, -0.5]), mu="point(0)", tau="point(0.1)")
    assert confronted(model, document) == {}


@pytest.mark.parametrize("low, high, status", [(0.1, 0.3, "pass"), (0.21, 0.3, "warn"), (0.1, 0.19, "warn")])
def test_an_estimate_outside_of_the_credible_interval_warns(low, high, status):
    """Is the REML estimate, 0.2, compared with both limits? Seen to fail with the upper limit left out."""
    told = found(EFFECTS, low, high)[REML]
    assert told["status"] == status and told["value"] == pytest.approx(0.2)


def test_coefficients_are_judged_on_the_scale_of_their_priors():
    """Is a slope per unit of the file compared with the prior after multiplication by the moderator's SD?

    Seen to fail with slopes left in the file's units.
    """
    slope = 0.2
    effect = slope * (np.arange(6) * 10.0 - 25) + 0.01 * np.array([1, -1, 1, -1, 1, -1])
    model, document = fitted(effect, moderators=moderator_column("dose"))
    sd = np.std(np.arange(6) * 10.0, ddof=1)
    se = document["coefficients"][1]["se"] * sd
    expected = 2 * norm.sf(document["coefficients"][1]["estimate"] * sd / np.hypot(0.35, se))
    assert confronted(model, document)["dose"].probability == pytest.approx(expected, rel=1e-4)
    assert expected < 1e-6
