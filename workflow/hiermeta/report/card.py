"""The answer on a card that fits a phone: effect, interval, certainty and what to expect, each in a tile."""

from __future__ import annotations

from dataclasses import dataclass

from hiermeta.data.measures import MEASURES
from hiermeta.figures import forest_rows
from hiermeta.figures.regression import linear, ratio
from hiermeta.io.results import Results, Row
from hiermeta.report import average_effects, pooled_answer, regression_answer
from hiermeta.report.cells import Sentence
from hiermeta.report.comparison import UNDECIDED, factor, part
from hiermeta.report.numbers import Interval, effect, interval, natural, natural_label, place, quantity, summarised
from hiermeta.report.tables import probability_cell

EFFECTS = 3
"""Effects of a regression that have a tile."""


@dataclass(frozen=True)
class Tile:
    """What is told, its value in large, and a line below."""

    label: str
    value: Sentence
    note: Sentence


def card(results: Results) -> list[Tile]:
    """Tiles of a meta-analysis or of a regression."""
    return _meta(results) if results.is_meta else _regression(results)


def _estimated(label: str, numbers: Interval) -> Tile:
    point, low, high = numbers
    return Tile(label, [point], ["95% interval ", low, " to ", high])


def _meta(results: Results) -> list[Tile]:
    source, row = place(results, "estimates", "mu")
    label = natural_label(results) if forest_rows.natural(results) else results.model["measure_label"]
    tiles = []
    if not results.is_fixed("mu"):
        tiles.append(_estimated(f"Pooled {label}", _shown(results, row, source)))
        if not MEASURES[results.model["measure"]].single_group:
            sign = pooled_answer.certainty(row["P(>0)"]) + _if_not_zero(results)
            tiles.append(Tile("Certainty", [sign], _evidence(results, row, source)))
    if not results.is_fixed("tau"):
        tiles.append(_estimated("SD of true effects (τ)", interval(results, "heterogeneity", "tau")))
    new, row = place(results, "predictions", "new effect")
    _, low, high = _shown(results, row, new)
    where = "of a new study"
    if results.clustered:
        where = f"in a new {pooled_answer.cluster_word(results.model['cluster_column'])}"
    return [*tiles, Tile(f"True effect {where}", [low, " to ", high], ["95% prediction interval"])]


def _shown(results: Results, row: Row, source: str) -> Interval:
    """A number with its limits, on the natural scale where that was asked for."""
    return natural(results, row, source) if forest_rows.natural(results) else summarised(row, source)


def _if_not_zero(results: Results) -> str:
    """What a sign supposes, where the data hardly tell an effect from none."""
    position = part(results, "effect")
    return "" if position is None or abs(factor(results, position)[0]) >= UNDECIDED else ", if not zero"


def _evidence(results: Results, row: Row, source: str) -> Sentence:
    """The probability of an effect above zero, and how an effect compares with none."""
    said: Sentence = ["above zero with a probability of ", probability_cell(row, source)]
    position = part(results, "effect")
    if position is None:
        return said
    value, number = factor(results, position)
    return [*said, f"; Bayes factor for {'an effect' if value >= 0 else 'no effect'} ", number]


def _regression(results: Results) -> list[Tile]:
    kind = "" if linear(results) else f" ({ratio(results)})"
    found = average_effects.named(results, regression_answer.coefficients(results))[:EFFECTS]
    tiles = [_estimated(f"{entry.name}{kind}", effect(results, entry.row, entry.source)) for entry in found]
    share = quantity(results, "ICC [null]")
    what = "Share of the variation between clusters (ICC), without predictors"
    return [*tiles, _estimated(what, share)] if share else tiles
