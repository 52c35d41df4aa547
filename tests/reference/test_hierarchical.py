"""Hierarchical regressions against lme4: classical fits digit by digit, posteriors within their stated distances."""

import json

import numpy as np
import pytest
from tests.conftest import REFERENCE, ROOT

from hiermeta.data.hierarchical import validate
from hiermeta.data.read import read_table
from hiermeta.inference.hierarchical import classical, classical_counts, clustering, complete, unpooled
from hiermeta.inference.summaries import of_draws
from hiermeta.marginal.hermite import log_likelihood
from hiermeta.models import latent_stan
from hiermeta.models.hierarchical import parameters
from hiermeta.models.hierarchical_files import null_settings, with_priors
from hiermeta.models.hierarchical_stan import from_columns
from hiermeta.sampling.families import family_program
from hiermeta.sampling.hierarchical import fit

LME4 = json.loads((REFERENCE / "hierarchical" / "lme4.json").read_text())
CASES = {
    "hsb82 null": "mAch ~ 1 + (1 | school)",
    "hsb82 random_intercept": "mAch ~ cses + (1 | school)",
    "hsb82 random_intercept_slope": "mAch ~ cses + (cses | school)",
    "hsb82 random_intercept_slope_uncorrelated": "mAch ~ cses + (cses || school)",
    "hsb82 contextual_random_intercept": "mAch ~ cses + meanses + catholic + (1 | school)",
    "hsb82 contextual_cross_level": "mAch ~ cses * meanses + cses * catholic + (cses | school)",
    "sleepstudy null": "Reaction ~ 1 + (1 | Subject)",
    "sleepstudy random_intercept": "Reaction ~ Days + (1 | Subject)",
    "sleepstudy random_intercept_slope": "Reaction ~ Days + (Days | Subject)",
    "dyestuff2 null": "Yield ~ 1 + (1 | Batch)",
}


def model_of(case):
    """The model with its validated table's settings, and lme4's fit."""
    name, key = case.split()
    path = ROOT / "data" / "hsb82.csv" if name == "hsb82" else REFERENCE / "hierarchical" / f"{name}.csv"
    settings = {"formula": CASES[case], "family": "gaussian"}
    table = validate(read_table(str(path)), settings).table
    return with_priors(table, settings)[0], table, LME4[name]["models"][key], LME4[name]


def terms(reference, model):
    """lme4's coefficients in the order of the model."""
    found = {}
    for row in reference["fixed"]:
        name = "intercept" if row["term"] == "(Intercept)" else row["term"]
        found[frozenset(name.split(":"))] = row
    return [found[frozenset(name.split(":"))] for name in model.names]


def sds(reference):
    """lme4's SDs of random effects and its correlations, in order."""
    rows = [row for row in reference["varcomp"] if row["grp"] != "Residual"]
    return [r["sdcor"] for r in rows if r["var2"] is None], [r["sdcor"] for r in rows if r["var2"] is not None]


@pytest.mark.parametrize("case", CASES)
def test_classical_fits_are_those_of_lme4(case):
    """Are coefficients, SDs, deviances and random effects lme4's?

    lme4 stops within about 1e-6 of the deviance's minimum; SDs that the data say little about (that of cses beside its
    cross-level interactions) then differ by up to 1e-3, all others by less than 1e-4.

    Seen to fail without the term log|X'V⁻¹X| of REML and with singular fits not said.
    """
    model, _, reference, _ = model_of(case)
    reml, ml = classical.fit(model), classical.fit(model, reml=False)
    assert reml.deviance <= reference["REML_crit"] + 1e-6
    assert reml.deviance == pytest.approx(reference["REML_crit"], abs=1e-4)
    assert -ml.deviance / 2 == pytest.approx(reference["ML_logLik"], abs=1e-4)
    rows = terms(reference, model)
    errors = [row["se"] for row in rows]
    assert (reml.coefficients - [row["estimate"] for row in rows]) / errors == pytest.approx(0, abs=1e-3)
    assert reml.standard_errors == pytest.approx(errors, rel=1e-3)
    assert reml.sigma == pytest.approx(reference["sigma"], rel=1e-5)
    sd, correlation = sds(reference)
    assert reml.parameters.sd[0] == pytest.approx(sd, rel=1e-3)
    assert [reml.parameters.correlation[0, i, j] for i, j in model.pairs] == pytest.approx(correlation, abs=2e-3)
    assert reml.singular == reference["singular"]
    blups = {(row["cluster"], row["term"]): row for row in classical.document(reml, ml, reml)["random_effects"]}
    for row in reference["ranef"]:
        mine = blups[row["grp"], "intercept" if row["term"] == "(Intercept)" else row["term"]]
        assert mine["estimate"] == pytest.approx(row["ranef"], abs=1e-3 * reml.sigma)
        assert mine["se"] == pytest.approx(row["se"], rel=2e-3)


