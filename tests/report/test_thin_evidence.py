"""Sentences that weigh evidence or hold back where it is thin: do they go by the right number?"""

from __future__ import annotations

import numpy as np
import pytest
from test_answer_sentences import results, said

from hiermeta.figures import checks
from hiermeta.inference.classical import classical as fitted
from hiermeta.report import classical, regression_answer


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
