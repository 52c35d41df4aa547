"""Formulas of mixed models and the tables they are fitted to: read right, or refused in words."""

import numpy as np
import pandas as pd
import pytest

from hiermeta.data.formula import FormulaError, term_name
from hiermeta.data.hierarchical import validate
from hiermeta.data.mixed_formula import parse_mixed, split_within_between
from hiermeta.data.problems import Refused
from hiermeta.data.read import read_table
from hiermeta.models.hierarchical_files import null_settings, with_priors
from hiermeta.models.hierarchical_priors import parse_lkj
from hiermeta.models.priors import PriorError
from hiermeta.models.separation import check_residuals, separation


def parts(formula):
    fixed = [term_name(term) for term in formula.fixed.terms]
    random = []
    for bar in formula.random:
        effects = ["1"] if bar.effects.intercept else []
        random.append((effects + [term_name(term) for term in bar.effects.terms], bar.name))
    return formula.outcome.name, formula.fixed.intercept, fixed, random


@pytest.mark.parametrize(
    "text, expected",
    [
        ("y ~ (1 | g)", ("y", True, [], [(["1"], "g")])),
        ("y ~ x * z + (1 + x | g)", ("y", True, ["x", "z", "x:z"], [(["1", "x"], "g")])),
        ("y ~ 0 + f + (x || g)", ("y", False, ["f"], [(["1"], "g"), (["x"], "g")])),
        ("log(y) ~ (0 + x | g) + poly(x, 2)", ("log(y)", True, ["poly(x, 2)"], [(["x"], "g")])),
        ("y ~ x + (1 | a/b) - 1", ("y", False, ["x"], [(["1"], "a"), (["1"], "a:b")])),
        ("y ~ (1 | a:b) + (x | c)", ("y", True, [], [(["1"], "a:b"), (["1", "x"], "c")])),
        ("y ~ (1 | `a/b`/c)", ("y", True, [], [(["1"], "a/b"), (["1"], "a/b:c")])),
        ("y ~ I(x ** 2) + (1 | `my school`)", ("y", True, ["I(x ** 2)"], [(["1"], "my school")])),
    ],
)
def test_formulas_are_read_as_lme4_reads_them(text, expected):
    """Are outcome, intercept, fixed terms and the effects of each grouping factor what lme4 would fit?

    Seen to fail with (x || g) as correlated effects and with (1 | a/b) as (1 | a:b) alone.
    """
    assert parts(parse_mixed(text)) == expected


@pytest.mark.parametrize(
    "text, words",
    [
        ("y ~ x", "no clusters"),
        ("~ x + (1 | g)", "write OUTCOME"),
        ("y + z ~ (1 | g)", "left of ~ stands one column"),
        ("y ~ x - (1 | g)", "by \\+"),
        ("y ~ x * (1 | g)", "by \\+"),
        ("y ~ x + 1 | g", "in parentheses"),
        ("y ~ x + (1 | g", "not closed"),
        ("y ~ (1 | log(g))", "stand columns"),
        ("y ~ ( | g)", "not a term"),
        ("y ~ (0 | g)", "holds no effect"),
        ("y ~ 0 + (1 | g)", "fixed part is empty"),
        ("y ~ __import__('os') + (1 | g)", "can't be used|not a formula"),
    ],
)
def test_other_formulas_are_refused_in_words(text, words):
    """Is each refused with what is allowed, and none of them run as code?

    Seen to fail with formulas without clusters let pass.
    """
    with pytest.raises(FormulaError, match=words):
        parse_mixed(text)


def test_within_between_replaces_the_predictor_everywhere():
    """Do both parts stand in fixed terms and products, and the within part alone in bars?

    Seen to fail with the between part left out of products.
    """
    formula = split_within_between(parse_mixed("y ~ ses * w + (ses | g)"), ["ses"])
    fixed = ["ses_within", "ses_between", "w", "ses_within:w", "ses_between:w"]
    assert parts(formula) == ("y", True, fixed, [(["1", "ses_within"], "g")])
    with pytest.raises(FormulaError, match="by itself"):
        split_within_between(parse_mixed("y ~ log(ses) + (1 | g)"), ["ses"])


