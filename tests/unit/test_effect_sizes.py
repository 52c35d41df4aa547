"""Effect sizes from raw columns: metafor's values, the published formulas, zero cells."""

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hiermeta.data import effect_sizes as es
from hiermeta.data.measures import MEASURES, to_natural
from hiermeta.data.meta import validate
from hiermeta.data.raw import RECIPES
from hiermeta.data.read import Source, read_table

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = json.loads((ROOT / "tests" / "reference" / "effect_sizes.json").read_text())["cases"]
METADAT = json.loads((ROOT / "tests" / "reference" / "effect_sizes_metadat.json").read_text())
AGREE = {"rel": 1e-12, "abs": 1e-14}
"""The same formulas in double precision differ by rounding only: a few 1e-15, some ten times that for the gamma
functions of Hedges' correction; differences of two logarithms near zero leave 1e-15 absolute."""


def source_of(columns):
    """A table as a file would have it; None is an empty cell."""
    texts = {key: ["" if x is None else repr(x) for x in column] for key, column in columns.items()}
    table = pd.DataFrame(texts, dtype=str)
    return Source("data.csv", "", table.set_index(pd.RangeIndex(1, len(table) + 1)))


def estimates(measure, columns, **settings):
    """Validated table of raw columns that already have metafor's names."""
    return validate(source_of(columns), {"measure": measure, "columns": {key: key for key in columns}} | settings)


def assert_equal(result, yi, vi):
    """Rows that metafor gives, its effects and its variances."""
    yi, vi = np.array(yi, float), np.array(vi, float)
    usable = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    assert result.table["row"].tolist() == (np.flatnonzero(usable) + 1).tolist()
    assert result.table["effect"].to_numpy() == pytest.approx(yi[usable], **AGREE)
    assert result.table["variance"].to_numpy() == pytest.approx(vi[usable], **AGREE)


@pytest.mark.parametrize("name", REFERENCE)
def test_every_reference_case_is_reproduced(name):
    """Do effects and variances of all measures equal those of escalc in metafor 3.8?

    Seen to fail with 1 − 3/(4 df − 1) for Hedges' correction and with the risk ratio's variance without 1/n.
    """
    case = REFERENCE[name]
    assert_equal(estimates(case["measure"], case["inputs"]), case["yi"], case["vi"])


@pytest.mark.parametrize(
    "case",
    METADAT["cases"],
    ids=lambda case: "-".join([case["measure"], case["data"], *map(str, case["zero_cells"] or ())]),
)
def test_further_data_and_every_zero_cell_policy_are_reproduced(case):
    """On more data sets, with missing cells, zeros and each of escalc's `to` and `drop00`: the same rows and values?

    Rows for which escalc gives NA, or a variance of zero, which no meta-analysis can use, must be dropped.

    Seen to fail with zero cells corrected in rows that have none.
    """
    columns = {key: METADAT["data"][case["data"]][key] for key in case["columns"]}
    settings = {"zero_cells": case["zero_cells"]} if case["zero_cells"] else {}
    assert_equal(estimates(case["measure"], columns, **settings), case["yi"], case["vi"])


def test_every_measure_but_given_ones_has_a_reference_case():
    """Would a measure added without reference values be noticed? Seen to fail with a recipe for hazard ratios."""
    assert set(RECIPES) == {case["measure"] for case in REFERENCE.values()} == set(MEASURES) - {"HR", "GEN"}


def test_bcg_counts_give_the_published_log_risk_ratios():
    """Does the shipped table, read from its file by raw columns, give its own yi and vi?

    Seen to fail with half an event in the sample sizes.
    """
    source = read_table(str(ROOT / "data" / "bcg.csv"))
    columns = {"ai": "tpos", "bi": "tneg", "ci": "cpos", "di": "cneg"}
    raw = validate(source, {"measure": "RR", "columns": columns, "label": "study"})
    given = validate(source, {"measure": "RR", "effect": "yi", "variance": "vi"})
    # The file has 15 digits.
    assert raw.table["effect"].to_numpy() == pytest.approx(given.table["effect"].to_numpy(), rel=1e-13)
    assert raw.table["variance"].to_numpy() == pytest.approx(given.table["variance"].to_numpy(), rel=1e-13)
    assert raw.table["sample_size"].iloc[0] == 4 + 119 + 11 + 128
    assert "'tpos' (ai), 'tneg' (bi), 'cpos' (ci), 'cneg' (di)" in raw.notes[0]


