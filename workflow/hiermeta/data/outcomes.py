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

Array = npt.NDArray[np.float64]
SIZES = {"trials": "binomial", "exposure": "poisson"}
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
    for key, owner in SIZES.items():
        if key in settings and family != owner:
            problems.append(Problem(f"`{key}:` belongs to {owner} outcomes, not to {family} ones", "Leave it out"))
    if family == "binomial" and "trials" not in settings:
        problems.append(Problem("binomial outcomes need `trials:`", "Name the column that holds the number of trials"))
    if family != "gaussian" and outcome.kind != "column":
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
    y, size, family = values(outcome, table), sizes(table, settings), settings["family"]
    whole = y == np.round(y)
    faults = [
        (~np.isfinite(y), f"the outcome {outcome.name} is not a finite number", "Correct the rows, or the formula"),
        (size <= 0, f"{settings.get('trials', settings.get('exposure'))!r} is not above zero", "Correct the rows"),
    ]
    if family == "bernoulli":
        remedy = "Code the outcome as 1 (event) and 0 (none)"
        faults.append(((y != 0) & (y != 1), f"the outcome {outcome.name} is neither 0 nor 1", remedy))
    if family == "binomial":
        remedy = f"Check that {outcome.name!r} holds events and {settings['trials']!r} what they were taken from"
        bad = (y < 0) | (y > size) | ~whole | (size != np.round(size))
        faults.append((bad, f"{outcome.name} is not a whole number from 0 to its trials", remedy))
    if family == "poisson":
        faults.append(((y < 0) | ~whole, f"{outcome.name} is not a count", "Counts are whole numbers from 0"))
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
    name, most = (settings["trials"], size.max()) if family == "binomial" else (outcome.name, y.max())
    if family != "gaussian" and most > MOST_EVENTS:
        message = f"{path}: {name!r} reaches {most:g}; counts above {MOST_EVENTS:g} can't be computed with"
        raise Refused([Problem(message, "Analyse a rate or its logarithm, with `family: gaussian`")])
    rate = y if family == "gaussian" else y / size
    if np.ptp(rate) <= 1e-12 * np.abs(rate).max():
        message = f"{path}: the outcome {outcome.name} is {rate[0]:g} in every row used"
        raise Refused([Problem(message, "Name the column that differs between individuals")])
