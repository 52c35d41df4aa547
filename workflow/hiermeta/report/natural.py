"""Medians and limits on a measure's natural scale: risk ratios, correlations, proportions.

Only quantiles are transformed, since the mean of a transformed quantity is not the transformed mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from hiermeta.data.measures import MEASURES, to_natural
from hiermeta.figures.numbers import fixed, supported_decimals
from hiermeta.figures.results import Results, Row
from hiermeta.report.cells import Cell, Column, Number

QUANTILES = ("median", "q2.5", "q97.5")


def differs(results: Results) -> bool:
    """Whether the measure is analysed on another scale than the one people think in."""
    return MEASURES[results.model["measure"]].transformation != "identity"


def label(results: Results) -> str:
    """The measure on its natural scale, such as ``risk ratio``."""
    return MEASURES[results.model["measure"]].natural_label


def columns(results: Results) -> list[Column]:
    """Column heads of `cells`; none where the scales are the same."""
    if not differs(results):
        return []
    name = label(results)
    return [
        Column(name[:1].upper() + name[1:], numeric=True),
        Column("2.5%", numeric=True),
        Column("97.5%", numeric=True),
    ]


def cells(results: Results, row: Row, source: str) -> list[Cell]:
    """Median and 95% limits of a summary row on the natural scale; none where the scales are the same."""
    return list(numbers(results, row, source)) if differs(results) else []


def numbers(results: Results, row: Row, source: str) -> tuple[Number, Number, Number]:
    """Median and 95% limits of a summary row on the natural scale.

    Parameters
    ----------
    results : Results
    row : Row
        With the quantiles and their Monte Carlo errors, on the scale of the analysis.
    source : str
        ``FILE/ROW``.
    """
    measure = results.model["measure"]
    values = {name: float(to_natural(measure, row[name])) for name in QUANTILES}
    decimals = _decimals(measure, row, values)
    via = MEASURES[measure].transformation
    median, low, high = (
        Number(fixed(values[name], decimals), values[name], f"{source}/{name}", via) for name in QUANTILES
    )
    return median, low, high


def _decimals(measure: str, row: Row, values: dict[str, float]) -> int:
    """As for the row itself, the errors and the spread carried over by the slope of the transformation."""
    spread = (values["q97.5"] - values["q2.5"]) / 3.92
    return supported_decimals(list(_errors(measure, row)), spread)


def _errors(measure: str, row: Row) -> Iterable[float]:
    step = 1e-4 * row["sd"]
    for name, share in (("median", 1.0), ("q2.5", 0.5), ("q97.5", 0.5)):
        error = float(row[f"mcse_{name}" if f"mcse_{name}" in row else "mcse_mean"])
        if step > 0:
            ends = to_natural(measure, [row[name] - step, row[name] + step])
            yield share * error * float(ends[1] - ends[0]) / (2 * step)


def multiplied(row: Row, source: str, column: str) -> Number:
    """The exponential of a quantile of a coefficient on a log scale: what a unit multiplies by."""
    values = {name: math.exp(row[name]) for name in QUANTILES}
    errors = [
        values[name]
        * float(row[f"mcse_{name}" if f"mcse_{name}" in row else "mcse_mean"])
        / (1 if name == "median" else 2)
        for name in QUANTILES
    ]
    decimals = supported_decimals(errors, (values["q97.5"] - values["q2.5"]) / 3.92)
    return Number(fixed(values[column], decimals), values[column], f"{source}/{column}", "exp")
