"""Outcomes of hierarchical regressions: their columns, and what each family allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data.formula import Piece, evaluate
from hiermeta.data.problems import Problem, Refused
from hiermeta.data.read import REPORTED_ROWS

Array = npt.NDArray[np.float64]


def columns(outcome: Piece, settings: Mapping[str, Any]) -> dict[str, str]:
    """Columns of numbers that make the outcome, by where the config names them."""
    return {f"formula[{column}]": column for column in outcome.columns}


def values(outcome: Piece, table: pd.DataFrame) -> Array:
    """The outcome, shape (N,), computed where the formula computes it."""
    numbers = {column: table[column].to_numpy(float) for column in outcome.columns}
    if outcome.kind == "column":
        return numbers[outcome.name]
    return np.broadcast_to(evaluate(outcome.tree, numbers), (len(table),)).astype(float)


def check(path: str, table: pd.DataFrame, outcome: Piece, settings: Mapping[str, Any]) -> None:
    """Check that the outcome can be analysed.

    Raises
    ------
    Refused
        Values that aren't finite, or all the same.
    """
    y = values(outcome, table)
    bad = np.flatnonzero(~np.isfinite(y))
    if len(bad):
        rows = ", ".join(str(row) for row in table["row"].iloc[bad[:REPORTED_ROWS]])
        message = f"{path}: the outcome {outcome.name} is not a finite number in row {rows}"
        raise Refused([Problem(message, "Correct the rows, or the function in the formula")])
    if np.ptp(y) <= 1e-12 * np.abs(y).max():
        message = f"{path}: the outcome {outcome.name} is {y[0]:g} in every row used"
        raise Refused([Problem(message, "Name the column that differs between individuals")])
