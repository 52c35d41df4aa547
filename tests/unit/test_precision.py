"""Standard errors, confidence limits and p-values in place of sampling variances."""

import numpy as np
import pytest
from scipy.stats import norm

from hiermeta.data.given import last_place, off_centre, variance_from_interval, variance_from_p_value
from hiermeta.data.meta import validate
from hiermeta.data.problems import Refused
from hiermeta.data.read import read_table

EFFECT = np.array([-0.7, -0.01, 0.3, 2.0])
VARIANCE = np.array([0.04, 0.2, 1e-4, 0.09])


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_intervals_give_back_the_variance_they_were_made_from(level):
    """Round trip through limits of any level: the same variance, but for the cancellation in upper − lower?

    Seen to fail with the level itself as the quantile.
    """
    half = norm.ppf(0.5 + level / 2) * np.sqrt(VARIANCE)
    # Effects are at most 200 times as large as their half-widths, so cancellation costs 1e-13 at most.
    assert variance_from_interval(EFFECT - half, EFFECT + half, level) == pytest.approx(VARIANCE, rel=1e-12)


def test_p_values_give_back_the_variance_they_were_made_from():
    """Round trip through two-sided p-values, tiny ones included, for both signs of the effect?

    z = 30 has p = 1e-197, where 1 − p/2 rounds to 1: only the upper tail keeps it.

    Seen to fail with 1 − p/2 for the upper tail and with one-sided p-values.
    """
    p = 2 * norm.sf(np.abs(EFFECT) / np.sqrt(VARIANCE))
    assert p.min() < 1e-190
    assert variance_from_p_value(EFFECT, p) == pytest.approx(VARIANCE, rel=1e-11)  # p near 1 loses digits of z


def test_known_values():
    """Do textbook numbers come out: 95% limits ± 1.96 SE, and p = 0.05 at 1.96 SE?

    Seen to fail with one-sided p-values.
    """
    # 1.96 rounds 1.959964, so variances agree to 4e-5.
    assert variance_from_interval(np.array([-1.96]), np.array([1.96]), 0.95) == pytest.approx([1.0], rel=1e-4)
    assert variance_from_p_value(np.array([-1.96]), np.array([0.05])) == pytest.approx([1.0], rel=1e-4)


@pytest.mark.parametrize(
    "texts, place",
    [(["1", "20"], 1.0), (["0.5", "0.25", "NA", ""], 0.01), (["1e-3"], 0.001), (["1.50e1"], 0.1), (["2e3"], 1.0)],
)
def test_the_last_place_is_read_from_how_numbers_are_written(texts, place):
    """Is the finest cell of the column what counts, in any notation?

    Seen to fail with the coarsest cell of a column.
    """
    assert last_place(texts) == place


def test_rounding_is_not_taken_for_asymmetry():
    """Is no interval rounded to any number of places flagged, and every clear asymmetry?

    Seen to fail with a quarter of the rounding allowed and with four times the rounding allowed.
    """
    rng = np.random.default_rng(2)
    effect, half = rng.normal(0, 1, 500), rng.uniform(0.1, 2, 500)
    for of_effect in range(5):
        for of_limits in range(5):
            rounded = [np.round(effect, of_effect), *(np.round(effect + x, of_limits) for x in (-half, half))]
            units = 10.0**-of_effect, 10.0**-of_limits, 10.0**-of_limits
            assert not off_centre(*rounded, units).any()
            # Rounding moves lower + upper − 2 effect by at most this; the shift moves it by twice as much and more.
            bound = units[0] + units[1]
            assert off_centre(rounded[0] + 1.01 * bound, *rounded[1:], units).all()


def table(tmp_path, text):
    path = tmp_path / "trials.csv"
    path.write_text(text)
    return read_table(str(path))


LIMITS = {"measure": "HR", "effect": "y", "ci_lower": "l", "ci_upper": "u"}
P_VALUES = {"measure": "MD", "effect": "y", "p_value": "p"}


