"""Formulas: nothing in them is run, nothing is read as something else, and names tell terms apart."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from hiermeta.data.formula import FUNCTIONS, OPERATORS, FormulaError, evaluate, parse
from hiermeta.data.mixed_formula import parse_mixed

CASES = yaml.safe_load((Path(__file__).parent / "formulas.yaml").read_text(encoding="utf-8"))
X, W = np.array([3.0, 0.5]), np.array([5.0, 7.0])


@pytest.mark.parametrize("case", CASES["hostile"] + CASES["ambiguous"], ids=lambda case: case["formula"][:40])
def test_refused_in_one_message_and_nothing_is_run(case, tmp_path, monkeypatch):
    """Is every unusable formula refused in one line that quotes it, fixed part and bars alike, and no file made?

    Fails when `formula.expanded` leaves out `at_end` (what follows a complete formula is dropped in silence),
    when `_most_terms` accepts literals, powers of columns or products without end, or when `_variables` lets a call
    pass that `FUNCTIONS` doesn't hold.
    """
    monkeypatch.chdir(tmp_path)
    right = case["formula"].removeprefix("~")
    with pytest.raises(FormulaError) as caught:
        parse(case["formula"])
    assert case["says"] in str(caught.value)
    if "|" not in right and right.strip():
        with pytest.raises(FormulaError):
            parse_mixed(f"y ~ 1 + (1 + {right} | g)")
    assert not list(tmp_path.iterdir())


def test_a_quoted_name_is_a_column_whatever_it_says():
    """Do backticks make any text the name of a column, and nothing more?"""
    (term,) = parse("~ `__import__('os').system('x')`").terms
    assert (term[0].kind, term[0].columns) == ("column", ("__import__('os').system('x')",))
    (term,) = parse("~ x.__class__").terms
    assert (term[0].kind, term[0].columns) == ("column", ("x.__class__",))


def test_only_arithmetic_can_be_called():
    """Is the list of what formulas may call as short as the documentation says? Fails when a function is added."""
    assert set(FUNCTIONS) == {"I", "log", "log2", "log10", "exp", "sqrt", "abs"}
    assert set(OPERATORS) == {"+", "-", "*", "/", "**"}


@pytest.mark.parametrize(
    "text, name, expected",
    [
        ("I((x + w) * 2)", "I((x + w) * 2)", (X + W) * 2),
        ("I(x + w * 2)", "I(x + w * 2)", X + W * 2),
        ("I(x - (w - 1))", "I(x - (w - 1))", X - (W - 1)),
        ("I(x - w - 1)", "I(x - w - 1)", X - W - 1),
        ("I(x / (w * 2))", "I(x / (w * 2))", X / (W * 2)),
        ("I(-(x^2))", "I(-(x ** 2))", -(X**2)),
        ("I((-x)^2)", "I((-x) ** 2)", X**2),
        ("I(1 - -x)", "I(1 - -x)", 1 + X),
        ("I((x^2)^0.5)", "I((x ** 2) ** 0.5)", X),
        ("log(exp(+x) / 2)", "log(exp(+x) / 2)", X - np.log(2)),
        ("{x + 1}", "I(x + 1)", X + 1),
    ],
)
def test_computed_columns_have_the_value_and_the_name_they_were_written_with(text, name, expected):
    """Is arithmetic that of the text, and does the name, read again, give the same column?

    Fails when `printed` leaves parentheses out, which gives two columns one name, or when signs are evaluated as
    operators on two values.
    """
    for written in (text, name):
        (term,) = parse(f"~ {written}").terms
        assert term[0].name == name
        assert evaluate(term[0].tree, {"x": X, "w": W}) == pytest.approx(expected, rel=1e-15)


def test_uncorrelated_effects_keep_computed_columns_and_quoted_names():
    """Does (x || g) split into the terms that were written? Fails when they are printed and parsed again."""
    random = parse_mixed("y ~ 1 + (1 + I((a + b) * c) + `odd name` || g)").random
    columns = {"a": X, "b": W, "c": X}
    assert evaluate(random[1].effects.terms[0][0].tree, columns) == pytest.approx((X + W) * X)
    assert random[2].effects.terms[0][0].columns == ("odd name",)