def test_group_sizes_serve_as_well_as_non_events():
    """Are the two ways to give a 2×2 table, and a proportion, the same?

    Seen to fail with non-events taken for group sizes.
    """
    a, n1, c, n2 = [0, 3, 5], [10, 10, 7], [2, 4, 0], [9, 8, 6]
    by_size = estimates("OR", {"ai": a, "n1i": n1, "ci": c, "n2i": n2})
    b, d = [n - x for n, x in zip(n1, a, strict=True)], [n - x for n, x in zip(n2, c, strict=True)]
    pd.testing.assert_frame_equal(by_size.table, estimates("OR", {"ai": a, "bi": b, "ci": c, "di": d}).table)
    by_size = estimates("PLO", {"xi": a, "ni": n1})
    pd.testing.assert_frame_equal(by_size.table, estimates("PLO", {"xi": a, "mi": b}).table)


def test_the_order_of_columns_in_the_config_does_not_matter():
    """Are columns taken by name, not by place, and named in the same order?

    Seen to fail with columns taken by place.
    """
    columns = REFERENCE["SMD_normand1999"]["inputs"]
    turned, plain = estimates("SMD", dict(reversed(columns.items()))), estimates("SMD", columns)
    pd.testing.assert_frame_equal(turned.table, plain.table)
    assert turned.notes == plain.notes


def test_hedges_correction_is_exact():
    """Is J(df) the closed form at even degrees of freedom, and not the approximation 1 − 3/(4 df − 1)?

    With Γ(1/2) = √π: J(2) = 1/√π and J(4) = √(2/π); the approximation is off by 0.007 at df = 2.

    Seen to fail with 1 − 3/(4 df − 1) for Hedges' correction.
    """
    assert es.small_sample_correction(np.array([2.0, 4.0])) == pytest.approx(
        [1 / math.sqrt(math.pi), math.sqrt(2 / math.pi)], rel=1e-14
    )
    # Stirling: J(df) = 1 − 3/(4 df) + O(df⁻²); the next term is below 1e-9 at df = 1e5.
    assert es.small_sample_correction(np.array([1e5])) == pytest.approx([1 - 3 / 4e5], abs=1e-9)


def test_the_bias_correction_of_log_ratios_follows_lajeunesse():
    """Are effect and variance RR^Δ and var(RR^Δ) of Lajeunesse (2015), worked out by hand, and the user told?

    m1 = 5, sd1 = 2, n1 = 8: sd²/(n m²) = 0.02; m2 = 4, sd2 = 2, n2 = 10: 0.025. So log 1.25 + (0.02 − 0.025)/2 and
    0.045 + (0.02² + 0.025²)/2.

    Seen to fail with Lajeunesse's bias subtracted and without his correction of the variance.
    """
    columns = {"m1i": [5, 5], "sd1i": [2, 2], "n1i": [8, 8], "m2i": [4, 4], "sd2i": [2, 2], "n2i": [10, 10]}
    corrected = estimates("ROM", columns, correct_bias=True)
    assert corrected.table["effect"].to_numpy() == pytest.approx(math.log(1.25) - 0.0025, rel=1e-14)
    assert corrected.table["variance"].to_numpy() == pytest.approx(0.0455125, rel=1e-14)
    assert any("Lajeunesse" in note for note in corrected.notes)
    plain = estimates("ROM", columns, correct_bias=False)
    assert plain.table["variance"].to_numpy() == pytest.approx(0.045, rel=1e-14)


def test_the_bias_correction_removes_bias():
    """Over simulated samples, does the correction bring the mean log ratio closer to the true one?

    With coefficient of variation 0.5, n1 = 4 and n2 = 40 the bias is about −0.028 (second-order theory:
    −½(0.25/4 − 0.25/40)); the Monte Carlo SE of the mean of 40,000 log ratios is 0.0013, so ten of them separate both.

    Seen to fail with Lajeunesse's bias subtracted.
    """
    rng = np.random.default_rng(1)
    samples = [rng.gamma(4.0, 1.0, (40_000, n)) for n in (4, 40)]
    arguments = [part for x in samples for part in (x.mean(1), x.std(1, ddof=1), np.full(len(x), x.shape[1]))]
    plain, _ = es.log_ratio_of_means(*arguments)
    corrected, _ = es.log_ratio_of_means_corrected(*arguments)
    assert plain.mean() < -0.02
    assert abs(corrected.mean()) < 0.008


