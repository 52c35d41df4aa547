"""Medians and limits on a measure's natural scale: risk ratios, correlations, proportions.

Only quantiles are transformed, since the mean of a transformed quantity is not the transformed mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from hiermeta.data.measures import MEASURES, to_natural
from hiermeta.io.results import Results, Row
from hiermeta.report.cells import Cell, Column, Number, source_of
from hiermeta.text.numbers import printed

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
    via = MEASURES[measure].transformation
    median, low, high = (
        _number(row, name, lambda x: float(to_natural(measure, x)), source_of(row, name, source), via)
        for name in QUANTILES
    )
    return median, low, high


def multiplied(row: Row, source: str) -> tuple[Number, Number, Number]:
    """Median and 95% limits of what a unit multiplies by, from a coefficient on a log scale."""
    median, low, high = (_number(row, name, math.exp, source_of(row, name, source), "exp") for name in QUANTILES)
    return median, low, high


def _number(row: Row, name: str, transform: Callable[[float], float], source: str, via: str) -> Number:
    """A transformed quantile."""
    return Number(printed(row, name, transform), transform(row[name]), source, via)
