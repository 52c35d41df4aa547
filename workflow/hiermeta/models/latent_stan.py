"""Data and starting values of ``stan/hierarchical_latent.stan``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hiermeta.models.correlations import correlations
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel
from hiermeta.models.hierarchical_stan import prior_data, stacked
from hiermeta.models.settled import Settled, settled

Array = npt.NDArray[np.float64]


def stan_data(model: HierarchicalModel) -> dict[str, Any]:
    """Data of the Stan program: aggregated rows with standardised columns, and priors in the user's units."""
    latent, units = model.latent_rows, model.units
    rows, (start, error, found) = latent.rows, _coordinates(model)
    R, p = rows.X.shape
    data: dict[str, Any] = {"N": R, "M": latent.size, "p": p, "q": rows.Z.shape[1], "rows": model.n}
    data |= {"family": model.likelihood.stan, "m": len(model.own_names)}
    data |= {"y": rows.y, "trials": rows.trials, "known": rows.known + rows.X @ start, "X": rows.X * error, "Z": rows.Z}
    data |= {"place": latent.place + 1, "constant": float(rows.constant.sum())}
    own = [model.priors[name] for name in model.own_names]
    data |= {"blocks": len(model.blocks), "block_size": list(model.blocks), "n_partial": len(model.pairs)}
    data["block_clusters"] = [len(model.factors[owner].names) for owner in model.owners]
    offset, unit = model.offset + start * units["beta"], error * units["beta"]
    data |= prior_data("beta", [model.priors[name] for name in model.names], unit, offset)
    data |= prior_data("sd", [model.priors[name] for name in model.sd_names], units["sd"], np.zeros(len(units["sd"])))
    data |= prior_data("own", own, model.own_units, np.zeros(len(own)))
    data["own_prior"] = np.reshape(data["own_prior"], (len(own), 3))
    data |= {"settled": int(found is not None), "u_centre": found.centre if found else np.zeros(0)}
    data["u_slope"] = found.slope if found else np.zeros((0, p))
    data["u_root"] = found.root if found else np.zeros((0, latent.size))
    return data | {"beta_offset": offset, "eta": model.eta}


def _coordinates(model: HierarchicalModel) -> tuple[Array, Array, Settled | None]:
    """Standardised coefficients that are zero in the Stan program, its units of them, and more where data settle."""
    found = None if model.closed_form else settled(model.latent_rows)
    p = len(model.names)
    return (found.start, found.error, found) if found else (np.zeros(p), np.ones(p), None)


def initial_values(model: HierarchicalModel, chains: int, seed: int) -> list[Mapping[str, Any]]:
    """Scattered starting values near zero effects or what the data settle, inside the priors' supports."""
    rng, (start, error, found) = np.random.default_rng(seed), _coordinates(model)
    width, spread = (1.0, found.sd) if found else (0.2, np.ones(len(model.sd_names)))

    def inside(name: str, guess: float, unit: float, offset: float) -> float:
        prior = model.priors[name]
        lower, upper = ((bound - offset) / unit for bound in prior.support)
        return guess if lower < guess < upper else (float(prior.ppf(rng.uniform(0.25, 0.75))) - offset) / unit

    beta, sd = model.units["beta"], model.units["sd"]
    offset = model.offset + start * beta
    return [
        {
            "own": [
                inside(name, rng.uniform(0.5, 1.0), float(unit), 0.0)
                for name, unit in zip(model.own_names, model.own_units, strict=True)
            ],
            "beta": [
                inside(name, width * rng.standard_normal(), float(unit), float(zero))
                for name, unit, zero in zip(model.names, error * beta, offset, strict=True)
            ],
            "sd": [
                inside(name, scale * rng.uniform(0.2, 1.0), float(unit), 0.0)
                for name, scale, unit in zip(model.sd_names, spread, sd, strict=True)
            ],
            "partial": rng.uniform(-0.3, 0.3, len(model.pairs)).tolist(),
            "v": 0.3 * rng.standard_normal(model.latent_rows.size),
        }
        for _ in range(chains)
    ]


def from_columns(model: HierarchicalModel, columns: Mapping[str, Array]) -> Draws:
    """Draws in the user's units from the columns of CmdStan, shape (chains, draws) each."""
    sd, (start, error, _) = stacked(columns, "sd", len(model.effects)), _coordinates(model)
    own = stacked(columns, "own", len(model.own_names)) * model.own_units
    return Draws(
        model.to_user(start + error * stacked(columns, "beta", len(model.names))),
        own[:, 0] if model.has_sigma else np.zeros(len(sd)),
        sd * model.units["sd"],
        correlations(stacked(columns, "partial", len(model.pairs)), model.blocks),
        own[:, len(own[0]) - len(model.shape_names) :] if model.shape_names else None,
    )


def random_effects(model: HierarchicalModel, columns: Mapping[str, Array]) -> list[Array]:
    """By grouping factor, shape (chains, draws, J, its effects): u_j = Lv_j in the user's units."""
    shape = columns["sd[1]"].shape
    latent, v, (_, _, coordinates) = (
        model.latent_rows,
        stacked(columns, "v", model.latent_rows.size),
        _coordinates(model),
    )
    L = from_columns(model, columns).factor
    if coordinates:
        v = coordinates.random_effects(stacked(columns, "beta", len(model.names)), v)
        L = np.broadcast_to(np.diag(model.units["sd"]), L.shape)
    found = latent.random_effects(v, L)
    return [u.reshape(*shape, *u.shape[1:]) for u in found]