def test_corrections_of_zero_cells_are_listed():
    """Is the user told which rows were corrected, by how much and why, and which were dropped?

    Seen to fail without the note on corrected cells.
    """
    columns = {"ai": [0, 3, 0, 4], "n1i": [10, 10, 10, 10], "ci": [2, 4, 0, 1], "n2i": [9, 8, 6, 9]}
    (note,) = (note for note in estimates("RR", columns).notes if "added" in note)
    assert note.startswith("0.5 was added") and "rows 1, 3, where a cell was zero" in note
    settings = {"add": 0.25, "to": "if0all", "drop_double_zero": True}
    result = estimates("RR", columns, zero_cells=settings)
    (note,) = (note for note in result.notes if "added" in note)
    assert note.startswith("0.25 was added") and "rows 1, 2, 4" in note and "because row 1 had a zero cell" in note
    assert [entry["row"] for entry in result.dropped] == [3]
    assert "drop_double_zero" in result.dropped[0]["reason"]
    bare = estimates("RR", columns, zero_cells={"to": "none"})
    assert [entry["row"] for entry in bare.dropped] == [1, 3]
    assert "zero cell" in bare.dropped[0]["reason"]
    assert not any("added" in note for note in bare.notes)
    everywhere = estimates("RR", columns, zero_cells={"to": "all"})
    assert any("every row, as `zero_cells.to: all` asks" in note for note in everywhere.notes)


def test_rows_without_information_are_dropped_and_do_not_trigger_corrections():
    """Are rows with no events, or events only, in both groups dropped, and their zeros ignored by `if0all`?

    The remaining row has the table 3, 7, 4, 5: log odds ratio log(15/28), as it is.

    Seen to fail with zeros of dropped rows counted by `if0all`.
    """
    columns = {"ai": [0, 3, 9], "bi": [10, 7, 0], "ci": [0, 4, 6], "di": [8, 5, 0]}
    usable = {key: [*column, 3, 3] for key, column in columns.items()}
    policy = {"to": "if0all", "drop_double_zero": True}
    result = estimates("OR", usable, zero_cells=policy)
    assert result.table["row"].tolist() == [2, 4, 5]
    assert result.table["effect"].tolist() == pytest.approx([math.log(15 / 28), 0, 0], **AGREE)
    assert not any("added" in note for note in result.notes)


def test_if0all_adds_nothing_without_a_zero_cell():
    """Does `if0all` differ from `all` where no cell is zero? Seen to fail with `if0all` taken for `all`."""
    columns = {"xi": [3, 4], "ni": [10, 10]}
    untouched = estimates("PR", columns, zero_cells={"to": "if0all"}).table["effect"]
    assert untouched.tolist() == [0.3, 0.4]
    assert estimates("PR", columns, zero_cells={"to": "all"}).table["effect"].iloc[0] == pytest.approx(3.5 / 11)


def test_a_partial_policy_takes_its_other_settings_from_the_schema():
    """Does `zero_cells: {to: only0}` mean the default policy?

    Seen to fail with an addition of 1 by default in partial policies.
    """
    columns = {"ai": [0, 3], "n1i": [10, 10], "ci": [2, 4], "n2i": [9, 8]}
    full = estimates("RR", columns).table
    pd.testing.assert_frame_equal(estimates("RR", columns, zero_cells={"to": "only0"}).table, full)


