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


def points(values: npt.ArrayLike) -> list[tuple[str, float | int]]:
    """Where to look at a number, with labels: at both of two values, else at its mean and one SD on either side.

    Where an SD reaches beyond the data, the minimum or maximum stands in its place.

    Examples
    --------
    >>> points([0, 1, 1, 0]), points([0, 0, 0, 0, 0, 10, 20])[0]
    ([('0', 0), ('1', 1)], ('minimum', 0.0))
    """
    numbers = np.asarray(values, float)
    if len(distinct := np.unique(numbers)) == 2:
        return [(str(value), value) for value in (int(v) if v.is_integer() else v for v in distinct.tolist())]
    low, mean, high = float(numbers.min()), float(numbers.mean()), float(numbers.max())
    sd = float(numbers.std(ddof=1))
    return [
        ("-1 SD", mean - sd) if mean - sd >= low else ("minimum", low),
        ("mean", mean),
        ("+1 SD", mean + sd) if mean + sd <= high else ("maximum", high),
    ]


def levels(design: Design, table: pd.DataFrame) -> list[tuple[str, str, Any]]:
    """Moderators with the values to report: every level of a factor, and `points` of a number.

    Returns
    -------
    list of (moderator, label, value)
        The label is the value, but for numbers with more than two values.
    """
    rows = user_table(table)
    found: list[tuple[str, str, Any]] = []
    for column in design.formula.columns:
        if column in design.factors:
            found += [(column, level, level) for level in design.factors[column]]
        else:
            found += [(column, label, value) for label, value in points(rows[column])]
    return found


def table_of(found: list[tuple[str, str, Any]], draws: list[Array]) -> pd.DataFrame:
    """Rows of marginal_means.csv: levels with the summary of their draws, shapes (chains, draws)."""
    summaries = of_draws({str(i): values for i, values in enumerate(draws)})
    written = [(column, label, label if str(value) == label else value) for column, label, value in found]
    named = pd.DataFrame(written, columns=["moderator", "level", "value"], index=summaries.index)
    return named.join(summaries)[header("marginal_means.csv")].reset_index(drop=True)


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
    return table_of(found, [quantity({column: value}) for column, _, value in found])
