"""Fitting hierarchical regressions, and their draws in the layout of the posterior file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hiermeta.models.hierarchical import Draws, HierarchicalModel, from_parameters, parameters
from hiermeta.models.hierarchical_stan import from_columns, initial_values, stan_data
from hiermeta.sampling.nuts import Sample, sample, sample_stats

if TYPE_CHECKING:
    from cmdstanpy import CmdStanModel

Array = npt.NDArray[Any]
DIMS = {
    "log_likelihood": {"cluster": ["cluster_id"]},
    "observed_data": {"outcome": ["row_id"]},
    "constant_data": {"cluster_of_row": ["row_id"]},
}
NULL = "null:"
"""Begins the names of the null model's variables."""
_LIKELIHOODS = 40_000_000
"""Largest number of log likelihoods kept; with more clusters times draws every n-th draw has them."""


def fit(program: CmdStanModel, model: HierarchicalModel, settings: dict[str, Any], cores: int) -> Sample:
    """Sample the posterior of coefficients, residual SD, SDs and correlations.

    Parameters
    ----------
    program : cmdstanpy.CmdStanModel
        ``stan/hierarchical_gaussian.stan``.
    model : HierarchicalModel
    settings : dict
        chains, warmup, draws, seed, adapt_delta.
    cores : int

    Raises
    ------
    hiermeta.sampling.nuts.SamplingFailed
    """

    def reported(columns: dict[str, npt.NDArray[np.float64]]) -> dict[str, npt.NDArray[np.float64]]:
        return parameters(model, from_columns(model, columns), columns["sigma"].shape)

    inits = initial_values(model, settings["chains"], settings["seed"])
    return sample(program, stan_data(model), inits, settings, reported, cores)


def fit_null(
    program: CmdStanModel,
    model: HierarchicalModel,
    null: HierarchicalModel,
    fitted: Sample,
    settings: dict[str, Any],
    cores: int,
) -> Sample:
    """Sample the null model with as many draws as the model got; the model's own sample where it is the null model."""
    if (model.names, model.effects) == (null.names, null.effects):
        return fitted
    return fit(program, null, settings | {"draws": fitted.attempts[-1].draws}, cores)


def groups(
    model: HierarchicalModel, fitted: Sample, null: HierarchicalModel, of_null: Sample
) -> dict[str, dict[str, Array]]:
    """Groups of the posterior file. HDF5 names can't hold a slash.

    Parameters
    ----------
    model : HierarchicalModel
    fitted : Sample
    null : HierarchicalModel
    of_null : Sample
        Its variables' names begin with ``null:``.
    """
    shape = fitted.draws["sigma"].shape
    draws = from_columns(model, fitted.draws)
    rows = parameters(model, draws, shape)
    of_null_rows = parameters(null, from_columns(null, of_null.draws), of_null.draws["sigma"].shape)
    rows |= {NULL + name: values[:, : shape[1]] for name, values in of_null_rows.items()}
    every = -(-draws.sigma.size * len(model.clusters.names) // _LIKELIHOODS)
    kept = np.arange(draws.sigma.size).reshape(shape)[:, ::every]
    likelihood = model.log_likelihood(draws[kept.ravel()]).astype(np.float32)
    return {
        "posterior": {name.replace("/", "÷"): values for name, values in rows.items()},
        "sample_stats": sample_stats(fitted),
        "log_likelihood": {"cluster": likelihood.reshape(*kept.shape, -1)},
        "observed_data": {"outcome": model.outcome},
        "constant_data": {"cluster_of_row": model.clusters.codes},
    }


def from_posterior(
    model: HierarchicalModel, null: HierarchicalModel, variables: dict[str, npt.NDArray[np.float64]]
) -> tuple[Draws, Draws]:
    """Draws of model and null model from the variables of a posterior file."""
    named = {name.replace("÷", "/"): values for name, values in variables.items()}
    of_null = {name.removeprefix(NULL): values for name, values in named.items() if name.startswith(NULL)}
    return from_parameters(model, named), from_parameters(null, of_null)
