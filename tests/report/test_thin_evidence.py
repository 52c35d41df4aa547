"""Sentences that weigh evidence or hold back where it is thin: do they go by the right number?"""

from __future__ import annotations

import numpy as np
import pytest
from test_answer_sentences import SUMMARY, results, said

from hiermeta.figures import checks
from hiermeta.inference.classical import classical as fitted
from hiermeta.report import classical, comparison, pooled_answer, regression_answer, uninformed


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.2, "The slope of Days varies between clusters of Subject (Bayes factor for it 3.3, moderate evidence)."),
        (1.0, "The data do not settle whether the slope of Days varies between clusters of Subject "
              "(Bayes factor for it 2.7, anecdotal evidence)."),
        (-1.0, "The data do not settle whether the slope of Days varies between clusters of Subject "
               "(Bayes factor against it 2.7, anecdotal evidence)."),
        (-3.13, "The data speak against a slope of Days that varies between clusters of Subject "
                "(Bayes factor against it 23, strong evidence)."),
    ],
)  # fmt: skip
def test_whether_slopes_vary_goes_by_the_bayes_factor(value: float, expected: str) -> None:
    """Is a slope said to vary, not to vary, or neither, by its Bayes factor, and nothing said without one?

    Seen to fail with "varies" for every Bayes factor above 1.
    """
    clustering = {"part": "clustering", "log_bayes_factor": 70.0, "error": 0.01}
    slope = {"part": "varying Days", "log_bayes_factor": value, "error": 0.01}
    model = {"cluster_column": "Subject"}
    made = results(model=model, averages={"inclusion": [slope, clustering]})
    assert said(regression_answer.slopes(made)) == expected
    made.model["groups"] = [{"name": "Subject"}, {"name": "site"}]
    slope["part"] = "varying Days by Subject"
    assert said(regression_answer.slopes(made)) == expected
    made.averages["inclusion"].remove(slope)
    assert regression_answer.slopes(made) == []


@pytest.mark.parametrize("units", [9, 10])
@pytest.mark.parametrize("clustered", [False, True])
def test_few_units_have_intervals_with_t(units: int, clustered: bool) -> None:
    """Are intervals Knapp and Hartung's with fewer than ten estimates, CR2 with fewer than ten clusters, else Wald's?

    Twenty estimates in nine clusters count as nine. Seen to fail with estimates counted where there are clusters.
    """
    rng = np.random.default_rng(3)
    codes = np.arange(20) % units
    k = 20 if clustered else units
    effect, variance = rng.normal(size=units)[codes][:k] + 0.3 * rng.normal(size=k), np.full(k, 0.05)
    document = fitted(effect, variance, np.ones((k, 1)), ["intercept"], codes if clustered else None)
    shown = classical.intervals(results(classical=document))
    few = ("robust/CR2", "robust/predict") if clustered else ("knapp_hartung/coefficients", "knapp_hartung/predict")
    assert (shown.coefficients, shown.predict) == (few if units < 10 else ("coefficients", "predict"))
    assert bool(shown.why) == (units < 10)
    if shown.why:
        assert said(shown.why).startswith(f"With 9 {'clusters' if clustered else 'estimates'}, fewer than 10,")


def _units(unit: str, pit: list[float]) -> list[dict[str, object]]:
    return [{"unit": unit, "pit": value} for value in pit]


EVEN = [(i + 0.5) / 12 for i in range(12)]
LOW = [0.2 * value for value in EVEN]


@pytest.mark.parametrize(
    ("estimates", "clusters", "expected"),
    [
        (EVEN, [], "The model predicts left-out estimates as well as its intervals say."),
        (EVEN, EVEN, "The model predicts left-out estimates and clusters as well as its intervals say."),
        (EVEN[:9], [], "Whether it predicts well cannot be seen from 9 estimates."),
        (EVEN, EVEN[::3], "The model predicts left-out estimates as well as its intervals say. Whether it predicts "
                          "well cannot be seen from 4 clusters."),
        (EVEN, LOW, "The model predicts some left-out clusters badly. The model predicts left-out estimates as well as "
                    "its intervals say."),
        (LOW, LOW, "The model predicts some left-out estimates and some clusters badly."),
        ([*EVEN, 0.9999], [], "The model predicts some left-out estimates badly."),
        ([0.001, 0.5, 0.6], [], "The model predicts some left-out estimates badly."),
    ],
)  # fmt: skip
def test_the_model_predicts_well_where_all_that_is_left_out_shows_it(
    estimates: list[float], clusters: list[float], expected: str
) -> None:
    """Do clusters count as estimates do, is one far out enough, and are fewer than ten never said to be predicted well?

    Three estimates were once said to be predicted well. Seen to fail by estimates alone, and with the band alone.
    """
    assert checks.predicted(_units("estimate", estimates) + _units("cluster", clusters)) == expected


@pytest.mark.parametrize(
    ("low", "high", "told"), [(0.02, 0.95, True), (0.1, 0.87, True), (0.1, 0.85, False), (0.55, 1.4, False)]
)
def test_a_posterior_that_is_its_prior_again_is_told(low: float, high: float, told: bool) -> None:
    """Does the answer name parameters whose posteriors are hardly narrower than their priors, and only those?

    The uniform prior's interval is 0.95 wide; 0.8 of that is 0.76. An interval without the prior's median contradicts
    the prior, and doesn't repeat it. τ is informed here. Seen to fail with the upper limit for the width, and by the
    width alone.
    """
    rows = {"rho": SUMMARY | {"q2.5": low, "q97.5": high}, "tau": SUMMARY | {"q2.5": 0.1, "q97.5": 0.3}}
    found = results(estimate=rows.__getitem__)
    found.model = found.model | {"priors": {"tau": {"prior": "half_normal(1)"}, "rho": {"prior": "beta(1, 1)"}}}
    said_so = "The data hardly inform ρ: its interval is hardly narrower than that of its prior."
    assert said(uninformed.sentence(found)) == (said_so if told else "")


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (None, "a new study is"),
        ("study", "a new estimate from a new study is"),
        ("Trial_ID", "a new estimate from a new trial is"),
        ("papers", "a new estimate from a new paper is"),
        ("district", "a new estimate from a new cluster (district) is"),
        ("id", "a new estimate from a new cluster (id) is"),
    ],
)
def test_a_new_estimate_comes_from_what_the_clusters_are(column: str | None, words: str) -> None:
    """Are clusters called studies where their column says so, and by the column's name elsewhere?

    "A new study in a new cluster" was said where the studies are the clusters. Seen to fail so.
    """
    row = SUMMARY | {"target": "new effect", "P(>0)": 0.7}
    found = results(predictions=[row], clustered=column is not None)
    found.model = found.model | {"cluster_column": column}
    assert said(pooled_answer._prediction(found)).startswith(f"The true effect of {words} expected between ")
    found.coefficients = ["intercept", "dose"]
    words = words.removesuffix(" is") + ", at average moderator values, is"
    assert said(pooled_answer._prediction(found)).startswith(f"The true effect of {words} expected between ")


@pytest.mark.parametrize(("distance", "told"), [(2.6, True), (-2.6, True), (1.9, False)])
def test_a_bridge_that_is_far_off_is_commented_on(distance: float, told: bool) -> None:
    """Is a distance of more than two standard errors remarked upon, whichever its sign?

    Seen to fail with the sign kept.
    """
    bridge = {"model": "multilevel", "value": -12.0, "se": 0.01, "difference_in_se": distance}
    sentence = comparison.bridge(results(averages={"bridge": bridge}))
    assert sentence is not None and ("in fewer than one fit of twenty" in said(sentence)) == told
