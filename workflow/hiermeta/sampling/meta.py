"""Fitting the meta-analysis model, and its draws in the layout of the posterior file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hiermeta.models import heterogeneity, marginal
from hiermeta.models.meta import MetaModel
from hiermeta.models.stan import in_own_unit, initial_values, stan_data
from hiermeta.sampling.nuts import Sample, sample, sample_stats

if TYPE_CHECKING:
    from cmdstanpy import CmdStanModel

Array = npt.NDArray[Any]
DIMS = {
    "posterior": {"beta": ["coefficient"], "delta": ["scale_coefficient"]},
    "log_likelihood": {"estimate": ["row"], "cluster": ["cluster_id"]},
    "observed_data": {"effect": ["row"]},
    "constant_data": {"variance": ["row"], "cluster_of_row": ["row"]},
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


def groups(model: MetaModel, fitted: Sample) -> dict[str, dict[str, Array]]:
    """Groups of the posterior file; rows are in the order of ``data.csv``.

    ``beta`` and ``delta`` are the coefficients of the standardised designs.

    Parameters
    ----------
    model : MetaModel
    fitted : Sample
    """
    draws = parameters(fitted.draws)
    shape = draws["tau"].shape
    estimate, cluster = marginal.log_likelihood(model, marginal.Draws.from_chains(draws))
    back = np.argsort(model.order)
    log_likelihood: dict[str, Array] = {"estimate": estimate[:, back].reshape(*shape, -1)}
    constant: dict[str, Array] = {"variance": model.variance[back]}
    if model.clustered:
        log_likelihood["cluster"] = cluster.reshape(*shape, -1)
        constant["cluster_of_row"] = model.cluster_of_row[back]
    return {
        "posterior": heterogeneity.parameters(model, draws)
        | {name: draws[name] for name in ("beta", "delta") if draws[name].shape[-1]},
        "sample_stats": sample_stats(fitted),
        "log_likelihood": log_likelihood,
        "observed_data": {"effect": model.effect[back]},
        "constant_data": constant,
    }
