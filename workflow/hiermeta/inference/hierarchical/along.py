"""Predictions along a predictor, computed from the draws: overall, in a typical cluster, and in a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hiermeta.inference.along_moderators import Mask, normal_scores, numeric
from hiermeta.inference.hierarchical.prediction import design_rows
from hiermeta.inference.hierarchical.prediction_counts import population_average
from hiermeta.io.results import Results, Row
from hiermeta.likelihoods import LIKELIHOODS
from hiermeta.models import hierarchical
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]
POINTS = 17
_DRAWS = 1000
_ROWS = 20_000
"""Rows over which the other predictors are averaged; every n-th where there are more."""
_INNER = (0.01, 0.99)
"""Quantiles of a predictor between which its curve is drawn."""


@dataclass(frozen=True)
class Curve:
    """Predictions along a predictor on the scale of the outcome, shapes (g,) each.

    Parameters
    ----------
    predictor, level : str
        ``level`` names the value of another predictor; empty where there is none.
    x : numpy.ndarray
    mean, lower, upper : numpy.ndarray
        Averaged over clusters, with 95% credible limits.
    typical : numpy.ndarray
        In a cluster whose random effects are zero.
    new : tuple of numpy.ndarray
        95% limits of the expected outcome in a new cluster.
    """

    predictor: str
    level: str
    x: Array
    mean: Array
    lower: Array
    upper: Array
    typical: Array
    new: tuple[Array, Array]

    def rows(self) -> list[Row]:
        """The curve as a table."""
        columns = {"value": self.x, "mean": self.mean, "q2.5": self.lower, "q97.5": self.upper}
        columns |= {"typical cluster": self.typical, "new cluster q2.5": self.new[0], "new cluster q97.5": self.new[1]}
        lines = zip(*(values.tolist() for values in columns.values()), strict=True)
        return [
            {"predictor": self.predictor, "level": self.level} | dict(zip(columns, line, strict=True)) for line in lines
        ]


@dataclass(frozen=True)
class Fit:
    """A model with some of its draws and the rows that predictions are averaged over."""

    model: HierarchicalModel
    draws: Draws
    table: Any


@lru_cache(maxsize=2)
def fit(results: Results) -> Fit:
    """The model of a results folder, built once."""
    model = hierarchical.build(results.table, results.model["settings"], {}, 1.0)
    draws = hierarchical.from_parameters(model, results.draws)
    every = -(-draws.sigma.size // _DRAWS)
    return Fit(model, draws[::every], results.table.iloc[:: -(-len(results.table) // _ROWS)])


def predictors(results: Results) -> list[str]:
    """Predictors with more than two numbers, as many as a figure has room for."""
    return numeric(results.marginal_means)


def reach(results: Results, column: str, among: Mask | None = None) -> Array:
    """Points over the bulk of a predictor's values, in some of the rows, shape (N,), or in all."""
    observed = np.asarray(results.table[column], float)
    low, high = np.quantile(observed if among is None else observed[among], _INNER)
    return np.linspace(low, high, POINTS)


def curve(
    results: Results, column: str, others: Mapping[str, Any], level: str = "", among: Mask | None = None
) -> Curve:
    """Predictions along a numeric predictor, others at given values and the rest as they are in the data.

    Parameters
    ----------
    results : Results
    column : str
    others : mapping
        Values of other predictors.
    level : str
        What these values are called.
    among : numpy.ndarray of bool, optional
        Shape (N,): rows whose values of the predictor the curve spans; all without it.
    """
    found, back = fit(results), LIKELIHOODS[results.model["family"]].link.inverse
    x = reach(results, column, among)
    designs = [design_rows(found.model, found.table.assign(**others, **{column: float(at)})) for at in x]
    noise = np.random.default_rng(20260101).permutation(normal_scores(found.draws.sigma.size))
    mean, typical, new = [], [], []
    for fixed, random in designs:
        centre = found.draws.beta @ fixed
        sd = np.sqrt(np.einsum("a,sab,b->s", random, found.draws.covariance, random))
        typical.append(back(centre))
        new.append(back(centre + sd * noise))
        mean.append(typical[-1] if found.model.linear else population_average(found.model, found.draws, fixed, random))
    middle, lower, upper = _summary(mean)
    _, *limits = _summary(new)
    return Curve(column, level, x, middle, lower, upper, _summary(typical)[0], (limits[0], limits[1]))


def _summary(draws: list[Array]) -> tuple[Array, Array, Array]:
    values = np.stack(draws)
    low, high = np.quantile(values, [0.025, 0.975], axis=1)
    return values.mean(axis=1), low, high
