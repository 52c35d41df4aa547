"""What the priors alone say about the outcome: data sets simulated from them, beside the data."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.inference.hierarchical.checks import SEED, replicate
from hiermeta.io.registry import header
from hiermeta.models import prior_draws
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]
DATA_SETS = 1000
LEVELS = {"q2.5": 0.025, "q25": 0.25, "median": 0.5, "q75": 0.75, "q97.5": 0.975}


def table(model: HierarchicalModel) -> pd.DataFrame:
    """Quantiles of the average outcome, of cluster means and of single rows, by the priors and in the data.

    Parameters
    ----------
    model : HierarchicalModel

    Returns
    -------
    pandas.DataFrame
        quantity (``average``, ``cluster mean``, with its factor's name where there are several, ``row``), quantiles by
        the priors, and ``observed_`` quantiles; outcomes with trials or exposure are shares and rates. Rows of 0 and 1
        have no quantiles to speak of and are left out.
    """
    order = model.clusters.order
    simulated = replicate(model, prior_draws.regression(model, DATA_SETS, np.random.default_rng(SEED)), DATA_SETS)
    both = (simulated, (model.outcome / model.size)[order][None])
    found: dict[str, tuple[Array, ...]] = {"average": tuple(values.mean(axis=1) for values in both)}
    for clusters in model.factors:
        own = np.argsort(clusters.codes[order], kind="stable")
        name = f"cluster mean [{clusters.name}]" if model.several else "cluster mean"
        found[name] = tuple(_means(values[:, own], clusters.sizes) for values in both)
    if model.likelihood.kind != "event":
        found["row"] = both
    levels = list(LEVELS.values())
    rows = [[name, *(q for values in pair for q in np.quantile(values, levels))] for name, pair in found.items()]
    return pd.DataFrame(rows, columns=header("prior_predictive.csv"))


def _means(values: Array, sizes: npt.NDArray[np.intp]) -> Array:
    """Shape (R, J): means of consecutive columns."""
    return np.asarray(np.add.reduceat(values, np.cumsum(sizes) - sizes, axis=1) / sizes)
