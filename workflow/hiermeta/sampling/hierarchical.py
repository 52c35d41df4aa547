"""Fitting hierarchical regressions, and their draws in the layout of the posterior file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hiermeta.io.posterior import PRIOR_DRAWS, Groups
from hiermeta.models import hierarchical_stan, latent_stan, prior_draws
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel, parameters
from hiermeta.models.left_out import clusters_left_out
from hiermeta.sampling.nuts import Sample, sample, sample_stats

if TYPE_CHECKING:
    from cmdstanpy import CmdStanModel

Array = npt.NDArray[Any]
RANDOM_EFFECTS = "random effects"
"""Their variable in the posterior file, beside coefficients that are called as the user's columns are."""
_PER_ROW = 25
"""Log likelihoods of counts take quadrature over every row."""
_EFFECTS = 2_000_000
"""Largest number of random effects drawn at once."""
_LIKELIHOODS = 40_000_000
"""Largest number of log likelihoods computed; with more clusters times draws every n-th draw has them."""
_DELETIONS = 1000
"""Draws that have log likelihoods with several grouping factors."""


def fit(program: CmdStanModel, model: HierarchicalModel, settings: dict[str, Any], cores: int) -> Sample:
    """Sample the posterior of coefficients, residual SD, SDs and correlations.

    Parameters
    ----------
    program : cmdstanpy.CmdStanModel
        ``stan/hierarchical_gaussian.stan``, or ``stan/hierarchical_latent.stan`` where random effects are sampled.
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

    stan = latent_stan if model.latent else hierarchical_stan
    inits = stan.initial_values(model, settings["chains"], settings["seed"])
    metric = "diag_e" if model.latent else "dense_e"
    return sample(program, stan.stan_data(model), inits, settings, reported, cores, metric)


def _draws(model: HierarchicalModel, columns: dict[str, npt.NDArray[np.float64]]) -> Draws:
    return (latent_stan if model.latent else hierarchical_stan).from_columns(model, columns)


def fit_null(
    program: CmdStanModel,
    model: HierarchicalModel,
    null: HierarchicalModel,
    fitted: Sample,
    settings: dict[str, Any],
    cores: int,
) -> Sample:
    """Sample the null model with as many draws as the model got; the model's own sample where it is the null model."""
    if (model.names, model.sd_names) == (null.names, null.sd_names):
        return fitted
    return fit(program, null, settings | {"draws": fitted.attempts[-1].draws}, cores)


def groups(model: HierarchicalModel, fitted: Sample, null: HierarchicalModel, of_null: Sample, seed: int) -> Groups:
    """Groups of the posterior file.

    Random effects that were integrated out are drawn from their distribution given each draw of the parameters.

    Parameters
    ----------
    model : HierarchicalModel
    fitted : Sample
    null : HierarchicalModel
    of_null : Sample
    seed : int
        Of what is drawn here.
    """
    rng = np.random.default_rng(seed)
    shape = fitted.draws["sd[1]"].shape
    draws = _draws(model, fitted.draws)
    rows = parameters(model, draws, shape)
    of_null_rows = parameters(null, _draws(null, of_null.draws), of_null.draws["sd[1]"].shape)
    u = latent_stan.random_effects(model, fitted.draws) if model.latent else []
    effects = u or [_integrated(model, draws, rng).reshape(*shape, len(model.clusters.names), -1)]
    log_likelihoods, kept = _log_likelihoods(model, draws, u, shape)
    of_row = {_of_factor("cluster_of_row", model, f): c.codes for f, c in enumerate(model.factors)}
    dims, labels = dict[str, tuple[str, ...]](), dict[str, Sequence[Any]]()
    for f, clusters in enumerate(model.factors):
        cluster, effect = (_of_factor(dim, model, f) for dim in ("cluster_id", "effect"))
        labels |= {cluster: clusters.names, effect: [model.effects[k] for k in model.effects_of(f)]}
        dims |= {_of_factor(RANDOM_EFFECTS, model, f): (cluster, effect), _of_factor("cluster", model, f): (cluster,)}
    dims |= dict.fromkeys(("outcome", "size", *of_row), ("row_id",))
    prior = prior_draws.regression(model, PRIOR_DRAWS, rng)
    return Groups(
        {
            "posterior": {_of_factor(RANDOM_EFFECTS, model, f): values for f, values in enumerate(effects)} | rows,
            "sample_stats": sample_stats(fitted),
            "log_likelihood": log_likelihoods,
            "prior": parameters(model, prior, (1, PRIOR_DRAWS)),
            "null_posterior": {name: values[:, : shape[1]] for name, values in of_null_rows.items()},
            "observed_data": {"outcome": model.outcome},
            "constant_data": {"size": model.size} | of_row,
        },
        dims,
        labels,
        {"log_likelihood": kept},
    )


def _integrated(model: HierarchicalModel, draws: Draws, rng: np.random.Generator) -> Array:
    """Shape (S, J, q), single precision: one draw of the random effects given each draw of the parameters."""
    found = np.empty((len(draws.sigma), len(model.clusters.names), len(model.effects)), np.float32)
    step = max(1, _EFFECTS // found[0].size)
    for first in range(0, len(found), step):
        part = slice(first, first + step)
        mean, covariance = model.random_effects(draws[part])
        sd = np.sqrt(np.einsum("sjkk->sjk", covariance))
        scale = np.where(sd > 0, sd, 1.0)
        correlation = covariance / (scale[..., None] * scale[..., None, :])
        root = np.linalg.cholesky(correlation + 1e-9 * np.eye(len(model.effects)))
        found[part] = mean + sd * np.einsum("sjkl,sjl->sjk", root, rng.standard_normal(mean.shape))
    return found


def _of_factor(name: str, model: HierarchicalModel, factor: int) -> str:
    """A variable's name; those of further grouping factors end with the factor's name."""
    return f"{name}[{model.factors[factor].name}]" if factor else name


def by_factor(name: str, model: HierarchicalModel, variables: Mapping[str, Array]) -> tuple[Array, ...]:
    """A variable of a posterior file by grouping factor, chains one after the other; empty where the file has none."""
    names = [_of_factor(name, model, f) for f in range(len(model.factors))]
    found = [variables[entry].astype(float) for entry in names if entry in variables]
    return tuple(values.reshape(-1, *values.shape[2:]) for values in found)


def _log_likelihoods(
    model: HierarchicalModel, draws: Draws, u: Sequence[Array], shape: tuple[int, ...]
) -> tuple[dict[str, Array], Array]:
    """Log densities of each cluster given the parameters, by variable of the posterior file, and the draws they are of.

    With several grouping factors: given the clusters' rows aside, and given the effects that they share with others.
    """
    cells = len(model.clusters.names) if model.closed_form else _PER_ROW * model.n
    every = -(-shape[0] * shape[1] // _DELETIONS if model.several else -(-shape[0] * shape[1] * cells // _LIKELIHOODS))
    kept = np.arange(shape[0] * shape[1]).reshape(shape)[:, ::every]
    some = draws[kept.ravel()]
    if not model.several:
        found = [model.log_likelihood(some)]
    else:
        effects = [values.reshape(-1, *values.shape[2:])[kept.ravel()] for values in u]
        found = [clusters_left_out(model, some, effects, f) for f in range(len(model.factors))]
    named = {
        _of_factor("cluster", model, f): values.astype(np.float32).reshape(*kept.shape, -1)
        for f, values in enumerate(found)
    }
    return named, np.arange(shape[1])[::every]