@pytest.fixture
def rows():
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"y": rng.normal(size=24).round(3), "x": rng.normal(size=24).round(3)})
    table["g"], table["all"], table["one"] = list("abcdef") * 4, range(24), "s"
    table["level"] = table["g"].map(dict(zip("abcdef", range(6), strict=True)))
    table["f"], table["flat"], table["same"] = ["u", "v"] * 12, 3, table["g"].str.upper()
    return table


def validated(tmp_path, table, formula, **settings):
    table.to_csv(tmp_path / "d.csv", index=False)
    return validate(read_table(str(tmp_path / "d.csv")), {"formula": formula, "family": "gaussian"} | settings)


@pytest.mark.parametrize(
    "formula, settings, words",
    [
        ("y ~ x + (1 | one)", {}, "single value 's', so there is one cluster"),
        ("y ~ x + (1 | all)", {}, "differs in every row, so every cluster has one row"),
        ("y ~ x + (1 + level | g)", {}, "'level' is constant within every g"),
        ("y ~ x + (0 + level | g)", {}, "'level' is constant within every g"),
        ("y ~ x + (1 | g) + (1 | same)", {}, "'g' and 'same' make the same clusters"),
        ("y ~ x + (1 | g) + (1 | one)", {}, "column 'one' has the single value"),
        ("y ~ x + (1 | g/all)", {}, "column 'g:all' differs in every row"),
        ("y ~ x + (1 | g) + (1 + x | g)", {}, "intercept differs by g in two terms in bars"),
        ("y ~ z + (1 | g)", {}, "no column 'z'"),
        ("y ~ x + (1 | h)", {}, "no column 'h'"),
        ("f ~ x + (1 | g)", {}, "column 'f' holds text such as 'u', 'v' and no numbers"),
        ("flat ~ x + (1 | g)", {}, "is 3 in every row used"),
        ("log(y) ~ x + (1 | g)", {}, "log\\(y\\) is not a finite number in row"),
        ("y ~ flat + (1 | g)", {}, "flat is the same in all rows"),
        ("y ~ x + (1 | g)", {"reference_levels": {"f": "u"}}, "not a factor of the formula"),
        ("y ~ x + (1 | g)", {"within_between": ["level"]}, "within_between"),
        ("y ~ x + (1 | g)", {"subset": {"f": "w"}}, "no row left"),
    ],
)
def test_unusable_data_are_refused_in_words(tmp_path, rows, formula, settings, words):
    """Is each mistake named with its column, and does every problem say what to do?

    Seen to fail with slopes of what is constant within clusters let pass.
    """
    with pytest.raises(Refused, match=words) as refused:
        validated(tmp_path, rows, formula, **settings)
    assert all(problem.remedy for problem in refused.value.problems)


def test_missing_values_are_counted_and_their_rows_left_out(tmp_path, rows):
    """Does a missing outcome, predictor or cluster drop its row, with row number and column?

    Seen to fail with missing outcomes kept.
    """
    table = rows.astype(object)
    table.loc[2, "y"], table.loc[5, "x"], table.loc[7, "g"] = "NA", "", "."
    result = validated(tmp_path, table, "y ~ x + (1 | g)")
    assert [entry["row"] for entry in result.dropped] == [3, 6, 8]
    assert [entry["reason"].split("'")[1] for entry in result.dropped] == ["y", "x", "g"]
    assert len(result.table) == 21


def test_within_and_between_parts_are_deviation_and_mean(tmp_path, rows):
    """Do the parts add up to the predictor, the one with mean zero in each cluster, the other constant there?

    Seen to fail with overall in place of cluster means.
    """
    table = validated(tmp_path, rows, "y ~ x + (x | g)", within_between=["x"]).table
    assert (table["x_within"] + table["x_between"]).to_numpy() == pytest.approx(table["x"].to_numpy())
    assert table.groupby("g")["x_within"].mean().to_numpy() == pytest.approx(0, abs=1e-12)
    assert (table.groupby("g")["x_between"].nunique() == 1).all()


