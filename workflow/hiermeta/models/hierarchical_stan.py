"""Data and starting values of ``stan/hierarchical_gaussian.stan``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hiermeta.models.correlations import correlations
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel
from hiermeta.models.priors import Prior

Array = npt.NDArray[np.float64]


def stan_data(model: HierarchicalModel) -> dict[str, Any]:
    """Data of the Stan program: sufficient statistics of standardised rows, and priors in the user's units."""
    s, units = model.sufficient, model.units
    J, q, p = s.E.shape
    data: dict[str, Any] = {"N": s.n, "J": J, "p": p, "q": q}
    data |= {"R": s.R.reshape(J * q, q), "E": s.E.reshape(J * q, p), "d": s.d.ravel(), "T": s.within}
    data |= {"blocks": len(model.blocks), "block_size": list(model.blocks), "n_partial": len(model.pairs)}
    data |= prior_data("beta", [model.priors[name] for name in model.names], units["beta"], model.offset)
    data["beta_offset"] = model.offset
    data |= prior_data("sd", [model.priors[name] for name in model.sd_names], units["sd"], np.zeros(q))
    sigma, unit = model.priors["sigma"], float(units["sigma"])
    data |= {"sigma_family": sigma.code, "sigma_prior": sigma.stan_arguments, "sigma_unit": unit, "eta": model.eta}
    return data | {"sigma_bounds": [bound / unit for bound in sigma.support]}


def prior_data(name: str, priors: Sequence[Prior], unit: Array, offset: Array) -> dict[str, Any]:
    """Priors of a vector of standardised parameters: families, arguments, bounds and units."""
    bounds = [(np.array(prior.support) - o) / u for prior, u, o in zip(priors, unit, offset, strict=True)]
    return {
        f"{name}_family": [prior.code for prior in priors],
        f"{name}_prior": [prior.stan_arguments for prior in priors],
        f"{name}_lower": [float(lower) for lower, _ in bounds],
        f"{name}_upper": [float(upper) for _, upper in bounds],
        f"{name}_unit": unit,
    }


def initial_values(model: HierarchicalModel, chains: int, seed: int) -> list[Mapping[str, Any]]:
    """Scattered starting values around least squares, inside the priors' supports.

    Parameters
    ----------
    model : HierarchicalModel
    chains : int
    seed : int

    Returns
    -------
    list of dict
        One per chain: the parameters of the Stan program.
    """
    rng = np.random.default_rng(seed)
    triangle, p = model.sufficient.total, len(model.names)
    centre = np.linalg.lstsq(triangle[:p, :p], triangle[:p, p], rcond=None)[0]
    residual = abs(triangle[p, p]) / np.sqrt(max(model.n - p, 1)) + 1e-3

    def inside(name: str, guess: float, unit: float, offset: float = 0.0) -> float:
        prior = model.priors[name]
        lower, upper = ((bound - offset) / unit for bound in prior.support)
        return guess if lower < guess < upper else (float(prior.ppf(rng.uniform(0.25, 0.75))) - offset) / unit

    def spreads(names: Sequence[str], scale: float, unit: Array) -> list[float]:
        return [inside(name, scale * rng.uniform(0.3, 1.0), float(u)) for name, u in zip(names, unit, strict=True)]

    return [
        {
            "beta": [
                inside(name, value + 0.2 * residual * rng.standard_normal(), float(unit), float(offset))
                for name, value, unit, offset in zip(
                    model.names, centre, model.units["beta"], model.offset, strict=True
                )
            ],
            "sd": spreads(model.sd_names, residual, model.units["sd"]),
            "sigma": spreads(["sigma"], residual, model.units["sigma"].reshape(1))[0],
            "partial": rng.uniform(-0.3, 0.3, len(model.pairs)).tolist(),
        }
        for _ in range(chains)
    ]


def from_columns(model: HierarchicalModel, columns: Mapping[str, Array]) -> Draws:
    """Draws in the user's units from the columns of CmdStan, shape (chains, draws) each."""
    units = model.units
    return Draws(
        model.to_user(stacked(columns, "beta", len(model.names))),
        columns["sigma"].ravel() * units["sigma"],
        stacked(columns, "sd", len(model.effects)) * units["sd"],
        correlations(stacked(columns, "partial", len(model.pairs)), model.blocks),
    )


def stacked(columns: Mapping[str, Array], name: str, size: int) -> Array:
    """Shape (S, size): a vector's elements from the columns of CmdStan."""
    if size == 0:
        return np.zeros((columns["sd[1]"].size, 0))
    return np.stack([columns[f"{name}[{i + 1}]"].ravel() for i in range(size)], axis=1)
