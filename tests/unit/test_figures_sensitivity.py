"""The axis of Bayes factors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiermeta.figures.sensitivity import _in_words, _marks


@given(low=st.floats(-5000, -0.55), high=st.floats(0.55, 5000))
def test_any_bayes_factor_has_an_axis(low: float, high: float) -> None:
    """Are there a few marks, and one at no evidence either way, even where the factor itself is no number?

    Seen to fail without the mark of no evidence.
    """
    marks = _marks(low, high)
    assert 2 <= len(marks) <= 10
    assert marks[0.0] == "1"


@pytest.mark.parametrize(("log_factor", "text"), [(2000.0, "more than a million"), (-2000.0, "less than a millionth")])
def test_enormous_factors_are_words(log_factor: float, text: str) -> None:
    """Is a factor that no float holds still told? Seen to fail with enormous factors in full."""
    assert _in_words(log_factor) == text