def test_limits_in_a_table_become_variances_and_are_said(tmp_path):
    """Are limits read at the configured level, without a warning where they are symmetric?

    Seen to fail with 95% whatever the config says.
    """
    source = table(tmp_path, "y,l,u\n-0.22,-0.45,0.01\n0.1,-0.1,0.3\n")
    result = validate(source, LIMITS | {"ci_level": 0.9})
    z = norm.ppf(0.95)
    assert result.table["variance"].to_numpy() == pytest.approx([(0.23 / z) ** 2, (0.2 / z) ** 2], rel=1e-12)
    assert "90% confidence limits in columns 'l' and 'u'" in result.notes[0]
    assert result.warnings == []
    default = validate(source, LIMITS)
    ratio = default.table["variance"] / result.table["variance"]
    assert ratio.to_numpy() == pytest.approx((z / norm.ppf(0.975)) ** 2, rel=1e-12)
    assert "95% confidence limits" in default.notes[0]


def test_ratios_given_instead_of_logarithms_are_pointed_out(tmp_path):
    """Do hazard ratios with their limits, which are symmetric only as logarithms, raise a warning that says so?

    Seen to fail without the words on logarithms.
    """
    text = "y,l,u\n0.80,0.64,1.01\n1.11,0.90,1.35\n-0.2,-0.5,0.1\n"
    (warning,) = validate(table(tmp_path, text), LIMITS).warnings
    assert "rows 1, 2" in warning and "must be logarithms" in warning and "hazard ratios" in warning
    (warning,) = validate(table(tmp_path, text), LIMITS | {"measure": "SMD"}).warnings
    assert "check these cells" in warning


@pytest.mark.parametrize(
    "settings, text, row, column, words",
    [
        (LIMITS, "y,l,u\n0.1,0,0.2\n0.5,0.6,0.9\n", 2, "l", "the lower limit 0.6 is above the effect 0.5"),
        (LIMITS, "y,l,u\n0.1,0,0.2\n0.5,0.1,0.4\n", 2, "u", "the upper limit 0.4 is below the effect 0.5"),
        (LIMITS, "y,l,u\n0.1,0.2,0\n0.5,0.1,0.9\n", 1, "l", "the lower limit 0.2 is not below the upper 0"),
        (LIMITS, "y,l,u\n0.1,0.1,0.1\n0.5,0.1,0.9\n", 1, "l", "the lower limit 0.1 is not below the upper 0.1"),
        (P_VALUES, "y,p\n0.1,0.2\n0.5,0\n", 2, "p", "the p-value is 0"),
        (P_VALUES, "y,p\n0.1,1\n0.5,0.1\n", 1, "p", "the p-value is 1"),
        (P_VALUES, "y,p\n0.1,1.2\n0.5,0.1\n", 1, "p", "the p-value is 1.2"),
        (P_VALUES, "y,p\n0.1,0.2\n0,0.1\n", 2, "y", "the effect is 0, so that no standard error follows"),
        (P_VALUES, "y,p\n0.1,<0.001\n0.2,0.1\n", 1, "p", "'<0.001' is not a number"),
    ],
)
def test_cells_without_a_standard_error_are_refused(tmp_path, settings, text, row, column, words):
    """Does each message name the file, row and column, and say what to do?

    Seen to fail with p-values of 0 and 1 let pass.
    """
    with pytest.raises(Refused) as caught:
        validate(table(tmp_path, text), settings)
    (problem,) = caught.value.problems
    assert words in problem.message and "trials.csv" in problem.message
    assert (problem.row, problem.column) == (row, column)
    assert problem.remedy


def test_a_zero_effect_without_a_p_value_is_dropped_not_refused(tmp_path):
    """Is a row with a missing p-value dropped as missing, whatever its effect?

    Seen to fail with zero effects refused though their p-value is missing.
    """
    result = validate(table(tmp_path, "y,p\n0,\n0.2,0.1\n0.3,0.2\n"), P_VALUES)
    assert result.table["row"].tolist() == [2, 3]
    assert "two-sided p-values in column 'p'" in result.notes[0]
