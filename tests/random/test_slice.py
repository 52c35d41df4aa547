"""A small slice of the random analyses; ``make random`` runs them all."""

import pandas as pd
import pytest

from tests.random.meta_analyses import meta_analysis
from tests.random.regressions import regression
from tests.random.runs import outcomes, run_project, write_project

SLICE = {"meta": [1, 2, 3], "regression": [2, 7, 8]}
"""Numbers of small analyses."""


@pytest.mark.parametrize("kind", SLICE)
def test_random_analyses_end_as_they_should(tmp_path, kind):
    """Does each of a few random analyses end with a report and without a traceback in any log?

    Seen to fail with an error raised in the stage that analyses.
    """
    datasets = write_project(tmp_path, kind, SLICE[kind])
    output = run_project(tmp_path)
    found = outcomes(tmp_path, datasets)
    assert set(found["status"]) <= {"pass", "warn", "fail", "refused"}, f"{found.to_string()}\n{output[-2000:]}"


@pytest.mark.parametrize("made", [meta_analysis, regression])
def test_an_analysis_is_made_again_by_its_number(made):
    """Are data and settings a function of the number alone, so that a failure can be run again?

    Seen to fail with a generator that is seeded by the clock.
    """
    for number in range(20):
        first, second = made(number), made(number)
        pd.testing.assert_frame_equal(first[0], second[0])
        assert first[1] == second[1]
