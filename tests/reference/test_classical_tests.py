"""Tests, heterogeneity and predictions against metafor's and clubSandwich's.

All tolerances of 1e-5 are those of the other programs' variances, on which these numbers depend.
"""

import pandas as pd
import pytest
from classical_cases import CASES, column, found, having
from scipy.stats import norm

from hiermeta.inference.classical import small_study
from hiermeta.io.registry import header


def same(table, reference, statistic="t"):
    """Whether standard errors, statistics, degrees of freedom and p agree to 1e-5, relative or absolute."""
    for ours, theirs in (("se", "se"), (statistic, "stat"), ("df", "df"), ("p", "p")):
        assert column(table, ours) == pytest.approx(column(reference, theirs), rel=1e-5, abs=1e-5)
    return True


@pytest.mark.parametrize("name", having("CR2"))
def test_cr2_is_clubsandwichs(name):
    """Are bias-reduced standard errors and Satterthwaite degrees of freedom the same?

    Seen to fail with CR2 weights that ignore the leverage of the coefficients.
    """
    assert same(found(name)["robust"]["CR2"], CASES[name]["CR2"])


@pytest.mark.parametrize("name", having("CR1"))
def test_cr1_is_metafors(name):
    """Is the sandwich scaled by J/(J − p) that of robust()? Seen to fail without that scale."""
    assert same(found(name)["robust"]["CR1"], CASES[name]["CR1"])


@pytest.mark.parametrize("name", having("contain"))
def test_inner_outer_degrees_of_freedom_are_metafors(name):
    """Does dfs="contain" give the same t tests, also for moderators that vary within clusters?

    Seen to fail with the degrees of freedom of all rows for every moderator.
    """
    assert same(found(name)["t"], CASES[name]["contain"])


def test_containment_tells_inner_from_outer_moderators():
    """Has a case 25 clusters' degrees of freedom for its intercept, 57 rows' for a moderator that varies within them?

    Seen to fail with the degrees of freedom of all rows for every moderator.
    """
    assert column(found("knapp2017_difficulty")["t"], "df") == [25 - 2, 57 - 2]


@pytest.mark.parametrize("name", having("knapp_hartung"))
def test_knapp_hartung_is_metafors(name):
    """Are the rescaled standard errors and t tests those of test="knha"? Seen to fail with k in place of k − p."""
    assert same(found(name)["knapp_hartung"]["coefficients"], CASES[name]["knapp_hartung"])


