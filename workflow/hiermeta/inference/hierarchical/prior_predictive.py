"""What the priors alone say about the outcome: data sets simulated from them, beside the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.inference.hierarchical.checks import SEED, replicate
from hiermeta.models.correlations import correlations
from hiermeta.models.hierarchical import Draws, HierarchicalModel
from hiermeta.models.priors import Prior

Array = npt.NDArray[np.float64]
DATA_SETS = 1000
LEVELS = {"q2.5": 0.025, "q25": 0.25, "median": 0.5, "q75": 0.75, "q97.5": 0.975}
COLUMNS = ["quantity", *LEVELS, *(f"observed_{name}" for name in LEVELS)]


def draws_of_priors(model: HierarchicalModel, count: int) -> Draws:
    """Draws of the parameters from their priors, in the user's units.

    One of each parameter comes from each of `count` equally probable slices of its prior. Partial correlations of an
    LKJ prior are independent and beta distributed (Lewandowski, Kurowicka & Joe 2009, section 3.1).

    Parameters
    ----------
    model : HierarchicalModel
    count : int
    """
    rng = np.random.default_rng(SEED)

    def of(names: Sequence[str]) -> Array:
        return np.array([model.priors[name].draws(count, rng) for name in names]).reshape(-1, count).T

    beta = (of(model.names) - model.offset) / model.units["beta"]
    shapes = [model.eta + 0.5 * (size - 2 - j) for size in model.blocks for i in range(1, size) for j in range(i)]
    partial = [2 * Prior("beta", (shape, shape)).draws(count, rng) - 1 for shape in shapes]
    return Draws(
        model.to_user(beta),
        of(["sigma"])[:, 0] if model.gaussian else np.zeros(count),
        of(model.sd_names),
        correlations(np.array(partial).reshape(-1, count).T, model.blocks),
    )


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
    simulated = replicate(model, draws_of_priors(model, DATA_SETS), DATA_SETS)
    both = (simulated, (model.outcome / model.size)[order][None])
    found: dict[str, tuple[Array, ...]] = {"average": tuple(values.mean(axis=1) for values in both)}
    for clusters in model.factors:
        own = np.argsort(clusters.codes[order], kind="stable")
        name = f"cluster mean [{clusters.name}]" if model.several else "cluster mean"
        found[name] = tuple(_means(values[:, own], clusters.sizes) for values in both)
    if model.family != "bernoulli":
        found["row"] = both
    levels = list(LEVELS.values())
    rows = [[name, *(q for values in pair for q in np.quantile(values, levels))] for name, pair in found.items()]
    return pd.DataFrame(rows, columns=COLUMNS)


def _means(values: Array, sizes: npt.NDArray[np.intp]) -> Array:
    """Shape (R, J): means of consecutive columns."""
    return np.asarray(np.add.reduceat(values, np.cumsum(sizes) - sizes, axis=1) / sizes)
