"""Draws of the parameters from their priors: one of each from each of many equally probable slices of its prior."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hiermeta.models.correlations import correlations
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel
from hiermeta.models.meta import MetaModel
from hiermeta.models.priors import Prior

Array = npt.NDArray[np.float64]


def meta_analysis(model: MetaModel, count: int, rng: np.random.Generator) -> dict[str, Array]:
    """``beta``, ``delta``, ``tau`` and ``rho``, as one chain: shape (1, count, ...) each.

    Parameters
    ----------
    model : MetaModel
    count : int
    rng : numpy.random.Generator
    """

    def of(priors: Sequence[Prior]) -> Array:
        return np.array([prior.draws(count, rng) for prior in priors]).reshape(-1, count).T[None]

    scale = [model.priors["scale"]] * model.scale_design.shape[1] if "scale" in model.priors else []
    rho = [model.priors["rho"]] if "rho" in model.priors else [Prior("point", (0.0,))]
    beta, delta = of(model.coefficient_priors), of(scale)
    return {"beta": beta, "delta": delta, "tau": of([model.priors["tau"]])[..., 0], "rho": of(rho)[..., 0]}


def regression(model: HierarchicalModel, count: int, rng: np.random.Generator) -> Draws:
    """All parameters in the user's units.

    Partial correlations of an LKJ prior are independent and beta distributed (Lewandowski, Kurowicka & Joe 2009,
    section 3.1).

    Parameters
    ----------
    model : HierarchicalModel
    count : int
    rng : numpy.random.Generator
    """

    def of(names: Sequence[str]) -> Array:
        return np.array([model.priors[name].draws(count, rng) for name in names]).reshape(-1, count).T

    beta = (of(model.names) - model.offset) / model.units["beta"]
    shapes = [model.eta + 0.5 * (size - 2 - j) for size in model.blocks for i in range(1, size) for j in range(i)]
    partial = [2 * Prior("beta", (shape, shape)).draws(count, rng) - 1 for shape in shapes]
    return Draws(
        model.to_user(beta),
        of(["sigma"])[:, 0] if model.has_sigma else np.zeros(count),
        of(model.sd_names),
        correlations(np.array(partial).reshape(-1, count).T, model.blocks),
        of(model.shape_names) if model.shape_names else None,
    )
