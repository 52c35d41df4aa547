"""Intervals where estimates or clusters are few, against metafor's and clubSandwich's."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hiermeta.inference.classical import classical

HERE = Path(__file__).parent


def test_robust_intervals_of_the_mean_are_those_of_metafor():
    """Are mean, SE, confidence and prediction limits those of `predict(robust(fit, clubSandwich = TRUE))`?

    The first six clusters of assink2016; 2e-7 is BFGS's precision there. Seen to fail with normal quantiles.
    """
    table = pd.read_csv(HERE / "assink2016.csv")
    table = table[table["cluster"].isin(table["cluster"].unique()[:6])]
    codes = pd.factorize(table["cluster"])[0]
    found = classical(
        table["yi"].to_numpy(), table["vi"].to_numpy(), np.ones((len(table), 1)), ["intercept"], codes
    )["robust"]["predict"]  # fmt: skip
    numbers = [found["mean"], found["se"], found["df"], *found["ci"], *found["pi"]]
    theirs = [0.5875816161, 0.2591984929, 4.87763935644, -0.0837682178, 1.2589314500, -1.2258506644, 2.4010138966]
    assert numbers == pytest.approx(theirs, abs=2e-7)


def test_the_robust_mean_with_moderators_is_the_intercept_of_centred_ones():
    """Is the mean at the mean design the intercept where moderators are centred, which clubSandwich's numbers check?

    1e-9: both fits converge to the same point. Seen to fail with the covariance of the first coefficient.
    """
    table = pd.read_csv(HERE / "assink2016.csv")
    codes, year = pd.factorize(table["cluster"])[0], table["year"].to_numpy(float)
    ones = np.ones(len(table))
    raw, centred = (
        classical(table["yi"].to_numpy(), table["vi"].to_numpy(), np.column_stack([ones, x]), ["a", "b"], codes)
        for x in (year, year - year.mean())
    )
    intercept = centred["robust"]["CR2"][0]
    for ours, theirs in (("mean", "estimate"), ("se", "se"), ("df", "df"), ("ci", "ci")):
        assert raw["robust"]["predict"][ours] == pytest.approx(intercept[theirs], rel=1e-9)


def test_knapp_and_hartungs_intervals_are_those_of_metafor():
    """Are both intervals of eight estimates those of `predict(rma(..., test = "knha"))`?

    5e-7: metafor's precision in τ². Seen to fail with normal quantiles.
    """
    table = pd.read_csv(HERE / "raudenbush1985.csv").iloc[9:17]
    found = classical(table["yi"].to_numpy(), table["vi"].to_numpy(), np.ones((8, 1)), ["intercept"])
    found = found["knapp_hartung"]["predict"]
    numbers = [found["mean"], found["se"], *found["ci"], *found["pi"]]
    theirs = [0.1914661450, 0.1133402348, -0.0765409229, 0.4594732129, -0.4276060441, 0.8105383341]
    assert numbers == pytest.approx(theirs, abs=5e-7)