@pytest.mark.parametrize("case", ["hsb82 random_intercept_slope", "sleepstudy random_intercept_slope"])
def test_icc_and_variance_explained_are_those_of_lme4(case):
    """Do ICC and design effect agree to 1e-3, as do Nakagawa and Johnson's shares of variance?

    Seen to fail with the random effects left out of conditional R².
    """
    model, table, reference, every = model_of(case)
    null = with_priors(table, null_settings({"formula": CASES[case], "family": "gaussian"}))[0]
    reml, of_null = classical.fit(model), classical.fit(null)
    found = clustering.quantities(model, reml.parameters, null, of_null.parameters, (1,))
    assert found["ICC [null]"][0] == pytest.approx(every["ICC"]["ICC"], rel=1e-3)
    assert found["design effect [null]"][0] == pytest.approx(every["ICC"]["design_effect_mean_n"], rel=1e-3)
    assert found["effective sample size [null]"][0] == pytest.approx(every["ICC"]["effective_n"], rel=1e-3)
    assert found["ICC"][0] == pytest.approx(reference["r2"]["ICC_adjusted"], rel=1e-3)
    assert found["R2 [marginal]"][0] == pytest.approx(reference["r2"]["R2_marginal"], rel=1e-3)
    assert found["R2 [conditional]"][0] == pytest.approx(reference["r2"]["R2_conditional"], rel=1e-3)


@pytest.mark.parametrize("case", ["hsb82 random_intercept_slope", "sleepstudy random_intercept_slope"])
def test_complete_and_no_pooling_are_ordinary_regressions(case):
    """Are naive and cluster-robust standard errors those of lm and clubSandwich, and the lines per cluster lm's?

    Seen to fail with J for J − 1 in the robust covariance.
    """
    model, _, _, every = model_of(case)
    found, reference = complete.fit(model), every["models"]["complete_pooling"]
    assert found.coefficients == pytest.approx([row["estimate"] for row in reference["coef"]], rel=1e-8)
    assert found.naive == pytest.approx([row["se"] for row in reference["coef"]], rel=1e-8)
    assert found.robust == pytest.approx(list(reference["cluster_robust_CR1S_se"].values()), rel=1e-8)
    alone = unpooled.fit(model)
    for j, row in enumerate(every["models"]["no_pooling_per_cluster_OLS"]):
        assert alone.estimate[j] == pytest.approx([row["intercept"], row["slope"]], rel=1e-7)
        assert alone.se[j] == pytest.approx([row["intercept_se"], row["slope_se"]], rel=1e-7)


@pytest.fixture(scope="session")
def program():
    return family_program(ROOT / "stan" / "hierarchical_gaussian.stan")


@pytest.mark.parametrize("case", CASES)
def test_the_posterior_covers_restricted_maximum_likelihood(program, case):
    """Does REML lie inside every 95% interval, coefficients within 0.15 SE of it, and SDs within 10%?

    0.3 SE, and no claim on SDs, with fewer than 30 clusters; SDs whose profile interval spans a factor of two or more
    are left out, and on the boundary (dyestuff2) the posterior lies against zero instead.

    Seen to fail with SDs left in standardised units.
    """
    model, _, reference, every = model_of(case)
    settings = {"chains": 4, "warmup": 1000, "draws": 2500, "seed": 20260101, "adapt_delta": 0.9}
    sample = fit(program, model, settings, 2)
    assert sample.attempts[-1].divergences == 0
    table = of_draws(parameters(model, from_columns(model, sample.draws), sample.draws["sigma"].shape))
    assert table["r_hat"].max() < 1.01
    reml = classical.fit(model)
    if reference["singular"]:
        row = table.loc[model.sd_names[0]]
        assert row["q2.5"] < 0.1 * reml.sigma and row["q97.5"] > 0.3 * reml.sigma
        return
    allowed = 0.15 if every["J"] >= 30 else 0.3
    for name, estimate, se in zip(model.names, reml.coefficients, reml.standard_errors, strict=True):
        assert abs(table.loc[name, "mean"] - estimate) < allowed * se
        assert table.loc[name, "q2.5"] < estimate < table.loc[name, "q97.5"]
    profiles = {row["par"]: (row["lb"], row["ub"]) for row in reference.get("profile_ci", [])}
    for name, effect, value in zip(model.sd_names, model.effects, reml.parameters.sd[0], strict=True):
        assert table.loc[name, "q2.5"] < value < table.loc[name, "q97.5"]
        lower, upper = profiles.get(f"sd_{'(Intercept)' if effect == 'intercept' else effect}|school", (0, 1))
        if every["J"] >= 30 and upper < 2 * lower:
            assert table.loc[name, "median"] == pytest.approx(value, rel=0.1)
    for name, (i, j) in zip(model.correlation_names, model.pairs, strict=True):
        assert table.loc[name, "q2.5"] < reml.parameters.correlation[0, i, j] < table.loc[name, "q97.5"]
    assert np.isclose(table.loc["sigma", "median"], reml.sigma, rtol=0.02)


