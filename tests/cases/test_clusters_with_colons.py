"""Are clusters that several columns name kept apart, whatever the values hold?"""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hiermeta.data.clusters import Clusters

CASE = Path(__file__).parent / "break" / "colon" / "colon.csv"


def _pairs(table: pd.DataFrame, columns: list[str]) -> list[tuple[str, ...]]:
    return list(table[columns].itertuples(index=False, name=None))


def test_case_has_four_clusters() -> None:
    """Does the case from the report have four clusters? Joined by bare colons it had three."""
    clusters = Clusters.of(pd.read_csv(CASE, dtype=str), ["s", "k"])
    assert len(clusters.names) == len(set(clusters.names)) == 4


@pytest.mark.parametrize("alphabet", ["a:", "a\\", "a:\\", "a b", "a]["])
@pytest.mark.parametrize("width", [2, 3])
def test_combinations_are_kept_apart(alphabet: str, width: int) -> None:
    """Are all combinations of awkward values different clusters with different names, in order of first appearance?

    Seen to fail for values with colons when they were joined by bare colons, and for values with backslashes when only
    colons were escaped.
    """
    values = ["".join(letters) for size in (1, 2) for letters in product(alphabet, repeat=size)]
    columns = ["x", "y", "z"][:width]
    table = pd.DataFrame(list(product(values, repeat=width)), columns=columns)
    table = pd.concat([table, table.iloc[::-1]], ignore_index=True)
    clusters = Clusters.of(table, columns)
    expected = {pair: code for code, pair in enumerate(dict.fromkeys(_pairs(table, columns)))}
    assert np.array_equal(clusters.codes, [expected[pair] for pair in _pairs(table, columns)])
    assert len(set(clusters.names)) == len(expected)


def test_plain_names_stay_as_they_are() -> None:
    """Are names without colons or backslashes joined as before, and single columns never changed?"""
    table = pd.DataFrame({"school": ["a", "a", "b:c"], "class": ["1", "2", "1"]})
    assert Clusters.of(table, ["school"]).names == ("a", "b:c")
    assert Clusters.of(table.iloc[:2], ["school", "class"]).names == ("a:1", "a:2")
