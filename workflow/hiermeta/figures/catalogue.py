"""Which figures a data set gets, and writing them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hiermeta.data.files import write_text
from hiermeta.data.guard import guarded
from hiermeta.data.spreadsheet import safe
from hiermeta.figures import (
    agreement,
    bubble,
    checks,
    forest,
    funnel,
    influence,
    interactions,
    marginal_means,
    orchard,
    partition,
    prior_posterior,
    prior_predictive,
    probabilities,
    ranks,
    scale,
    sensitivity,
    shrinkage,
    shrunken,
    style,
)
from hiermeta.figures.hierarchical import catalogue as hierarchical
from hiermeta.figures.svg import render
from hiermeta.io.results import ERROR, Results

PNG_DPI = 300

Entry = tuple[Callable[[Results], style.Drawing], Callable[[Results], bool]]
FIGURES: dict[str, Entry] = {
    "prior_predictive": (prior_predictive.draw, lambda results: True),
    "forest": (forest.draw, lambda results: True),
    "orchard": (orchard.draw, orchard.applies),
    "partition": (partition.draw, lambda results: True),
    "prior_posterior": (prior_posterior.draw, lambda results: bool(prior_posterior.estimated(results))),
    "agreement": (agreement.draw, lambda results: bool(results.diagnostics.get("agreement"))),
    "shrinkage": (shrinkage.draw, lambda results: len(results.data) <= shrinkage.ROWS_SHOWN),
    "shrunken": (shrunken.draw, shrunken.applies),
    "marginal_means": (marginal_means.draw, lambda results: bool(results.marginal_means)),
    "bubble": (bubble.draw, lambda results: bool(bubble.moderators(results))),
    "interactions": (interactions.draw, lambda results: bool(interactions.pairs(results))),
    "scale": (scale.draw, lambda results: bool(scale.moderators(results))),
    "funnel": (funnel.draw, lambda results: len(results.data) > 2),
    "probabilities": (probabilities.draw, lambda results: len(results.comparison) > 1),
    "sensitivity": (sensitivity.draw, lambda results: bool(results.sensitivity)),
    "influence": (influence.draw, lambda results: bool(influence.units(results))),
    "checks": (checks.draw, checks.applies),
    "ranks": (ranks.draw, lambda results: bool(prior_posterior.estimated(results))),
}
"""File name to the function that draws it and the one that says whether there is something to draw."""


def write_figures(folder: Path, target: Path, png: bool = False) -> None:
    """Write the figures of the results in `folder` into `target`; none without a posterior.

    A figure that can't be drawn is left out and named in ``error.txt``, which fails the data set.

    Parameters
    ----------
    folder : Path
        The results of one data set.
    target : Path
        Folder for the figures: SVG, and CSV where numbers were computed for a figure.
    png : bool
        Whether every figure is also written as PNG, at 300 dpi.
    """
    target.mkdir(parents=True, exist_ok=True)
    errors = guarded(lambda: _write_all(Results(folder), target, png), lambda message: [message])
    if errors:
        write_text(target / ERROR, "\n".join(errors) + "\n")


def _write_all(results: Results, target: Path, png: bool) -> list[str]:
    """Write what applies; what went wrong with the figures that can't be drawn."""
    if not results.has_numbers:
        return []
    wanted = FIGURES if results.is_meta else hierarchical.FIGURES
    errors = [
        guarded(partial(_write, results, name, figure, target, png), partial(_named, name))
        for name, figure in wanted.items()
    ]
    return [error for error in errors if error]


def _named(name: str, message: str) -> str:
    return f"figure {name}: {message}"


def _write(results: Results, name: str, figure: Entry, target: Path, png: bool) -> str:
    draw, applies = figure
    if not applies(results):
        return ""
    with style.drawing():
        drawing = draw(results)
        write_text(target / f"{name}.svg", render(drawing.figure, drawing.title, drawing.description))
        if png:
            drawing.figure.savefig(target / f"{name}.png", dpi=PNG_DPI, metadata={"Software": None})
    if drawing.data:
        write_text(target / f"{name}.csv", _csv(drawing.data))
    return ""


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: safe(v) if isinstance(v, str) else v for key, v in row.items()} for row in rows)
    return stream.getvalue()
