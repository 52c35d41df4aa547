"""Random effects, and three poolings side by side: complete, none, partial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.inference.hierarchical.complete import Complete
from hiermeta.inference.hierarchical.unpooled import Unpooled
from hiermeta.inference.summaries import of_draws, of_normals
from hiermeta.io.registry import header
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]
_VALUES = 6_000_000
"""Largest number of (draw, cluster, effect) triples for which summaries use every draw."""


@dataclass(frozen=True)
class Effects:
    """Random effects given each of some draws.

    Parameters
    ----------
    draws : Draws
        Every n-th draw of each chain.
    chains : int
    mean, variance : numpy.ndarray
        Shape (S, J, q).
    exact : bool
        Whether they are normal given each draw, with these moments; otherwise ``mean`` was sampled.
    """

    draws: Draws
    chains: int
    mean: Array
    variance: Array
    exact: bool


def by_group(
    model: HierarchicalModel, draws: Draws, chains: int, u: Sequence[Array]
) -> list[tuple[HierarchicalModel, Effects]]:
    """For each grouping factor, the model with its random effects only, and their draws.

    Every n-th draw is kept where there are many clusters: the same draws for all grouping factors, so that their
    effects can be added.

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
        Chain after chain.
    chains : int
    u : sequence of numpy.ndarray
        By grouping factor, shape (S, J, its effects), as sampled; empty where the random effects were integrated out
        and are normal given each draw.
    """
    total = draws.sigma.size
    values = sum(len(clusters.names) * len(model.effects_of(f)) for f, clusters in enumerate(model.factors))
    every = -(-total * values // _VALUES)
    kept = np.arange(total).reshape(chains, -1)[:, ::every].ravel()
    some = draws[kept]
    if not u:
        mean, covariance = model.random_effects(some)
        return [(model, Effects(some, chains, mean, np.diagonal(covariance, axis1=2, axis2=3), True))]
    views = [model.by(f) for f in range(len(model.factors))]
    own = [some.of_effects(model.effects_of(f)) for f in range(len(model.factors))]
    return [
        (view, Effects(draw, chains, drawn[kept], np.zeros_like(drawn[kept]), False))
        for view, draw, drawn in zip(views, own, u, strict=True)
    ]


def random_effects(model: HierarchicalModel, found: Effects) -> pd.DataFrame:
    """Table of the random effects, one row per cluster and term."""
    table = _named(model)
    if found.exact:
        summary = of_normals(_flat(found.mean), _flat(found.variance), _labels(model), found.chains)
    else:
        columns = _flat(found.mean).T.reshape(-1, found.chains, len(found.mean) // found.chains)
        summary = of_draws(dict(zip(_labels(model), columns, strict=True)))
    return table.join(summary.reset_index(drop=True))[header("random_effects.csv")]


def pooling(model: HierarchicalModel, found: Effects, complete: Complete, unpooled: Unpooled) -> pd.DataFrame:
    """Table of the coefficients that differ between clusters, by the three poolings.

    ``partial`` is β + u. ``none`` is each cluster's own regression; ``complete_line`` and ``partial_line`` are the
    coefficients of the fitted line in the cluster, to which cluster-level predictors and their interactions contribute,
    so that they stand beside ``none``.
    """
    S, J, q = found.mean.shape
    place = [model.names.index(effect) if effect in model.names else None for effect in model.effects]
    fixed = np.stack([found.draws.beta[:, k] if k is not None else np.zeros(S) for k in place], axis=1)
    pooled = np.array([complete.coefficients[k] if k is not None else 0.0 for k in place])
    table = _named(model)
    table["n"] = np.repeat(model.clusters.sizes, q)
    table["complete"] = np.tile(pooled, J)
    table["none"], table["none_se"] = unpooled.estimate.ravel(), unpooled.se.ravel()
    partial = found.mean + fixed[:, None, :]
    table["partial"], table["partial_sd"] = _moments(partial, found.variance)
    if found.exact:
        standard = model.to_standard(found.draws)
        table["shrinkage"] = model.sufficient.pooled(standard.sigma, standard.covariance).ravel()
    else:  # what is left of the variance between clusters once a cluster's rows are known
        table["shrinkage"] = (found.mean.var(axis=0) / (found.draws.sd**2).mean(axis=0)).ravel()
    table["complete_line"] = (unpooled.line @ complete.coefficients).ravel()
    lines = found.mean + np.einsum("jqp,sp->sjq", unpooled.line, found.draws.beta, optimize=True)
    table["partial_line"], table["partial_line_sd"] = _moments(lines, found.variance)
    return table[header("pooling.csv")]


def _moments(mean: Array, variance: Array) -> tuple[Array, Array]:
    return mean.mean(axis=0).ravel(), np.sqrt(variance.mean(axis=0) + mean.var(axis=0)).ravel()


def _flat(values: Array) -> Array:
    return values.reshape(len(values), -1)


def _named(model: HierarchicalModel) -> pd.DataFrame:
    q = len(model.effects)
    clusters = np.repeat(np.array(model.clusters.names, dtype=object), q)
    return pd.DataFrame(
        {"group": model.clusters.name, "cluster": clusters, "term": list(model.effects) * len(model.clusters.names)}
    )


def _labels(model: HierarchicalModel) -> list[str]:
    return [f"{cluster}: {effect}" for cluster in model.clusters.names for effect in model.effects]
