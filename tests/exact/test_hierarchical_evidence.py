"""Marginal likelihoods and left-out densities of mixed models, against dense normal densities on a grid."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from hiermeta.inference.hierarchical import classical
from hiermeta.inference.hierarchical.comparison import ALONE, candidates
from hiermeta.inference.hierarchical.evidence import _Marginal, evidence, individuals
from hiermeta.models.hierarchical_files import with_priors


def model_of(formula="y ~ x + (1 | g)"):
    rng = np.random.default_rng(12)
    table = pd.DataFrame({"row": range(1, 25), "g": list("abcdef") * 4, "x": rng.normal(2, 1, 24)})
    table["y"] = 50 + table["x"] + table["g"].map(dict(zip("abcdef", rng.normal(size=6), strict=True)))
    table["y"] += rng.normal(size=24)
    priors = {"intercept": "normal(48, 3)", "slopes": "normal(0.5, 0.7)"}  # means that aren't the data's
    return with_priors(table, {"formula": formula, "family": "gaussian", "priors": priors})[0]


def dense(model, sd, sigma, rows):
    """Log p(y_rows | sd, σ), coefficients integrated out over their priors, by one multivariate normal."""
    priors = [model.priors[name].arguments for name in model.names]
    X = model.X - model.centre
    same = np.equal.outer(model.clusters.codes, model.clusters.codes)
    covariance = (X * [s**2 for _, s in priors]) @ X.T + sigma**2 * np.eye(model.n)
    covariance += sd**2 * same
    mean = X @ [m for m, _ in priors]
    return multivariate_normal(mean[rows], covariance[np.ix_(rows, rows)]).logpdf(model.outcome[rows])


def grid(model, rows, clustered=True):
    """Log p(y_rows) over a grid of log sd and log σ: midpoints, good to 1e-4 at this spacing."""
    logs = np.linspace(-7, 3, 100) if clustered else np.array([-50.0])
    sigmas = np.linspace(-1.2, 1.5, 60)
    terms = []
    for log_sd in logs:
        for log_sigma in sigmas:
            sd, sigma = np.exp(log_sd), np.exp(log_sigma)
            term = dense(model, sd, sigma, rows) + float(model.priors["sigma"].logpdf(sigma)) + log_sigma
            if clustered:
                term += float(model.priors["sd(g:intercept)"].logpdf(sd)) + log_sd + np.log(logs[1] - logs[0])
            terms.append(term + np.log(sigmas[1] - sigmas[0]))
    return logsumexp(terms)


def test_the_marginal_likelihood_is_that_of_a_dense_grid():
    """Is log p(y) the grid's, within four Monte Carlo SEs, with clusters and without?

    Seen to fail without the Jacobian of log SDs.
    """
    model = model_of()
    rows = np.arange(model.n)
    for name, _, kept in candidates(model):
        candidate = model.with_effects(kept)
        found = evidence(candidate, classical.fit(candidate) if candidate.effects else None)
        assert found.error < 0.03
        assert found.value == pytest.approx(grid(model, rows, name != ALONE), abs=4 * found.error)


def test_left_out_densities_are_ratios_of_marginal_likelihoods():
    """Are p(y_j | rest) and p(y_i | rest) ratios of the grid's p(y) and p(y without them)? To 0.05, of 600 draws.

    Seen to fail with the sign of the log ratios changed.
    """
    model = model_of()
    rows = np.arange(model.n)
    found, whole = evidence(model, classical.fit(model)), grid(model, rows)
    cluster = rows[model.clusters.codes != 2]
    assert found.clusters[2] == pytest.approx(whole - grid(model, cluster), abs=0.05)
    assert individuals(model, found.draws)[7] == pytest.approx(whole - grid(model, np.delete(rows, 7)), abs=0.05)


def test_random_slopes_have_the_density_of_the_stan_program():
    """Is log p(y | SDs, correlation) with correlated slopes the dense normal's, priors and Jacobians apart? 1e-8.

    Seen to fail with the prior means of coefficients left out.
    """
    model = model_of("y ~ x + (x | g)")
    marginal = _Marginal(model)
    z = np.array([[0.1, -0.5, 0.05, 0.4]])
    own, covariance, _ = marginal.unpack(z)
    sigma = own[:, 0]
    found = marginal.log_density(marginal.sums(sigma, covariance).total(), model.n)[0]
    units, priors = model.units, [model.priors[name].arguments for name in model.names]
    X = model.X - model.centre
    user = covariance[0] * np.outer(units["sd"], units["sd"])
    same = np.equal.outer(model.clusters.codes, model.clusters.codes)
    V = (X * [s**2 for _, s in priors]) @ X.T + (model.Z @ user @ model.Z.T) * same
    V += (sigma[0] * units["sigma"]) ** 2 * np.eye(model.n)
    expected = multivariate_normal(X @ [m for m, _ in priors], V).logpdf(model.outcome)
    assert found == pytest.approx(expected, abs=1e-8)


def test_each_slope_is_left_out_in_turn_and_the_clusters_last():
    """Do the candidates keep the blocks of the effects that stay?

    Seen to fail with intercepts left out in turn, too.
    """
    model = model_of("y ~ x + (x | g)")
    kept = [(name, model.with_effects(stay)) for name, _, stay in candidates(model)]
    found = [(name, candidate.effects, candidate.blocks) for name, candidate in kept]
    assert found == [
        ("full model", ("intercept", "x"), (2,)),
        ("without varying x", ("intercept",), (1,)),
        ("without clustering", (), ()),
    ]
    assert replace(model, Z=model.Z[:, :0], effects=(), blocks=()).sufficient.q == 0
