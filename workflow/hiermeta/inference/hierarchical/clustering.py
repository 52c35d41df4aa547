"""What clustering does: intraclass correlation, design effect, standard errors, variance explained."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from hiermeta.inference.hierarchical.classical import between_variance, between_variances, residual_variance, shares
from hiermeta.inference.hierarchical.complete import Complete
from hiermeta.inference.summaries import of_draws
from hiermeta.io.registry import header
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]


def quantities(
    model: HierarchicalModel, draws: Draws, null: HierarchicalModel, of_null: Draws, shape: tuple[int, ...]
) -> dict[str, Array]:
    """Draws of what has a posterior distribution, shape (chains, draws) each.

    ``R2 [marginal]`` is the share of variance that the coefficients explain, ``R2 [conditional]`` that of coefficients
    and random effects (Nakagawa & Schielzeth 2013; Johnson 2014).
    """
    rows = shares(model, draws) | shares(null, of_null, "null")
    between = between_variance(model, draws)
    moments = np.cov(model.X, rowvar=False, fweights=model.individuals.astype(int)).reshape(len(model.names), -1)
    explained = np.einsum("sp,pq,sq->s", draws.beta, moments, draws.beta)
    total = explained + between + residual_variance(model, draws)
    rows["R2 [marginal]"], rows["R2 [conditional]"] = explained / total, (explained + between) / total
    ratio = model.likelihood.link.ratio
    if ratio:
        # The median of the ratio between two individuals alike in all but their clusters (Larsen & Merlo 2005).
        rows[f"median {ratio}"] = np.exp(np.sqrt(2 * between) * ndtri(0.75))
    return {name: values.reshape(shape) for name, values in rows.items()}


def table(
    model: HierarchicalModel,
    draws: Draws,
    null: HierarchicalModel,
    of_null: Draws,
    complete: Complete,
    shape: tuple[int, ...],
) -> pd.DataFrame:
    """The clustering table; quantities that compare two posteriors have a value, as mean and median, and no interval.

    Parameters
    ----------
    model, null : HierarchicalModel
    draws, of_null : Draws
    complete : Complete
        The regression without clusters, whose standard errors are the naive ones.
    shape : tuple of int
        (chains, draws).
    """
    found = of_draws(quantities(model, draws, null, of_null, shape))
    ratios = zip(model.names, draws.beta.std(axis=0, ddof=1) / complete.naive, strict=True)
    values = {f"SE ratio [{name}]": float(ratio) for name, ratio in ratios if not np.isnan(ratio)}
    if model.has_sigma:
        values["R2 [within]"] = 1 - float(_typical_sd(model, draws) ** 2 / _typical_sd(null, of_null) ** 2)
    own, before = _between(model, draws), _between(null, of_null)
    if all(before.values()):
        values["R2 [between]"] = 1 - sum(own.values()) / sum(before.values())
        if model.several:
            values |= {f"R2 [between, {group}]": 1 - own[group] / before[group] for group in own}
    points = pd.DataFrame({"mean": values, "median": values})
    return pd.concat([found, points]).rename_axis("quantity").reset_index()[header("clustering.csv")]


def _between(model: HierarchicalModel, draws: Draws) -> dict[str, float]:
    """Median variance between the clusters of each grouping factor, averaged over individuals."""
    return {name: float(np.median(values)) for name, values in between_variances(model, draws).items()}


def _typical_sd(model: HierarchicalModel, draws: Draws) -> float:
    """Median SD within clusters."""
    return float(np.median(np.sqrt(residual_variance(model, draws))))
