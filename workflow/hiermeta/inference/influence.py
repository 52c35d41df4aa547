"""Tables of what each estimate and each cluster does: how well the others predict it, and what changes without it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.inference.loo import LeaveOneOut
from hiermeta.io.registry import header
from hiermeta.models.meta import MetaModel

Array = npt.NDArray[np.float64]


def tables(
    model: MetaModel,
    table: pd.DataFrame,
    left_out: Sequence[LeaveOneOut | None],
    pareto_k: Sequence[Array] = (),
) -> dict[str, pd.DataFrame]:
    """The leave-one-out and influence tables: estimates as data.csv has them, then clusters.

    Parameters
    ----------
    model : MetaModel
    table : pandas.DataFrame
        The validated table.
    left_out : sequence of LeaveOneOut or None
        By estimate and, where there are clusters, by cluster; None where it can't be had, whose units have no rows.
    pareto_k : sequence of numpy.ndarray, optional
        The same for the diagnostics of importance sampling; none where results are exact.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``loo`` and ``influence``.
    """
    rows = table.reindex(columns=["row", "label", "cluster"]).assign(unit="estimate")
    clusters = pd.DataFrame({"unit": "cluster", "cluster": list(model.clusters)})
    orders = [np.argsort(model.order), np.arange(len(model.clusters))]
    parts = []
    for i, (units, order, result) in enumerate(zip((rows, clusters), orders, left_out, strict=False)):
        if result is None:
            continue
        columns = {name: getattr(result.units, name) for name in _OF_UNITS}
        columns |= {"cook": result.cook, "pareto_k": pareto_k[i] if pareto_k else np.full(len(order), np.nan)}
        parts.append(units.assign(**{name: values[order] for name, values in columns.items()}))
    names = {name: header(f"{name}.csv", "meta") for name in ("loo", "influence")}
    if not parts:
        return {name: pd.DataFrame(columns=columns) for name, columns in names.items()}
    everything = pd.concat(parts, ignore_index=True)
    everything["row"] = everything["row"].astype("Int64")
    if not model.clustered:
        everything["rho"] = everything["rho_sd"] = np.nan
    return {name: everything.reindex(columns=columns) for name, columns in names.items()}


_OF_UNITS = ("elpd", "pit", "residual", "mu", "mu_sd", "tau", "tau_sd", "rho", "rho_sd")
