"""Meta-analyses: estimates simulated row by row from parameters, cluster effects, estimate effects and errors."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from hiermeta.data.covariance import sampling_covariance
from hiermeta.models import given_draws, heterogeneity, meta, stan
from hiermeta.models.priors import parse
from hiermeta.sampling.meta import parameters
from tests.calibration.simulated import Simulated, compiled, drawn, normal


@dataclass(frozen=True)
class Meta:
    """A meta-analysis, with clusters of one to five estimates, a numeric moderator x and a factor g where asked for.

    Sampling variances are around 0.05 times ``imprecision``; clusters need 18 estimates.
    """

    name: str
    title: str
    priors: dict
    clusters: bool = True
    settings: dict = field(default_factory=dict)
    estimates: int = 18
    imprecision: float = 1.0
    metric = "dense_e"

    @property
    def program(self):
        return compiled("meta")

    @property
    def parsed(self):
        return {name: parse(text) for name, text in self.priors.items()}

    def simulate(self, rng, priors=None):
        """Simulate from the family's priors, or from other ones."""
        priors = priors or self.parsed
        k = self.estimates
        variance = self.imprecision * (0.01 + rng.gamma(2, 0.02, k))
        table = pd.DataFrame({"row": range(1, k + 1), "variance": variance})
        table["x"], table["g"] = rng.normal(30, 5, k), rng.permutation(list("uvw") * (k // 3))
        codes = np.arange(k)
        if self.clusters:
            codes = rng.permutation(np.repeat(np.arange(6), [5, 4, 3, 3, 2, 1]))
            table["cluster"] = [f"c{code}" for code in codes]
        x = (table["x"] - table["x"].mean()).to_numpy() / table["x"].std()
        value = {name: drawn(prior, rng) for name, prior in priors.items()}
        truth, delta = {}, []
        linear = np.full(k, value["mu"])
        if "moderators" in self.settings:
            slope, *levels = (drawn(priors["moderators"], rng) for _ in range(4))
            # Every two levels differ by as much as the prior of a moderator says, and their average is zero.
            level = dict(zip("uvw", (np.array(levels) - np.mean(levels)) / np.sqrt(2), strict=True))
            linear = linear + slope * x + table["g"].map(level).to_numpy(float)
            truth["x"] = slope / table["x"].std()
            truth |= {f"g[{name}]": level[name] - level["u"] for name in "vw"}
            truth["intercept"] = value["mu"] + level["u"] - truth["x"] * table["x"].mean()
        tau, rho = value["tau"], value.get("rho", 0.0)
        taus = np.full(k, tau)
        if "scale" in self.settings:
            delta = [drawn(priors["scale"], rng)]
            taus, truth["scale:x"] = tau * np.exp(delta[0] * x), delta[0] / table["x"].std()
        gamma = rng.standard_normal(k)
        true = linear + taus * (np.sqrt(rho) * gamma[codes] + np.sqrt(1 - rho) * rng.standard_normal(k))
        phi = self.settings.get("sampling_correlation", 0.0)
        errors = np.sqrt(phi) * rng.standard_normal(k)[codes] + np.sqrt(1 - phi) * rng.standard_normal(k)
        table["effect"] = true + np.sqrt(table["variance"]) * errors
        model = meta.build(table, priors, self.settings, sampling_covariance(self.settings, table, k))

        mu = linear.mean()
        typical = typical_variance(table, model.user_design[np.argsort(model.order)], phi, codes)
        truth |= {"mu": mu, "tau": tau, "I2": 100 * np.mean(taus**2 / (taus**2 + typical))}
        truth |= {"true effect": true[0], "new effect": mu + tau * rng.standard_normal()}
        if self.clusters:
            known = np.sqrt(rho) * gamma[codes[0]] + np.sqrt(1 - rho) * rng.standard_normal()
            truth |= {"rho": rho, "new effect in a known cluster": mu + tau * known}
            truth["I2 [between]"] = 100 * np.mean(rho * taus**2 / (taus**2 + typical))
        beta = np.linalg.lstsq(model.design, linear[model.order], rcond=None)[0]
        draw = given_draws.Draws(beta[None], np.reshape(delta, (1, -1)), np.array([tau]), np.array([rho]))
        return Simulated(model, truth, draw)

    def stan(self, model, seed):
        """Data and starting values."""
        return stan.stan_data(model), stan.initial_values(model, 1, seed)[0]

    def quantities(self, model, columns, rng):
        """Posterior draws of every quantity; columns of shape (1, S)."""
        draws = parameters(columns)
        flat = given_draws.Draws.from_chains(draws)
        # The table's tau is the mean over rows, the parameter that at the mean of the scale moderators.
        found = heterogeneity.table(model, draws) | heterogeneity.parameters(model, draws)
        mean, variance = given_draws.new_effects(model, flat, model.mean_design, np.zeros(model.scale_design.shape[1]))
        first = int(np.flatnonzero(model.order == 0)[0])
        true_mean, true_variance = given_draws.true_effects(model, flat)
        found["new effect"] = normal(mean[:, 0], variance[:, 0], rng)
        found["true effect"] = normal(true_mean[:, first], true_variance[:, first], rng)
        if self.clusters:
            known = 1 + model.cluster_of_row[first]
            found["new effect in a known cluster"] = normal(mean[:, known], variance[:, known], rng)
        found["log likelihood"] = self.log_likelihood(model, flat)
        return found

    def log_likelihood(self, model, draws):
        """Log p(y | parameters), random effects integrated out, shape (S,)."""
        estimates, clusters = given_draws.log_likelihood(model, draws)
        return (clusters if self.clusters else estimates).astype(float).sum(axis=1)

    def true_log_likelihood(self, simulated):
        """The same at the truth."""
        return float(self.log_likelihood(simulated.model, simulated.draw)[0])


def typical_variance(table, design, phi, codes):
    """(k − p)/tr(P), by dense matrices."""
    se = np.sqrt(table["variance"].to_numpy())
    sampling = np.outer(se, se) * (phi * np.equal.outer(codes, codes) + (1 - phi) * np.eye(len(se)))
    weight = np.linalg.inv(sampling)
    inner = np.linalg.inv(design.T @ weight @ design)
    projection = weight - weight @ design @ inner @ design.T @ weight
    return (len(se) - design.shape[1]) / np.trace(projection)
