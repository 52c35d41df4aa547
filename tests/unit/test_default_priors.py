"""Default and informed priors: the scale they take, where they come from, and when there is none."""

import math

import pandas as pd
import pytest

from hiermeta.data.problems import Refused
from hiermeta.models.default_priors import choose_priors, informed_priors, unit_information
from hiermeta.models.priors import parse_for

TABLE = pd.DataFrame({"effect": [0.1, 0.5], "variance": [0.04, 0.01], "sample_size": [50, 200]})


def chosen(table=TABLE, **settings):
    settings = {"measure": "SMD"} | settings
    return choose_priors(settings, table, unit_information(settings, table))


@pytest.mark.parametrize("measure, unit", [("SMD", math.sqrt(2)), ("RR", 2.0), ("ZCOR", 1.0)])
def test_known_measures_scale_the_priors(measure, unit):
    """Are the defaults N(0, U/2) and half-normal(U/4) with the unit-information SD of the specification?

    Seen to fail with the full unit-information SD as the scale of τ.
    """
    priors = chosen(measure=measure, moderators="~ x")
    assert priors["mu"].prior.arguments == pytest.approx((0, unit / 2))
    assert priors["tau"].prior.arguments == pytest.approx((unit / 4,))
    assert priors["moderators"].prior.arguments == pytest.approx((0, unit / 4))
    assert "rho" not in priors


def test_sample_sizes_and_the_config_give_a_unit_where_the_measure_has_none():
    """Is U = √(Σn / Σ(1/v)) for a mean difference, and the user's value taken first?

    Seen to fail with a unit-information SD from the mean of the sample sizes.
    """
    unit = math.sqrt(250 / (25 + 100))
    assert chosen(measure="MD")["tau"].prior.arguments == pytest.approx((unit / 4,))
    assert chosen(measure="MD", unit_information_sd=8)["tau"].prior.arguments == (2.0,)
    with pytest.raises(Refused, match="unit_information_sd"):
        chosen(TABLE[["effect", "variance"]], measure="MD")


def test_single_groups_are_centred_on_the_data():
    """Where zero is not neutral, is mu centred on the inverse-variance mean with the SD U?

    Seen to fail with the unweighted mean as centre.
    """
    mean = (0.1 * 25 + 0.5 * 100) / 125
    prior = chosen(measure="PLO", unit_information_sd=2)["mu"].prior
    assert prior.arguments == pytest.approx((mean, 2))


def test_every_informed_prior_can_be_used_and_names_its_source():
    """Does each row of the shipped table parse, and do unknown fields get a suggestion?

    Seen to fail with informed priors on top of the user's own.
    """
    for (field, measure), row in informed_priors().items():
        assert parse_for("mu", row["mu"]) and parse_for("tau", row["tau"]) and row["source"], (field, measure)
    priors = chosen(informed_priors="Oral Health")
    assert str(priors["mu"].prior) == "student_t(5, 0, 0.51)"
    assert str(priors["tau"].prior) == "inverse_gamma(1.79, 0.28)"
    assert "Bartoš" in priors["tau"].source
    assert str(chosen(informed_priors="Oral Health", priors={"tau": "half_normal(1)"})["tau"].prior) == "half_normal(1)"
    with pytest.raises(Refused, match="Did you mean 'Oral Health'"):
        chosen(informed_priors="oral healt")
    with pytest.raises(Refused, match="SMD only"):
        chosen(informed_priors="Oral Health", measure="RR")
