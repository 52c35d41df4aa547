"""Data, unit and starting values of ``stan/meta.stan``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hiermeta.models.meta import MetaModel
from hiermeta.models.priors import Prior

_FIXED_AT_ZERO = Prior("point", (0.0,))


def stan_data(model: MetaModel) -> dict[str, Any]:
    """Data of the Stan program.

    Parameters
    ----------
    model : MetaModel

    Returns
    -------
    dict
        Numbers and arrays; bounds may be infinite.
    """
    priors = model.coefficient_priors
    free = [j for j, prior in enumerate(priors) if not prior.is_point]
    data: dict[str, Any] = {
        "k": model.k,
        "J": len(model.start),
        "p": model.design.shape[1],
        "s": model.scale_design.shape[1],
        "y": model.effect,
        "v": model.variance,
        "S_size": sum(matrix.size for matrix in model.covariance),
        "S": np.concatenate([np.zeros(0), *(matrix.ravel() for matrix in model.covariance)]),
        "X": model.design,
        "Z": model.scale_design,
        "start": [*(model.start + 1).tolist(), model.k + 1],
        "p_free": len(free),
        "free": [j + 1 for j in free],
        "beta_point": [prior.arguments[0] if prior.is_point else 0.0 for prior in priors],
        "beta_family": [priors[j].code for j in free],
        "beta_prior": np.array([priors[j].stan_arguments for j in free]).reshape(-1, 3),
        "beta_lower": [priors[j].support[0] for j in free],
        "beta_upper": [priors[j].support[1] for j in free],
    }
    for name, key in (("tau", "tau"), ("rho", "rho"), ("delta", "scale")):
        prior = model.priors.get(key, _FIXED_AT_ZERO)
        data[f"{name}_family"] = prior.code
        data[f"{name}_prior"] = prior.stan_arguments
        # A parameter that isn't there still needs bounds that are in order.
        data[f"{name}_bounds"] = [0.0, 1.0] if prior.is_point else list(prior.support)
        data[f"{name}_point"] = prior.arguments[0] if prior.is_point else 0.0
    return data


def in_own_unit(model: MetaModel) -> tuple[float, MetaModel]:
    """The model with effects in a unit of about their own spread, where NUTS adapts whatever the user's unit.

    The posterior of coefficients and τ is that of the given model over the unit, exactly: data are divided by it, and
    the priors are those of the divided quantities. The unit is a power of two, so that not a digit is lost. Stan's
    adaptation is made for parameters of about 1; at 1e-9 its regularised metric takes over and sampling fails.

    Parameters
    ----------
    model : MetaModel

    Returns
    -------
    unit : float
        1 where a prior belongs to a family that has no other units (beta), besides those of ρ and δ, which have none.
    scaled : MetaModel
    """
    spread = _spread(model)
    unit = 2.0 ** round(math.log2(spread))
    priors = {name: prior if name in ("rho", "scale") else prior.scaled(unit) for name, prior in model.priors.items()}
    known = {name: prior for name, prior in priors.items() if prior is not None}
    if len(known) < len(priors):
        return 1.0, model
    return unit, replace(
        model,
        effect=model.effect / unit,
        variance=model.variance / unit**2,
        covariance=tuple(matrix / unit**2 for matrix in model.covariance),
        priors=known,
    )


def _spread(model: MetaModel) -> float:
    """A typical deviation of an estimate from the mean: SD of the effects and typical standard error."""
    return float(np.std(model.effect)) + float(np.sqrt(np.median(model.variance)))


def initial_values(model: MetaModel, chains: int, seed: int) -> list[Mapping[str, Any]]:
    """Scattered starting values on the scale of the data, inside the priors' supports.

    Parameters
    ----------
    model : MetaModel
    chains : int
    seed : int

    Returns
    -------
    list of dict
        One per chain: the free parameters of the Stan program.
    """
    rng = np.random.default_rng(seed)
    spread = _spread(model)
    weight = 1 / (model.variance + spread**2)
    root = np.sqrt(weight)[:, None]
    # A little ridge keeps the least-squares fit defined where coefficients are many.
    precision = (root * model.design).T @ (root * model.design) + 1e-6 * weight.sum() * np.eye(model.design.shape[1])
    centre = np.linalg.solve(precision, model.design.T @ (weight * model.effect))
    error = spread / math.sqrt(model.k)

    def inside(prior: Prior, guess: float) -> float:
        lower, upper = prior.support
        return guess if lower < guess < upper else float(prior.ppf(rng.uniform(0.25, 0.75)))

    inits = []
    for _ in range(chains):
        beta = centre + error * rng.standard_normal(len(centre))
        init: dict[str, Any] = {
            "beta_free": [
                inside(prior, float(b))
                for prior, b in zip(model.coefficient_priors, beta, strict=True)
                if not prior.is_point
            ]
        }
        guesses = {"tau": spread * rng.uniform(0.3, 1.5), "rho": rng.uniform(0.1, 0.9)}
        for name, guess in guesses.items():
            prior = model.priors.get(name, _FIXED_AT_ZERO)
            init[f"{name}_free"] = [] if prior.is_point else [inside(prior, guess)]
        prior = model.priors.get("scale", _FIXED_AT_ZERO)
        s = 0 if prior.is_point else model.scale_design.shape[1]
        init["delta_free"] = [inside(prior, 0.1 * rng.standard_normal()) for _ in range(s)]
        inits.append(init)
    return list(inits)
