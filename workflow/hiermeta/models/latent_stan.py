"""Data and starting values of ``stan/hierarchical_latent.stan``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hiermeta.models.hierarchical import Draws, HierarchicalModel, correlations
from hiermeta.models.hierarchical_stan import prior_data, stacked

Array = npt.NDArray[np.float64]


def stan_data(model: HierarchicalModel) -> dict[str, Any]:
    """Data of the Stan program: aggregated rows with standardised columns, and priors in the user's units."""
    rows = model.counts
    R, p = rows.X.shape
    J, q = len(rows.start), rows.Z.shape[1]
    data: dict[str, Any] = {"N": R, "J": J, "p": p, "q": q, "counts": int(rows.poisson)}
    data |= {"y": rows.y, "trials": rows.trials, "known": rows.known}
    data |= {"X": (rows.X - model.centre) / model.spread, "Z": rows.Z / model.effect_spread}
    data |= {"cluster": rows.cluster + 1, "constant": float(rows.constant.sum())}
    data |= {"blocks": len(model.blocks), "block_size": list(model.blocks), "n_partial": len(model.pairs)}
    data |= prior_data("beta", [model.priors[name] for name in model.names], model.units["beta"], model.offset)
    data |= prior_data("sd", [model.priors[name] for name in model.sd_names], model.units["sd"], np.zeros(q))
    return data | {"beta_offset": model.offset, "eta": model.eta}


def initial_values(model: HierarchicalModel, chains: int, seed: int) -> list[Mapping[str, Any]]:
    """Scattered starting values near zero effects, inside the priors' supports."""
    rng = np.random.default_rng(seed)

    def inside(name: str, guess: float, unit: float, offset: float) -> float:
        prior = model.priors[name]
        lower, upper = ((bound - offset) / unit for bound in prior.support)
        return guess if lower < guess < upper else (float(prior.ppf(rng.uniform(0.25, 0.75))) - offset) / unit

    beta, sd = model.units["beta"], model.units["sd"]
    return [
        {
            "beta": [
                inside(name, 0.2 * rng.standard_normal(), float(unit), float(offset))
                for name, unit, offset in zip(model.names, beta, model.offset, strict=True)
            ],
            "sd": [
                inside(name, rng.uniform(0.2, 1.0), float(unit), 0.0)
                for name, unit in zip(model.sd_names, sd, strict=True)
            ],
            "partial": rng.uniform(-0.3, 0.3, len(model.pairs)).tolist(),
            "v": 0.3 * rng.standard_normal((len(model.effects), len(model.clusters.names))),
        }
        for _ in range(chains)
    ]


def from_columns(model: HierarchicalModel, columns: Mapping[str, Array]) -> Draws:
    """Draws in the user's units from the columns of CmdStan, shape (chains, draws) each."""
    sd = stacked(columns, "sd", len(model.effects))
    return Draws(
        model.to_user(stacked(columns, "beta", len(model.names))),
        np.zeros(len(sd)),
        sd * model.units["sd"],
        correlations(stacked(columns, "partial", len(model.pairs)), model.blocks),
    )


def random_effects(model: HierarchicalModel, columns: Mapping[str, Array]) -> Array:
    """Shape (chains, draws, J, q): u_j = Lv_j in the user's units."""
    J, q = len(model.clusters.names), len(model.effects)
    shape = columns["sd[1]"].shape
    v = np.array([[columns[f"v[{k + 1},{j + 1}]"].ravel() for k in range(q)] for j in range(J)])
    u = np.einsum("skl,jls->sjk", from_columns(model, columns).factor, v, optimize=True)
    return np.asarray(u.reshape(*shape, J, q))
