"""Predictions at the mean design, at values that the config asks for, for known and for new clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data.design import Design
from hiermeta.inference.hierarchical.pooling import Effects
from hiermeta.inference.marginal_means import levels, table_of
from hiermeta.inference.summaries import INTERVAL, of_draws, of_normals
from hiermeta.io.registry import header, without_rows
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel
from hiermeta.sampling.convergence import MCSE

Array = npt.NDArray[np.float64]


def predictions(
    model: HierarchicalModel,
    draws: Draws,
    found: Sequence[Effects],
    table: pd.DataFrame,
    predict_at: Sequence[Mapping[str, Any]],
    chains: int,
) -> pd.DataFrame:
    """Table of predictions.

    ``mean``: the expected outcome at the mean of the design. ``new cluster``: that of a cluster not seen before.
    ``new individual``: one outcome in such a cluster. ``cluster NAME``: the expected outcome in a known one, at the
    same design. With several grouping factors ``new`` means new clusters of all of them, and ``GROUP NAME`` is a known
    cluster, with the effects of those it is nested in, where effects of other factors are zero.

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
    found : sequence of Effects
        By grouping factor.
    table : pandas.DataFrame
        The validated table.
    predict_at : sequence of dict
    chains : int
    """
    parts = [_at(model, draws, model.X.mean(axis=0), model.Z.mean(axis=0), "", chains)]
    for values in predict_at:
        where = " at " + ", ".join(f"{name} = {value}" for name, value in values.items())
        changed = table.assign(**values)
        parts.append(_at(model, draws, *design_rows(model, changed), where, chains))
    x, z = model.X.mean(axis=0), model.Z.mean(axis=0)
    if not model.several:
        mean = (found[0].draws.beta @ x)[:, None] + found[0].mean @ z
        # Covariances between effects of a cluster count too, so the spread is computed along z.
        spread = _along(model, found[0].draws, z)
        parts.append(of_normals(mean, spread, known_names(model), chains))
    else:
        linear = known_predictors(model, found[0].draws, [effects.mean for effects in found], x, z)
        rows = dict(zip(known_names(model), linear.T.reshape(linear.shape[1], chains, -1), strict=True))
        parts.append(of_draws(rows)[[*INTERVAL, *MCSE]])
    return pd.concat(parts).rename_axis("target").reset_index()[header("predictions.csv", "hierarchical")]


def known_names(model: HierarchicalModel) -> list[str]:
    """What predictions in known clusters are called."""
    label = (lambda group: group) if model.several else (lambda group: "cluster")
    return [f"{label(clusters.name)} {name}" for clusters in model.factors for name in clusters.names]


def known_predictors(model: HierarchicalModel, draws: Draws, u: Sequence[Array], x: Array, z: Array) -> Array:
    """Shape (S, ΣJ): the linear predictor in each known cluster, other clusters' effects being zero.

    Effects of the clusters that one is nested in count too.

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
    u : sequence of numpy.ndarray
        By grouping factor, shape (S, J, its effects).
    x, z : numpy.ndarray
        Shapes (p,) and (q,): design rows.
    """
    added = [values @ z[model.effects_of(f)] for f, values in enumerate(u)]
    columns = []
    for f, clusters in enumerate(model.factors):
        total = added[f]
        for g, outer in enumerate(model.factors):
            parents = clusters.parents(outer)
            if g != f and parents is not None:
                total = total + added[g][:, parents]
        columns.append(total)
    return np.asarray((draws.beta @ x)[:, None] + np.concatenate(columns, axis=1))


def design_rows(model: HierarchicalModel, table: pd.DataFrame) -> tuple[Array, Array]:
    """Means over a table's rows of the designs of coefficients, shape (p,), and of random effects, shape (q,)."""
    x = model.designs.fixed.matrix(table, standard=False).mean(axis=0)
    z = np.concatenate([design.matrix(table, standard=False).mean(axis=0) for design in model.designs.random])
    return x, z


def _at(model: HierarchicalModel, draws: Draws, x: Array, z: Array, where: str, chains: int) -> pd.DataFrame:
    centre = draws.beta @ x
    cluster = np.einsum("a,sab,b->s", z, draws.covariance, z)
    mean = of_draws({f"mean{where}": centre.reshape(chains, -1)})[[*INTERVAL, *MCSE]]
    variances = np.stack([cluster, cluster + draws.sigma**2], axis=1)
    names = [f"new cluster{where}", f"new individual{where}"]
    return pd.concat([mean, of_normals(np.stack([centre, centre], axis=1), variances, names, chains)])


def _along(model: HierarchicalModel, draws: Draws, z: Array) -> Array:
    """Shape (S, J): variance of z'u_j given each draw."""
    result = np.empty((draws.sigma.size, len(model.clusters.names)))
    for part in model.sufficient.chunks(len(result)):
        result[part] = np.einsum("a,sjab,b->sj", z, model.random_effects(draws[part])[1], z, optimize=True)
    return result


def marginal_means(model: HierarchicalModel, draws: Draws, table: pd.DataFrame, chains: int) -> pd.DataFrame:
    """The expected outcome at levels of each predictor, the others as they are in the data."""
    design: Design = model.designs.fixed
    if not design.formula.columns:
        return without_rows("marginal_means.csv")
    wanted = levels(design, table)
    means = [design.matrix(table.assign(**{column: value}), standard=False).mean(axis=0) for column, _, value in wanted]
    return table_of(wanted, [(draws.beta @ row).reshape(chains, -1) for row in means])
