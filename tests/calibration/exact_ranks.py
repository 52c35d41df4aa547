"""The truth's place in the exact posterior of the meta-analysis model: its probability of lying below, no draws."""

import numpy as np
from scipy.special import ndtr

from hiermeta.inference import exact
from tests.calibration.replications import generator

TOLERANCE = 1e-4
"""Change of the log marginal likelihood that stops the rule; thousands of replications show differences of 0.01."""


def exact_ranks(family, replication, fault=None):
    """P(quantity ≤ truth | data) by quantity, uniform if the posterior is right.

    Parameters
    ----------
    family : Meta
        Without scale formula.
    replication : int
        Gives the same data as in `replicate`.
    fault : callable, optional
        From simulated data to what the analysis takes for them.
    """
    simulated = family.simulate(generator(family.name, replication))
    if fault is not None:
        simulated = fault(simulated)
    model, truth = simulated.model, simulated.truth
    posterior = exact.solve(model, TOLERANCE)
    mean, variance = exact.linear(posterior, model.mean_design)
    parts = {"mu": (mean, variance), "new effect": (mean, variance + posterior.tau**2)}
    if model.moderators is not None:
        parts |= {
            name: exact.linear(posterior, row) for name, row in zip(model.moderators.names, model.back, strict=True)
        }
    ranks = {
        name: float(posterior.weight @ ndtr((truth[name] - centre) / np.sqrt(spread)))
        for name, (centre, spread) in parts.items()
    }
    for name, probability in exact.distributions(posterior).items():
        if name in truth:
            ranks[name] = probability(truth[name])
    return ranks
