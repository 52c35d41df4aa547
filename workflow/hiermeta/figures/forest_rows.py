"""What the forest plot shows, line by line, before anything is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from hiermeta.data.measures import MEASURES, to_natural
from hiermeta.figures import palette
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import exact_row, printed

ROWS_SHOWN = 60
"""Above this many estimates the forest shows clusters."""

LINES_SHOWN = 120
"""Above this many lines the forest shows sorted intervals without labels."""


class Interval(NamedTuple):
    """A point with its 95% limits, on the effect scale."""

    point: float
    lower: float
    upper: float


Texts = tuple[str, str, str]
"""A point with its 95% limits, as printed, on the natural scale where that was asked for."""


@dataclass(frozen=True)
class Line:
    """One line of the forest plot.

    Parameters
    ----------
    label : str
        The user's own words.
    kind : str
        ``estimate``, ``heading`` (a cluster above its estimates) or ``cluster`` (a cluster instead of them).
    observed : Interval or None
        The estimate with its confidence interval.
    weight : float
        Its weight in the pooled effect, relative to the largest (0 to 1).
    effect : Interval
        The true effect: see `shown_interval` and credible interval.
    texts : Texts
        The same as printed.
    observed_texts : Texts or None
        The observed estimate as printed.
    dots : tuple of (float, float)
        Estimates of a cluster line: effect and relative weight.
    """

    label: str
    kind: str
    effect: Interval
    texts: Texts
    observed: Interval | None = None
    observed_texts: Texts | None = None
    weight: float = 0.0
    dots: tuple[tuple[float, float], ...] = ()

    @property
    def color(self) -> str:
        """Of the effect."""
        return palette.ESTIMATE if self.kind == "estimate" else palette.BETWEEN


def weights(results: Results) -> list[float]:
    """Weight of each estimate in the pooled effect, in the order of ``true_effects.csv``: 0 to 1, the largest 1.

    Weights below zero, which dependent sampling errors can lead to, are drawn as zero.
    """
    raw = [max(row["weight"], 0.0) for row in results.true_effects]
    return [value / max(raw) for value in raw]


def natural(results: Results) -> bool:
    """Whether the user wants numbers on a natural scale that isn't the one of the analysis."""
    model = results.model
    return model["output_scale"] == "natural" and MEASURES[model["measure"]].transformation != "identity"


def interval(row: Row, point: str = "mean") -> Interval:
    """Posterior mean, or median, and 95% limits of a summary row."""
    return Interval(row[point], row["q2.5"], row["q97.5"])


def shown_interval(results: Results, row: Row) -> Interval:
    """What the forest plot shows of a summary row: its median where numbers are to be transformed."""
    return interval(row, "median" if natural(results) else "mean")


def texts(results: Results, row: Row) -> Texts:
    """What `shown_interval` gives, as printed."""
    if not natural(results):
        return printed(row, "mean"), printed(row, "q2.5"), printed(row, "q97.5")
    measure = results.model["measure"]
    point, lower, upper = (
        printed(row, column, lambda x: float(to_natural(measure, x))) for column in ("median", "q2.5", "q97.5")
    )
    return point, lower, upper


def cluster_name(results: Results, cluster: str) -> str:
    """The cluster's name; a bare number gets the column's name before it."""
    column = results.model.get("cluster_column")
    return f"{column} {cluster}" if column and cluster.replace(".", "", 1).isdigit() else cluster


def _estimates(results: Results) -> list[tuple[Row, Line]]:
    data = {row["row"]: row for row in results.data}
    rows = [data[row["row"]] for row in results.true_effects]
    lines = []
    for row, effect, weight in zip(rows, results.true_effects, weights(results), strict=True):
        half = 1.959964 * math.sqrt(row["variance"])
        observed = Interval(row["effect"], row["effect"] - half, row["effect"] + half)
        estimate = exact_row(observed.point, math.sqrt(row["variance"]), observed.lower, observed.upper)
        shown = shown_interval(results, effect), texts(results, effect)
        lines.append((row, Line(row["label"], "estimate", *shown, observed, texts(results, estimate), weight)))
    return lines


def collapsed(results: Results) -> bool:
    """Whether clusters stand for their estimates, since these are many."""
    return results.clustered and len(results.true_effects) > ROWS_SHOWN


def lines(results: Results, *, every: bool) -> list[Line]:
    """The lines of the forest plot: clusters alone, or each estimate, below its cluster where there are clusters.

    Parameters
    ----------
    results : Results
    every : bool
        Whether each estimate has its line.
    """
    estimates = _estimates(results)
    if not results.clustered:
        return [line for _, line in estimates]
    return list(_grouped(results, estimates, every=every))


def _grouped(results: Results, estimates: list[tuple[Row, Line]], *, every: bool) -> Iterator[Line]:
    effects = {row["cluster"]: (shown_interval(results, row), texts(results, row)) for row in results.cluster_effects}
    order = {cluster: position for position, cluster in enumerate(effects)}
    members = sorted(estimates, key=lambda pair: order[pair[0]["cluster"]])
    for cluster, group in groupby(members, key=lambda pair: pair[0]["cluster"]):
        name = cluster_name(results, cluster)
        own = [line for _, line in group]
        if every:
            yield Line(name, "heading", *effects[cluster])
            yield from own
        else:
            dots = tuple((line.observed.point, line.weight) for line in own if line.observed)
            yield Line(f"{name} ({len(own)})", "cluster", *effects[cluster], dots=dots)
