"""Mean effect, new effects and τ along a numeric moderator, computed from the draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from hiermeta.io.results import Results, Row
from hiermeta.models.meta import design_rows_at, of_results, user_table

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
POINTS = 33
_SHOWN = 6
"""Most panels in one figure."""


@dataclass(frozen=True)
class Curve:
    """A quantity along a moderator: posterior mean and 95% limits, and those of a new effect where there is one.

    Parameters
    ----------
    moderator : str
    x : numpy.ndarray
        Shape (g,): values of the moderator, in the user's units.
    mean, lower, upper : numpy.ndarray
        Shape (g,) each.
    new : tuple of numpy.ndarray or None
        Lower and upper 95% prediction limits, shape (g,) each.
    """

    moderator: str
    x: Array
    mean: Array
    lower: Array
    upper: Array
    new: tuple[Array, Array] | None = None

    def rows(self) -> list[Row]:
        """The curve as a table."""
        columns = {"value": self.x, "mean": self.mean, "q2.5": self.lower, "q97.5": self.upper}
        if self.new is not None:
            columns |= {"new q2.5": self.new[0], "new q97.5": self.new[1]}
        lines = zip(*(values.tolist() for values in columns.values()), strict=True)
        return [{"moderator": self.moderator} | dict(zip(columns, line, strict=True)) for line in lines]


def numeric(rows: list[Row]) -> list[str]:
    """The moderators of a table of marginal means with more than two numbers, as many as a figure has room for."""
    found = dict.fromkeys(row["moderator"] for row in rows if row["level"] != row["value"])
    return list(found)[:_SHOWN]


def values(results: Results, moderator: str) -> Array:
    """Shape (k,): a numeric moderator in the validated table's order."""
    return np.asarray(user_table(results.table)[moderator], float)


def effect(
    results: Results, moderator: str, others: Mapping[str, Any] = MappingProxyType({}), among: Mask | None = None
) -> Curve:
    """Mean effect and new effects along a moderator, others at given values and the rest as they are in the data.

    Parameters
    ----------
    results : Results
    moderator : str
    others : mapping
        Values of other moderators.
    among : numpy.ndarray of bool, optional
        Shape (k,): estimates whose values of the moderator the curve spans; all without it.
    """
    x, rows, scale_rows = _designs(results, moderator, others, among)
    draws = results.draws
    beta = draws["beta"].reshape(-1, rows.shape[1])
    mean = beta @ rows.T
    # The same standard normal for all points of a curve: the limits are smooth, and the same every time.
    noise = np.random.default_rng(20260101).permutation(normal_scores(len(mean)))
    new = mean + _taus(results, scale_rows) * noise[:, None]
    return Curve(moderator, x, mean.mean(axis=0), *_limits(mean), _limits(new))


def tau(results: Results, moderator: str) -> Curve:
    """τ along a scale moderator."""
    x, _, scale_rows = _designs(results, moderator, {}, None)
    taus = _taus(results, scale_rows)
    return Curve(moderator, x, taus.mean(axis=0), *_limits(taus))


def _designs(
    results: Results, moderator: str, others: Mapping[str, Any], among: Mask | None
) -> tuple[Array, Array, Array]:
    observed = values(results, moderator)
    observed = observed if among is None else observed[among]
    x = np.linspace(observed.min(), observed.max(), POINTS)
    pairs = [design_rows_at(of_results(results), results.table, {**others, moderator: float(at)}) for at in x]
    return x, np.array([row for row, _ in pairs]), np.array([row for _, row in pairs])


def _taus(results: Results, scale_rows: Array) -> Array:
    """Shape (S, g)."""
    tau = results.draws["tau"].reshape(-1, 1)
    if scale_rows.shape[1] == 0:
        return tau
    return tau * np.exp(results.draws["delta"].reshape(len(tau), -1) @ scale_rows.T)


def normal_scores(n: int) -> Array:
    """Shape (n,): standard normal quantiles in equally probable steps."""
    return np.asarray(ndtri((np.arange(n) + 0.5) / n))


def _limits(draws: Array) -> tuple[Array, Array]:
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return low, high
