"""Outcomes of hierarchical regressions: their columns, and what each family allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data.cells import FAR, list_rows
from hiermeta.data.formula import Piece, evaluate
from hiermeta.data.problems import Problem, Refused
from hiermeta.likelihoods import LIKELIHOODS

Array = npt.NDArray[np.float64]
SIZES = {found.size: found.name for found in LIKELIHOODS.values() if found.size}
"""Config keys of columns that say how much a count was taken from, and the family they belong to."""

MOST_EVENTS = 1e12
"""Counts beyond this leave log likelihoods less exact than their differences between parameters that matter."""


def columns(outcome: Piece, settings: Mapping[str, Any]) -> dict[str, str]:
    """Columns of numbers that make the outcome, by where the config names them.

    Raises
    ------
    Refused
        Trials or exposure with a family that has none, or trials that are missing.
    """
    family, problems = settings["family"], []
    likelihood = LIKELIHOODS[family]
    for other, owner in SIZES.items():
        if other in settings and other != likelihood.size:
            problems.append(Problem(f"`{other}:` belongs to {owner} outcomes, not to {family} ones", "Leave it out"))
    key = likelihood.size
    if likelihood.size_required and key not in settings:
        problems.append(Problem(f"{family} outcomes need `{key}:`", f"Name the column that holds the number of {key}"))
    if likelihood.kind != "measurement" and outcome.kind != "column":
        problems.append(Problem(f"{family} outcomes are a column of counts, not {outcome.name}", "Name that column"))
    if problems:
        raise Refused(problems)
    sizes = {key: settings[key] for key in SIZES if key in settings}
    return {f"formula[{column}]": column for column in outcome.columns} | sizes


def sizes(table: pd.DataFrame, settings: Mapping[str, Any]) -> Array:
    """Shape (N,): trials or exposure of each row, 1 where there are none."""
    column = next((settings[key] for key in SIZES if key in settings), None)
    return np.ones(len(table)) if column is None else table[column].to_numpy(float)


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
        Values that the family doesn't have, or all the same.
    """
    y, size, likelihood = values(outcome, table), sizes(table, settings), LIKELIHOODS[settings["family"]]
    size_column = str(settings.get(likelihood.size or ""))
    faults = [
        (~np.isfinite(y), f"the outcome {outcome.name} is not a finite number", "Correct the rows, or the formula"),
        (size <= 0, f"{size_column!r} is not above zero", "Correct the rows"),
        *likelihood.faults(outcome.name, size_column, y, size),
    ]
    problems = []
    for bad, message, remedy in faults:
        if bad.any():
            problems.append(Problem(f"{path}: {message} in {list_rows(table['row'][bad])}", remedy))
    if problems:
        raise Refused(problems)
    largest = float(np.abs(y).max())
    if largest > FAR or 0 < largest < 1 / FAR:
        message = f"{path}: the outcome {outcome.name} has the size {largest:g}, which can't be computed with"
        raise Refused([Problem(message, f"Give it in another unit; sizes from {1 / FAR:g} to {FAR:g} can be used")])
    name, most = (size_column, size.max()) if likelihood.size == "trials" else (outcome.name, y.max())
    if likelihood.kind != "measurement" and most > MOST_EVENTS:
        message = f"{path}: {name!r} reaches {most:g}; counts above {MOST_EVENTS:g} can't be computed with"
        raise Refused([Problem(message, "Analyse a rate or its logarithm, with `family: gaussian`")])
    rate = y / size
    if np.ptp(rate) <= 1e-12 * np.abs(rate).max():
        message = f"{path}: the outcome {outcome.name} is {rate[0]:g} in every row used"
        raise Refused([Problem(message, "Name the column that differs between individuals")])
