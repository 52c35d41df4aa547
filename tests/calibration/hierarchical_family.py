"""Hierarchical regressions: outcomes simulated individual by individual from parameters and cluster effects."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import binom, poisson

from hiermeta.inference.hierarchical.classical import shares
from hiermeta.models import hierarchical, hierarchical_stan, latent_stan
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical_files import with_priors
from hiermeta.models.priors import parse
from tests.calibration.simulated import Simulated, compiled, drawn, normal

ETA = 2.0
"""Shape of the LKJ prior."""


@dataclass(frozen=True)
class Hierarchical:
    """A regression of 48 individuals in eight clusters of two to ten on x, with random effects."""

    name: str
    title: str
    family: str
    formula: str
    priors: dict
    size: str = ""

    @property
    def gaussian(self):
        return self.family == "gaussian"

    @property
    def metric(self):
        return "dense_e" if self.gaussian else "diag_e"

    @property
    def program(self):
        return compiled("hierarchical_gaussian" if self.gaussian else "hierarchical_latent")

    def simulate(self, rng, clustered=True):
        """Simulate from the family's priors; without clustering, all random effects are zero."""
        prior = {name: parse(text) for name, text in self.priors.items() if name != "correlation"}
        codes = rng.permutation(np.repeat(np.arange(8), [10, 9, 8, 7, 5, 4, 3, 2]))
        n = len(codes)
        table = pd.DataFrame({"row": range(1, n + 1), "g": [f"c{code}" for code in codes], "x": rng.normal(5, 2, n)})
        table["size"] = rng.integers(1, 7, n) / (1.0 if self.family == "binomial" else 4.0)
        slopes = "x |" in self.formula
        at_mean, slope = drawn(prior["intercept"], rng), drawn(prior["slopes"], rng)
        sd = np.array([drawn(prior["sd"], rng) for _ in range(1 + slopes)]) * clustered
        truth = {"intercept": at_mean - slope * table["x"].mean(), "x": slope, "sd(g:intercept)": sd[0]}
        correlation = np.eye(len(sd))
        if slopes:
            # LKJ(η) in two dimensions: (1 + ρ)/2 ~ Beta(η, η).
            correlation[0, 1] = correlation[1, 0] = 2 * rng.beta(ETA, ETA) - 1
            truth |= {"sd(g:x)": sd[1], "cor(g:intercept,x)": correlation[0, 1]}
        u = rng.standard_normal((9, len(sd))) @ np.linalg.cholesky(correlation).T * sd
        z = np.column_stack([np.ones(n), table["x"]])[:, : len(sd)]
        linear = truth["intercept"] + slope * table["x"].to_numpy() + (z * u[codes]).sum(axis=1)
        sigma = 0.0
        if self.gaussian:
            sigma = truth["sigma"] = drawn(prior["sigma"], rng)
            table["y"] = linear + sigma * rng.standard_normal(n)
        elif self.family == "binomial":
            table["y"] = rng.binomial(table["size"].astype(int), expit(linear)).astype(float)
        else:
            table["y"] = rng.poisson(table["size"] * np.exp(linear)).astype(float)
        settings = {"formula": self.formula, "family": self.family, "priors": self.priors}
        model = with_priors(table, settings | ({self.size: "size"} if self.size else {}))[0]

        between = np.mean([row @ (sd[:, None] * correlation * sd) @ row for row in z])
        residual = {"gaussian": sigma**2, "binomial": np.pi**2 / 3}.get(self.family)
        if residual is None:
            residual = np.log1p(1 / max(table["y"].mean(), 1e-12))
        truth["ICC"] = between / (between + residual)
        truth["new cluster"] = at_mean + z.mean(axis=0) @ u[8]
        truth["random effect"] = u[codes[0], 0]
        draw = Draws(np.array([[truth["intercept"], slope]]), np.array([sigma]), sd[None], correlation[None])
        return Simulated(model, truth, (draw, u[None, list(dict.fromkeys(codes))]))

    def stan(self, model, seed):
        """Data and starting values."""
        module = hierarchical_stan if self.gaussian else latent_stan
        return module.stan_data(model), module.initial_values(model, 1, seed)[0]

    def quantities(self, model, columns, rng):
        """Posterior draws of every quantity; columns of shape (1, S)."""
        draws = (hierarchical_stan if self.gaussian else latent_stan).from_columns(model, columns)
        found = hierarchical.parameters(model, draws, (len(draws.beta),))
        found["ICC"] = shares(model, draws)["ICC"]
        new = np.einsum("skl,sl->sk", draws.factor, rng.standard_normal(draws.sd.shape))
        found["new cluster"] = draws.beta @ model.X.mean(axis=0) + new @ model.Z.mean(axis=0)
        first = model.clusters.codes[0]
        if self.gaussian:
            mean, covariance = model.random_effects(draws)
            found["random effect"] = normal(mean[:, first, 0], covariance[:, first, 0, 0], rng)
            found["log likelihood"] = self.log_likelihood(model, draws)
        else:
            u = latent_stan.random_effects(model, columns)[0][0]
            found["random effect"] = u[:, first, 0]
            found["log likelihood"] = self.log_likelihood(model, draws, u)
        return found

    def log_likelihood(self, model, draws, u=None):
        """Log p(y | parameters), for counts p(y | parameters, random effects), shape (S,)."""
        if self.gaussian:
            return model.log_likelihood(draws).sum(axis=1)
        linear = draws.beta @ model.X.T + (model.Z * u[:, model.clusters.codes]).sum(axis=2)
        if self.family == "binomial":
            return binom.logpmf(model.outcome, model.size, expit(linear)).sum(axis=1)
        return poisson.logpmf(model.outcome, model.size * np.exp(linear)).sum(axis=1)

    def true_log_likelihood(self, simulated):
        """The same at the truth."""
        draw, u = simulated.draw
        return float(self.log_likelihood(simulated.model, draw, None if self.gaussian else u)[0])
