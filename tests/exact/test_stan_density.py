"""The Stan program's log density and its analytic gradient, against dense linear algebra and difference quotients."""

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import block_diag
from scipy.special import expit, logit
from scipy.stats import multivariate_normal
from tests.conftest import ROOT

from hiermeta.models.meta import build
from hiermeta.models.priors import parse
from hiermeta.models.stan import stan_data
from hiermeta.sampling.families import family_program


@pytest.fixture(scope="session")
def program():
    return family_program(ROOT / "stan" / "meta.stan")


def rows(clusters=True):
    rng = np.random.default_rng(11)
    table = pd.DataFrame({"row": range(1, 13), "effect": rng.normal(size=12), "variance": rng.uniform(0.02, 0.4, 12)})
    table["x"], table["g"] = rng.normal(size=12), list("uvuwuuvvuwuw")
    if clusters:
        table["cluster"] = list("bbacabcaaddd")
    return table


def log_density(model, beta, tau, rho, delta):
    """Log posterior density over the constrained parameters, by one multivariate normal with a full covariance."""
    same = np.eye(model.k)
    if model.clustered:
        same = (model.cluster_of_row[:, None] == model.cluster_of_row[None, :]).astype(float)
    taus = tau * np.exp(model.scale_design @ delta)
    sampling = block_diag(*model.covariance) if model.dependent else np.diag(model.variance)
    covariance = sampling + np.outer(taus, taus) * ((1 - rho) * np.eye(model.k) + rho * same)
    total = multivariate_normal(model.design @ beta, covariance).logpdf(model.effect)
    total += sum(float(p.logpdf(b)) for p, b in zip(model.coefficient_priors, beta, strict=True) if not p.is_point)
    values = {"tau": [tau], "rho": [rho] if model.clustered else [], "scale": delta}
    for name, numbers in values.items():
        prior = model.priors.get(name)
        if prior is not None and not prior.is_point:
            total += sum(float(prior.logpdf(value)) for value in numbers)
    return total


FORMULAS = {"moderators": "~ x + g", "scale": "~ x + g"}
NORMALS = {"mu": "normal(0.1, 2)", "moderators": "normal(0, 0.5)", "scale": "normal(0, 0.5)"}
CASES = {
    "clusters": ({}, True, {"mu": "normal(0, 1)", "tau": "half_normal(0.4)", "rho": "beta(1, 1)"}),
    "no clusters": ({}, False, {"mu": "student_t(4, 0.2, 1)", "tau": "half_cauchy(0.3)"}),
    "moderators and scale": (FORMULAS, True, NORMALS | {"tau": "half_student_t(3, 0.5)", "rho": "beta(2, 3)"}),
    "no clusters, moderators and scale": (FORMULAS, False, NORMALS | {"tau": "gamma(2, 4)"}),
    "lognormal and cauchy": ({}, True, {"mu": "cauchy(0, 1)", "tau": "lognormal(-1, 1)", "rho": "beta(3, 1)"}),
    "inverse gamma": ({}, True, {"mu": "normal(0, 1)", "tau": "inverse_gamma(2, 0.5)", "rho": "uniform(0, 1)"}),
    "exponential, fixed mu": ({}, True, {"mu": "point(0)", "tau": "exponential(2)", "rho": "beta(1, 2)"}),
    "dependent errors": (FORMULAS, True, NORMALS | {"tau": "half_normal(1)", "rho": "beta(1, 1)"}),
    "dependent errors, no clusters": ({}, False, {"mu": "normal(0, 1)", "tau": "half_normal(1)"}),
    "fixed rho": ({}, True, {"mu": "normal(0, 1)", "tau": "half_normal(1)", "rho": "point(0.3)"}),
}


@pytest.mark.parametrize("case", CASES)
def test_log_density_and_gradient_are_right(program, case):
    """Do value and gradient of the C++ function equal the dense density and its difference quotients?

    Values agree to rounding, 1e-8; central differences with a step of 1e-5 are good to about 1e-6.

    Seen to fail with standard errors in the place of variances.
    """
    formulas, clusters, texts = CASES[case]
    covariance = None
    if case.startswith("dependent"):
        table, same = rows(), np.equal.outer(*[rows()["cluster"].to_numpy()] * 2)
        covariance = np.sqrt(np.outer(table["variance"], table["variance"])) * (0.5 * same + 0.5 * np.eye(12))
    model = build(rows(clusters), {name: parse(text) for name, text in texts.items()}, formulas, covariance)
    p, s = model.design.shape[1], model.scale_design.shape[1]
    free_mu, free_rho = texts["mu"] != "point(0)", clusters and not texts["rho"].startswith("point")
    rng = np.random.default_rng(4)
    z = rng.normal(scale=0.5, size=p * free_mu + 1 + free_rho + s)

    def unpack(z):
        beta, rest = (z[:p], z[p:]) if free_mu else (np.zeros(p), z)
        rho = expit(rest[1]) if free_rho else 0.3 if clusters else 0.0
        return beta, np.exp(rest[0]), rho, rest[1 + free_rho :]

    def target(z):
        beta, tau, rho, delta = unpack(z)
        jacobian = np.log(tau) + (np.log(rho) + np.log1p(-rho) if free_rho else 0.0)
        return log_density(model, beta, tau, rho, delta) + jacobian

    beta, tau, rho, delta = unpack(z)
    parameters = {
        "beta_free": beta.tolist() if free_mu else [],
        "tau_free": [tau],
        "rho_free": [rho] if free_rho else [],
        "delta_free": delta.tolist(),
    }
    result = program.log_prob(parameters, stan_data(model), jacobian=True, sig_figs=16).iloc[0]
    assert result.iloc[0] == pytest.approx(target(z), abs=1e-8)
    steps = 1e-5 * np.eye(len(z))
    quotients = [(target(z + step) - target(z - step)) / 2e-5 for step in steps]
    assert result.iloc[1:].to_numpy(float) == pytest.approx(np.array(quotients), abs=1e-6, rel=1e-6)
    assert logit(rho) == pytest.approx(z[p * free_mu + 1]) if free_rho else True
