"""Do tables and figures look at predictors only where there are data?"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from hiermeta.data import design as designs
from hiermeta.data.formula import parse
from hiermeta.figures import interactions, lines
from hiermeta.inference.hierarchical import along
from hiermeta.inference.marginal_means import levels, points, table_of
from hiermeta.io.files import write_csv
from hiermeta.io.results import read_table

RNG = np.random.default_rng(11)
COLUMNS = {
    "skewed": RNG.exponential(1, 40) ** 3,
    "skewed to the left": -(RNG.exponential(1, 40) ** 3),
    "one of many": [0.0] * 30 + [1.0, 2.0],
    "normal": RNG.normal(5, 2, 40),
    "three values": [1.0, 2.0, 3.0, 3.0],
    "two values": [0.0, 1.0, 1.0],
    "two fractions": [0.25, -1.5, 0.25],
}


@pytest.mark.parametrize("name", COLUMNS)
def test_numbers_are_looked_at_where_they_were_seen(name: str) -> None:
    """Are all points within the range of the data, those of two-valued columns values, and others what they are called?

    Seen to fail with mean ± SD of every column.
    """
    values = np.array(COLUMNS[name])
    found = points(values)
    mean, sd = values.mean(), values.std(ddof=1)
    meaning = {"minimum": values.min(), "-1 SD": mean - sd, "mean": mean, "+1 SD": mean + sd, "maximum": values.max()}
    assert all(values.min() <= value <= values.max() for _, value in found)
    if len(np.unique(values)) == 2:
        assert [value for _, value in found] == np.unique(values).tolist()
    else:
        assert len(found) == 3 and all(value == pytest.approx(meaning[label]) for label, value in found)


def test_a_two_valued_column_is_written_as_its_labels(tmp_path: Path) -> None:
    """Can figures tell levels from points on a scale by the file alone, where a level is its value?

    Seen to fail with 1.0 for the level 1.
    """
    frame = pd.DataFrame({"old": [0.0, 1.0, 1.0, 0.0] * 2, "age": RNG.normal(size=8)})
    found = levels(designs.fit(parse("~ old + age"), frame, {}), frame)
    write_csv(tmp_path / "x.csv", table_of(found, [RNG.normal(size=(4, 50)) for _ in found]))
    rows = read_table(tmp_path / "x.csv")
    assert [row["moderator"] for row in rows if row["level"] == row["value"]] == ["old", "old"]


def test_each_line_of_an_interaction_keeps_to_its_own_rows() -> None:
    """Does a curve span the values seen with its level, or with numbers nearer to its own than to the other?

    Seen to fail with every curve over all rows.
    """
    frame = pd.DataFrame({"weeks": [0.0, 10.0, 24.0, 1.0, 2.0], "kind": list("aaabb"), "size": [1.0, 1, 2, 8, 9]})
    results = SimpleNamespace(table=frame)
    for other, factors in (("kind", {"kind": ["a", "b"]}), ("size", {})):
        first, second = interactions.near(interactions.values(factors, other, frame[other]), frame[other])
        assert along.reach(results, "weeks", first)[[0, -1]] == pytest.approx([0, 24], abs=0.3)
        assert along.reach(results, "weeks", second)[[0, -1]] == pytest.approx([1, 2], abs=0.02)


def test_the_line_of_a_cluster_keeps_to_its_rows() -> None:
    """Does each cluster's line end where its own values do, within the bulk of all?

    Seen to fail with the bulk's range for every cluster.
    """
    frame = pd.DataFrame(
        {"x": np.r_[np.linspace(0, 4, 50), np.linspace(3, 10, 50), 7.0], "g": ["a"] * 50 + ["b"] * 50 + ["c"]}
    )
    results = SimpleNamespace(table=frame, model={"settings": {"formula": "y ~ x + (1 | g)"}})
    ends = lines._own_ranges(results, "x")[:, [0, -1]]
    low, high = np.quantile(frame["x"], [0.01, 0.99])
    assert ends == pytest.approx(np.array([[low, 4.0], [3.0, high], [7.0, 7.0]]))
