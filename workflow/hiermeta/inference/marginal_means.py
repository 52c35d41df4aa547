"""The mean effect, and τ, at levels of each moderator, the other moderators as they are in the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data.design import Design
from hiermeta.inference.summaries import of_draws
from hiermeta.io.registry import header, without_rows
from hiermeta.models.meta import MetaModel, design_rows_at, user_table

Array = npt.NDArray[np.float64]


def levels(design: Design, table: pd.DataFrame) -> list[tuple[str, str, Any]]:
    """Moderators with the values to report: every level of a factor, mean and mean ± SD of a number.

    Returns
    -------
    list of (moderator, label, value)
    """
    rows = user_table(table)
    found: list[tuple[str, str, Any]] = []
    for column in design.formula.columns:
        if column in design.factors:
            found += [(column, level, level) for level in design.factors[column]]
        else:
            mean, sd = float(rows[column].mean()), float(rows[column].std(ddof=1))
            found += [(column, label, mean + step * sd) for label, step in (("-1 SD", -1), ("mean", 0), ("+1 SD", 1))]
    return found


def marginal_means(model: MetaModel, draws: dict[str, Array], table: pd.DataFrame) -> pd.DataFrame:
    """The mean effect at each level of each moderator.

    Parameters
    ----------
    model : MetaModel
    draws : dict of str to numpy.ndarray
        ``beta`` (chains, draws, p).
    table : pandas.DataFrame
        The validated table.

    Returns
    -------
    pandas.DataFrame
        moderator, level, value and the interval columns; no rows without moderators.
    """
    return _summarise(model.moderators, table, lambda values: draws["beta"] @ design_rows_at(model, table, values)[0])


def scale_means(model: MetaModel, draws: dict[str, Array], table: pd.DataFrame) -> pd.DataFrame:
    """τ at each level of each scale moderator, as `marginal_means`."""
    return _summarise(
        model.scale,
        table,
        lambda values: draws["tau"] * np.exp(draws["delta"] @ design_rows_at(model, table, values)[1]),
    )


def _summarise(design: Design | None, table: pd.DataFrame, quantity: Any) -> pd.DataFrame:
    if design is None or not design.formula.columns:
        return without_rows("marginal_means.csv")
    found = levels(design, table)
    summaries = of_draws({str(i): quantity({column: value}) for i, (column, _, value) in enumerate(found)})
    named = pd.DataFrame(found, columns=["moderator", "level", "value"], index=summaries.index)
    return named.join(summaries)[header("marginal_means.csv")].reset_index(drop=True)
