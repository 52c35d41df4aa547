"""Which figures a data set gets, and writing them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hiermeta.figures import (
    agreement,
    bubble,
    checks,
    forest,
    funnel,
    influence,
    marginal_means,
    partition,
    prior_posterior,
    prior_predictive,
    probabilities,
    ranks,
    scale,
    sensitivity,
    shrinkage,
    style,
)
from hiermeta.figures.results import Results
from hiermeta.figures.svg import render

FIGURES: dict[str, tuple[Callable[[Results], style.Drawing], Callable[[Results], bool]]] = {
    "prior_predictive": (prior_predictive.draw, lambda results: True),
    "forest": (forest.draw, lambda results: True),
    "partition": (partition.draw, lambda results: True),
    "prior_posterior": (prior_posterior.draw, lambda results: bool(prior_posterior.estimated(results))),
    "agreement": (agreement.draw, lambda results: bool(results.diagnostics.get("agreement"))),
    "shrinkage": (shrinkage.draw, lambda results: len(results.data) <= shrinkage.ROWS_SHOWN),
    "marginal_means": (marginal_means.draw, lambda results: bool(results.marginal_means)),
    "bubble": (bubble.draw, lambda results: bool(bubble.moderators(results))),
    "scale": (scale.draw, lambda results: bool(scale.moderators(results))),
    "funnel": (funnel.draw, lambda results: len(results.data) > 2),
    "probabilities": (probabilities.draw, lambda results: len(results.comparison) > 1),
    "sensitivity": (sensitivity.draw, lambda results: bool(results.sensitivity)),
    "influence": (influence.draw, lambda results: bool(influence.units(results))),
    "checks": (checks.draw, lambda results: len(results.influence) > 2 and bool(results.loo)),
    "ranks": (ranks.draw, lambda results: bool(prior_posterior.estimated(results))),
}
"""File name to the function that draws it and the one that says whether there is something to draw."""


def files(results: Results) -> Iterator[tuple[str, str]]:
    """File name and text of every figure that applies, and of numbers computed for it; none without a posterior."""
    if not results.has_numbers or not results.is_meta:
        return
    with style.drawing():
        for name, (draw, applies) in FIGURES.items():
            if applies(results):
                drawing = draw(results)
                yield f"{name}.svg", render(drawing.figure, drawing.title, drawing.description)
                if drawing.data:
                    yield f"{name}.csv", _csv(drawing.data)


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def write_figures(folder: Path, target: Path) -> None:
    """Write the figures of the results in `folder` as SVG files into `target`."""
    target.mkdir(parents=True, exist_ok=True)
    for name, text in files(Results(folder)):
        (target / name).write_text(text, encoding="utf-8")
