"""The same posterior by other roads: a public reference, a program with every random effect, importance sampling.

Draws and bridge sampling against quadrature are in tests/workflow/test_chain.py and tests/exact/test_bridge.py, REML
against metafor and lme4 in tests/reference.
"""

import numpy as np
import pandas as pd
from tests.conftest import REFERENCE, ROOT

from hiermeta.data.hierarchical import validate
from hiermeta.data.read import read_table
from hiermeta.inference import exact
from hiermeta.inference.hierarchical import classical
from hiermeta.inference.hierarchical.evidence import evidence
from hiermeta.inference.summaries import of_draws
from hiermeta.models import given_draws, hierarchical, hierarchical_stan, meta
from hiermeta.models.hierarchical_files import with_priors
from hiermeta.models.priors import parse
from hiermeta.sampling.families import family_program
from hiermeta.sampling.hierarchical import fit as fit_hierarchical
from hiermeta.sampling.meta import fit, parameters
from hiermeta.sampling.programs import compiled

SETTINGS = {"chains": 4, "warmup": 1000, "draws": 2500, "seed": 20260101, "adapt_delta": 0.9}

# posteriordb, reference_posteriors/summary_statistics/mean_value: eight_schools-eight_schools_noncentered.json
# at commit 0e97b72: means of 10,000 draws and their Monte Carlo SEs, schools A to H, then mu and tau.
POSTERIORDB = {
    "mean": [6.15050229334425, 4.9395811407422, 3.90590609001582, 4.79601675138494, 3.6144363246799,
             4.0511475789675, 6.31716975886893, 4.88399694353288, 4.41051833695493, 3.60205952364059],
    "mcse": [0.0557375282295219, 0.0462293788624847, 0.0542313705632124, 0.0474935816762281, 0.0461450610244603,
             0.0485195392528031, 0.0498766794075794, 0.0542511606560972, 0.0330374705950917, 0.0318615135640706],
}  # fmt: skip


def test_eight_schools_have_the_posterior_of_posteriordb():
    """Are the exact means of the eight effects, μ and τ those of posteriordb's reference draws (Magnusson et al. 2025)?

    Within four of the reference's Monte Carlo SEs, the only error there is. Fails with a half-normal prior of τ, and
    with effects that aren't shrunk.
    """
    table = pd.read_csv(ROOT / "data" / "eight-schools.csv")
    table = table.assign(row=range(1, 9), effect=table["yi"].astype(float), variance=table["sei"] ** 2.0)
    model = meta.build(table, {"mu": parse("normal(0, 5)"), "tau": parse("half_cauchy(5)")})
    posterior = exact.solve(model)
    # The mean of an effect is linear in mu, so that its mean given tau stands for its draws.
    nothing = np.zeros((len(posterior.tau), 0))
    given = given_draws.Draws(posterior.conditional.mean, nothing, posterior.tau, posterior.rho)
    effects = posterior.weight @ given_draws.true_effects(model, given)[0]
    summary = exact.summarise(posterior)
    found = np.array([*effects, summary["mu"]["mean"], summary["tau"]["mean"]])
    assert np.all(np.abs(found - POSTERIORDB["mean"]) < 4 * np.array(POSTERIORDB["mcse"]))


def agree(ours, theirs):
    """Do means and outer limits of two samples differ by less than four of their joint Monte Carlo SEs?"""
    assert ours.index.equals(theirs.index)
    for statistic in ("mean", "q2.5", "q97.5"):
        error = np.hypot(ours[f"mcse_{statistic}"], theirs[f"mcse_{statistic}"])
        difference = (ours[statistic] - theirs[statistic]).abs() / error
        assert difference.max() < 4, (statistic, difference.idxmax())


def test_the_marginal_program_has_the_posterior_of_the_latent_one(model_of):
    """Do the program without random effects, and one that samples all 67 of them, agree on μ, τ, ρ and 56 effects?

    Within four joint Monte Carlo SEs: of 177 comparisons one would fail by chance in 1% of runs, and the seed is fixed.
    Fails when √ρ and √(1 − ρ) change places in the latent program, or the effects' conditional variance is left out.
    """
    model = model_of("konstantopoulos2011")
    fitted = fit(family_program(ROOT / "stan" / "meta.stan"), model, SETTINGS, 2)
    draws = parameters(fitted.draws)
    mean, variance = given_draws.true_effects(model, given_draws.Draws.from_chains(draws))
    theta = mean + np.sqrt(variance) * np.random.default_rng(1).standard_normal(mean.shape)
    ours = {"mu": draws["beta"][..., 0], "tau": draws["tau"], "rho": draws["rho"]}
    ours |= {f"theta[{i + 1}]": theta[:, i].reshape(4, -1) for i in range(model.k)}

    data = {"k": model.k, "J": len(model.clusters), "y": model.effect, "v": model.variance}
    data |= {"cluster": model.cluster_of_row + 1}
    data |= {"mu_sd": model.priors["mu"].arguments[1], "tau_scale": model.priors["tau"].arguments[0]}
    program = compiled(ROOT / "tests" / "exact" / "programs" / "three_level_latent.stan")
    sampled = program.sample(
        data, chains=4, parallel_chains=2, seed=7, iter_warmup=1000, iter_sampling=4000, adapt_delta=0.95,
        show_progress=False,
    )  # fmt: skip
    columns = dict(zip(sampled.column_names, sampled.draws().transpose(2, 1, 0), strict=True))
    agree(of_draws(ours), of_draws({name: columns[name] for name in ours}))


def test_draws_of_a_regression_agree_with_importance_sampling():
    """Do NUTS draws with random slopes have the moments of the evidence's weighted draws, where no chain is involved?

    160 schools would take long; the 18 subjects of the sleep study. Within four joint Monte Carlo SEs; the weighted
    draws, 600 of them nearly independent, are taken as four chains of 150.

    Seen to fail with SDs in standardised units.
    """
    table, settings = read_table(str(REFERENCE / "hierarchical" / "sleepstudy.csv")), {
        "formula": "Reaction ~ Days + (Days | Subject)", "family": "gaussian"
    }  # fmt: skip
    model = with_priors(validate(table, settings).table, settings)[0]
    fitted = fit_hierarchical(family_program(ROOT / "stan" / "hierarchical_gaussian.stan"), model, SETTINGS, 2)
    shape = fitted.draws["sigma"].shape
    ours = hierarchical.parameters(model, hierarchical_stan.from_columns(model, fitted.draws), shape)
    found = evidence(model, classical.fit(model)).draws
    shuffled = found[np.random.default_rng(3).permutation(len(found.sigma))]
    agree(of_draws(ours), of_draws(hierarchical.parameters(model, shuffled, (4, len(shuffled.sigma) // 4))))
