"""Leave-one-out from draws, where quadrature doesn't apply: Pareto-smoothed importance sampling.

The weights come from log predictive densities with random effects integrated out, of an estimate given the rest of its
cluster and of a whole cluster; given the random effects, importance sampling fails (Merkle et al. 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, ndtr

from hiermeta.inference.deletion import sampling_shares
from hiermeta.inference.loo import LeaveOneOut, LeftOut, cook, moment_sd
from hiermeta.models import given_draws
from hiermeta.models.meta import MetaModel
from hiermeta.sampling.convergence import smoothed_weights

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Smoothed:
    """Units left out one at a time, with the Pareto k̂ of their weights (above 0.7: unreliable), shape (U,)."""

    left_out: LeaveOneOut
    pareto_k: Array


def leave_one_out(model: MetaModel, draws: dict[str, Array]) -> tuple[Smoothed, Smoothed | None]:
    """Leave out one estimate, and one cluster where there are clusters, at a time.

    Parameters
    ----------
    model : MetaModel
    draws : dict of str to numpy.ndarray
        ``beta``, ``delta``, ``tau``, ``rho``, shape (chains, draws, ...) each.
    """
    some = given_draws.Draws.from_chains(draws).thinned(model.k, len(draws["tau"]))
    estimate, cluster = (values.astype(float) for values in given_draws.log_likelihood(model, some))
    v = model.marginal(some.taus(model.scale_design), some.rho)
    residual = model.effect - some.beta @ model.design.T
    precision = v.inverse_diagonal()
    of_estimates = _smoothed(model, some, estimate, v.inverse_times(residual) / precision, 1 / precision)
    if not model.clustered:
        return of_estimates, None
    share = sampling_shares(model)
    deviation = model.by_cluster(share * residual)
    return of_estimates, _smoothed(model, some, cluster, deviation, v.squares(share))


def _smoothed(
    model: MetaModel, draws: given_draws.Draws, log_density: Array, deviation: Array, variance: Array
) -> Smoothed:
    log_weight, pareto_k = smoothed_weights(-log_density)
    weight = np.exp(log_weight)
    mu = draws.beta @ model.mean_design
    mu1, mu2, tau1, tau2, rho1, rho2 = (
        values @ weight for values in (mu, mu**2, draws.tau, draws.tau**2, draws.rho, draws.rho**2)
    )
    deviation1 = (weight * deviation).sum(axis=0)
    deviation2 = (weight * (deviation**2 + variance)).sum(axis=0)
    units = LeftOut(
        elpd=logsumexp(log_weight + log_density, axis=0),
        pit=(weight * ndtr(deviation / np.sqrt(variance))).sum(axis=0),
        residual=deviation1 / moment_sd(deviation1, deviation2),
        mu=mu1,
        mu_sd=moment_sd(mu1, mu2),
        tau=tau1,
        tau_sd=moment_sd(tau1, tau2),
        rho=rho1,
        rho_sd=moment_sd(rho1, rho2),
        coefficients=weight.T @ draws.beta,
    )
    covariance = np.atleast_2d(np.cov(draws.beta, rowvar=False))
    return Smoothed(LeaveOneOut(units, cook(units.coefficients, draws.beta.mean(axis=0), covariance), 0.0), pareto_k)
