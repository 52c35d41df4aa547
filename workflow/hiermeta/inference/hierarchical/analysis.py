"""All result files of one hierarchical regression, from the fitted model to tables and documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.inference import diagnostics
from hiermeta.inference.analysis import Results
from hiermeta.inference.hierarchical import (
    buildup,
    checks,
    classical,
    clustering,
    comparison,
    complete,
    pooling,
    prediction,
    unpooled,
)
from hiermeta.inference.hierarchical.classical import MixedFit
from hiermeta.inference.marginal_means import COLUMNS as MEANS_COLUMNS
from hiermeta.inference.meta import ESTIMATE_COLUMNS
from hiermeta.inference.summaries import of_draws
from hiermeta.models.hierarchical import Draws, HierarchicalModel, parameters
from hiermeta.sampling.convergence import CONVERGENCE, SamplerHealth, convergence, smoothed_weights

Array = npt.NDArray[np.float64]
LOO = ["cluster", "n", "elpd", "pareto_k"]
EXACT = {"applies": False, "reason": "hierarchical regressions have no exact posterior here; see the checks instead"}
TABLES = {
    "estimates": ["parameter", *ESTIMATE_COLUMNS],
    "random_effects": pooling.RANDOM_EFFECTS,
    "pooling": pooling.POOLING,
    "models": buildup.COLUMNS,
    "clustering": clustering.COLUMNS,
    "predictions": prediction.COLUMNS,
    "marginal_means": MEANS_COLUMNS,
    "checks": checks.COLUMNS,
    "quantiles": checks.QUANTILES,
    "loo": LOO,
    "comparison": comparison.COLUMNS,
}
"""Columns of every table, by file name without ``.csv``."""


def without_results(status: str, message: str) -> Results:
    """The files of a refused data set: the columns of each table, and why there is nothing in them."""
    verdict = {"status": status, "message": message, "checks": [], "agreement": [], "attempts": []}
    nothing = {"applies": False, "reason": message}
    tables = {name: pd.DataFrame(columns=columns) for name, columns in TABLES.items()}
    documents = dict.fromkeys(("exact", "classical", "comparison"), nothing)
    return Results(tables, documents | {"diagnostics": verdict})


def results(
    models: tuple[HierarchicalModel, HierarchicalModel],
    draws: tuple[Draws, Draws],
    table: pd.DataFrame,
    description: Mapping[str, Any],
    health: SamplerHealth,
    shape: tuple[int, ...],
) -> Results:
    """What the draws say, beside the classical fits, and whether they can be trusted.

    Parameters
    ----------
    models, draws : tuple
        Of the model and of the null model.
    table : pandas.DataFrame
        The validated table.
    description : mapping
        ``model.json``.
    health : SamplerHealth
    shape : tuple of int
        (chains, draws).
    """
    (model, null), (own, of_null), chains = models, draws, shape[0]
    summary = of_draws(parameters(model, own, shape))
    full, ml, restricted_null = classical.fit(model), classical.fit(model, reml=False), classical.fit(null)
    ordinary, alone = complete.fit(model), unpooled.fit(model)
    found = pooling.effects(model, own, chains)
    steps = buildup.steps(model, full, restricted_null)
    about_clusters = clustering.table(model, own, null, of_null, ordinary, shape)
    checked, quantiles = checks.tables(model, own)
    compared, inclusion = comparison.compare(model)
    tables = {
        "estimates": summary[ESTIMATE_COLUMNS].rename_axis("parameter").reset_index(),
        "random_effects": pooling.random_effects(model, found),
        "pooling": pooling.pooling(model, found, ordinary, alone),
        "models": buildup.table(model, summary, ordinary, full, ml, steps),
        "clustering": about_clusters,
        "predictions": prediction.predictions(model, own, found, table, description["predict_at"], chains),
        "marginal_means": prediction.marginal_means(model, own, table, chains),
        "checks": checked,
        "quantiles": quantiles,
        "loo": leave_one_out(model, found.draws),
        "comparison": compared,
    }
    of_clusters = {
        f"{cluster}: {effect}": found.mean[:, j, k].reshape(chains, -1)
        for j, cluster in enumerate(model.clusters.names)
        for k, effect in enumerate(model.effects)
    }
    measured = about_clusters.loc[about_clusters["r_hat"].notna(), CONVERGENCE]
    every = pd.concat([summary[CONVERGENCE], measured, convergence(of_clusters)])
    documents = {
        "exact": EXACT,
        "classical": classical.document(full, ml, restricted_null),
        "comparison": inclusion,
        "diagnostics": verdict(every, health),
    }
    return Results(tables, documents)


def verdict(every: pd.DataFrame, health: SamplerHealth) -> dict[str, Any]:
    """Judge a fit by the convergence of everything reported and by what NUTS says.

    Parameters
    ----------
    every : pandas.DataFrame
        r_hat, ess_bulk and ess_tail by reported quantity.
    health : SamplerHealth
    """
    measures = diagnostics.measures(every, health)
    judged = diagnostics.checks(measures)
    status = diagnostics.worst(entry["status"] for entry in judged)
    return {"status": status, **measures, "checks": judged, "agreement": []}


def without_draws(models: tuple[HierarchicalModel, HierarchicalModel]) -> dict[str, Any]:
    """The classical counterpart, which needs no draws."""
    model, null = models
    fits: list[MixedFit] = [classical.fit(model), classical.fit(model, reml=False), classical.fit(null)]
    return classical.document(*fits)


def leave_one_out(model: HierarchicalModel, draws: Draws) -> pd.DataFrame:
    """Log predictive density of each cluster given the others, by Pareto-smoothed importance sampling.

    The weights come from densities with the random effects integrated out; given the random effects, importance
    sampling fails (Merkle, Furr & Rabe-Hesketh 2019).
    """
    likelihood = model.log_likelihood(draws)
    log_weights, pareto_k = smoothed_weights(-likelihood)
    top = (log_weights + likelihood).max(axis=0)
    elpd = top + np.log(np.exp(log_weights + likelihood - top).sum(axis=0))
    columns = {"cluster": model.clusters.names, "n": model.clusters.sizes, "elpd": elpd, "pareto_k": pareto_k}
    return pd.DataFrame(columns)[LOO]
