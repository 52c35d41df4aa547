"""Figures of hierarchical regressions."""

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

__all__ = [
    "along",
    "checks",
    "coefficients",
    "curves",
    "data",
    "interactions",
    "lines",
    "loo",
    "partition",
    "prior_posterior",
    "prior_predictive",
    "random_effects",
    "ranks",
    "residuals",
    "shrinkage",
]