@pytest.mark.parametrize("name", having("q_profile"))
def test_q_profile_is_metafors(name):
    """Are the bounds of τ² from the generalised Q statistic the same, 0 where they'd be negative?

    Seen to fail with the quantiles of a 90% interval.
    """
    assert found(name)["q_profile"]["tau2"] == pytest.approx(CASES[name]["q_profile"][1:], rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_cochrans_q_is_metafors(name):
    """Is Q, also with dependent sampling errors, the same? 1e-9: no iteration is involved.

    Seen to fail with k in place of k − p for the degrees of freedom.
    """
    result, case = found(name), CASES[name]
    assert result["Q"] == pytest.approx(case["Q"], rel=1e-9)
    if "Q_p" in case:
        assert result["p"] == pytest.approx(case["Q_p"], rel=1e-6, abs=1e-300)


@pytest.mark.parametrize("name", having("equal_effects"))
def test_equal_effects_fit_is_metafors(name):
    """Are estimates and standard errors those at τ² = 0? 1e-9: no iteration is involved.

    Seen to fail with the random-effects fit in the place of the one at τ² = 0.
    """
    table, reference = found(name)["equal_effects"]["coefficients"], CASES[name]["equal_effects"]
    for key in ("estimate", "se"):
        assert column(table, key) == pytest.approx(column(reference, key), rel=1e-9)


@pytest.mark.parametrize("name", having("QM"))
def test_omnibus_test_is_metafors(name):
    """Is Wald's test of all moderators, the intercept left out, the same?

    Seen to fail with the intercept among the moderators tested.
    """
    assert list(found(name)["QM"].values()) == pytest.approx(CASES[name]["QM"], rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", having("R2") + having("tau2_null"))
def test_r2_is_metafors(name):
    """Is the reduction of τ², in percent and cut at 0, the same? 1e-3: a percentage of a ratio of two τ².

    Seen to fail with R² not cut at zero.
    """
    case = CASES[name]
    expected = case["R2"] if "R2" in case else max(0.0, 100 * (1 - case["tau2"] / case["tau2_null"]))
    assert found(name)["R2"]["total"] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("name", having("I2"))
def test_i2_is_metafors(name):
    """Are total, within and between I² the same? 1e-3: percentages of τ² known to 1e-5.

    Seen to fail with the mean sampling variance for the typical one.
    """
    for part in {"total", "within", "between"} & CASES[name]["I2"].keys():
        assert found(name)["I2"][part] == pytest.approx(CASES[name]["I2"][part], abs=1e-3)


@pytest.mark.parametrize("name", having("predict"))
def test_prediction_is_metafors(name):
    """Are mean, standard error, confidence and prediction interval at the mean design the same?

    Seen to fail without τ² in the prediction interval.
    """
    for key, value in CASES[name]["predict"].items():
        assert found(name)["predict"][key] == pytest.approx(value, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", having("predict_t"))
def test_prediction_with_inner_outer_df_is_metafors(name):
    """Do the t intervals at the mean design take the fewest degrees of freedom of any coefficient?

    Seen to fail with the most degrees of freedom of any coefficient.
    """
    for key in ("ci", "pi"):
        assert found(name)["predict"]["t"][key] == pytest.approx(CASES[name]["predict_t"][key], rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", having("riley_pi"))
def test_prediction_with_k_minus_2_df_is_metafors(name):
    """Is the interval that of Higgins, Thompson & Spiegelhalter, pi.type="riley"?

    Seen to fail with k − p in place of k − p − 1.
    """
    assert found(name)["predict"]["t"]["pi"] == pytest.approx(CASES[name]["riley_pi"], rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", having("predict_knapp_hartung"))
def test_knapp_hartung_prediction_is_metafors(name):
    """Are both intervals under test="knha" the same?

    Seen to fail with normal quantiles beside Knapp and Hartung's covariance.
    """
    for key in ("ci", "pi"):
        expected = CASES[name]["predict_knapp_hartung"][key]
        assert found(name)["knapp_hartung"]["predict"][key] == pytest.approx(expected, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", having("cluster_random_effects"))
def test_cluster_random_effects_are_metafors(name):
    """Are the predicted b_c and their standard errors those of ranef()?

    Seen to fail without shrinkage of cluster effects.
    """
    clusters, reference = found(name)["blups"]["clusters"], CASES[name]["cluster_random_effects"]
    assert clusters["random_effect"] == pytest.approx(reference["value"], abs=1e-5)
    assert clusters["random_effect_se"] == pytest.approx(reference["se"], abs=1e-5)


@pytest.mark.parametrize("name", having("row_blups"))
def test_true_effects_of_rows_are_metafors(name):
    """Are the predictions of x'β + u_i and their standard errors those of blup()?

    Seen to fail without the coefficients' uncertainty in predictions.
    """
    rows, reference = found(name)["blups"]["rows"], CASES[name]["row_blups"]
    assert rows["estimate"] == pytest.approx(reference["value"], rel=1e-5, abs=1e-5)
    assert rows["se"] == pytest.approx(reference["se"], rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", having("regtest"))
def test_small_study_regression_is_metafors(name):
    """Without clusters, are z and p those of regtest(model="rma", predictor="sei")?

    Seen to fail with the sampling variances in the place of standard errors.
    """
    slope = found(name)["small_study"]["slope"]
    assert [slope["z"], slope["p"]] == pytest.approx(CASES[name]["regtest"], abs=1e-5)


def test_small_study_regression_respects_clusters():
    """With ten clusters or more, is the test CR2's; with fewer, is there none?

    Seen to fail with small-study regressions of any number of clusters.
    """
    assert found("konstantopoulos2011")["small_study"]["test"] == "CR2 t"
    assert found("linde2005")["small_study"] is None


@pytest.mark.parametrize("name", ["konstantopoulos2011", having("regtest")[0]])
def test_the_table_of_small_study_effects_holds_the_regression(name):
    """Are slope and intercept written with their own statistic and degrees of freedom? Seen to fail with the limits
    exchanged and with the rows in the other order.
    """
    regression = found(name)["small_study"]
    statistic, freedom = ("t", regression["slope"]["df"]) if regression["test"] == "CR2 t" else ("z", None)
    slope, intercept = small_study.table(regression).to_dict("records")
    assert slope["test_value"] == regression["slope"][statistic] == pytest.approx(slope["estimate"] / slope["se"])
    assert slope["df"] == freedom or (pd.isna(slope["df"]) and freedom is None)
    assert slope["ci_low"] < slope["estimate"] < slope["ci_high"]
    assert (slope["term"], intercept["estimate"]) == ("standard error", regression["intercept"]["estimate"])


def test_no_regression_leaves_columns_only():
    """Is the file of a data set without the regression still readable?

    Seen to fail with no columns where there is no regression.
    """
    assert small_study.table(None).empty
    assert list(small_study.table(None)) == header("small_study.csv")


@pytest.mark.parametrize("name", CASES)
def test_parts_agree_with_each_other(name):
    """Do τ, the parts of τ² and the confidence intervals follow from the rest? 1e-12: the same numbers.

    Seen to fail with τ within clusters reported as τ.
    """
    result = found(name)
    assert result["tau"] == pytest.approx(result["tau2"] ** 0.5, rel=1e-12)
    if result["clusters"]:
        assert result["tau2_within"] + result["tau2_between"] == pytest.approx(result["tau2"], rel=1e-12)
    for row in result["coefficients"]:
        margin = norm.ppf(0.975) * row["se"]
        assert row["ci"] == pytest.approx([row["estimate"] - margin, row["estimate"] + margin], rel=1e-12)
