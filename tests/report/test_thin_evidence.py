"""Sentences that weigh evidence or hold back where it is thin: do they go by the right number?"""

from __future__ import annotations

import pytest
from test_answer_sentences import results, said

from hiermeta.report import regression_answer


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
    effects = [{"cluster": "a", "term": "Days"}]
    model = {"cluster_column": "Subject"}
    made = results(model=model, averages={"inclusion": [slope, clustering]}, rows=lambda name: effects)
    assert said(regression_answer.slopes(made)) == expected
    made.averages["inclusion"].remove(slope)
    assert regression_answer.slopes(made) == []
