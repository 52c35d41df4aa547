"""Fitting hierarchical regressions, and their draws in the layout of the posterior file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hiermeta.models import hierarchical_stan, latent_stan
from hiermeta.models.hierarchical import Draws, HierarchicalModel, from_parameters, parameters
from hiermeta.sampling.nuts import Sample, sample, sample_stats

if TYPE_CHECKING:
    from cmdstanpy import CmdStanModel

Array = npt.NDArray[Any]
DIMS = {
    "log_likelihood": {"cluster": ["cluster_id"]},
    "observed_data": {"outcome": ["row_id"]},
    "constant_data": {"cluster_of_row": ["row_id"], "size": ["row_id"]},
    "posterior": {"u": ["cluster_id", "effect"]},
}
_PER_ROW = 25
"""Log likelihoods of counts take quadrature over every row."""
NULL = "null:"
"""Begins the names of the null model's variables."""
_LIKELIHOODS = 40_000_000
"""Largest number of log likelihoods computed; with more clusters times draws every n-th draw has them."""


def fit(program: CmdStanModel, model: HierarchicalModel, settings: dict[str, Any], cores: int) -> Sample:
    """Sample the posterior of coefficients, residual SD, SDs and correlations.

    Parameters
    ----------
    program : cmdstanpy.CmdStanModel
        ``stan/hierarchical_gaussian.stan``, or ``stan/hierarchical_latent.stan`` for counts.
    model : HierarchicalModel
    settings : dict
        chains, warmup, draws, seed, adapt_delta.
    cores : int

    Raises
    ------
    hiermeta.sampling.nuts.SamplingFailed
    """

    def reported(columns: dict[str, npt.NDArray[np.float64]]) -> dict[str, npt.NDArray[np.float64]]:
        return parameters(model, _draws(model, columns), columns["sd[1]"].shape)

    stan = hierarchical_stan if model.gaussian else latent_stan
    inits = stan.initial_values(model, settings["chains"], settings["seed"])
    metric = "dense_e" if model.gaussian else "diag_e"
    return sample(program, stan.stan_data(model), inits, settings, reported, cores, metric)


def _draws(model: HierarchicalModel, columns: dict[str, npt.NDArray[np.float64]]) -> Draws:
    return (hierarchical_stan if model.gaussian else latent_stan).from_columns(model, columns)


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
    shape = fitted.draws["sd[1]"].shape
    draws = _draws(model, fitted.draws)
    rows = parameters(model, draws, shape)
    of_null_rows = parameters(null, _draws(null, of_null.draws), of_null.draws["sd[1]"].shape)
    rows |= {NULL + name: values[:, : shape[1]] for name, values in of_null_rows.items()}
    cells = len(model.clusters.names) if model.gaussian else _PER_ROW * model.n
    every = -(-draws.sigma.size * cells // _LIKELIHOODS)
    kept = np.arange(draws.sigma.size).reshape(shape)[:, ::every]
    likelihood = model.log_likelihood(draws[kept.ravel()]).astype(np.float32)
    more: dict[str, Array] = {} if model.gaussian else {"u": latent_stan.random_effects(model, fitted.draws)}
    return {
        "posterior": more | {name.replace("/", "÷"): values for name, values in rows.items()},
        "sample_stats": sample_stats(fitted),
        "log_likelihood": {"cluster": likelihood.reshape(*kept.shape, -1)},
        "observed_data": {"outcome": model.outcome},
        "constant_data": {"cluster_of_row": model.clusters.codes, "size": model.size},
    }


def from_posterior(
    model: HierarchicalModel, null: HierarchicalModel, variables: dict[str, npt.NDArray[np.float64]]
) -> tuple[Draws, Draws]:
    """Draws of model and null model from the variables of a posterior file."""
    named = {name.replace("÷", "/"): values for name, values in variables.items()}
    of_null = {name.removeprefix(NULL): values for name, values in named.items() if name.startswith(NULL)}
    return from_parameters(model, named), from_parameters(null, of_null)
