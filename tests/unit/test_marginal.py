"""The O(k) algebra of the marginal likelihood against dense multivariate normal distributions."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal

from hiermeta.models import marginal
from hiermeta.models.meta import build
from hiermeta.models.priors import parse

MU, TAU, RHO = 0.3, 0.7, 0.4


@pytest.fixture(params=[True, False], ids=["clusters", "no clusters"])
def model(request):
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"effect": rng.normal(size=9), "variance": rng.uniform(0.05, 0.5, 9)})
    if request.param:
        table["cluster"] = list("bbacabcaa")
    priors = {"mu": parse("normal(0, 1)"), "tau": parse("half_normal(1)"), "rho": parse("beta(1, 1)")}
    return build(table, priors)


def dense(model):
    """Draws, sampling covariance and covariance of the true effects, as matrices."""
    rho = RHO if model.clustered else 0.0
    draws = marginal.Draws(np.array([[MU], [0.1]]), np.array([TAU, 0.2]), np.array([rho, rho / 2]))
    same = np.eye(model.k)
    if model.clustered:
        same = (model.cluster_of_row[:, None] == model.cluster_of_row[None, :]).astype(float)
    return draws, np.diag(model.variance), TAU**2 * ((1 - rho) * np.eye(model.k) + rho * same)


def test_sorting_by_cluster_can_be_undone(model):
    """Do sorted rows, with `order`, give the user's rows back, and is each in its cluster?"""
    assert np.array_equal(np.sort(model.order), np.arange(9))
    if model.clustered:
        assert [model.clusters[c] for c in model.cluster_of_row[np.argsort(model.order)]] == list("bbacabcaa")


def test_cluster_likelihood_is_the_multivariate_normal_density(model):
    """Is log p(y_c | parameters) that of N(mu, S + U)? 1e-5: single precision."""
    draws, sampling, between = dense(model)
    _, clusters = marginal.log_likelihood(model, draws)
    if not model.clustered:
        assert clusters.shape == (2, 0)
        return
    for c in range(3):
        rows = model.cluster_of_row == c
        covariance = (sampling + between)[np.ix_(rows, rows)]
        expected = multivariate_normal(np.full(rows.sum(), MU), covariance).logpdf(model.effect[rows])
        assert clusters[0, c] == pytest.approx(expected, abs=1e-5)


def test_estimate_likelihood_is_the_conditional_density_given_the_rest_of_its_cluster(model):
    """Is log p(y_i | y_c without i, parameters) the ratio of two multivariate normal densities?"""
    draws, sampling, between = dense(model)
    estimates, _ = marginal.log_likelihood(model, draws)
    covariance = sampling + between
    everything = multivariate_normal(np.full(9, MU), covariance).logpdf(model.effect)
    for i in range(9):
        others = np.arange(9) != i
        rest = multivariate_normal(np.full(8, MU), covariance[np.ix_(others, others)]).logpdf(model.effect[others])
        assert estimates[0, i] == pytest.approx(everything - rest, abs=1e-5)


def test_true_effects_are_the_conditional_normal(model):
    """Are mean and variance of the true effects U V⁻¹ r and U − U V⁻¹ U?"""
    draws, sampling, between = dense(model)
    mean, variance = marginal.true_effects(model, draws)
    gain = between @ np.linalg.inv(sampling + between)
    assert mean[0] == pytest.approx(MU + gain @ (model.effect - MU), abs=1e-12)
    assert variance[0] == pytest.approx(np.diag(between - gain @ between), abs=1e-12)


def test_cluster_and_new_effects_are_the_conditional_normal(model):
    """Do b_c and a new effect in a known cluster have the moments of the joint normal?"""
    draws, sampling, between = dense(model)
    mean, variance = marginal.new_effects(model, draws)
    assert mean[0, 0] == pytest.approx(MU)
    assert variance[0, 0] == pytest.approx(TAU**2)
    if not model.clustered:
        return
    cluster_mean, cluster_variance = marginal.cluster_effects(model, draws)
    precision = np.linalg.inv(sampling + between)
    for c in range(3):
        shared = TAU**2 * RHO * (model.cluster_of_row == c)
        expected = MU + shared @ precision @ (model.effect - MU)
        spread = TAU**2 * RHO - shared @ precision @ shared
        assert cluster_mean[0, c] == pytest.approx(expected, abs=1e-12)
        assert cluster_variance[0, c] == pytest.approx(spread, abs=1e-12)
        assert mean[0, 1 + c] == pytest.approx(expected, abs=1e-12)
        assert variance[0, 1 + c] == pytest.approx(spread + TAU**2 * (1 - RHO), abs=1e-12)


def test_chunks_do_not_change_the_likelihood(model, monkeypatch):
    """Are the draws treated alike when they are processed in parts?"""
    draws, _, _ = dense(model)
    whole = marginal.log_likelihood(model, draws)
    monkeypatch.setattr(marginal, "_CHUNK", 1)
    parts = marginal.log_likelihood(model, draws)
    assert np.array_equal(whole[0], parts[0])
    assert np.array_equal(whole[1], parts[1])
