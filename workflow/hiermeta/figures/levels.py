"""The expected outcome of a regression at levels of its factors."""

from __future__ import annotations

from hiermeta.figures import marginal_means, style
from hiermeta.figures.regression import response
from hiermeta.io.results import Results, Row


def _rows(results: Results) -> list[Row]:
    """Marginal means of the predictors that are factors."""
    return [row for row in results.marginal_means if row["level"] == row["value"]]


def applies(results: Results) -> bool:
    """Whether a predictor is a factor."""
    return bool(_rows(results))


def draw(results: Results) -> style.Drawing:
    """An interval per level."""
    title = "Expected outcome at levels of factors"
    return marginal_means.intervals(_rows(results), title, response(results), None, from_zero=False)
