"""The gaussian mixed model's sufficient statistics, Stan program and random effects, against dense normal algebra."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal
from tests.conftest import ROOT

from hiermeta.models.correlations import correlations
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import build
from hiermeta.models.hierarchical_priors import choose
from hiermeta.models.hierarchical_stan import stan_data
from hiermeta.sampling.families import family_program

FORMULAS = {
    "random intercept": "y ~ x + w + (1 | g)",
    "random slope": "y ~ x * w + (1 + x | g)",
    "uncorrelated": "y ~ x + (x || g)",
    "three effects": "y ~ x + f + (x + z | g)",
    "two sets": "y ~ x + (x | g) + (0 + z | g)",
    "four effects": "y ~ x + (x + z + v | g)",
    "no intercept": "y ~ 0 + f + x + (1 | g)",
}
PRIORS = {
    "three effects": {"slopes": "student_t(3, 0, 2)", "sd": "half_cauchy(1)", "sigma": "gamma(2, 1)"},
    "random slope": {"intercept": "normal(1, 20)", "sd": "uniform(0, 40)", "correlation": "lkj(1.5)"},
}


@pytest.fixture(scope="session")
def program():
    return family_program(ROOT / "stan" / "hierarchical_gaussian.stan")


def rows():
    """Forty rows in seven clusters, one of a single row and one of two, with an outcome far from zero."""
    rng = np.random.default_rng(3)
    g = np.repeat(list("cabdefg"), [9, 8, 1, 2, 7, 6, 7])
    table = pd.DataFrame({"row": range(1, 41), "g": rng.permutation(g), "f": rng.choice(list("uvw"), 40)})
    for name in "xzv":
        table[name] = rng.normal(3, 2, 40)
    table["w"] = table["g"].map(dict(zip("abcdefg", rng.normal(size=7), strict=True)))
    table["y"] = 1000 + 5 * table["x"] + rng.normal(size=40) * 4 + table["w"]
    return table


def model_of(case):
    settings = {"formula": FORMULAS[case], "family": "gaussian", "priors": PRIORS.get(case, {})}
    model = build(rows(), settings, {}, 2.0)
    priors = choose(settings, model)
    return replace(model, priors=priors.plain(), eta=priors.eta)


def some_draws(model, n=3):
    rng = np.random.default_rng(8)
    beta = rng.normal(size=(n, len(model.names))) * 3
    beta[:, 0] += 990
    partial = rng.uniform(-0.6, 0.6, (n, len(model.pairs)))
    sd = rng.uniform(0.5, 4, (n, len(model.effects)))
    return Draws(beta, rng.uniform(1, 6, n), sd, correlations(partial, model.blocks)), partial


def dense(model, draws, s):
    """Mean and covariance of the outcome given one draw, and the covariance of outcome with random effects."""
    same = np.equal.outer(model.clusters.codes, model.clusters.codes)
    shared = model.Z @ draws.covariance[s] @ model.Z.T * same
    return model.X @ draws.beta[s], shared + draws.sigma[s] ** 2 * np.eye(model.n)


@pytest.mark.parametrize("case", FORMULAS)
def test_log_likelihood_by_cluster_is_the_dense_one(case):
    """Is log p(y_j | parameters) that of one multivariate normal per cluster? Rounding of outcomes near 1000: 1e-8.

    Seen to fail without the determinants of clusters.
    """
    model = model_of(case)
    draws, _ = some_draws(model)
    found = model.log_likelihood(draws)
    for s in range(3):
        mean, covariance = dense(model, draws, s)
        for j in range(len(model.clusters.names)):
            rows = np.flatnonzero(model.clusters.codes == j)
            expected = multivariate_normal(mean[rows], covariance[np.ix_(rows, rows)]).logpdf(model.outcome[rows])
            assert found[s, j] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("case", FORMULAS)
def test_random_effects_given_a_draw_are_the_conditional_normal(case):
    """Are mean and covariance of u_j those of ΣZ'V⁻¹(y − Xβ) and Σ − ΣZ'V⁻¹ZΣ? To rounding.

    Seen to fail with covariances of random effects that the data don't narrow.
    """
    model = model_of(case)
    draws, _ = some_draws(model)
    means, covariances = model.random_effects(draws)
    mean, V = dense(model, draws, 1)
    for j in range(len(model.clusters.names)):
        rows = np.flatnonzero(model.clusters.codes == j)
        gain = np.linalg.solve(V[np.ix_(rows, rows)], model.Z[rows] @ draws.covariance[1]).T
        assert means[1, j] == pytest.approx(gain @ (model.outcome[rows] - mean[rows]), abs=1e-8)
        expected = draws.covariance[1] - gain @ model.Z[rows] @ draws.covariance[1]
        assert covariances[1, j] == pytest.approx(expected, abs=1e-8)


def log_prior(model, draws, partial, s):
    total = sum(float(model.priors[name].logpdf(b)) for name, b in zip(model.names, draws.beta[s], strict=True))
    total += sum(float(model.priors[name].logpdf(v)) for name, v in zip(model.sd_names, draws.sd[s], strict=True))
    return total + float(model.priors["sigma"].logpdf(draws.sigma[s]))


@pytest.mark.parametrize("case", FORMULAS)
def test_stan_density_and_gradient_are_right(program, case):
    """Do value and analytic gradient of the program equal dense density, priors and Jacobians, and their quotients?

    The intercept's prior holds where the other columns have their means. Two random effects with LKJ(η): the density
    of the correlation is that of a beta variable on (−1, 1) with both shapes η; larger blocks are tested apart.
    Values to 1e-7 of about 1e2; central differences with steps of 1e-5 are good to 1e-5.

    Seen to fail with another prior shape of correlations in Stan's data.
    """
    from scipy.stats import beta as beta_distribution

    model = model_of(case)
    draws, partial = some_draws(model)
    units = model.units
    standard = model.to_standard(draws)
    start = np.concatenate(
        [standard.beta[0], np.log(standard.sd[0]), [np.log(standard.sigma[0])], np.arctanh(partial[0]) * 2]
    )
    p, q = len(model.names), len(model.effects)
    data = stan_data(model)
    bounded = [model.priors[name].family == "uniform" for name in model.sd_names]

    def unpack(z):
        sd = np.exp(z[p : p + q])
        return z[:p], sd, np.exp(z[p + q]), np.tanh(z[p + q + 1 :] / 2)

    def target(z):
        b, sd, sigma, cpc = unpack(z)
        at_mean = b * units["beta"] + np.where(np.array(model.names) == "intercept", model.outcome_centre, 0)
        user = model.to_user(b[None])
        one = Draws(
            user, np.array([sigma]) * units["sigma"], sd[None] * units["sd"], correlations(cpc[None], model.blocks)
        )
        mean, V = dense(model, one, 0)
        total = multivariate_normal(mean, V).logpdf(model.outcome) + model.n * np.log(model.outcome_spread)
        total += log_prior(model, replace(one, beta=at_mean[None]), cpc, 0)
        total += np.log(units["beta"]).sum() + np.log(units["sd"]).sum() + np.log(units["sigma"])
        total += np.log(sd).sum() + np.log(sigma)
        used = 0
        for size in model.blocks:
            for i in range(1, size):
                for j in range(i):
                    shape = model.eta + 0.5 * (size - 2 - j)
                    total += beta_distribution(shape, shape).logpdf((cpc[used] + 1) / 2) - np.log(2)
                    total += np.log((1 - cpc[used] ** 2) / 2)
                    used += 1
        return total

    b, sd, sigma, cpc = unpack(start)
    parameters = {"beta": b.tolist(), "sd": sd.tolist(), "sigma": sigma, "partial": cpc.tolist()}
    found = program.log_prob(parameters, data, jacobian=True, sig_figs=16).iloc[0]
    if any(bounded):  # the unconstrained scale of a bounded SD is another: compare without Jacobians
        found = program.log_prob(parameters, data, jacobian=False, sig_figs=16).iloc[0]
        jacobians = np.log(sd).sum() + np.log(sigma) + np.log((1 - cpc**2) / 2).sum()
        assert found.iloc[0] == pytest.approx(target(start) - jacobians, abs=1e-7)
        return
    assert found.iloc[0] == pytest.approx(target(start), abs=1e-7)
    steps = 1e-5 * np.eye(len(start))
    quotients = [(target(start + step) - target(start - step)) / 2e-5 for step in steps]
    assert found.iloc[1:].to_numpy(float) == pytest.approx(np.array(quotients), abs=1e-4, rel=1e-5)


def test_partial_correlations_of_three_effects_follow_lkj():
    """Does the change from partial to plain correlations, with its Jacobian, give det(Ω)^(η − 1) up to a constant?

    The log density of three correlations under LKJ(η) may differ from the claimed one by the same constant only.

    Seen to fail with partial correlations taken for plain ones.
    """
    from scipy.stats import beta as beta_distribution

    rng, eta, differences = np.random.default_rng(2), 2.0, []
    lower = np.tril_indices(3, -1)
    for _ in range(4):
        partial = rng.uniform(-0.8, 0.8, 3)
        shapes = [eta + 0.5, eta + 0.5, eta]
        claimed = sum(
            beta_distribution(shape, shape).logpdf((value + 1) / 2) - np.log(2)
            for shape, value in zip(shapes, partial, strict=True)
        )
        steps = 1e-6 * np.eye(3)
        jacobian = np.stack(
            [
                (correlations((partial + h)[None], (3,))[0] - correlations((partial - h)[None], (3,))[0])[lower] / 2e-6
                for h in steps
            ]
        )
        determinant = np.linalg.det(correlations(partial[None], (3,))[0])
        differences.append(claimed - np.log(abs(np.linalg.det(jacobian))) - (eta - 1) * np.log(determinant))
    assert differences == pytest.approx([differences[0]] * 4, abs=1e-6)


def test_rows_of_a_million_and_an_offset_of_a_million_keep_their_digits():
    """Is the likelihood the same when outcome and predictor are moved by 1e6? Their own rounding allows 1e-5.

    Seen to fail with outcomes that are not centred.
    """
    table = rows()
    settings = {"formula": "y ~ x + (1 | g)", "family": "gaussian"}
    model = build(table, settings, {}, 2.0)
    moved = build(table.assign(y=table["y"] + 1e6, x=table["x"] + 1e6), settings, {}, 2.0)
    draws, _ = some_draws(model)
    shifted = draws.beta.copy()
    shifted[:, 0] += 1e6 - 1e6 * draws.beta[:, 1]
    assert moved.log_likelihood(replace(draws, beta=shifted)) == pytest.approx(model.log_likelihood(draws), abs=1e-5)