@pytest.mark.parametrize(
    "measure, columns, sizes",
    [
        ("RD", {"ai": [1, 2], "n1i": [10, 11], "ci": [2, 4], "n2i": [9, 8]}, [19, 19]),
        ("MD", {"m1i": [1, 2], "sd1i": [1, 1], "n1i": [5, 6], "m2i": [0, 1], "sd2i": [1, 1], "n2i": [7, 9]}, [12, 15]),
        ("COR", {"ri": [0.1, 0.2], "ni": [30, 40]}, [30, 40]),
        ("IRD", {"x1i": [1, 2], "t1i": [10.5, 20], "x2i": [3, 4], "t2i": [5, 6]}, [15.5, 26]),
        ("PR", {"xi": [1, 2], "mi": [10, 20]}, [11, 22]),
        ("IR", {"xi": [1, 2], "ti": [10, 20]}, [10, 20]),
        ("MN", {"mi": [1, 2], "sdi": [1, 1], "ni": [10, 20]}, [10, 20]),
    ],
)
def test_sample_sizes_come_from_the_raw_columns(measure, columns, sizes):
    """Do measures without a known unit-information SD get sample sizes by themselves? Does the user's column win?

    Seen to fail with computed sample sizes in the place of the user's.
    """
    result = estimates(measure, columns)
    assert result.table["sample_size"].tolist() == sizes
    assert any("Sample sizes are" in note for note in result.notes)
    source = source_of(columns | {"total": [100, 200]})
    settings = {"measure": measure, "columns": {key: key for key in columns}, "sample_size": "total"}
    own = validate(source, settings)
    assert own.table["sample_size"].tolist() == [100, 200]
    assert not any("Sample sizes are" in note for note in own.notes)


def test_corrections_do_not_change_sample_sizes():
    """Is half an event added to a zero cell kept out of the sample size?

    Seen to fail with half an event in the sample sizes.
    """
    columns = {"ai": [0, 2], "n1i": [10, 11], "ci": [2, 4], "n2i": [9, 8]}
    assert estimates("RD", columns).table["sample_size"].tolist() == [19, 19]


def test_counts_with_fractions_are_used_with_a_warning():
    """Are percentages in place of counts pointed out, without refusing adjusted counts?

    Seen to fail without the warning of fractions.
    """
    result = estimates("PR", {"xi": [12.5, 3, 2.5], "ni": [100, 100, 50.5]})
    (warning,) = result.warnings
    assert "'xi' (xi)" in warning and "rows 1, 3" in warning
    assert result.table["effect"].iloc[0] == 0.125


@pytest.mark.parametrize("measure", MEASURES)
def test_natural_scales_undo_the_analysis_scale(measure):
    """Does back-transforming an effect computed from raw numbers give the quantity its label names?

    Seen to fail with logits taken back by the exponential.
    """
    one = np.ones(1)
    two_by_two, means = (3 * one, 7 * one, 1 * one, 3 * one), (6 * one, 2 * one, 9 * one, 4 * one, 2 * one, 9 * one)
    plain = {
        "RR": (two_by_two, 0.3 / 0.25),
        "OR": (two_by_two, 9 / 7),
        "RD": (two_by_two, 0.05),
        "IRR": ((3 * one, 10 * one, 1 * one, 5 * one), 1.5),
        "IRD": ((3 * one, 10 * one, 1 * one, 5 * one), 0.1),
        "ROM": (means, 1.5),
        "MD": (means, 2.0),
        "COR": ((0.4 * one, 20 * one), 0.4),
        "ZCOR": ((0.4 * one, 20 * one), 0.4),
        **{name: ((3 * one, 7 * one), 0.3) for name in ("PR", "PLN", "PLO", "PAS")},
        "IR": ((3 * one, 10 * one), 0.3),
        "IRLN": ((3 * one, 10 * one), 0.3),
        "MN": ((6 * one, 2 * one, 9 * one), 6.0),
        "MNLN": ((6 * one, 2 * one, 9 * one), 6.0),
    }
    if measure in plain:
        arguments, value = plain[measure]
        effect, _ = RECIPES[measure].formula(*arguments)
        assert to_natural(measure, effect) == pytest.approx([value], rel=1e-14)
    else:
        expected = math.e if measure == "HR" else 1.0
        assert float(to_natural(measure, 1.0)) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("measure", MEASURES)
def test_natural_scales_keep_the_order_and_place_no_effect(measure):
    """Is every back-transformation increasing, so that limits stay limits, and no effect a ratio of 1 or a zero?

    Seen to fail with arcsines not kept between 0 and π/2.
    """
    values = to_natural(measure, np.linspace(-3, 3, 61))
    assert all(low <= high for low, high in pairwise(values))
    no_effect = MEASURES[measure].no_effect
    if no_effect is None:
        assert MEASURES[measure].single_group
    else:
        ratio = "ratio" in MEASURES[measure].natural_label
        assert float(to_natural(measure, no_effect)) == (1.0 if ratio else 0.0)
    if measure == "PAS":
        assert values[0] == 0.0 and values[-1] == 1.0
