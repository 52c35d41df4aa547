"""Likelihoods of counts with random effects: quadrature and the Stan program against grids and plain densities."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logsumexp
from scipy.stats import beta as beta_distribution
from scipy.stats import binom, norm, poisson, t
from tests.conftest import ROOT

from hiermeta.marginal.hermite import log_likelihood
from hiermeta.models import latent_stan
from hiermeta.models.hierarchical_files import with_priors
from hiermeta.sampling.families import family_program

CASES = {
    "bernoulli": ("y ~ x + (1 | g)", {"family": "bernoulli"}),
    "binomial": ("y ~ x + (x | g)", {"family": "binomial", "trials": "n"}),
    "poisson": ("y ~ x + (x || g)", {"family": "poisson", "exposure": "n"}),
    "student_t": ("y ~ x + (1 | g)", {"family": "student_t"}),
}
OWN = np.array([[0.6, 3.0]])
"""Scale and degrees of freedom of Student-t outcomes."""


def model_of(case):
    """Thirty rows in five clusters, some of which share cluster and predictor."""
    rng = np.random.default_rng(6)
    table = pd.DataFrame({"row": range(1, 31), "g": list("abcde") * 6, "x": rng.integers(0, 3, 30).astype(float)})
    formula, settings = CASES[case]
    table["n"] = rng.integers(2, 9, 30).astype(float)
    linear = -0.5 + 0.4 * table["x"] + table["g"].map(dict(zip("abcde", rng.normal(size=5), strict=True)))
    draws = {
        "bernoulli": rng.binomial(1, expit(linear)),
        "binomial": rng.binomial(table["n"].astype(int), expit(linear)),
        "poisson": rng.poisson(table["n"] * np.exp(linear)),
        "student_t": linear + 0.6 * rng.standard_t(3, 30),
    }
    return with_priors(table.assign(y=draws[case].astype(float)), settings | {"formula": formula})[0]


def log_density(model, linear, rows):
    """Log p(y_rows) given the linear predictor, one plain density per row of the data."""
    y, n = model.outcome[rows], model.size[rows]
    if model.likelihood.name == "student_t":
        return t.logpdf(y, OWN[0, 1], linear, OWN[0, 0]).sum()
    if model.likelihood.name == "poisson":
        return poisson.logpmf(y, n * np.exp(linear)).sum()
    return binom.logpmf(y, n, expit(linear)).sum()


@pytest.mark.parametrize("case", CASES)
def test_quadrature_is_the_sum_over_a_grid(case):
    """Is log p(y_j | β, Σ) of aggregated rows the integral over u of the plain densities of all rows?

    The grid spans eight SDs in 400 (one effect) or 160² steps (two), good to 1e-10; 25 and 9 adaptive nodes per
    dimension reach 1e-8 and 1e-5 here.

    Seen to fail with trials left out of the mean.
    """
    model = model_of(case)
    q, beta = len(model.effects), np.array([-0.3, 0.5])
    L = np.array([[0.8, 0.0], [0.2, 0.4]])[:q, :q] if case != "poisson" else np.diag([0.8, 0.4])
    found = log_likelihood(model.counts, beta[None], L[None], OWN)[0]
    axis = np.linspace(-8, 8, 400 if q == 1 else 160)
    grid = np.stack(np.meshgrid(*[axis] * q, indexing="ij"), axis=-1).reshape(-1, q)
    weight = norm.logpdf(grid).sum(axis=1) + q * np.log(axis[1] - axis[0])
    for j in range(5):
        rows = np.flatnonzero(model.clusters.codes == j)
        fixed = model.X[rows] @ beta
        terms = [log_density(model, fixed + model.Z[rows] @ (L @ v), rows) for v in grid]
        assert found[j] == pytest.approx(logsumexp(np.array(terms) + weight), abs=1e-8 if q == 1 else 1e-5)


def arranged(model, v):
    """Shape (q, J): v, which holds block after block and cluster after cluster."""
    return np.array([v[index] for index in model.latent_rows.index])


@pytest.fixture(scope="session")
def program():
    return family_program(ROOT / "stan" / "hierarchical_latent.stan")


@pytest.mark.parametrize("case", ["bernoulli", "binomial", "poisson"])
def test_stan_density_and_gradient_are_right(program, case):
    """Do value and analytic gradient equal plain densities, priors and Jacobians, and their difference quotients?

    Values to 1e-8, central differences with steps of 1e-5 to about 1e-6.

    Seen to fail with the offsets of coefficients left out of Stan's data.
    """
    model = model_of(case)
    p, q, m, J = len(model.names), len(model.effects), len(model.pairs), 5
    units, rng = model.units, np.random.default_rng(1)
    point = 0.4 * rng.standard_normal(p + q + m + q * J)
    codes = model.clusters.codes

    def parts(z):
        return z[:p], np.exp(z[p : p + q]), np.tanh(z[p + q : p + q + m] / 2), z[p + q + m :]

    def target(z):
        b, sd, partial, v = parts(z)
        correlation = np.eye(q)
        if m:
            correlation[0, 1] = correlation[1, 0] = partial[0]
        root = np.linalg.cholesky(correlation) * (sd * units["sd"])[:, None]
        linear = model.X @ model.to_user(b[None])[0] + (model.Z * (root @ arranged(model, v)).T[codes]).sum(axis=1)
        total = log_density(model, linear, np.arange(model.n)) + norm.logpdf(v).sum()
        at_mean = b * units["beta"] + model.offset
        total += sum(float(model.priors[n].logpdf(x)) for n, x in zip(model.names, at_mean, strict=True))
        total += sum(float(model.priors[n].logpdf(x)) for n, x in zip(model.sd_names, sd * units["sd"], strict=True))
        total += np.log(units["beta"]).sum() + np.log(units["sd"]).sum() + np.log(sd).sum()
        total += (beta_distribution(model.eta, model.eta).logpdf((partial + 1) / 2) - np.log(2)).sum()
        return total + np.log((1 - partial**2) / 2).sum()

    b, sd, partial, v = parts(point)
    parameters = {"beta": b.tolist(), "sd": sd.tolist(), "partial": partial.tolist(), "v": v.tolist(), "own": []}
    found = program.log_prob(parameters, latent_stan.stan_data(model), jacobian=True, sig_figs=16).iloc[0]
    assert found.iloc[0] == pytest.approx(target(point), abs=1e-8)
    steps = 1e-5 * np.eye(len(point))
    quotients = [(target(point + step) - target(point - step)) / 2e-5 for step in steps]
    assert found.iloc[1:].to_numpy(float) == pytest.approx(np.array(quotients), abs=1e-6, rel=1e-6)


def test_random_effects_of_a_draw_are_the_factor_times_the_sampled_numbers():
    """Is u_j = Lv_j in the user's units, for every draw? To rounding.

    Seen to fail with random effects by the transposed factor.
    """
    model = model_of("binomial")
    rng = np.random.default_rng(2)
    columns = {f"beta[{i}]": rng.normal(size=(2, 3)) for i in (1, 2)}
    columns |= {f"sd[{i}]": rng.uniform(0.5, 1, (2, 3)) for i in (1, 2)} | {
        "partial[1]": rng.uniform(-0.5, 0.5, (2, 3))
    }
    columns |= {f"v[{k}]": rng.normal(size=(2, 3)) for k in range(1, 11)}
    (u,) = latent_stan.random_effects(model, columns)
    draws = latent_stan.from_columns(model, columns)
    v = np.array([columns[f"v[{k}]"][1, 2] for k in range(1, 11)]).reshape(5, 2)
    root = np.linalg.cholesky(draws.covariance[5])
    assert u[1, 2] == pytest.approx(v @ root.T, rel=1e-9)
