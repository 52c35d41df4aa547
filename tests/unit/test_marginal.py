"""The O(k) algebra of the marginal likelihood against dense multivariate normal distributions."""

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import block_diag
from scipy.stats import multivariate_normal

from hiermeta.models import given_draws
from hiermeta.models.meta import build
from hiermeta.models.priors import parse

TAU, RHO = 0.7, 0.4


@pytest.fixture(
    params=["clusters", "no clusters", "moderators and scale", "dependent errors", "dependent, no clusters"]
)
def model(request):
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"row": range(1, 10), "effect": rng.normal(size=9), "variance": rng.uniform(0.05, 0.5, 9)})
    table["x"], table["g"] = rng.normal(size=9), list("uvuvuuvvu")
    clusters = list("bbacabcaa")
    if "no clusters" not in request.param:
        table["cluster"] = clusters
    names = ("mu", "moderators", "scale")
    priors = dict.fromkeys(names, parse("normal(0, 1)")) | {"tau": parse("half_normal(1)"), "rho": parse("beta(1, 1)")}
    formulas = {"moderators": "~ x + g", "scale": "~ x"} if request.param == "moderators and scale" else {}
    covariance = None
    if "dependent" in request.param:
        se = np.sqrt(table["variance"].to_numpy())
        same = np.array(clusters)[:, None] == np.array(clusters)[None, :]
        covariance = np.outer(se, se) * np.where(same, 0.6, 0.0)
        covariance[np.diag_indices(9)] = se**2
    return build(table, priors, formulas, covariance)


def dense(model):
    """Two draws, and for the first the mean, sampling covariance and covariance of the true effects as matrices."""
    rho = RHO if model.clustered else 0.0
    beta, delta = np.array([[0.3, -0.2, 0.5], [0.1, 0, 0]]), np.array([[0.6], [-0.1]])
    p, s = model.design.shape[1], model.scale_design.shape[1]
    draws = given_draws.Draws(beta[:, :p], delta[:, :s], np.array([TAU, 0.2]), np.array([rho, rho / 2]))
    same = np.eye(model.k)
    if model.clustered:
        same = (model.cluster_of_row[:, None] == model.cluster_of_row[None, :]).astype(float)
    taus = TAU * np.exp(model.scale_design @ delta[0, :s])
    between = np.outer(taus, taus) * ((1 - rho) * np.eye(model.k) + rho * same)
    sampling = block_diag(*model.covariance) if model.dependent else np.diag(model.variance)
    return draws, model.design @ beta[0, :p], sampling, between


def test_sorting_by_cluster_can_be_undone(model):
    """Do sorted rows, with `order`, give the user's rows back, and is each in its cluster?

    Seen to fail with the order of the sorted rows forgotten.
    """
    assert np.array_equal(np.sort(model.order), np.arange(9))
    if model.clustered:
        assert [model.clusters[c] for c in model.cluster_of_row[np.argsort(model.order)]] == list("bbacabcaa")


def test_cluster_likelihood_is_the_multivariate_normal_density(model):
    """Is log p(y_c | parameters) that of N(mu, S + U)? 1e-5: single precision.

    Seen to fail without the determinant of a cluster's effect.
    """
    draws, mu, sampling, between = dense(model)
    _, clusters = given_draws.log_likelihood(model, draws)
    if not model.clustered:
        assert clusters.shape == (2, 0)
        return
    for c in range(3):
        rows = model.cluster_of_row == c
        covariance = (sampling + between)[np.ix_(rows, rows)]
        expected = multivariate_normal(mu[rows], covariance).logpdf(model.effect[rows])
        assert clusters[0, c] == pytest.approx(expected, abs=1e-5)


def test_estimate_likelihood_is_the_conditional_density_given_the_rest_of_its_cluster(model):
    """Is log p(y_i | y_c without i, parameters) the ratio of two multivariate normal densities?

    Seen to fail without sampling covariances between estimates.
    """
    draws, mu, sampling, between = dense(model)
    estimates, _ = given_draws.log_likelihood(model, draws)
    covariance = sampling + between
    everything = multivariate_normal(mu, covariance).logpdf(model.effect)
    for i in range(9):
        others = np.arange(9) != i
        rest = multivariate_normal(mu[others], covariance[np.ix_(others, others)]).logpdf(model.effect[others])
        assert estimates[0, i] == pytest.approx(everything - rest, abs=1e-5)


def test_true_effects_are_the_conditional_normal(model):
    """Are mean and variance of the true effects U V⁻¹ r and U − U V⁻¹ U?

    Seen to fail without sampling covariances between estimates.
    """
    draws, mu, sampling, between = dense(model)
    mean, variance = given_draws.true_effects(model, draws)
    gain = between @ np.linalg.inv(sampling + between)
    assert mean[0] == pytest.approx(mu + gain @ (model.effect - mu), abs=1e-12)
    assert variance[0] == pytest.approx(np.diag(between - gain @ between), abs=1e-12)


