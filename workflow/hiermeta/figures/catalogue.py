"""Which figures a data set gets, and writing them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from hiermeta.figures import agreement, forest, partition, prior_posterior, ranks, shrinkage, style
from hiermeta.figures.results import Results
from hiermeta.figures.svg import render

FIGURES: dict[str, tuple[Callable[[Results], style.Drawing], Callable[[Results], bool]]] = {
    "forest": (forest.draw, lambda results: True),
    "partition": (partition.draw, lambda results: True),
    "prior_posterior": (prior_posterior.draw, lambda results: bool(prior_posterior.estimated(results))),
    "agreement": (agreement.draw, lambda results: bool(results.diagnostics.get("agreement"))),
    "shrinkage": (shrinkage.draw, lambda results: len(results.data) <= shrinkage.ROWS_SHOWN),
    "ranks": (ranks.draw, lambda results: bool(prior_posterior.estimated(results))),
}
"""File name to the function that draws it and the one that says whether there is something to draw."""


def svgs(results: Results) -> Iterator[tuple[str, str]]:
    """Name and SVG text of every figure that applies; none without a posterior."""
    if not results.has_numbers:
        return
    with style.drawing():
        for name, (draw, applies) in FIGURES.items():
            if applies(results):
                drawing = draw(results)
                yield name, render(drawing.figure, drawing.title, drawing.description)


def write_figures(folder: Path, target: Path) -> None:
    """Write the figures of the results in `folder` as SVG files into `target`."""
    target.mkdir(parents=True, exist_ok=True)
    for name, svg in svgs(Results(folder)):
        (target / f"{name}.svg").write_text(svg, encoding="utf-8")
