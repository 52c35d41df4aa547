"""Are proportions in place of counts refused, and adjusted counts not?"""

from pathlib import Path

import pandas as pd
import pytest

from hiermeta.data.meta import validate
from hiermeta.data.problems import Refused
from hiermeta.data.read import Source, read_table

CASE = Path(__file__).parent / "meta" / "proportions-as-counts" / "data.csv"


def source_of(columns):
    table = pd.DataFrame({key: [str(value) for value in values] for key, values in columns.items()})
    return Source("x.csv", "", table.set_axis(range(1, len(table) + 1)))


def run(source, measure, columns):
    return validate(source, {"measure": measure, "columns": columns})


def test_the_case_is_refused_with_its_remedy():
    """Seen to fail (analysed, pooled proportion 0.0011) without the check."""
    with pytest.raises(Refused, match=r"row 1, column 'prop': a count of 0.12.*multiply by n"):
        run(read_table(str(CASE)), "PLO", {"xi": "prop", "ni": "n"})


PROPORTIONS = {
    "two groups": ("OR", {"ai": [0.1, 0.2], "n1i": [50, 60], "ci": [4, 5], "n2i": [50, 60]}),
    "second group, one gap": ("RR", {"ai": [5, 6, 7], "n1i": [50, 60, 70], "ci": ["", 0.25, 1], "n2i": [50, 60, 9]}),
    "rates": ("IRR", {"x1i": [0.3, 0.2], "t1i": [10, 10], "x2i": [3, 4], "t2i": [9, 9]}),
}
COUNTS = {
    "zero and one": ("PLO", {"xi": [0, 1, 1], "ni": [20, 30, 40]}),
    "halves added": ("PLO", {"xi": [0.5, 0.5, 1], "ni": [20, 30, 40]}),
    "design effect": ("OR", {"ai": [0.7, 6.3], "n1i": [33.3, 41.7], "ci": [4.2, 5.1], "n2i": [30.5, 44.1]}),
}


@pytest.mark.parametrize("name", PROPORTIONS)
def test_proportions_are_refused(name):
    """Seen to fail without the check, for each."""
    measure, columns = PROPORTIONS[name]
    with pytest.raises(Refused, match="multiply by n"):
        run(source_of(columns), measure, {key: key for key in columns})


@pytest.mark.parametrize("name", COUNTS)
def test_small_and_adjusted_counts_are_used(name):
    """Seen to fail (halves, design effect) when every fraction was refused."""
    measure, columns = COUNTS[name]
    assert len(run(source_of(columns), measure, {key: key for key in columns}).table) == len(
        columns[next(iter(columns))]
    )