def test_weights_are_the_row_sums_of_the_inverse_covariance(model):
    """Are they V⁻¹1, with dependent errors and where τ depends on a moderator?"""
    draws, _, sampling, between = dense(model)
    expected = np.linalg.solve(sampling + between, np.ones(9))
    assert given_draws.weights(model, draws)[0] == pytest.approx(expected, rel=1e-10)


def test_cluster_and_new_effects_are_the_conditional_normal(model):
    """Do b_c and a new effect in a known cluster have the moments of the joint normal?

    Seen to fail without sampling covariances between estimates.
    """
    draws, mu, sampling, between = dense(model)
    row, scale_row = model.design[4], model.scale_design[4]
    mean, variance = given_draws.new_effects(model, draws, row, scale_row)
    tau = TAU * np.exp(scale_row @ draws.delta[0])
    assert mean[0, 0] == pytest.approx(mu[4])
    assert variance[0, 0] == pytest.approx(tau**2)
    if not model.clustered:
        return
    cluster_mean, cluster_variance = given_draws.cluster_effects(model, draws)
    precision = np.linalg.inv(sampling + between)
    taus = TAU * np.exp(model.scale_design @ draws.delta[0])
    for c in range(3):
        rows = model.cluster_of_row == c
        shared = np.sqrt(RHO) * taus * rows  # covariance of gamma_c with the effects
        gamma, spread = shared @ precision @ (model.effect - mu), 1 - shared @ precision @ shared
        scale = np.sqrt(RHO) * taus[rows].mean()
        assert cluster_mean[0, c] == pytest.approx(mu[rows].mean() + scale * gamma, abs=1e-12)
        assert cluster_variance[0, c] == pytest.approx(scale**2 * spread, abs=1e-12)
        assert mean[0, 1 + c] == pytest.approx(mu[4] + np.sqrt(RHO) * tau * gamma, abs=1e-12)
        assert variance[0, 1 + c] == pytest.approx(tau**2 * (RHO * spread + 1 - RHO), abs=1e-12)


def test_chunks_do_not_change_the_likelihood(model, monkeypatch):
    """Are the draws treated alike when they are processed in parts?

    Seen to fail with the first chunk's draws for all.
    """
    draws, *_ = dense(model)
    whole = given_draws.log_likelihood(model, draws)
    monkeypatch.setattr(given_draws, "_CHUNK", 1)
    parts = given_draws.log_likelihood(model, draws)
    assert np.array_equal(whole[0], parts[0])
    assert np.array_equal(whole[1], parts[1])


def test_drawn_effects_have_the_joint_distribution_of_the_dense_normal(model):
    """Are drawn true effects and cluster effects normal with mean and covariance of U − U V⁻¹ U, jointly?

    Means within 5 standard errors, covariances within 5 of theirs (of Gaussian products), from 40,000 draws. Seen to
    fail with cluster effects at their means, and with half the step from simulated to observed data.
    """
    draws, fixed, sampling, between = dense(model)
    count = 40_000
    same = given_draws.Draws(
        *(np.repeat(v[:1], count, axis=0) for v in (draws.beta, draws.delta, draws.tau, draws.rho))
    )
    true, cluster = (v.astype(float) for v in given_draws.drawn_effects(model, same, np.random.default_rng(3)))
    gain = between @ np.linalg.inv(between + sampling)
    mean, covariance = fixed + gain @ (model.effect - fixed), between - gain @ between
    assert near(true, mean, covariance, count)
    if not model.clustered:
        assert cluster.shape == (count, 0)
        return
    taus = TAU * np.exp(model.scale_design @ draws.delta[0])
    member = np.equal.outer(np.arange(len(model.clusters)), model.cluster_of_row)
    average = member / model.sizes[:, None]
    scale = (average @ (taus * np.sqrt(RHO)))[:, None]
    shared = scale * member * taus * np.sqrt(RHO)  # covariance of the cluster effects' random part with the data
    gain = shared @ np.linalg.inv(between + sampling)
    effects = average @ fixed + gain @ (model.effect - fixed)
    assert near(cluster, effects, np.diag(scale[:, 0] ** 2) - gain @ shared.T, count)
    both = shared - gain @ between
    found = np.cov(cluster.T, true.T)[: len(cluster.T), len(cluster.T) :]
    assert np.abs(found - both).max() < 5 * np.sqrt(2 * true.var(axis=0).max() * cluster.var(axis=0).max() / count)


def near(drawn, mean, covariance, count):
    """Whether means and covariances of draws are those expected, to five standard errors."""
    sd = np.sqrt(np.diag(covariance))
    errors = np.abs(np.cov(drawn.T) - covariance) / np.sqrt((np.outer(sd, sd) ** 2 + covariance**2) / count)
    return np.abs((drawn.mean(axis=0) - mean) / sd).max() < 5 / np.sqrt(count) and errors.max() < 5
