"""The shipped Stan programs against plain ones that read like the models."""

import numpy as np
import pandas as pd
import pytest
from tests.conftest import ROOT

from hiermeta.models import hierarchical_stan, latent_stan
from hiermeta.models.hierarchical_files import with_priors
from hiermeta.models.meta import build
from hiermeta.models.priors import parse
from hiermeta.models.stan import stan_data
from hiermeta.sampling.families import family_program
from hiermeta.sampling.programs import compiled

STAN, POINTS = ROOT / "stan", 5


def plain(values):
    """Numbers and lists, as CmdStan takes them."""
    return {name: np.asarray(value).tolist() for name, value in values.items()}


def differences(program, data, points):
    """Log densities on the constrained scale, less that of the first point: constants don't count."""
    found = [
        float(program.log_prob(plain(point), plain(data), jacobian=False, sig_figs=16).iloc[0, 0]) for point in points
    ]
    return np.array(found[1:]) - found[0]


def agree(name, of_shipped, of_reference):
    """Whether a shipped program's densities differ between points as its reference's do, to rounding: 1e-8."""
    shipped = differences(family_program(STAN / f"{name}.stan"), *of_shipped)
    reference = differences(compiled(STAN / "reference" / f"{name}.stan"), *of_reference)
    assert np.abs(shipped).max() > 0.1
    assert shipped == pytest.approx(reference, abs=1e-8)


def test_meta_analysis_is_its_reference():
    """Is the analytic marginal likelihood that of the plain multivariate normal?

    Seen to fail with 1 − ρ in place of ρ in the reference.
    """
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"row": range(1, 13), "effect": rng.normal(size=12), "variance": rng.uniform(0.02, 0.4, 12)})
    table["x"], table["cluster"] = rng.normal(size=12), list("bbacabcaaddd")
    texts = {"mu": "normal(0, 1)", "moderators": "normal(0, 0.5)", "tau": "half_normal(0.4)", "rho": "uniform(0, 1)"}
    model = build(table, {name: parse(text) for name, text in texts.items()}, {"moderators": "~ x"})
    data = {"k": model.k, "p": 2, "y": model.effect, "v": model.variance, "X": model.design}
    data |= {"cluster": model.cluster_of_row + 1, "beta_sd": [1.0, 0.5], "tau_scale": 0.4}
    draws = [(rng.normal(size=2), rng.uniform(0.05, 1), rng.uniform(0.05, 0.95)) for _ in range(POINTS)]
    shipped = [{"beta_free": b, "tau_free": [t], "rho_free": [r], "delta_free": []} for b, t, r in draws]
    agree("meta", (stan_data(model), shipped), (data, [{"beta": b, "tau": t, "rho": r} for b, t, r in draws]))


def regression(family):
    """Thirty rows in five clusters of one grouping factor and four of another, and the model."""
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"row": range(1, 31), "g": list("abcde") * 6, "h": rng.choice(list("uvwx"), 30)})
    table["x"], table["y"] = rng.normal(size=30), rng.normal(size=30)
    formula = "y ~ x + (x | g)"
    if family == "bernoulli":
        table["y"], formula = (table["y"] > 0).astype(float), "y ~ x + (1 | g) + (1 | h)"
    return with_priors(table, {"family": family, "formula": formula})[0], rng


def priors(model):
    """Means, SDs and scales of the priors on the standardised scale, where both programs have their parameters."""
    arguments = np.array([model.priors[name].arguments for name in model.names])
    scales = np.array([model.priors[name].arguments[0] for name in model.sd_names])
    units = model.units
    mean = (arguments[:, 0] - model.offset) / units["beta"]
    return {"beta_mean": mean, "beta_sd": arguments[:, 1] / units["beta"], "sd_scale": scales / units["sd"]}


def test_gaussian_regression_is_its_reference():
    """Are densities of sufficient statistics those of the rows? Seen to fail with σ in place of σ² in the reference."""
    model, rng = regression("gaussian")
    y = (model.outcome - model.outcome_centre) / model.outcome_spread
    data = {"N": 30, "J": 5, "p": 2, "y": y, "X": (model.X - model.centre) / model.spread}
    data |= {"Z": model.Z / model.effect_spread, "cluster": model.clusters.codes + 1}
    data |= priors(model) | {"sigma_scale": model.priors["sigma"].arguments[0] / model.outcome_spread}
    draws = [
        (rng.normal(size=2), rng.uniform(0.1, 1, 2), rng.uniform(0.3, 1.5), rng.uniform(-0.8, 0.8))
        for _ in range(POINTS)
    ]
    shipped = [{"beta": b, "sd": s, "sigma": e, "partial": [r]} for b, s, e, r in draws]
    reference = [{"beta": b, "sd": s, "sigma": e, "correlation": r} for b, s, e, r in draws]
    agree("hierarchical_gaussian", (hierarchical_stan.stan_data(model), shipped), (data, reference))


def test_sampled_random_effects_are_their_reference():
    """Are densities of binary outcomes with two grouping factors those of the plain program?

    Seen to fail with the second factor's SD left out of the reference.
    """
    model, rng = regression("bernoulli")
    first, second = model.factors
    data = {"N": 30, "p": 2, "G": len(first.names), "H": len(second.names), "y": model.outcome.astype(int)}
    data |= {"X": (model.X - model.centre) / model.spread, "g": first.codes + 1, "h": second.codes + 1} | priors(model)
    # The shipped program's intercept is the distance from the overall log odds.
    data["beta_mean"] = np.array(data["beta_mean"]) + np.array([model.outcome_centre, 0.0])
    draws = [
        (rng.normal(size=2), rng.uniform(0.1, 1, 2), rng.normal(size=data["G"]), rng.normal(size=data["H"]))
        for _ in range(POINTS)
    ]
    shipped = [{"beta": b, "sd": s, "own": [], "partial": [], "v": np.append(u, w)} for b, s, u, w in draws]
    move = np.array([model.outcome_centre, 0.0])
    reference = [{"beta": b + move, "sd": s, "a_unit": u, "b_unit": w} for b, s, u, w in draws]
    agree("hierarchical_latent", (latent_stan.stan_data(model), shipped), (data, reference))
