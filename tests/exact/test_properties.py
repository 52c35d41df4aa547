"""What theory says of the exact posterior when data are permuted, relabelled, moved, rescaled, split or taken away."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiermeta.inference import exact
from hiermeta.models.meta import build
from hiermeta.models.priors import Prior, parse

PRIORS = {"mu": "normal(0, 1)", "tau": "half_normal(0.5)", "rho": "beta(1, 1)"}
NUMBERS = ("mean", "sd", "median", "q2.5", "q97.5")
few = settings(max_examples=6, deadline=None, derandomize=True)


@st.composite
def tables(draw):
    """Four to nine estimates in two to four clusters."""
    k = draw(st.integers(4, 9))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    codes = np.concatenate([[0, 0, 1], rng.integers(0, 4, k - 3)])
    effect, variance = rng.normal(0.3, 0.5, k), rng.uniform(0.02, 0.4, k)
    return pd.DataFrame({"row": range(1, k + 1), "effect": effect, "variance": variance, "cluster": codes.astype(str)})


def summary(table, **priors):
    chosen = {name: p if isinstance(p, Prior) else parse(p) for name, p in (PRIORS | priors).items()}
    chosen = chosen if "cluster" in table else {name: chosen[name] for name in ("mu", "tau")}
    return exact.summarise(exact.solve(build(table, chosen)))


def same(found, expected, quantities=("mu", "tau"), unit=1.0, shift=0.0, tolerance=1e-6):
    for quantity in quantities:
        for number in NUMBERS:
            moved = shift if quantity == "mu" and number != "sd" else 0.0
            scale = unit if quantity != "rho" else 1.0
            wanted = expected[quantity][number] * scale + moved
            close = pytest.approx(wanted, abs=tolerance * scale * expected[quantity]["sd"])
            assert found[quantity][number] == close, (quantity, number)


@given(tables(), st.randoms(use_true_random=False))
@few
def test_neither_the_order_of_rows_nor_the_names_of_clusters_matter(table, random):
    """Do permuted rows and renamed clusters give the same posterior and evidence? 1e-6 SD: quadrature.

    Fails when rows are sorted by cluster without their variances.
    """
    order = random.sample(range(len(table)), len(table))
    other = table.iloc[order].reset_index(drop=True)
    other["cluster"] = other["cluster"].map({"0": "z", "1": "b", "2": "a b", "3": "3"})
    found, expected = summary(other), summary(table)
    same(found, expected, ("mu", "tau", "rho"))
    assert found["log_marginal_likelihood"] == pytest.approx(expected["log_marginal_likelihood"], abs=1e-7)


@given(tables(), st.floats(-50, 50), st.sampled_from([1e-9, 0.01, 3.0, 1e6]))
@few
def test_shifting_and_scaling_effects_with_their_priors_shifts_and_scales_the_posterior(table, shift, unit):
    """Is the posterior of u·y + c that of y, moved alike, and the evidence k log u lower? 1e-5 SD: quadrature.

    Fails when a tolerance or a starting value of the quadrature has a scale of its own.
    """
    other = table.assign(effect=table["effect"] * unit + shift * unit, variance=table["variance"] * unit**2)
    priors = {"mu": Prior("normal", (shift * unit, unit)), "tau": Prior("half_normal", (0.5 * unit,))}
    found, expected = summary(other, **priors), summary(table)
    same(found, expected, ("mu", "tau", "rho"), unit, shift * unit, 1e-5)
    change = -len(table) * np.log(unit)
    assert found["log_marginal_likelihood"] == pytest.approx(expected["log_marginal_likelihood"] + change, abs=1e-5)


@given(tables())
@few
def test_splitting_every_cluster_gives_the_two_level_model(table):
    """With one row per cluster, is it the two-level model, and ρ its prior? Fails when ρ touches the diagonal."""
    split = table.assign(cluster=[f"c{i}" for i in range(len(table))])
    found, expected = summary(split), summary(table.drop(columns="cluster"))
    same(found, expected)
    assert found["log_marginal_likelihood"] == pytest.approx(expected["log_marginal_likelihood"], abs=1e-6)
    assert found["rho"]["mean"] == pytest.approx(0.5, abs=1e-6)
    assert found["rho"]["sd"] == pytest.approx(12**-0.5, abs=1e-6)


@given(tables())
@few
def test_an_estimate_without_precision_says_nothing(table):
    """Does a row with v → ∞ leave everything as without it? 1e-4 SD: v is 1e12. Fails when rows count equally."""
    vague = pd.concat([table, table.iloc[:1].assign(effect=9.0, variance=1e12, row=99)], ignore_index=True)
    same(summary(vague), summary(table), ("mu", "tau", "rho"), tolerance=1e-4)


@given(tables())
@few
def test_two_measurements_of_half_the_precision_are_one(table):
    """At τ = 0, are a row (y, v) and two rows (y, 2v) the same? Fails when variances are taken for SEs."""
    twice = pd.concat([table.assign(variance=table["variance"] * 2)] * 2, ignore_index=True)
    point = {"tau": "point(1e-12)", "rho": "point(0)"}
    same(summary(twice, **point), summary(table, **point), ("mu",), tolerance=1e-5)


@given(tables())
@few
def test_without_heterogeneity_the_mean_is_the_weighted_one(table):
    """At τ → 0 with a flat prior, is μ normal at the inverse-variance mean? Fails when a weight is wrong."""
    point = {"tau": "point(1e-12)", "rho": "point(0)", "mu": "normal(0, 1e6)"}
    weight = 1 / table["variance"]
    mean, sd = np.average(table["effect"], weights=weight), weight.sum() ** -0.5
    found = summary(table, **point)["mu"]
    assert found["mean"] == pytest.approx(mean, abs=1e-6 * sd)
    assert found["sd"] == pytest.approx(sd, rel=1e-6)


@given(tables())
@few
def test_with_perfect_estimates_only_their_number_counts(table):
    """At v → 0 and known τ without clusters, is the SE of μ τ/√k? 1e-5: v is 1e-8. Fails when v is added twice."""
    perfect = table.drop(columns="cluster").assign(variance=1e-8)
    found = summary(perfect, tau="point(0.7)", mu="normal(0, 1e6)")["mu"]
    assert found["mean"] == pytest.approx(table["effect"].mean(), abs=1e-6)
    assert found["sd"] == pytest.approx(0.7 / len(table) ** 0.5, rel=1e-5)
