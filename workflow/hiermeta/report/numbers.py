"""Numbers of the result tables, found by the names of their rows, also on the scale that people think in.

Of transformed quantities there are medians and limits only, since the mean of one is not the transformed mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from hiermeta.data.measures import MEASURES, to_natural
from hiermeta.figures.regression import linear
from hiermeta.io.results import Results, Row
from hiermeta.report.cells import Cell, Missing, Number, Sentence, of_summary, source_of, with_places
from hiermeta.text.numbers import MINUS, printed, significant, simulated

Interval = tuple[Number, Number, Number]

KEYS = {
    "estimates": "parameter",
    "heterogeneity": "quantity",
    "predictions": "target",
    "clustering": "quantity",
    "checks": "statistic",
}
"""Table to the column that names its rows."""
INTERVAL = ("mean", "q2.5", "q97.5")
MAGNITUDE = "magnitude"
NEGATIVE = "negative"
"""The transformations to the size of a number, and of a negative one."""
QUANTILES = ("median", "q2.5", "q97.5")


def rows(results: Results, table: str) -> list[Row]:
    """Rows of a table as a page prints them: with exact values where there are any."""
    printed = {"estimates", "heterogeneity", "predictions"}
    return list(getattr(results, table) if table in printed else results.rows(table))


def place(results: Results, table: str, name: str) -> tuple[str, Row]:
    """``FILE/ROW`` and the row of this name.

    Raises
    ------
    KeyError
        Where there is none.
    """
    for position, row in enumerate(rows(results, table)):
        if row[KEYS[table]] == name:
            return f"{table}.csv/{position}", row
    raise KeyError(f"{table}.csv has no {KEYS[table]} {name!r}")


def summarised(row: Row, source: str) -> Interval:
    """Mean and 95% limits of a row, with the digits that their Monte Carlo errors support."""
    mean, low, high = (of_summary(row, column, source) for column in INTERVAL)
    return mean, low, high


def unsigned(numbers: Interval) -> Interval:
    """The size of a number with its limits, all of which have the same sign."""
    if float(numbers[0].value or 0) >= 0:
        return numbers
    middle, low, high = (
        Number(number.text.removeprefix(MINUS), -float(number.value or 0), number.source, NEGATIVE)
        for number in numbers
    )
    return middle, high, low


def interval(results: Results, table: str, name: str) -> Interval:
    """Mean and 95% limits of the row of this name."""
    source, row = place(results, table, name)
    return summarised(row, source)


def ranged(numbers: Interval, named: bool = False) -> Sentence:
    """A number with its limits, such as ``0.2 (0.1 to 0.3)``; `named` also says what the limits are."""
    middle, low, high = numbers
    return [middle, " (95% credible interval " if named else " (", low, " to ", high, ")"]


def quantity(results: Results, name: str) -> Interval | None:
    """Mean and 95% limits of a quantity of clustering.csv; None where there is none."""
    known = any(row["quantity"] == name for row in results.rows("clustering"))
    return interval(results, "clustering", name) if known else None


def plain(row: Row, column: str, source: str, digits: int = 3) -> Cell:
    """A cell with this many significant digits."""
    value = row.get(column, math.nan)
    return Number(significant(value, digits), value, f"{source}/{column}") if math.isfinite(value) else Missing()


def if_known(row: Row, column: str, source: str, shown: int) -> Cell:
    """A cell with this many decimal places."""
    return with_places(row, column, source, shown) if math.isfinite(row.get(column, math.nan)) else Missing()


def of_checks(row: Row, column: str, source: str) -> Cell:
    """A number of checks.csv."""
    return (
        Number(simulated(row, column), row[column], f"{source}/{column}") if math.isfinite(row[column]) else Missing()
    )


def effect(results: Results, row: Row, source: str) -> Interval:
    """A coefficient in units of the outcome (mean and limits), or its exponential (median and limits)."""
    return summarised(row, source) if linear(results) else multiplied(row, source)


def multiplied(row: Row, source: str) -> Interval:
    """Median and 95% limits of what a unit multiplies by, from a coefficient on a log scale."""
    return _transformed(row, source, math.exp, "exp")


def natural(results: Results, row: Row, source: str) -> Interval:
    """Median and 95% limits on the measure's natural scale: risk ratios, correlations, proportions.

    Parameters
    ----------
    results : Results
    row : Row
        With the quantiles and their Monte Carlo errors, on the scale of the analysis.
    source : str
        ``FILE/ROW``.
    """
    measure = results.model["measure"]
    return _transformed(row, source, lambda x: float(to_natural(measure, x)), MEASURES[measure].transformation)


def _transformed(row: Row, source: str, transform: Callable[[float], float], via: str) -> Interval:
    median, low, high = (
        Number(printed(row, name, transform), transform(row[name]), source_of(row, name, source), via)
        for name in QUANTILES
    )
    return median, low, high


def differs(results: Results) -> bool:
    """Whether the measure is analysed on another scale than the one people think in."""
    return MEASURES[results.model["measure"]].transformation != "identity"


def natural_label(results: Results) -> str:
    """The measure on its natural scale, such as ``risk ratio``."""
    return MEASURES[results.model["measure"]].natural_label
