"""All result files of one meta-analysis, from the fitted model to tables and documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import block_diag

from hiermeta.inference import diagnostics, exact, marginal_means, meta
from hiermeta.inference.classical import Unusable, classical
from hiermeta.inference.natural import add_natural
from hiermeta.models.meta import MetaModel
from hiermeta.sampling.convergence import SamplerHealth

Array = npt.NDArray[np.float64]


@dataclass
class Results:
    """Tables by file name without ``.csv``, documents by file name without ``.json``."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)

    def update(self, other: Results) -> None:
        """Put another's files in place of these."""
        self.tables |= other.tables
        self.documents |= other.documents


def without_results(status: str, message: str) -> Results:
    """The files of a refused data set: the columns of each table, and why there is nothing in them."""
    nothing = {"applies": False, "reason": message}
    verdict = {"status": status, "message": message, "checks": [], "agreement": [], "attempts": []}
    tables = meta.no_tables().files() | {
        "marginal_means": pd.DataFrame(columns=marginal_means.COLUMNS),
        "scale": pd.DataFrame(columns=marginal_means.COLUMNS),
    }
    return Results(tables, {"exact": nothing, "classical": nothing, "diagnostics": verdict})


def without_draws(model: MetaModel) -> Results:
    """What the data say without sampling: the exact posterior and the classical counterpart."""
    results = Results(documents={"classical": _classical(model)})
    try:
        results.documents["exact"] = {"applies": True} | exact.summarise(exact.solve(model))
    except exact.NotApplicable as reason:
        results.documents["exact"] = {"applies": False, "reason": str(reason)}
    return results


def _classical(model: MetaModel) -> dict[str, Any]:
    if model.scale is not None:
        return {"applies": False, "reason": "heterogeneity depends on scale moderators"}
    names = ["mu"] if model.moderators is None else list(model.moderators.names)
    back = np.argsort(model.order)  # rows as data.csv has them
    cluster = model.cluster_of_row[back] if model.clustered else None
    covariance = None
    if model.dependent:
        covariance = block_diag(*model.covariance)[np.ix_(back, back)]
    try:
        fitted = classical(
            model.effect[back], model.variance[back], model.user_design[back], names, cluster, covariance=covariance
        )
        return {"applies": True} | fitted
    except Unusable as reason:
        return {"applies": False, "reason": str(reason)}


def of_draws(
    model: MetaModel,
    draws: dict[str, Array],
    table: pd.DataFrame,
    description: dict[str, Any],
    health: SamplerHealth,
    reference: dict[str, Any],
) -> Results:
    """What the draws say, and whether they can be trusted.

    Parameters
    ----------
    model : MetaModel
    draws : dict of str to numpy.ndarray
        ``beta``, ``delta``, ``tau``, ``rho``, shape (chains, draws, ...) each.
    table : pandas.DataFrame
        The validated table.
    description : dict
        ``model.json``: predict_at, threshold, output_scale and measure are used.
    health : SamplerHealth
    reference : dict
        The exact summaries.
    """
    summaries = meta.tables(model, draws, table, description["predict_at"], description["threshold"])
    tables = summaries.files() | {
        "marginal_means": marginal_means.marginal_means(model, draws, table),
        "scale": marginal_means.scale_means(model, draws, table),
    }
    if description["output_scale"] == "natural":
        add_natural(tables, description["measure"])
    return Results(tables, {"diagnostics": diagnostics.verdict(summaries, health, reference)})
