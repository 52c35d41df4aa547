"""Is a column whose levels are partly numbers (0, 1, 2, 3+) a factor, and a stray text among numbers an error?

Seen to fail before: every cell '3+' was refused as not a number, in moderators and predictors alike. Fails as well with
a rule that looks at the number of values without asking that each repeats, or the other way round.
"""

from pathlib import Path

import numpy as np
import pytest

from hiermeta.data import hierarchical, meta
from hiermeta.data.problems import Refused
from hiermeta.data.read import read_table

FACTORS = {
    "children": ["0", "1", "2", "3+"] * 10,
    "grades": ["1", "2", "3", "3a", "3b"] * 8,
    "doses": (["0"] * 3 + ["10", "20", ">20"]) * 6 + [""] * 4,
}
NUMBERS = {
    "one stray text": [f"{i / 40:.2f}" for i in range(39)] + ["abc"],
    "one stray text among few numbers": ["0", "1", "2", "3"] * 9 + ["0", "1", "2", "x"],
    "one word for many numbers": [f"{i / 40:.2f}" for i in range(30)] + ["old"] * 10,
    "a word that repeats among many numbers that do": [str(20 + i % 18) for i in range(36)] + ["old"] * 4,
    "decimal commas": ["0", "1", "2", "1,5"] * 10,
}


def _validated(kind: str, cells: list[str], term: str, folder: Path):
    path = folder / "data.csv"
    rng = np.random.default_rng(1)
    outcome = rng.normal(size=len(cells))
    rows = [f'{y:.3f},0.1,g{i % 5},"{x}"' for i, (y, x) in enumerate(zip(outcome, cells, strict=True))]
    path.write_text("\n".join(["y,v,group,x", *rows]) + "\n")
    shared = {"data": str(path), "within_between": []}
    if kind == "moderators":
        own = {"measure": "SMD", "effect": "y", "variance": "v", "moderators": f"~ {term}"}
        return meta.validate(read_table(str(path)), shared | own)
    own = {"family": "gaussian", "formula": f"y ~ {term} + (1 | group)"}
    return hierarchical.validate(read_table(str(path)), shared | own)


@pytest.mark.parametrize("kind", ["moderators", "predictors"])
@pytest.mark.parametrize("name", FACTORS)
def test_few_values_that_repeat_are_a_factor_with_a_note(name, kind, tmp_path):
    """The levels are those of the file, and the note names the column's factor()."""
    found = _validated(kind, FACTORS[name], "x", tmp_path)
    assert set(found.table["x"]) == set(FACTORS[name]) - {""}
    assert sum("factor(x)" in note for note in found.notes) == 1


@pytest.mark.parametrize("kind", ["moderators", "predictors"])
@pytest.mark.parametrize("name", NUMBERS)
def test_stray_text_among_numbers_is_an_error_that_names_factor(name, kind, tmp_path):
    """Refused with the cell, and with factor() as the way out."""
    with pytest.raises(Refused) as refused:
        _validated(kind, NUMBERS[name], "x", tmp_path)
    assert any("is not a number" in problem.message for problem in refused.value.problems)
    assert any("factor(x)" in problem.remedy for problem in refused.value.problems)


@pytest.mark.parametrize("kind", ["moderators", "predictors"])
def test_a_declared_factor_needs_no_note(kind, tmp_path):
    """Nothing was guessed where the formula says factor()."""
    found = _validated(kind, FACTORS["children"], "factor(x)", tmp_path)
    assert not any("factor(x)" in note for note in found.notes)


@pytest.mark.parametrize("kind", ["moderators", "predictors"])
def test_text_used_as_a_number_is_refused(kind, tmp_path):
    """The square of 3+ is nothing, however often it stands there."""
    with pytest.raises(Refused, match="is not a number"):
        _validated(kind, FACTORS["children"], "x + I(x**2)", tmp_path)
