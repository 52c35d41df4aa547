"""How numbers are printed."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hiermeta.figures.numbers import fixed, percent, significant, supported_decimals
from hiermeta.figures.results import column_decimals, decimals_of

scales = st.floats(1e-6, 1e6)


@given(sd=scales, share=st.floats(1e-4, 0.5))
def test_the_last_digit_is_supported_or_needed(sd: float, share: float) -> None:
    """Is the unit of the last place two Monte Carlo errors wide, unless half an SD calls for a finer one?

    Seen to fail with one Monte Carlo error for two.
    """
    unit = 10.0 ** -supported_decimals(share * sd, sd)
    assert unit >= 2 * share * sd * (1 - 1e-6) or 10 * unit > sd / 2


@given(sd=scales, share=st.floats(1e-4, 0.5))
def test_no_digit_is_wasted(sd: float, share: float) -> None:
    """Would one more digit break the rule, or show a third digit of the SD?

    Seen to fail with three Monte Carlo errors for two.
    """
    finer = 10.0 ** -(supported_decimals(share * sd, sd) + 1)
    second = 10.0 ** (math.floor(math.log10(sd)) - 1)
    assert finer < 2 * share * sd or finer < second * (1 - 1e-9)


@given(value=st.floats(-1e6, 1e6), decimals=st.integers(0, 6))
def test_printed_numbers_read_back(value: float, decimals: int) -> None:
    """Is a printed number the value to within half a unit of its last place, and never minus zero?

    Seen to fail with numbers cut rather than rounded and with minus zero.
    """
    text = fixed(value, decimals)
    assert abs(float(text.replace("−", "-").replace(",", "")) - value) <= 0.5 * 10.0**-decimals + 1e-9
    assert not (text.startswith("−") and float(text[1:].replace(",", "")) == 0)


@given(value=st.floats(1e-12, 1e12), digits=st.integers(1, 5))
def test_significant_digits_keep_the_value(value: float, digits: int) -> None:
    """Is the relative error within half a unit of the last significant digit?

    Seen to fail with one significant digit less.
    """
    text = significant(value, digits).replace(",", "").replace("−", "-")
    if "×10" in text:
        mantissa, exponent = text.split("×10")
        text = mantissa + "e" + exponent.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    assert abs(float(text) / value - 1) <= 0.5000001 * 10 ** (1 - digits)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_not_printed_as_one(value: float) -> None:
    """Are undefined and infinite values shown as such by every printer? Seen to fail with undefined values as nan."""
    assert fixed(value, 2) in ("–", "∞", "−∞")
    assert significant(value) in ("–", "∞", "−∞")


@given(probability=st.floats(0, 1), mcse=st.floats(0, 0.1))
@example(probability=1.0, mcse=0.0)
@example(probability=0.0, mcse=0.0)
def test_no_probability_is_printed_as_certain(probability: float, mcse: float) -> None:
    """Is 0% or 100% never claimed from a finite number of draws? Seen to fail with probabilities printed as 100%."""
    assert percent(probability, mcse) not in ("0%", "100%", "0.0%", "100.0%")


def test_limits_weigh_half() -> None:
    """Do the school-calendar and BCG summaries keep the two decimals their errors support?

    Seen to fail with limits that weigh as much as the mean.
    """
    school = {"sd": 0.0873, "mcse_mean": 0.00105, "mcse_q2.5": 0.0033, "mcse_q97.5": 0.0030}
    bcg = {"sd": 0.183, "mcse_mean": 0.0024, "mcse_q2.5": 0.0073, "mcse_q97.5": 0.0075}
    assert decimals_of(school) == decimals_of(bcg) == 2
    assert decimals_of(bcg | {"sd": 0.5}) == 2, "0.0075, not twice that, stands against half the unit 0.01"
    coarse = bcg | {"mcse_q97.5": 0.03, "sd": 0.5}
    assert decimals_of(coarse) == 1
    assert column_decimals([school, coarse]) == 1
