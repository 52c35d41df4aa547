"""Rows of result tables with exact values in place of those of the draws."""

import json

import pytest

from hiermeta.io.results import Results

INTERVAL = "mean,sd,median,q2.5,q97.5,mcse_mean"
EXACT = {"mean": 9.0, "sd": 1.0, "median": 9.0, "q2.5": 7.0, "q97.5": 11.0}


@pytest.fixture
def results(tmp_path):
    """A meta-regression on a moderator that is called mean."""
    rows = "".join(f"{name},1,1,1,0,2,0.1\n" for name in ("mu", "mean", "tau_within"))
    (tmp_path / "estimates.csv").write_text(f"parameter,{INTERVAL}\n{rows}")
    (tmp_path / "predictions.csv").write_text(f"target,{INTERVAL}\nmean,1,1,1,0,2,0.1\n")
    (tmp_path / "model.json").write_text(json.dumps({"analysis": "meta"}))
    exact = {"applies": True, "mu": EXACT, "mean": EXACT | {"mean": 5.0}, "tau [within]": EXACT | {"mean": 3.0}}
    (tmp_path / "exact.json").write_text(json.dumps(exact))
    return Results(tmp_path)


def test_names_stand_for_others_in_their_own_table_only(results):
    """Is the prediction ``mean`` the pooled effect, and the coefficient of a moderator of that name its own?

    Seen to fail with one list of such names for all tables: the coefficient had the pooled effect's numbers.
    """
    assert [row["mean"] for row in results.estimates] == [9.0, 5.0, 3.0]
    assert [row["mean"] for row in results.predictions] == [9.0]
    assert [row["mean"] for row in results.rows("estimates")] == [1.0, 1.0, 1.0]
    assert results.estimates[1]["from"]["mean"] == "exact.json/mean/mean" and results.estimates[1]["mcse_mean"] == 0
