"""Data and starting values of ``stan/hierarchical_latent.stan``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hiermeta.models.correlations import correlations
from hiermeta.models.hierarchical import Draws, HierarchicalModel
from hiermeta.models.hierarchical_stan import prior_data, stacked

Array = npt.NDArray[np.float64]


_FAMILIES = {"bernoulli": 0, "binomial": 0, "poisson": 1, "gaussian": 2}


def stan_data(model: HierarchicalModel) -> dict[str, Any]:
    """Data of the Stan program: aggregated rows with standardised columns, and priors in the user's units."""
    latent, units = model.latent_rows, model.units
    rows = latent.rows
    R, p = rows.X.shape
    data: dict[str, Any] = {"N": R, "M": latent.size, "p": p, "q": rows.Z.shape[1], "rows": model.n}
    data |= {"family": _FAMILIES[model.family], "gaussian": int(model.gaussian)}
    data |= {"y": rows.y, "trials": rows.trials, "known": rows.known, "X": rows.X, "Z": rows.Z}
    data |= {"place": latent.place + 1, "constant": float(rows.constant.sum())}
    data |= {"blocks": len(model.blocks), "block_size": list(model.blocks), "n_partial": len(model.pairs)}
    data["block_clusters"] = [len(model.factors[owner].names) for owner in model.owners]
    data |= prior_data("beta", [model.priors[name] for name in model.names], units["beta"], model.offset)
    data |= prior_data("sd", [model.priors[name] for name in model.sd_names], units["sd"], np.zeros(len(units["sd"])))
    sigma = [model.priors["sigma"]] if model.gaussian else []
    data |= prior_data("sigma", sigma, units["sigma"].reshape(1)[: len(sigma)], np.zeros(len(sigma)))
    data["sigma_prior"] = np.reshape(data["sigma_prior"], (len(sigma), 3))
    return data | {"beta_offset": model.offset, "eta": model.eta}


def initial_values(model: HierarchicalModel, chains: int, seed: int) -> list[Mapping[str, Any]]:
    """Scattered starting values near zero effects, inside the priors' supports."""
    rng = np.random.default_rng(seed)

    def inside(name: str, guess: float, unit: float, offset: float) -> float:
        prior = model.priors[name]
        lower, upper = ((bound - offset) / unit for bound in prior.support)
        return guess if lower < guess < upper else (float(prior.ppf(rng.uniform(0.25, 0.75))) - offset) / unit

    beta, sd, sigma = model.units["beta"], model.units["sd"], model.units["sigma"]
    return [
        {
            "sigma": [inside("sigma", rng.uniform(0.5, 1.0), float(sigma), 0.0)] if model.gaussian else [],
            "beta": [
                inside(name, 0.2 * rng.standard_normal(), float(unit), float(offset))
                for name, unit, offset in zip(model.names, beta, model.offset, strict=True)
            ],
            "sd": [
                inside(name, rng.uniform(0.2, 1.0), float(unit), 0.0)
                for name, unit in zip(model.sd_names, sd, strict=True)
            ],
            "partial": rng.uniform(-0.3, 0.3, len(model.pairs)).tolist(),
            "v": 0.3 * rng.standard_normal(model.latent_rows.size),
        }
        for _ in range(chains)
    ]


def from_columns(model: HierarchicalModel, columns: Mapping[str, Array]) -> Draws:
    """Draws in the user's units from the columns of CmdStan, shape (chains, draws) each."""
    sd = stacked(columns, "sd", len(model.effects))
    return Draws(
        model.to_user(stacked(columns, "beta", len(model.names))),
        columns["sigma[1]"].ravel() * model.units["sigma"] if model.gaussian else np.zeros(len(sd)),
        sd * model.units["sd"],
        correlations(stacked(columns, "partial", len(model.pairs)), model.blocks),
    )


def random_effects(model: HierarchicalModel, columns: Mapping[str, Array]) -> list[Array]:
    """By grouping factor, shape (chains, draws, J, its effects): u_j = Lv_j in the user's units."""
    shape = columns["sd[1]"].shape
    v = stacked(columns, "v", model.latent_rows.size)
    found = model.latent_rows.random_effects(v, from_columns(model, columns).factor)
    return [u.reshape(*shape, *u.shape[1:]) for u in found]
