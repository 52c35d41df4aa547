"""Everything that is reported of a fitted meta-analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.inference.summaries import INTERVAL, of_draws, of_normals
from hiermeta.models import heterogeneity, marginal
from hiermeta.models.meta import MetaModel
from hiermeta.sampling.convergence import CONVERGENCE, MCSE, convergence

Array = npt.NDArray[np.float64]
ESTIMATE_COLUMNS = [*INTERVAL, "P(>0)", *MCSE, *CONVERGENCE]
HETEROGENEITY_COLUMNS = [*INTERVAL, *MCSE, *CONVERGENCE]


@dataclass(frozen=True)
class Tables:
    """The result tables, and the convergence measures of everything in them.

    Parameters
    ----------
    estimates, heterogeneity, predictions, true_effects, cluster_effects : pandas.DataFrame
        As `interface` names their columns.
    convergence : pandas.DataFrame
        r_hat, ess_bulk and ess_tail by reported quantity.
    """

    estimates: pd.DataFrame
    heterogeneity: pd.DataFrame
    predictions: pd.DataFrame
    true_effects: pd.DataFrame
    cluster_effects: pd.DataFrame
    convergence: pd.DataFrame


def tables(model: MetaModel, draws: dict[str, Array], labels: pd.DataFrame) -> Tables:
    """Summarise a fitted model.

    Parameters
    ----------
    model : MetaModel
    draws : dict of str to numpy.ndarray
        ``mu``, ``tau`` and, with clusters, ``rho``; shape (chains, draws) each.
    labels : pandas.DataFrame
        The validated table: row, label, and cluster where there are clusters.
    """
    chains = len(draws["mu"])
    flat = marginal.Draws.from_chains(draws)
    estimates = of_draws(heterogeneity.parameters(draws))
    spread = of_draws(heterogeneity.table(draws, model.typical_variance))

    new_names = ["new effect", *(f"new effect in {cluster}" for cluster in model.clusters)]
    new_mean, new_variance = marginal.new_effects(model, flat)
    new_effects = of_normals(new_mean, new_variance, new_names, chains)
    mean = estimates.loc[["mu"], new_effects.columns].rename({"mu": "mean"})

    back = np.argsort(model.order)
    rows = [f"true effect, row {row}" for row in labels["row"]]
    true_mean, true_variance = (values[:, back] for values in marginal.true_effects(model, flat))
    true_effects = of_normals(true_mean, true_variance, rows, chains).reset_index(drop=True)
    named = labels[[column for column in ("row", "label", "cluster") if column in labels]]
    conditional = dict(zip(new_names, new_mean.T, strict=True)) | dict(zip(rows, true_mean.T, strict=True))

    cluster_effects = pd.DataFrame(columns=[*INTERVAL, *MCSE], dtype=float)
    if model.clustered:
        cluster_mean, cluster_variance = marginal.cluster_effects(model, flat)
        cluster_effects = of_normals(cluster_mean, cluster_variance, model.clusters, chains)
        conditional |= {f"effect of {name}": cluster_mean[:, j] for j, name in enumerate(model.clusters)}
    cluster_effects.insert(0, "k", model.sizes)
    measures = [estimates[CONVERGENCE], spread[CONVERGENCE]]
    measures.append(convergence({name: values.reshape(chains, -1) for name, values in conditional.items()}))
    return Tables(
        estimates=estimates[ESTIMATE_COLUMNS].rename_axis("parameter").reset_index(),
        heterogeneity=spread[HETEROGENEITY_COLUMNS].rename_axis("quantity").reset_index(),
        predictions=pd.concat([mean, new_effects]).rename_axis("target").reset_index(),
        true_effects=named.assign(observed=labels["effect"]).join(true_effects),
        cluster_effects=cluster_effects.rename_axis("cluster").reset_index(),
        convergence=pd.concat(measures),
    )


def no_tables() -> Tables:
    """The tables of an analysis without results: their columns, no rows."""
    interval = [*INTERVAL, *MCSE]
    return Tables(
        estimates=pd.DataFrame(columns=["parameter", *ESTIMATE_COLUMNS]),
        heterogeneity=pd.DataFrame(columns=["quantity", *HETEROGENEITY_COLUMNS]),
        predictions=pd.DataFrame(columns=["target", *interval]),
        true_effects=pd.DataFrame(columns=["row", "label", "cluster", "observed", *interval]),
        cluster_effects=pd.DataFrame(columns=["cluster", "k", *interval]),
        convergence=pd.DataFrame(columns=CONVERGENCE),
    )
