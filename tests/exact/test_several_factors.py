"""Models with several grouping factors, and marginal likelihoods of counts, against dense normals and grids."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logsumexp
from scipy.stats import multivariate_normal, norm, t
from tests.conftest import ROOT

from hiermeta.inference.hierarchical import classical, classical_counts
from hiermeta.inference.hierarchical.comparison import ALONE, candidates
from hiermeta.inference.hierarchical.evidence import evidence, individuals
from hiermeta.inference.hierarchical.evidence_latent import _Marginal, scores
from hiermeta.inference.hierarchical.importance import Effort, adapt, summary
from hiermeta.models import latent_stan
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import parameters
from hiermeta.models.hierarchical_files import with_priors
from hiermeta.models.left_out import clusters_left_out, rows_left_out
from hiermeta.sampling.families import family_program
from hiermeta.sampling.hierarchical import fit

CROSSED, NESTED = "y ~ x + (x | a) + (1 | b)", "y ~ x + (1 | a/c)"


def model_of(formula, family="gaussian"):
    """Forty rows, some of which share their clusters and predictor."""
    rng = np.random.default_rng(3)
    n, levels = 40, {"a": list("pqrst"), "b": list("uvw"), "c": list("12")}
    table = pd.DataFrame({"row": range(1, n + 1)} | {name: rng.choice(texts, n) for name, texts in levels.items()})
    table["x"] = rng.integers(0, 3, n).astype(float)
    table["y"] = 3 + table["x"] + rng.normal(size=n)
    for name, texts in levels.items():
        table["y"] += table[name].map(dict(zip(texts, rng.normal(size=len(texts)), strict=True)))
    if family not in ("gaussian", "student_t"):
        table["y"] = rng.binomial(1, expit(table["y"] - table["y"].mean())).astype(float)
    return with_priors(table, {"formula": formula, "family": family})[0]


def one_draw(model):
    correlation = np.eye(len(model.effects))
    if model.pairs:
        correlation[0, 1] = correlation[1, 0] = 0.3
    sd = np.array([0.8, 0.4, 0.5][: len(model.effects)])
    return Draws(np.array([[2.9, 1.1]]), np.array([0.9]), sd[None], correlation[None])


def covariance(model, draw, effects):
    """Of the rows, by some random effects and the residual."""
    total = draw.sigma[0] ** 2 * np.eye(model.n)
    for i in effects:
        for j in effects:
            if model.factor_of[i] == model.factor_of[j]:
                codes = model.factors[model.factor_of[i]].codes
                own = draw.covariance[0, i, j] * np.outer(model.Z[:, i], model.Z[:, j])
                total += own * np.equal.outer(codes, codes)
    return total


def test_left_out_densities_of_gaussian_rows_are_exact():
    """Are p(y_i | rest) and p(y_j | shared effects) those of the dense normal, crossed with slopes and nested? 1e-9.

    Seen to fail without the variance of what shares rows.
    """
    rng = np.random.default_rng(1)
    for formula in (CROSSED, NESTED):
        model = model_of(formula)
        draw = one_draw(model)
        every, residual = list(range(len(model.effects))), model.outcome - model.X @ draw.beta[0]
        precision = np.linalg.inv(covariance(model, draw, every))
        lever, sd = precision @ residual, 1 / np.sqrt(np.diag(precision))
        expected = norm.logpdf(model.outcome, model.outcome - lever * sd**2, sd)
        assert rows_left_out(model, draw)[0] == pytest.approx(expected, abs=1e-9)
        u = [rng.normal(size=(1, len(c.names), len(model.effects_of(f)))) for f, c in enumerate(model.factors)]
        for f, clusters in enumerate(model.factors):
            private = [k for k in every if (formula == NESTED and f == 0) or model.factor_of[k] == f]
            shared = [np.zeros_like(v[0]) if model.effects_of(g)[0] in private else v[0] for g, v in enumerate(u)]
            left = model.outcome - model.predictor(draw.beta[0], shared)
            V, found = covariance(model, draw, private), clusters_left_out(model, draw, u, f)[0]
            for j in range(len(clusters.names)):
                rows = np.flatnonzero(clusters.codes == j)
                dense = multivariate_normal(np.zeros(len(rows)), V[np.ix_(rows, rows)])
                assert found[j] == pytest.approx(dense.logpdf(left[rows]), abs=1e-9)


def test_coefficients_and_effects_integrate_to_the_dense_normal():
    """Is the value of the approximation with normal priors of the coefficients log p(y | σ, Σ) exactly? 1e-8.

    Seen to fail without the determinant of the priors' precisions.
    """
    model = model_of(CROSSED)
    marginal, z = _Marginal(model), np.array([[-0.3, -0.6, -0.2, 0.4, -0.1]])
    found = marginal(z)[0] - marginal.log_prior(z)[0]
    own, spread, _ = marginal.unpack(z)
    sigma = own[:, 0]
    unit, priors = model.units, [model.priors[name].arguments for name in model.names]
    sd = np.sqrt(np.diag(spread[0]))
    draw = Draws(np.zeros((1, 2)), sigma * unit["sigma"], (sd * unit["sd"])[None], spread / np.outer(sd, sd))
    X = model.X - model.centre
    V = covariance(model, draw, range(3)) + (X * [s**2 for _, s in priors]) @ X.T
    assert found == pytest.approx(multivariate_normal(X @ [m for m, _ in priors], V).logpdf(model.outcome), abs=1e-8)


def test_two_ways_to_marginal_likelihoods_agree():
    """Do sufficient statistics and rows give the same log p(y), within four SEs, and leave-one-out densities?

    Rows to 0.1. Without one of five clusters the posterior moves by about its SD, so that some 50 of 400 weights count:
    the SDs of the differences over twelve other seeds are those below, of which four are allowed.

    Seen to fail without the Jacobian of log SDs.
    """
    model = model_of("y ~ x + (1 | a)")
    start = classical.fit(model)
    by_rows, other = scores(model, start.parameters), evidence(model, start)
    assert by_rows.value == pytest.approx(other.value, abs=4 * np.hypot(by_rows.error, other.error))
    assert by_rows.rows == pytest.approx(individuals(model, other.draws), abs=0.1)
    spread = np.array([0.032, 0.076, 0.120, 0.049, 0.061])
    assert (np.abs(by_rows.clusters[0] - other.clusters) < 4 * spread).all()


def grid(model, rows, clustered=True):
    """Log p(y_rows) of binary outcomes with an intercept over a grid of it and of log sd, by adaptive quadrature."""
    intercepts = np.linspace(-6, 6, 120)
    logs = np.linspace(-8, 2.5, 120) if clustered else np.array([-30.0])
    b, s = (part.ravel() for part in np.meshgrid(intercepts, logs))
    codes, y = model.clusters.codes[rows], model.outcome[rows]
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    terms = model.priors["intercept"].logpdf(b) + np.log(intercepts[1] - intercepts[0])
    if clustered:
        terms = terms + model.priors["sd(a:intercept)"].logpdf(np.exp(s)) + s + np.log(logs[1] - logs[0])
    linear = b[:, None] + np.exp(s)[:, None] * nodes
    for j in np.unique(codes):
        events, n = y[codes == j].sum(), (codes == j).sum()
        kernel = events * linear - n * np.logaddexp(0, linear)
        terms = terms + logsumexp(kernel + np.log(weights / weights.sum()), axis=1)
    return logsumexp(terms)


def test_marginal_likelihoods_of_counts_are_those_of_a_grid():
    """Is log p(y) of binary outcomes the grid's, within four SEs below 0.05, with clusters and without?

    Rows and clusters left out are ratios of two such integrals; 400 draws and Laplace's approximation leave 0.05.

    Seen to fail with trials left out of the mean and without the Jacobian of log SDs.
    """
    model = model_of("y ~ 1 + (1 | a)", "bernoulli")
    start, every = classical_counts.fit(model).parameters, np.arange(model.n)
    for name, _, kept in candidates(model):
        found = scores(model.with_effects(kept), start.of_effects(kept))
        whole = grid(model, every, name != ALONE)
        assert found.error < 0.05
        assert found.value == pytest.approx(whole, abs=4 * found.error + 1e-3)
        for i in (0, 7):
            assert found.rows[i] == pytest.approx(whole - grid(model, np.delete(every, i), name != ALONE), abs=0.05)
        rest = every[model.clusters.codes != 2]
        assert found.clusters[0][2] == pytest.approx(whole - grid(model, rest, name != ALONE), abs=0.1)


def test_candidates_leave_out_each_slope_and_each_factor():
    """Are all parts of a model with two factors left out in turn, the factors' rows staying what is left out?

    Seen to fail without models that lack a factor.
    """
    model = model_of(CROSSED)
    names = [name for name, _, _ in candidates(model)]
    assert names == ["full model", "without varying x by a", "without a", "without b", "without clustering"]
    assert [model.with_effects(kept).sd_names for _, _, kept in candidates(model)][1:3] == [
        ("sd(a:intercept)", "sd(b:intercept)"),
        ("sd(b:intercept)",),
    ]


@pytest.fixture(scope="session")
def program():
    return family_program(ROOT / "stan" / "hierarchical_latent.stan")


@pytest.mark.parametrize("family", ["gaussian", "student_t"])
def test_stan_density_and_gradient_of_measurements_are_right(program, family):
    """Do value and gradient with crossed factors equal plain densities and their difference quotients? 1e-8, 1e-5.

    Seen to fail with the offsets of coefficients left out of Stan's data, and without the derivative by ν of ln Γ.
    """
    model, rng = model_of(CROSSED, family), np.random.default_rng(1)
    p, q, M, m, units = 2, 3, model.latent_rows.size, len(model.own_names), model.units
    point = 0.4 * rng.standard_normal(p + q + m + 1 + M)

    def target(z):
        b, sd, own, partial = z[:p], np.exp(z[p : p + q]), np.exp(z[p + q : p + q + m]), np.tanh(z[p + q + m] / 2)
        correlation = np.eye(q)
        correlation[0, 1] = correlation[1, 0] = partial
        root, v = np.linalg.cholesky(correlation) * (sd * units["sd"])[:, None], z[p + q + m + 1 :]
        u = [values[0] for values in model.latent_rows.random_effects(v[None], root[None])]
        linear, residual = model.predictor(model.to_user(b[None])[0], u), own[0] * float(units["sigma"])
        density = norm(linear, residual) if family == "gaussian" else t(own[1], linear, residual)
        total = density.logpdf(model.outcome).sum() + model.n * np.log(model.outcome_spread)
        total += float(model.priors["nu"].logpdf(own[1])) + np.log(own[1]) if family == "student_t" else 0.0
        at_mean = b * units["beta"] + model.offset
        total += norm.logpdf(v).sum() + model.priors["sigma"].logpdf(residual) + np.log(residual)
        total += sum(float(model.priors[n].logpdf(x)) for n, x in zip(model.names, at_mean, strict=True))
        total += sum(float(model.priors[n].logpdf(x)) for n, x in zip(model.sd_names, sd * units["sd"], strict=True))
        total += np.log(units["beta"]).sum() + np.log(units["sd"] * sd).sum()
        # LKJ(2) of a pair: the density of the correlation is 3/4 (1 − ρ²), and its Jacobian (1 − ρ²)/2.
        return float(total + np.log(0.75 * (1 - partial**2)) + np.log((1 - partial**2) / 2))

    values = {"beta": point[:p], "sd": np.exp(point[p : p + q]), "own": np.exp(point[p + q : p + q + m])}
    values |= {"partial": np.tanh(point[p + q + m : p + q + m + 1] / 2), "v": point[p + q + m + 1 :]}
    given = {name: value.tolist() for name, value in values.items()}
    found = program.log_prob(given, latent_stan.stan_data(model), jacobian=True, sig_figs=16).iloc[0]
    assert found.iloc[0] == pytest.approx(target(point), abs=1e-8)
    steps = 1e-5 * np.eye(len(point))
    quotients = [(target(point + step) - target(point - step)) / 2e-5 for step in steps]
    assert found.iloc[1:].to_numpy(float) == pytest.approx(np.array(quotients), abs=1e-5, rel=1e-5)


@pytest.mark.parametrize("family", ["gaussian", "student_t"])
def test_sampled_posteriors_are_those_of_the_marginal_likelihood(program, family):
    """Do NUTS over all random effects and importance sampling without them give the same posterior?

    Means within 0.1 posterior SD: four SEs of 4 × 1000 draws, 1500 of them effective, and of 2000 weights.

    Seen to fail with trials left out of the mean and without the Jacobian of log SDs.
    """
    model = model_of(NESTED, family)
    sampled = fit(program, model, {"chains": 4, "warmup": 1000, "draws": 1000, "seed": 1, "adapt_delta": 0.95}, 2)
    shape = sampled.draws["sd[1]"].shape
    nuts = parameters(model, latent_stan.from_columns(model, sampled.draws), shape)
    marginal, rng = _Marginal(model), np.random.default_rng(2)
    start = (classical if family == "gaussian" else classical_counts).fit(model).parameters
    _, log_weight = (found := adapt(marginal, *marginal.start(start), Effort(3, 256, 128), rng))
    places = summary(log_weight, 4000, rng)[2]
    exact = parameters(model, marginal.parameters(found[0])[marginal.one_each(places)], (1, 4000))
    for name, values in nuts.items():
        assert values.mean() == pytest.approx(exact[name].mean(), abs=0.1 * exact[name].std())