@pytest.mark.parametrize(
    "change, words",
    [
        ({"g": ["a", "b"] * 12}, "2 clusters of 'g' say little"),
        ({"g": ["a", "b", "c", "d", "e"] * 4 + list("abcz")}, "1 of 6 clusters of 'g' has one row"),
        ({"g": ["a", "b", "c", "d", "e", "A"] * 4}, "'A', 'a' differ only in case"),
        ({"g": [str(i // 2) for i in range(24)]}, "24 effects of g stand against 24 rows"),
    ],
)
def test_doubtful_clusters_are_warned_of(tmp_path, rows, change, words):
    """Are few, single-row, nearly alike and too many clusters pointed out, the analysis going on?

    Seen to fail with two clusters no longer few.
    """
    result = validated(tmp_path, rows.assign(**change), "y ~ x + (1 + x | g)")
    assert any(words in warning for warning in result.warnings)


def test_default_priors_follow_the_spread_of_the_data(tmp_path, rows):
    """Are the defaults those of the statistical specification, and the config's own priors taken instead?

    Seen to fail with slopes' priors not scaled by the column's SD and with one SD of the outcome for 2.5.
    """
    settings = {"formula": "y ~ x + (1 + x | g)", "family": "gaussian"}
    table = validated(tmp_path, rows, settings["formula"]).table
    sy, sx = table["y"].std(), table["x"].std()
    chosen = {name: entry.prior.arguments for name, entry in with_priors(table, settings)[1].chosen.items()}
    expected = {
        "intercept": (table["y"].mean(), 2.5 * sy),
        "x": (0, 2.5 * sy / sx),
        "sd(g:intercept)": (sy,),
        "sd(g:x)": (sy / sx,),
        "sigma": (sy,),
    }
    assert {name: pytest.approx(values) for name, values in expected.items()} == chosen
    own = with_priors(table, settings | {"priors": {"sd": "exponential(2)", "correlation": "lkj(3)"}})[1]
    assert str(own.chosen["sd(g:x)"].prior) == "exponential(2)" and own.eta == 3
    for key, text in {"sd": "normal(0, 1)", "correlation": "lkj(0)", "slopes": "point(0)"}.items():
        with pytest.raises(Refused, match=f"priors.{key}"):
            with_priors(table, settings | {"priors": {key: text}})


def test_the_null_model_keeps_outcome_clusters_and_family():
    """Is the null model that of the same outcome and grouping factors, names with blanks included?

    Seen to fail with names that aren't quoted in the null model.
    """
    settings = null_settings({"formula": "log(y) ~ x + (x | `my school`)", "family": "gaussian"})
    assert parts(parse_mixed(settings["formula"])) == ("log(y)", True, [], [(["1"], "my school")])


@pytest.mark.parametrize(
    "column, settings, words",
    [
        ([2] + [0, 1] * 11 + [1], {"family": "bernoulli"}, "neither 0 nor 1 in rows? 1"),
        ([1, 5] * 12, {"family": "binomial", "trials": "three"}, "not a whole number from 0 to its trials in rows 2"),
        ([0, 1] * 12, {"family": "binomial"}, "need `trials:`"),
        ([0, 1] * 12, {"family": "bernoulli", "trials": "three"}, "belongs to binomial outcomes"),
        ([1.5, 1] * 12, {"family": "poisson"}, "not a count in rows? 1"),
        ([-1, 1] * 12, {"family": "poisson"}, "not a count in rows? 1"),
        ([3, 1] * 12, {"family": "poisson", "exposure": "zero"}, "'zero' is not above zero"),
        ([1] * 24, {"family": "bernoulli"}, "is 1 in every row used"),
        ([10**15, 1] * 12, {"family": "poisson"}, "'c' reaches 1e\\+15; counts above 1e\\+12"),
        ([0, 1] * 12, {"family": "binomial", "trials": "many"}, "'many' reaches 1e\\+15; counts above 1e\\+12"),
    ],
)
def test_counts_that_a_family_does_not_have_are_refused(tmp_path, rows, column, settings, words):
    """Is each impossible outcome, trial or exposure named with its row?

    Seen to fail with fractions let pass as counts.
    """
    with pytest.raises(Refused, match=words):
        validated(tmp_path, rows.assign(c=column, three=3, zero=0, many=10**15), "c ~ x + (1 | g)", **settings)


@pytest.mark.parametrize("shift, fits", [(0, True), (2e4, True), (1e8, False)])
@pytest.mark.parametrize("family", ["gaussian", "poisson"])
@pytest.mark.parametrize("term", ["x", "0 + x", "I(x**2)"])
def test_random_effects_of_columns_far_from_zero_are_refused(tmp_path, rows, shift, fits, family, term):
    """Is a column refused whose differences are lost beside its mean, with the mean, where it varies by cluster?

    As a fixed effect it stays usable. Seen to fail without the check.
    """
    far = rows.assign(x=rows["x"] + shift, c=np.arange(24) % 5)
    outcome = "y" if family == "gaussian" else "c"
    validated(tmp_path, far, f"{outcome} ~ x + (1 | g)", family=family)
    if fits:
        validated(tmp_path, far, f"{outcome} ~ x + ({term} | g)", family=family)
    else:
        with pytest.raises(Refused, match="Subtract its mean, about 1e\\+"):
            validated(tmp_path, far, f"{outcome} ~ x + ({term} | g)", family=family)


@pytest.mark.parametrize("text", ["lkj(0)", "lkj(-1)", "lkj(1e6)", "lkj(1e400)", "lkj(1e)", "lkj(--)"])
def test_shapes_of_correlation_priors_have_a_range_that_is_said(text):
    """Does the refusal name the range? Seen to fail with lkj(1e6), which was told to be above zero."""
    with pytest.raises(PriorError, match=r"eta must be a number above 0 and below 1e\+06"):
        parse_lkj(text)


def test_separated_outcomes_are_warned_of_by_name(tmp_path, rows):
    """Is a factor whose one level never has the event named, and an ordinary outcome left alone?

    Seen to fail with separated fits taken for converged.
    """
    settings = {"formula": "c ~ x + f + (1 | g)", "family": "bernoulli"}
    event = np.where(rows["f"] == "u", 0, np.tile([0, 0, 1, 1], 6))
    for values, expected in ((event, "'f[v]'"), (np.tile([0, 1, 1, 0, 0], 5)[:24], None)):
        table = validated(tmp_path, rows.assign(c=values), settings["formula"], family="bernoulli").table
        found = separation(with_priors(table, settings)[0])
        assert bool(found) == bool(expected)
        assert expected is None or expected in found[0]


def test_outcomes_that_belong_to_clusters_are_warned_of(tmp_path, rows):
    """Are events that whole clusters have or don't have pointed out, and rows that are their own cluster told apart?

    Seen to fail with pure clusters let pass in silence.
    """
    settings = {"formula": "c ~ x + (1 | g)", "family": "bernoulli"}
    table = validated(tmp_path, rows.assign(c=(rows["level"] > 2).astype(int)), **settings).table
    assert "events only, or none" in " ".join(separation(with_priors(table, settings)[0]))
    alone = validated(tmp_path, rows.assign(c=[1, 2] * 12), "c ~ x + (1 | all)", family="poisson")
    assert "extra variation between rows" in " ".join(alone.warnings)


@pytest.mark.parametrize("outcome", ["x", "level"])
def test_outcomes_without_residual_are_refused(tmp_path, rows, outcome):
    """Is a gaussian outcome refused that a predictor or the cluster reproduces, whose likelihood has no maximum?

    Seen to fail with perfect fits let pass.
    """
    settings = {"formula": "y ~ x + (1 | g)", "family": "gaussian"}
    table = validated(tmp_path, rows.assign(y=1 + 2 * rows[outcome]), settings["formula"]).table
    with pytest.raises(Refused, match="reproduce the outcome exactly"):
        check_residuals(with_priors(table, settings)[0])
    check_residuals(with_priors(validated(tmp_path, rows, settings["formula"]).table, settings)[0])


def test_as_many_effects_as_rows_are_not_a_perfect_fit(tmp_path, rows):
    """Do saturated clusters pass, in which the variance between them stands for the residual?

    Seen to fail with saturated fits taken for perfect ones.
    """
    settings = {"formula": "y ~ 1 + (x | g)", "family": "gaussian"}
    table = validated(tmp_path, rows.assign(g=[str(i // 2) for i in range(24)]), settings["formula"]).table
    check_residuals(with_priors(table, settings)[0])


def test_without_usable_rows_the_column_that_lacks_values_is_named(tmp_path, rows):
    """Does the refusal say which column is empty, and how often? Seen to fail without the count of empty cells."""
    with pytest.raises(Refused, match="0 usable of 24 rows \\(24 with no value in column 'x'\\)"):
        validated(tmp_path, rows.assign(x=""), "y ~ x + (1 | g)")
