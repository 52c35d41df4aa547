"""Which figures a hierarchical regression gets."""

from __future__ import annotations

import math
from collections.abc import Callable

from hiermeta.figures import agreement, marginal_means, probabilities, style
from hiermeta.figures.hierarchical import (
    along,
    checks,
    coefficients,
    curves,
    data,
    interactions,
    lines,
    loo,
    partition,
    prior_posterior,
    prior_predictive,
    random_effects,
    ranks,
    residuals,
    shrinkage,
)
from hiermeta.figures.hierarchical.layout import response
from hiermeta.io.results import Results, Row


def factor_levels(results: Results) -> list[Row]:
    """Marginal means of the predictors that are factors."""
    return [row for row in results.marginal_means if row["level"] == row["value"]]


def _levels(results: Results) -> style.Drawing:
    return marginal_means.intervals(
        factor_levels(results), "Expected outcome at levels of factors", response(results), None, from_zero=False
    )


FIGURES: dict[str, tuple[Callable[[Results], style.Drawing], Callable[[Results], bool]]] = {
    "data": (data.draw, lambda results: True),
    "prior_predictive": (prior_predictive.draw, lambda results: bool(results.rows("prior_predictive"))),
    "prior_posterior": (prior_posterior.draw, lambda results: bool(prior_posterior.shown(results))),
    "partition": (partition.draw, partition.applies),
    "coefficients": (coefficients.draw, lambda results: bool(results.model["coefficients"])),
    "shrinkage": (
        shrinkage.draw,
        lambda results: any(math.isfinite(row["none"]) for row in results.rows("pooling")),
    ),
    "random_effects": (random_effects.draw, lambda results: bool(results.rows("random_effects"))),
    "lines": (lines.draw, lambda results: lines.predictor(results) is not None),
    "curves": (curves.draw, lambda results: bool(along.predictors(results))),
    "levels": (_levels, lambda results: bool(factor_levels(results))),
    "interactions": (interactions.draw, lambda results: bool(interactions.pairs(results))),
    "agreement": (agreement.draw, lambda results: bool(results.diagnostics.get("agreement"))),
    "checks": (checks.draw, lambda results: bool(checks.drawn(results.rows("checks")))),
    "residuals": (residuals.draw, lambda results: len(results.rows("residuals")) > 2),
    "loo": (loo.draw, lambda results: sum(math.isfinite(row["elpd"]) for row in results.loo) > 1),
    "probabilities": (probabilities.draw, lambda results: len(results.comparison) > 1),
    "ranks": (ranks.draw, lambda results: bool(results.estimates)),
}
"""As for meta-analyses."""
