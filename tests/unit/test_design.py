"""Formulas and design matrices: R's columns, standardised columns that span the same space, and refusals in words."""

import numpy as np
import pandas as pd
import pytest

from hiermeta.data import design
from hiermeta.data.formula import FormulaError, parse, term_name

RNG = np.random.default_rng(8)
TABLE = pd.DataFrame(
    {
        "row": range(1, 13),
        "x": RNG.normal(5, 2, 12),
        "w": RNG.normal(size=12),
        "g": list("abcabcabcabc"),
        "h": list("uuuuuuvvvvvv"),
        "code": [1, 2, 3] * 4,
        "odd name": RNG.normal(size=12),
    }
)


@pytest.mark.parametrize(
    "text, names",
    [
        ("~ x", ["intercept", "x"]),
        ("~ x - 1", ["x"]),
        ("~ x + g", ["intercept", "x", "g[b]", "g[c]"]),
        ("~ 0 + g", ["g[a]", "g[b]", "g[c]"]),
        ("~ x * g", ["intercept", "x", "g[b]", "g[c]", "x:g[b]", "x:g[c]"]),
        ("~ x:g", ["intercept", "x:g[a]", "x:g[b]", "x:g[c]"]),
        ("~ (x + w)^2", ["intercept", "x", "w", "x:w"]),
        ("~ I(x^2) + log(x)", ["intercept", "I(x ** 2)", "log(x)"]),
        ("~ poly(x, 2)", ["intercept", "poly(x, 2)[1]", "poly(x, 2)[2]"]),
        ("~ factor(code)", ["intercept", "factor(code)[2]", "factor(code)[3]"]),
        ("~ `odd name`", ["intercept", "odd name"]),
        ("~ g:h", ["intercept", "g[a]:h[u]", "g[a]:h[v]", "g[b]:h[u]", "g[b]:h[v]", "g[c]:h[u]", "g[c]:h[v]"]),
    ],
)
def test_columns_are_those_of_r(text, names):
    """Are terms coded as R's model.matrix does: contrasts where the margin is in the model, full coding elsewhere?

    Seen to fail with reference coding of every factor.
    """
    if text == "~ g:h":  # R keeps the column that the intercept makes redundant; here it is refused
        with pytest.raises(FormulaError, match="is collinear with"):
            design.fit(parse(text), TABLE)
        return
    assert list(design.fit(parse(text), TABLE).names) == names


@pytest.mark.parametrize(
    "text", ["~ x * g", "~ x:g", "~ w + w:x", "~ poly(x, 3) + g", "~ x * w * h", "~ 0 + g + x", "~ g/x", "~ x - 1"]
)
def test_standardised_columns_span_the_same_space(text):
    """Does standardising change only the coefficients, so that a back-transformation exists? 1e-9: rounding.

    Seen to fail with products centred that have no main effects.
    """
    fitted = design.fit(parse(text), TABLE)
    user, standard = fitted.matrix(TABLE, standard=False), fitted.matrix(TABLE, standard=True)
    back = np.linalg.lstsq(user, standard, rcond=None)[0]
    assert user @ back == pytest.approx(standard, abs=1e-9)
    assert np.linalg.matrix_rank(back) == user.shape[1]


def test_numeric_columns_are_standardised_and_interactions_are_their_products():
    """Mean 0 and SD 1 for main effects, and products of those columns for interactions?

    Seen to fail with SDs of n for n − 1.
    """
    fitted = design.fit(parse("~ x * w + I(x^2)"), TABLE)
    columns = dict(zip(fitted.names, fitted.matrix(TABLE, standard=True).T, strict=True))
    for name in ("x", "w", "I(x ** 2)"):
        assert columns[name].mean() == pytest.approx(0, abs=1e-12)
        assert columns[name].std(ddof=1) == pytest.approx(1)
    assert columns["x:w"] == pytest.approx(columns["x"] * columns["w"])


def test_polynomials_are_orthonormal_and_evaluate_elsewhere():
    """Are poly() columns R's orthonormal polynomials, and at new values the same polynomials?

    Seen to fail without the second term of the polynomials' recurrence.
    """
    fitted = design.fit(parse("~ poly(x, 3)"), TABLE)
    matrix = fitted.matrix(TABLE, standard=False)[:, 1:]
    assert matrix.T @ matrix == pytest.approx(np.eye(3), abs=1e-10)
    assert matrix.sum(axis=0) == pytest.approx(0, abs=1e-10)
    powers = np.vander(TABLE["x"], 4)
    new = pd.DataFrame({"x": [0.0, 10.0]})
    for degree in range(3):
        coefficients = np.linalg.lstsq(powers, matrix[:, degree], rcond=None)[0]
        expected = np.vander(new["x"], 4) @ coefficients
        assert fitted.matrix(new, standard=False)[:, degree + 1] == pytest.approx(expected, rel=1e-8)


def test_reference_levels_are_taken_from_the_config():
    """Is the stated level the one without a column?

    Seen to fail with the first level as reference whatever the config says.
    """
    fitted = design.fit(parse("~ g"), TABLE, {"g": "b"})
    assert fitted.names == ("intercept", "g[a]", "g[c]")
    with pytest.raises(FormulaError, match="no level 'z'; it has a, b, c"):
        design.fit(parse("~ g"), TABLE, {"g": "z"})


@pytest.mark.parametrize(
    "text, words",
    [
        ("x + g", "begins with ~"),
        ("~ x +", "is not a formula"),
        ("~ (1 | g)", "only moderators may stand here"),
        ("~ open('x')", "can't be used"),
        ("~ exec(x)", "can't be used"),
        ("~ poly(x, 99)", "degree"),
        ("~ log(w)", "not a finite number in row"),
        ("~ I(g * 2)", "holds text"),
        ("~ constant", "the same in all rows"),
        ("~ single", "single value"),
        ("~ x + I(x * 2)", "is collinear with intercept, x"),
        ("~ factor(row)", "12 coefficients for 12 rows: no residual degrees of freedom"),
    ],
)
def test_unusable_formulas_are_refused_in_words(text, words):
    """Is each unusable formula refused with what is wrong, and nothing in it run as code?

    Seen to fail without the look at the rank of the columns.
    """
    table = TABLE.assign(constant=1.0, single="q")
    with pytest.raises(FormulaError, match=words):
        design.fit(parse(text), table)


def test_terms_keep_their_names():
    """Are terms printed as the user knows them? Seen to fail with the interaction's parts in reverse order."""
    assert [term_name(term) for term in parse("~ x * g").terms] == ["x", "g", "x:g"]


def test_values_to_predict_at_are_checked_against_the_designs():
    """Is an unknown column, an unknown level and text for a number each named, and a good value let pass?

    Seen to fail with unknown levels let pass.
    """
    fitted = [design.fit(parse("~ x + g"), TABLE)]
    values = [{"x": 3, "g": "b"}, {"g": "z"}, {"x": "three"}, {"w": 1}]
    problems = design.unusable_values(fitted, values, "moderator", "there is no formula")
    assert [str(problem).split(":")[0] for problem in problems] == [
        "predict_at[1].g",
        "predict_at[2].x",
        "predict_at[3].w",
    ]
    assert "It has a, b, c" in str(problems[0])
    assert "Moderators are g, x" in str(problems[2])
    nothing = design.unusable_values([], [{"x": 1}], "moderator", "there is no formula")
    assert "none, since there is no formula" in str(nothing[0])
