"""Numbers of the result tables, found by the names of their rows."""

from __future__ import annotations

import math

from hiermeta.figures.regression import linear
from hiermeta.io.results import Results, Row
from hiermeta.report import natural
from hiermeta.report.cells import Cell, Missing, Number, of_summary
from hiermeta.text.numbers import significant, simulated

INTERVAL = ("mean", "q2.5", "q97.5")


def place(results: Results, name: str, key: str, value: str) -> tuple[int, Row] | None:
    """Position and row of a table whose `key` is `value`; None where there is none."""
    return next(((i, row) for i, row in enumerate(results.rows(name)) if row[key] == value), None)


def interval(results: Results, name: str, key: str, value: str) -> tuple[Number, Number, Number] | None:
    """Mean and 95% limits, with the digits that their Monte Carlo errors support."""
    found = place(results, name, key, value)
    if found is None:
        return None
    position, row = found
    mean, low, high = (of_summary(row, column, f"{name}.csv/{position}") for column in INTERVAL)
    return mean, low, high


def quantity(results: Results, value: str) -> tuple[Number, Number, Number] | None:
    """Mean and 95% limits of a row of clustering.csv."""
    return interval(results, "clustering", "quantity", value)


def plain(row: Row, column: str, source: str, digits: int = 3) -> Cell:
    """A cell with this many significant digits."""
    value = row.get(column, math.nan)
    if not math.isfinite(value):
        return Missing()
    return Number(significant(value, digits), value, f"{source}/{column}")


def of_checks(row: Row, column: str, source: str) -> Cell:
    """A number of checks.csv."""
    if not math.isfinite(row[column]):
        return Missing()
    return Number(simulated(row, column), row[column], f"{source}/{column}")


def boundary(results: Results) -> tuple[str, str]:
    """Where a singular classical fit lies: after "it puts", and after "but for"."""
    if results.classical.get("boundary", "sd") == "correlation":
        where = "correlations of random effects", "at the limit of what is possible"
    else:
        where = "a standard deviation between clusters", "at zero"
    return " ".join(where), f"{where[0]} that it puts {where[1]}"


def effect(results: Results, row: Row, source: str) -> tuple[Number, Number, Number]:
    """A coefficient in units of the outcome (mean and limits), or its exponential (median and limits)."""
    if linear(results):
        mean, low, high = (of_summary(row, column, source) for column in INTERVAL)
        return mean, low, high
    return natural.multiplied(row, source)
