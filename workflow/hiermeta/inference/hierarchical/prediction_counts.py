"""Predicted probabilities and rates: in a typical cluster, over clusters, in a new one, and in each known one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.inference.hierarchical.prediction import design_rows, known_names, known_predictors
from hiermeta.inference.marginal_means import levels, table_of
from hiermeta.inference.summaries import of_draws
from hiermeta.io.registry import header, without_rows
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]
_NODES = 31
_SEED = 20260101


def predictions(
    model: HierarchicalModel,
    draws: Draws,
    u: Sequence[Array],
    table: pd.DataFrame,
    predict_at: Sequence[Mapping[str, Any]],
    shape: tuple[int, ...],
) -> pd.DataFrame:
    """Table of predictions, as probabilities or as rates per unit of exposure.

    ``mean``: averaged over clusters (population-averaged). ``typical cluster``: where random effects are zero
    (cluster-specific). ``new cluster``: in a cluster not seen before. ``cluster NAME``: in a known one, ``GROUP NAME``
    with several grouping factors, effects of other clusters being zero. All at the mean of the design, or at given
    values.

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
    u : sequence of numpy.ndarray
        Random effects by grouping factor, shape (S, J, its effects).
    table : pandas.DataFrame
        The validated table.
    predict_at : sequence of dict
    shape : tuple of int
        (chains, draws).
    """
    x, z = model.X.mean(axis=0), model.Z.mean(axis=0)
    rows = _at(model, draws, x, z, "")
    for values in predict_at:
        where = " at " + ", ".join(f"{name} = {value}" for name, value in values.items())
        rows |= _at(model, draws, *design_rows(model, table.assign(**values)), where)
    known = model.likelihood.link.inverse(known_predictors(model, draws, u, x, z))
    rows |= dict(zip(known_names(model), known.T, strict=True))
    summaries = of_draws({name: values.reshape(shape) for name, values in rows.items()})
    return summaries.rename_axis("target").reset_index()[header("predictions.csv", "hierarchical")]


def marginal_means(model: HierarchicalModel, draws: Draws, table: pd.DataFrame, shape: tuple[int, ...]) -> pd.DataFrame:
    """Population-averaged predictions at levels of each predictor, the others at their means."""
    design = model.designs.fixed
    if not design.formula.columns:
        return without_rows("marginal_means.csv")
    wanted = levels(design, table)
    rows = []
    for column, _, value in wanted:
        x, z = design_rows(model, table.assign(**{column: value}))
        rows.append(population_average(model, draws, x, z).reshape(shape))
    return table_of(wanted, rows)


def population_average(model: HierarchicalModel, draws: Draws, x: Array, z: Array) -> Array:
    """Shape (S,): the expectation over clusters of the inverse link, by Gauss–Hermite quadrature along z'u."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    sd = np.sqrt(np.einsum("a,sab,b->s", z, draws.covariance, z))
    return model.likelihood.link.inverse((draws.beta @ x)[:, None] + sd[:, None] * nodes) @ (weights / weights.sum())


def _at(model: HierarchicalModel, draws: Draws, x: Array, z: Array, where: str) -> dict[str, Array]:
    centre = draws.beta @ x
    sd = np.sqrt(np.einsum("a,sab,b->s", z, draws.covariance, z))
    new = centre + sd * np.random.default_rng(_SEED).standard_normal(len(sd))
    return {
        f"mean{where}": population_average(model, draws, x, z),
        f"typical cluster{where}": model.likelihood.link.inverse(centre),
        f"new cluster{where}": model.likelihood.link.inverse(new),
    }