CBPP = {"formula": "incidence ~ factor(period) + (1 | herd)", "family": "binomial", "trials": "size"}


def cbpp(settings=CBPP):
    table = validate(read_table(str(REFERENCE / "hierarchical" / "cbpp.csv")), settings).table
    return with_priors(table, settings)[0], table, LME4["cbpp"]["models"]


def test_binomial_outcomes_have_the_estimates_of_adaptive_quadrature():
    """Are coefficients, standard errors, SD, latent ICC and median odds ratio those of glmer with 25 nodes?

    lme4 stops within 1e-6 or so of the maximum: coefficients to 1e-4 of their standard errors, the rest to 1e-4.

    Seen to fail with 1 for π²/3 as variance of a logit.
    """
    model, _, every = cbpp()
    found, reference = classical_counts.fit(model), every["random_intercept_AGQ25"]
    errors = [row["se"] for row in reference["fixed"]]
    assert (found.coefficients - [row["estimate"] for row in reference["fixed"]]) / errors == pytest.approx(0, abs=1e-4)
    assert found.standard_errors == pytest.approx(errors, rel=1e-4)
    assert found.parameters.sd[0, 0] == pytest.approx(reference["varcomp"][0]["sdcor"], rel=1e-4)
    shares = clustering.quantities(model, found.parameters, model, found.parameters, (1,))
    assert shares["ICC"][0] == pytest.approx(reference["ICC_latent"], rel=1e-3)
    assert shares["median odds ratio"][0] == pytest.approx(reference["MOR"], rel=1e-3)
    laplace = every["random_intercept_laplace"]
    point = np.array([[row["estimate"] for row in laplace["fixed"]]])
    sd = np.array([[[laplace["varcomp"][0]["sdcor"]]]])
    # glmer's own penalised iterations end 3e-4 from the mode's log density.
    assert log_likelihood(model.counts, point, sd, np.zeros((1, 1)), nodes=1).sum() == pytest.approx(
        laplace["logLik"], abs=1e-3
    )


def test_logistic_regression_without_clusters_is_that_of_glm():
    """Are coefficients and naive standard errors of complete pooling glm's, to its convergence?

    Seen to fail with standard errors of scaled columns.
    """
    model, _, every = cbpp()
    found, reference = complete.fit(model), every["complete_pooling"]["coef"]
    assert found.coefficients == pytest.approx([row["estimate"] for row in reference], rel=1e-6)
    assert found.naive == pytest.approx([row["se"] for row in reference], rel=1e-5)


def test_the_posterior_of_counts_covers_adaptive_quadrature():
    """Do all 95% intervals hold glmer's estimates, and are coefficients within 0.3 SE (15 clusters)?

    Seen to fail with random effects half as large.
    """
    model, _, every = cbpp()
    settings = {"chains": 4, "warmup": 1000, "draws": 2500, "seed": 20260101, "adapt_delta": 0.9}
    sample = fit(family_program(ROOT / "stan" / "hierarchical_latent.stan"), model, settings, 2)
    shape = sample.draws["sd[1]"].shape
    table = of_draws(parameters(model, latent_stan.from_columns(model, sample.draws), shape))
    assert table["r_hat"].max() < 1.01
    for name, row in zip(model.names, every["random_intercept_AGQ25"]["fixed"], strict=True):
        assert abs(table.loc[name, "mean"] - row["estimate"]) < 0.3 * row["se"]
        assert table.loc[name, "q2.5"] < row["estimate"] < table.loc[name, "q97.5"]
    sd = every["random_intercept_AGQ25"]["varcomp"][0]["sdcor"]
    assert table.loc["sd(herd:intercept)", "q2.5"] < sd < table.loc["sd(herd:intercept)", "q97.5"]
    u = latent_stan.random_effects(model, sample.draws)[0].mean(axis=(0, 1))[:, 0]
    herds = dict(zip(model.clusters.names, u, strict=True))
    for row in every["random_intercept_AGQ25"]["ranef"]:
        assert abs(herds[row["grp"]] - row["ranef"]) < 0.5 * row["se"]
