"""Fitting the meta-analysis model, and its draws in the layout of the posterior file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hiermeta.models import heterogeneity, marginal
from hiermeta.models.meta import MetaModel, initial_values, stan_data
from hiermeta.sampling.nuts import Sample, sample

if TYPE_CHECKING:
    from cmdstanpy import CmdStanModel

Array = npt.NDArray[Any]
DIMS = {
    "estimate": ["row"],
    "cluster": ["cluster_id"],
    "effect": ["row"],
    "variance": ["row"],
    "cluster_of_row": ["row"],
}


def fit(program: CmdStanModel, model: MetaModel, settings: dict[str, Any], cores: int) -> Sample:
    """Sample the posterior of ``mu``, ``tau`` and, with clusters, ``rho``.

    Parameters
    ----------
    program : cmdstanpy.CmdStanModel
        ``stan/meta.stan``.
    model : MetaModel
    settings : dict
        chains, warmup, draws, seed, adapt_delta.
    cores : int

    Raises
    ------
    hiermeta.sampling.nuts.SamplingFailed
    """

    def reported(draws: dict[str, npt.NDArray[np.float64]]) -> dict[str, npt.NDArray[np.float64]]:
        kept = parameters(model, draws)
        return heterogeneity.parameters(kept) | heterogeneity.table(kept, model.typical_variance)

    inits = initial_values(model, settings["chains"], settings["seed"])
    return sample(program, stan_data(model), inits, settings, reported, cores)


def parameters(model: MetaModel, draws: dict[str, npt.NDArray[np.float64]]) -> dict[str, npt.NDArray[np.float64]]:
    """The model's parameters among the variables of the Stan program."""
    return {name: draws[name] for name in model.priors}


def groups(model: MetaModel, fitted: Sample) -> dict[str, dict[str, Array]]:
    """Groups of the posterior file; rows are in the order of ``data.csv``.

    Parameters
    ----------
    model : MetaModel
    fitted : Sample
    """
    draws = parameters(model, fitted.draws)
    shape = draws["mu"].shape
    estimate, cluster = marginal.log_likelihood(model, marginal.Draws.from_chains(draws))
    back = np.argsort(model.order)
    log_likelihood: dict[str, Array] = {"estimate": estimate[:, back].reshape(*shape, -1)}
    constant: dict[str, Array] = {"variance": model.variance[back]}
    if model.clustered:
        log_likelihood["cluster"] = cluster.reshape(*shape, -1)
        constant["cluster_of_row"] = model.cluster_of_row[back]
    return {
        "posterior": heterogeneity.parameters(draws),
        "sample_stats": {
            "diverging": fitted.stats["divergent__"].astype(bool),
            "energy": fitted.stats["energy__"],
            "tree_depth": fitted.stats["treedepth__"].astype(np.int64),
            "n_steps": fitted.stats["n_leapfrog__"].astype(np.int64),
            "acceptance_rate": fitted.stats["accept_stat__"],
            "step_size": fitted.stats["stepsize__"],
            "lp": fitted.stats["lp__"],
        },
        "log_likelihood": log_likelihood,
        "observed_data": {"effect": model.effect[back]},
        "constant_data": constant,
    }
