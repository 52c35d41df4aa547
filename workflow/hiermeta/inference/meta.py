"""Everything that is reported of a fitted meta-analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.inference.summaries import INTERVAL, above, of_draws, of_normals
from hiermeta.io.registry import header
from hiermeta.models import given_draws, heterogeneity
from hiermeta.models.meta import MetaModel, design_rows_at
from hiermeta.sampling.convergence import CONVERGENCE, MCSE, convergence

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tables:
    """The result tables, and the convergence measures of everything in them.

    Parameters
    ----------
    estimates, heterogeneity, predictions, true_effects, cluster_effects : pandas.DataFrame
        Columns as ``schemas/results.yaml`` declares them.
    convergence : pandas.DataFrame
        r_hat, ess_bulk and ess_tail by reported quantity.
    """

    estimates: pd.DataFrame
    heterogeneity: pd.DataFrame
    predictions: pd.DataFrame
    true_effects: pd.DataFrame
    cluster_effects: pd.DataFrame
    convergence: pd.DataFrame

    def files(self) -> dict[str, pd.DataFrame]:
        """The tables that are written, by file name."""
        names = ("estimates", "heterogeneity", "predictions", "true_effects", "cluster_effects")
        return {name: getattr(self, name) for name in names}


def tables(
    model: MetaModel,
    draws: dict[str, Array],
    table: pd.DataFrame,
    predict_at: Sequence[Mapping[str, Any]] = (),
    threshold: float | None = None,
) -> Tables:
    """Summarise a fitted model.

    Parameters
    ----------
    model : MetaModel
    draws : dict of str to numpy.ndarray
        ``beta`` (chains, draws, p), ``delta`` (chains, draws, s), ``tau`` and ``rho`` (chains, draws).
    table : pandas.DataFrame
        The validated table.
    predict_at : sequence of dict
        Moderator values of further predictions.
    threshold : float, optional
        Adds the probability of effects above it to the pooled effect and the predictions; that of zero is there anyhow.
    """
    chains = len(draws["tau"])
    flat = given_draws.Draws.from_chains(draws)
    estimates = of_draws(heterogeneity.parameters(model, draws), threshold)
    spread = of_draws(heterogeneity.table(model, draws))

    new_names = ["new effect", *(f"new effect in {cluster}" for cluster in model.clusters)]
    no_scale = np.zeros(model.scale_design.shape[1])
    new_mean, new_variance = given_draws.new_effects(model, flat, model.mean_design, no_scale)
    new_effects = of_normals(new_mean, new_variance, new_names, chains, threshold)
    mean = estimates.loc[["mu"], new_effects.columns].rename({"mu": "mean"})
    further = [_at(model, flat, table, values, chains, threshold) for values in predict_at]
    beyond = [above(threshold)] if threshold else []
    estimates.loc[estimates.index != "mu", beyond] = np.nan

    back = np.argsort(model.order)
    rows = [f"true effect, row {row}" for row in table["row"]]
    some = flat.thinned(model.k, chains)
    true_mean, true_variance = (values[:, back] for values in given_draws.true_effects(model, some))
    true_effects = of_normals(true_mean, true_variance, rows, chains)[[*INTERVAL, *MCSE]].reset_index(drop=True)
    named = table[[column for column in ("row", "label", "cluster") if column in table]]
    weight = given_draws.weights(model, flat.mean())[0, back]
    of_rows = dict(zip(rows, true_mean.T, strict=True))

    cluster_effects = pd.DataFrame(columns=[*INTERVAL, *MCSE], dtype=float)
    if model.clustered:
        cluster_mean, cluster_variance = given_draws.cluster_effects(model, some)
        cluster_effects = of_normals(cluster_mean, cluster_variance, model.clusters, chains)[[*INTERVAL, *MCSE]]
        of_rows |= {f"effect of {name}": cluster_mean[:, j] for j, name in enumerate(model.clusters)}
    cluster_effects.insert(0, "k", model.sizes)
    measures = [estimates[CONVERGENCE], spread[CONVERGENCE]]
    for conditional in (dict(zip(new_names, new_mean.T, strict=True)), of_rows):
        measures.append(convergence({name: values.reshape(chains, -1) for name, values in conditional.items()}))
    return Tables(
        estimates=estimates.rename_axis("parameter").reset_index()[[*header("estimates.csv"), *beyond]],
        heterogeneity=spread.rename_axis("quantity").reset_index()[header("heterogeneity.csv")],
        predictions=pd.concat([mean, new_effects, *further]).rename_axis("target").reset_index(),
        true_effects=named.assign(observed=table["effect"], weight=weight / weight.sum()).join(true_effects),
        cluster_effects=cluster_effects.rename_axis("cluster").reset_index(),
        convergence=pd.concat(measures),
    )


def _at(
    model: MetaModel,
    draws: given_draws.Draws,
    table: pd.DataFrame,
    values: Mapping[str, Any],
    chains: int,
    threshold: float | None,
) -> pd.DataFrame:
    """Mean and new effect with some moderators at given values, the others averaged over the rows."""
    row, scale_row = design_rows_at(model, table, values)
    centre, spread = given_draws.new_effects(model, draws, row, scale_row)
    where = ", ".join(f"{name} = {value}" for name, value in values.items())
    mean = of_draws({f"mean at {where}": (draws.beta @ row).reshape(chains, -1)}, threshold)
    new = of_normals(centre[:, :1], spread[:, :1], [f"new effect at {where}"], chains, threshold)
    return pd.concat([mean[new.columns], new])
