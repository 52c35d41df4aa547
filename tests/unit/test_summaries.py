"""Summaries of draws and of normal mixtures, and the verdict on a fit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from hiermeta.inference.diagnostics import agreement, checks
from hiermeta.inference.mixtures import normal_mixture_quantiles
from hiermeta.inference.summaries import of_draws, of_normals
from hiermeta.sampling.convergence import SamplerHealth
from hiermeta.sampling.nuts import Attempt, next_attempt


def test_mixture_quantiles_have_their_probability():
    """Is the distribution function of each mixture p at its p-quantile, also for far-apart and narrow components?

    Seen to fail with the quantile of the first component and with Newton's steps not kept inside.
    """
    rng = np.random.default_rng(1)
    mean, sd = rng.normal(scale=[[1, 50, 0.01]], size=(40, 3)), rng.uniform(0.01, 2, (40, 3))
    weight = rng.dirichlet(np.ones(40))
    levels = np.array([0.001, 0.025, 0.5, 0.975])
    for level, row in zip(levels, normal_mixture_quantiles(levels, mean, sd, weight), strict=True):
        assert weight @ ndtr((row - mean) / sd) == pytest.approx(np.full(3, level), abs=1e-8)


def test_mixture_summaries_and_their_errors_are_those_of_sampling_from_the_mixture():
    """Do averages over conditional normals equal brute-force draws, and is the stated Monte Carlo error honest?

    200 replications of independent draws: the ratio of stated to actual error has a relative SE of 5 %; 0.2 is four.

    Seen to fail without the variance between draws and with the Monte Carlo error of a probability for that of a
    quantile.
    """
    rng = np.random.default_rng(2)
    rows = []
    for _ in range(200):
        mean, variance = rng.normal(1, 0.5, (400, 1)), rng.gamma(4, 0.1, (400, 1))
        rows.append(of_normals(mean, variance, ["x"], chains=4).loc["x"])
    table = pd.DataFrame(rows)
    assert table["mean"].mean() == pytest.approx(1, abs=4 * 0.5 / np.sqrt(400 * 200))
    for column, error in (("mean", "mcse_mean"), ("median", "mcse_median"), ("q97.5", "mcse_q97.5")):
        assert table[error].mean() / table[column].std() == pytest.approx(1, abs=0.2), column
    brute = rng.normal(rng.normal(1, 0.5, 1_000_000), np.sqrt(rng.gamma(4, 0.1, 1_000_000)))
    assert table["q97.5"].mean() == pytest.approx(np.quantile(brute, 0.975), abs=0.01)
    assert table["sd"].mean() == pytest.approx(brute.std(), rel=0.01)


def test_summaries_of_draws_are_plain_moments_and_quantiles():
    """Are mean, SD, limits and P(>0) those of the pooled draws, and a constant quantity no trouble?

    Seen to fail with variances for SDs and with P(<0) for P(>0).
    """
    values = np.linspace(-1, 3, 4000).reshape(4, 1000)
    table = of_draws({"x": values, "c": np.full((4, 1000), 2.0)})
    assert table.loc["x", "mean"] == pytest.approx(1)
    assert table.loc["x", "sd"] == pytest.approx(4 / 12**0.5, rel=1e-3)
    assert table.loc["x", "q97.5"] == pytest.approx(2.9, abs=1e-3)
    assert table.loc["x", "P(>0)"] == pytest.approx(0.75, abs=1e-3)
    assert table.loc["x", "r_hat"] > 1.5  # the chains hold different quarters
    assert table.loc["c", ["r_hat", "mcse_mean"]].tolist() == [1.0, 0.0]


GOOD = {
    "max_r_hat": 1.0,
    "min_ess_bulk": 4000.0,
    "min_ess_tail": 4000.0,
    "divergences": 0,
    "min_ebfmi": 1.0,
    "treedepth_hits": 0,
}


@pytest.mark.parametrize(
    "change, expected",
    [
        ({}, "pass"),
        ({"max_r_hat": 1.02}, "warn"),
        ({"max_r_hat": 1.06}, "fail"),
        ({"max_r_hat": float("nan")}, "fail"),
        ({"min_ess_bulk": 399.0}, "warn"),
        ({"min_ess_tail": float("nan")}, "fail"),
        ({"divergences": 1}, "fail"),
        ({"min_ebfmi": 0.2}, "warn"),
        ({"treedepth_hits": 3}, "warn"),
    ],
)
def test_thresholds_decide_the_status(change, expected):
    """Is each threshold of the specification the one that is applied?

    Seen to fail with divergences tolerated and with undefined ESS tolerated.
    """
    statuses = {entry["status"] for entry in checks(GOOD | change)}
    assert statuses == ({"pass"} if expected == "pass" else {"pass", expected})


def test_draws_that_disagree_with_the_exact_posterior_fail():
    """A mean off by 0.07 SD and a limit off by 5 or 7 Monte Carlo SEs: are they told apart from agreement?

    Few draws with large errors agree while they stay within four of these.

    Seen to fail with a tolerance of 0.08 SD and with failures from 8 Monte Carlo SEs on.
    """
    estimate = {"parameter": "mu", "mean": 1.05, "median": 1.0, "q2.5": -0.9, "q97.5": 3.0}
    estimate |= {"mcse_mean": 0.01, "mcse_median": 0.01, "mcse_q2.5": 0.03, "mcse_q97.5": 0.04}
    exact = {"mu": {"mean": 1.0, "sd": 1.0, "median": 1.0, "q2.5": -1.05, "q97.5": 2.7}}

    def statuses(**change):
        return {row["statistic"]: row["status"] for row in agreement(pd.DataFrame([estimate | change]), exact)}

    assert statuses() == {"mean": "pass", "median": "pass", "q2.5": "warn", "q97.5": "fail"}
    assert statuses(mean=1.07)["mean"] == "fail"
    assert statuses(mean=1.07, mcse_mean=0.015)["mean"] == "warn"
    assert statuses(mean=1.07, mcse_mean=0.05)["mean"] == "pass"


HEALTHY = SamplerHealth(divergences=0, treedepth_hits=0, min_ebfmi=1.0)
FIRST = Attempt(0.9, 1000, 2500, 10, max_r_hat=1.0, min_ess=4000)


def test_a_good_run_is_not_repeated():
    """Is a fit without complaints accepted as it is? Seen to fail with every run repeated."""
    assert next_attempt([FIRST], HEALTHY) is None


def test_remedies_follow_the_complaint_and_end():
    """Divergences: smaller steps and longer warm-up, once. Saturated trees: depth 12. Few draws: up to four times.

    Seen to fail with remedies without end and with undefined R-hat tolerated.
    """
    divergent = SamplerHealth(3, 0, 1.0)
    second = next_attempt([FIRST], divergent)
    assert (second.adapt_delta, second.warmup, second.draws, second.max_treedepth) == (0.99, 2000, 2500, 10)
    assert "3 divergences" in second.reason
    assert next_attempt([FIRST, second], divergent) is None
    assert next_attempt([FIRST], SamplerHealth(0, 5, 1.0)).max_treedepth == 12
    few = Attempt(0.9, 1000, 2500, 10, max_r_hat=1.0, min_ess=130)
    third = next_attempt([few], HEALTHY)
    assert (third.draws, third.warmup, third.adapt_delta) == (10000, 1000, 0.9)
    assert next_attempt([few, replace(third, max_r_hat=1.0, min_ess=300)], HEALTHY) is None
    nan = Attempt(0.9, 1000, 2500, 10, max_r_hat=float("nan"), min_ess=float("nan"))
    assert next_attempt([nan], HEALTHY).warmup == 2000
