"""Counts so large that they settle the random effects: the coordinates in which they are sampled, and the samples."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from tests.conftest import ROOT

from hiermeta.models import latent_stan, settled
from hiermeta.models.hierarchical import parameters
from hiermeta.models.hierarchical_files import with_priors
from hiermeta.sampling.families import family_program
from hiermeta.sampling.hierarchical import fit

SETTINGS = {"chains": 4, "warmup": 1000, "draws": 2500, "seed": 1, "adapt_delta": 0.9}
FORMULAS = {
    "intercepts": "y ~ x + (1 | g)",
    "slopes": "y ~ x + (x | g)",
    "crossed": "y ~ x + (1 | g) + (1 | h)",
    "overdispersed": "y ~ x + (1 | g) + (1 | row)",
}


def model_of(formula, family, size):
    """Twelve clusters of eight rows; a first factor's SD is 0.3, those of slopes and further factors 0.2."""
    rng, clusters, rows = np.random.default_rng(3), np.repeat(np.arange(12), 8), np.tile(np.arange(8), 12)
    table = pd.DataFrame({"row": range(1, 97), "g": [f"g{i}" for i in clusters], "h": [f"h{i}" for i in rows]})
    table["x"] = rng.normal(size=96)
    linear = -0.5 + 0.2 * table["x"] + rng.normal(0, 0.3, 12)[clusters]
    further = {"slopes": rng.normal(0, 0.2, 12)[clusters] * table["x"], "crossed": rng.normal(0, 0.2, 8)[rows]}
    linear = linear + further.get(formula, 0.0) + (rng.normal(0, 0.2, 96) if formula == "overdispersed" else 0.0)
    settings = {"formula": FORMULAS[formula], "family": family}
    if family == "binomial":
        table, settings = table.assign(n=float(size)), settings | {"trials": "n"}
        return with_priors(table.assign(y=rng.binomial(int(size), expit(linear)).astype(float)), settings)[0]
    return with_priors(table.assign(y=rng.poisson(size * np.exp(linear)).astype(float)), settings)[0]


@pytest.fixture(scope="session")
def program():
    return family_program(ROOT / "stan" / "hierarchical_latent.stan")


def log_prob(program, model, point):
    return float(program.log_prob(point, latent_stan.stan_data(model), jacobian=True, sig_figs=16).iloc[0, 0])


@pytest.mark.parametrize("formula", ["slopes", "crossed"])
@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_coordinates_leave_the_posterior_as_it_is(formula, family, program, monkeypatch):
    """Do densities in the two kinds of coordinates differ by the Jacobian, and give the same effects and coefficients?

    The determinant of `root`, a constant, is left out by the program. To 1e-8 of log densities around -300.

    Seen to fail with `slope` left out of the random effects, and with `error` left out of the coefficients.
    """
    model, rng = model_of(formula, family, 50), np.random.default_rng(5)
    p, q, m = len(model.names), len(model.effects), len(model.pairs)
    monkeypatch.setattr(settled, "_SETTLED", 0.0)
    found = settled.settled(model.latent_rows)
    b, v = rng.normal(size=p), rng.normal(size=model.latent_rows.size)
    sd, partial = rng.uniform(0.2, 0.5, q), rng.uniform(-0.5, 0.5, m)
    point = {"beta": b, "sd": sd, "partial": partial, "v": v, "sigma": []}
    columns = {f"{name}[{i + 1}]": np.full((1, 1), x) for name in point for i, x in enumerate(point[name])}
    here = log_prob(program, model, {name: list(values) for name, values in point.items()})
    draws, effects = latent_stan.from_columns(model, columns), latent_stan.random_effects(model, columns)

    monkeypatch.setattr(settled, "_SETTLED", np.inf)
    assert settled.settled(model.latent_rows) is None
    standard, u = model.to_standard(draws), found.random_effects(b[None], v[None])[0]
    L = draws.factor[0] / model.units["sd"][:, None]
    index = np.array(model.latent_rows.index, dtype=object)
    usual = np.zeros(len(u))
    for f in range(len(model.factors)):
        own = [k for k, owner in enumerate(model.latent_rows.factor_of) if owner == f]
        places = np.stack([index[k] for k in own]).astype(int)
        usual[places] = np.linalg.solve(L[np.ix_(own, own)], u[places])
    point |= {"beta": standard.beta[0], "v": usual}
    there = log_prob(program, model, {name: list(values) for name, values in point.items()})
    clusters = np.array([len(places) for places in model.latent_rows.index])
    jacobian = np.log(found.error).sum() - clusters @ np.log(np.diag(L))
    assert here == pytest.approx(there + jacobian, abs=1e-8)
    columns |= {f"{name}[{i + 1}]": np.full((1, 1), x) for name in point for i, x in enumerate(point[name])}
    for one, other in zip(effects, latent_stan.random_effects(model, columns), strict=True):
        assert one == pytest.approx(other, abs=1e-9)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize(("family", "size"), [("binomial", 1e7), ("binomial", 1e9), ("poisson", 1e7)])
def test_large_counts_are_sampled_without_trouble(formula, family, size, program):
    """Do chains converge at the first attempt, and do 99% intervals hold the values that the outcomes were drawn with?

    Seen to fail (second attempts) where v are random effects in units of their SDs.
    """
    model = model_of(formula, family, size)
    fitted = fit(program, model, SETTINGS | {"draws": 1000}, 2)
    (attempt,) = fitted.attempts
    assert attempt.max_r_hat < 1.01
    assert attempt.treedepth_hits == 0
    draws = parameters(model, latent_stan.from_columns(model, fitted.draws), fitted.draws["sd[1]"].shape)
    for name, value in {"x": 0.2, "sd(g:intercept)": 0.3}.items():
        low, high = np.quantile(draws[name], [0.005, 0.995])
        assert low < value < high


def test_the_reported_case_has_the_estimates_of_lme4(program):
    """Poisson counts around 3 million: lme4's 15.016 (0.058), 0.09992 and SD 0.2022 as in the case's right.md.

    Coefficients to less than their standard errors.
    """
    table = pd.read_csv(ROOT / "tests" / "cases" / "big-counts" / "data.csv", dtype={"g": str})
    table.insert(0, "row", range(1, len(table) + 1))
    model = with_priors(table, {"formula": "y ~ x + (1 | g)", "family": "poisson"})[0]
    fitted = fit(program, model, SETTINGS, 2)
    (attempt,) = fitted.attempts
    assert attempt.max_r_hat < 1.01
    draws = parameters(model, latent_stan.from_columns(model, fitted.draws), fitted.draws["sd[1]"].shape)
    assert draws["intercept"].mean() == pytest.approx(15.016, abs=0.02)
    assert draws["x"].mean() == pytest.approx(0.0999, abs=5e-5)
    assert np.quantile(draws["sd(g:intercept)"], 0.025) < 0.2022 < np.quantile(draws["sd(g:intercept)"], 0.975)


@pytest.mark.parametrize("factor", [1e15, 1e50])
def test_counts_beyond_arithmetic_have_no_coordinates_or_finite_ones(factor):
    """Are counts of zero and of 1e15 side by side left to the usual coordinates? Seen to fail with LinAlgError."""
    model = model_of("slopes", "poisson", 1.0)
    beyond = replace(model, outcome=model.outcome * factor)
    found = settled.settled(beyond.latent_rows)
    assert found is None or np.isfinite(found.root).all()
