"""Fitting the meta-analysis model, and its draws in the layout of the posterior file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.io.posterior import PRIOR_DRAWS, Groups
from hiermeta.models import given_draws, heterogeneity, prior_draws
from hiermeta.models.meta import MetaModel
from hiermeta.models.stan import in_own_unit, initial_values, stan_data
from hiermeta.sampling.nuts import Sample, sample, sample_stats

if TYPE_CHECKING:
    from cmdstanpy import CmdStanModel

Array = npt.NDArray[Any]
_DIMS: dict[str, tuple[str, ...]] = {
    "beta": ("coefficient",),
    "delta": ("scale_coefficient",),
    "cluster": ("cluster_id",),
    "cluster_effect": ("cluster_id",),
    **dict.fromkeys(("estimate", "true_effect", "effect", "variance", "label", "cluster_of_row"), ("row",)),
}


def fit(program: CmdStanModel, model: MetaModel, settings: dict[str, Any], cores: int) -> Sample:
    """Sample the posterior of the coefficients, τ and ρ.

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
    unit, scaled = in_own_unit(model)

    def reported(draws: dict[str, npt.NDArray[np.float64]]) -> dict[str, npt.NDArray[np.float64]]:
        kept = parameters(_in_unit(draws, unit))
        return heterogeneity.parameters(model, kept) | heterogeneity.table(model, kept)

    inits = initial_values(scaled, settings["chains"], settings["seed"])
    fitted = sample(program, stan_data(scaled), inits, settings, reported, cores)
    return replace(fitted, draws=_in_unit(fitted.draws, unit))


def _in_unit(columns: dict[str, npt.NDArray[np.float64]], unit: float) -> dict[str, npt.NDArray[np.float64]]:
    """Columns of CmdStan with what is on the scale of the effects, coefficients of the mean and τ, times a unit."""
    return {name: values * unit if name.startswith(("beta", "tau")) else values for name, values in columns.items()}


def parameters(columns: dict[str, npt.NDArray[np.float64]]) -> dict[str, npt.NDArray[np.float64]]:
    """``beta``, ``delta``, ``tau`` and ``rho``, with vectors along the last axis, from the columns of CmdStan."""
    shape = columns["tau"].shape
    draws = {name: columns[name] for name in ("tau", "rho")}
    for name in ("beta", "delta"):
        elements = [values for column, values in columns.items() if column.startswith(f"{name}[")]
        draws[name] = np.stack(elements, axis=-1) if elements else np.zeros((*shape, 0))
    return draws


def from_posterior(draws: dict[str, npt.NDArray[np.float64]]) -> dict[str, npt.NDArray[np.float64]]:
    """``beta``, ``delta``, ``tau`` and ``rho`` from the variables of a posterior file."""
    shape = draws["tau"].shape
    return {
        "beta": draws["beta"],
        "delta": draws.get("delta", np.zeros((*shape, 0))),
        "tau": draws["tau"],
        "rho": draws.get("rho", np.zeros(shape)),
    }


def groups(model: MetaModel, fitted: Sample, table: pd.DataFrame, seed: int) -> Groups:
    """Groups of the posterior file; rows are in the order of ``data.csv``.

    ``beta`` and ``delta`` are the coefficients of the standardised designs. True effects and cluster effects are drawn
    jointly from their distribution given each draw of the parameters.

    Parameters
    ----------
    model : MetaModel
    fitted : Sample
    table : pandas.DataFrame
        The validated table.
    seed : int
        Of what is drawn here.
    """
    rng = np.random.default_rng(seed)
    draws = parameters(fitted.draws)
    shape = draws["tau"].shape
    flat = given_draws.Draws.from_chains(draws)
    estimate, cluster = given_draws.log_likelihood(model, flat)
    true, of_clusters = given_draws.drawn_effects(model, flat, rng)
    back = np.argsort(model.order)
    log_likelihood: dict[str, Array] = {"estimate": estimate[:, back].reshape(*shape, -1)}
    constant: dict[str, Array] = {"variance": model.variance[back], "label": table["label"].to_numpy(str)}
    effects = {"true_effect": true[:, back].reshape(*shape, -1)}
    if model.clustered:
        log_likelihood["cluster"] = cluster.reshape(*shape, -1)
        constant["cluster_of_row"] = model.cluster_of_row[back]
        effects["cluster_effect"] = of_clusters.reshape(*shape, -1)
    labels = {"coefficient": model.moderators.names} if model.moderators else {}
    labels |= {"scale_coefficient": model.scale.names[1:]} if model.scale else {}  # τ stands for the intercept
    return Groups(
        {
            "posterior": _variables(model, draws) | effects,
            "sample_stats": sample_stats(fitted),
            "log_likelihood": log_likelihood,
            "prior": _variables(model, prior_draws.meta_analysis(model, PRIOR_DRAWS, rng)),
            "observed_data": {"effect": model.effect[back]},
            "constant_data": constant,
        },
        _DIMS,
        {"row": table["row"].tolist(), "cluster_id": model.clusters} | labels,
    )


def _variables(model: MetaModel, draws: dict[str, Array]) -> dict[str, Array]:
    """The parameters in the user's units, and the coefficients of the standardised designs."""
    coefficients = {name: draws[name] for name in ("beta", "delta") if draws[name].shape[-1]}
    return heterogeneity.parameters(model, draws) | coefficients
