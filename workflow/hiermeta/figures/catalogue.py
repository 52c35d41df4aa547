"""The figures, each declared once, and writing them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hiermeta.data.problems import guarded
from hiermeta.figures import (
    agreement,
    bubble,
    checks,
    coefficients,
    curves,
    data,
    forest,
    forest_narrow,
    funnel,
    influence,
    interactions,
    lines,
    loo,
    marginal_means,
    orchard,
    partition,
    prior_posterior,
    prior_predictive,
    probabilities,
    random_effects,
    ranks,
    residuals,
    scale,
    sensitivity,
    shrinkage,
    style,
)
from hiermeta.figures.svg import render
from hiermeta.inference.hierarchical import along
from hiermeta.io.files import safe, write_text
from hiermeta.io.results import ERROR, Results

PNG_DPI = 300

Draw = Callable[[Results], style.Drawing]
Applies = Callable[[Results], bool]


@dataclass(frozen=True)
class Figure:
    """A figure, declared once.

    Parameters
    ----------
    name : str
        Of its file.
    title : str
        What it is, true of every kind of analysis that has it.
    caption : str
        In Snakemake's own report, true of every kind of analysis that has the figure.
    meta, hierarchical : tuple of callable or None
        What draws it and what says whether there is something to draw, by kind of analysis; None without it.
    """

    name: str
    title: str
    caption: str
    meta: tuple[Draw, Applies] | None = None
    hierarchical: tuple[Draw, Applies] | None = None


def _always(results: Results) -> bool:
    return True


def _compared(results: Results) -> bool:
    return len(results.comparison) > 1


def _agreement(results: Results) -> bool:
    return bool(results.diagnostics.get("agreement"))


FIGURES = (
    Figure(
        "data",
        "Cluster sizes and outcome",
        "The data before any model: how large the clusters are, and how the outcome is distributed.",
        hierarchical=(data.draw, _always),
    ),
    Figure(
        "prior_predictive",
        "What the priors alone say",
        "What the priors alone say about the data to come, beside the data that came.",
        (prior_predictive.draw, _always),
        (prior_predictive.draw_regression, lambda results: bool(results.rows("prior_predictive"))),
    ),
    Figure(
        "forest",
        "Forest plot",
        "Observed estimates, true effects, cluster effects, the pooled effect and the prediction interval.",
        (forest.draw, _always),
    ),
    Figure(
        "forest_narrow",
        "Forest plot",
        "The forest plot for a phone: effects with their intervals below their labels, clusters in one line.",
        (forest_narrow.draw, forest_narrow.applies),
    ),
    Figure(
        "forest_full",
        "Forest plot with each estimate",
        "The forest plot with a line for each estimate, however many there are.",
        (forest.draw_full, forest.shortened),
    ),
    Figure(
        "orchard",
        "Orchard plot",
        "Every estimate, larger where more precise, around the pooled effect and its two intervals.",
        (orchard.draw, orchard.applies),
    ),
    Figure(
        "partition",
        "Where the variance lies",
        "Where the variance lies: between clusters, within them, and what is neither.",
        (partition.draw, _always),
        (partition.draw_regression, partition.applies_to_regression),
    ),
    Figure(
        "prior_posterior",
        "Prior and posterior",
        "What the data added to the prior: both densities of each parameter on one scale.",
        (prior_posterior.draw, lambda results: bool(prior_posterior.estimated(results))),
        (prior_posterior.draw_regression, lambda results: bool(prior_posterior.shown(results))),
    ),
    Figure(
        "coefficients",
        "Coefficients with and without the clusters",
        "What ignoring the clusters does to each coefficient: four intervals on a common scale.",
        hierarchical=(coefficients.draw, lambda results: bool(results.model["coefficients"])),
    ),
    Figure(
        "shrinkage",
        "From no pooling to partial pooling",
        "Partial pooling: what each estimate becomes once the others are taken into account.",
        (shrinkage.draw, shrinkage.applies),
        (shrinkage.draw_regression, shrinkage.regression_applies),
    ),
    Figure(
        "random_effects",
        "Differences between clusters",
        "How each cluster differs from the overall coefficients, smallest first.",
        hierarchical=(random_effects.draw, lambda results: bool(results.rows("random_effects"))),
    ),
    Figure(
        "lines",
        "Fitted lines of the clusters",
        "The fitted line of each cluster, at posterior means, with the overall one and what was observed.",
        hierarchical=(lines.draw, lambda results: lines.predictor(results) is not None),
    ),
    Figure(
        "curves",
        "Predictions along the predictors",
        "The expected outcome along each numeric predictor, and where a new cluster is to be expected.",
        hierarchical=(curves.draw, lambda results: bool(along.predictors(results))),
    ),
    Figure(
        "levels",
        "Means at levels of factors",
        "The expected outcome at levels of factors, and at both values of predictors with two.",
        hierarchical=(marginal_means.draw_factors, lambda results: bool(marginal_means.of_factors(results))),
    ),
    Figure(
        "marginal_means",
        "Mean effects at levels of the moderators",
        "The mean effect at levels of each moderator, as intervals.",
        (marginal_means.draw, lambda results: bool(results.marginal_means)),
    ),
    Figure(
        "bubble",
        "Effects along the moderators",
        "Estimates against a numeric moderator, with the mean effect and new effects along it.",
        (bubble.draw, lambda results: bool(bubble.moderators(results))),
    ),
    Figure(
        "interactions",
        "Interactions",
        "How the line of one predictor differs along another: lines at values of the second.",
        (interactions.draw, lambda results: bool(interactions.pairs(results))),
        (interactions.draw_regression, lambda results: bool(interactions.regression_pairs(results))),
    ),
    Figure(
        "scale",
        "Heterogeneity by the scale moderators",
        "Heterogeneity along the scale moderators: τ with its credible band, or level by level.",
        (scale.draw, lambda results: bool(scale.moderators(results))),
    ),
    Figure(
        "funnel",
        "Funnel plot",
        "Estimates against their standard errors, over regions of significance.",
        (funnel.draw, lambda results: len(results.data) > 2),
    ),
    Figure(
        "agreement",
        "Stan against the exact posterior",
        "Stan's draws against the posterior computed without Stan: differences beside their own Monte Carlo errors.",
        (agreement.draw, _agreement),
        (agreement.draw, _agreement),
    ),
    Figure(
        "checks",
        "Model checks",
        "Does the model describe the data? What it predicts beside what was observed.",
        (checks.draw, checks.applies),
        (checks.draw_regression, lambda results: bool(checks.drawn(results.rows("checks")))),
    ),
    Figure(
        "residuals",
        "Residuals by level",
        "Residuals by level: those of rows given their clusters, and random effects, against normal quantiles.",
        hierarchical=(residuals.draw, lambda results: len(results.rows("residuals")) > 2),
    ),
    Figure(
        "loo",
        "Clusters predicted from the others",
        "How well each cluster is predicted by the others.",
        hierarchical=(loo.draw, lambda results: sum(math.isfinite(row["elpd"]) for row in results.loo) > 1),
    ),
    Figure(
        "probabilities",
        "Probabilities of the models",
        "How probable each model is, before and after seeing the data.",
        (probabilities.draw, _compared),
        (probabilities.draw, _compared),
    ),
    Figure(
        "sensitivity",
        "Sensitivity to the priors",
        "What other priors would have said: the pooled effect and its Bayes factor over a range of prior scales.",
        (sensitivity.draw, lambda results: bool(results.sensitivity)),
    ),
    Figure(
        "influence",
        "Leaving out one at a time",
        "What changes without each cluster, or each estimate: the pooled effect, τ, and how far the posterior moves.",
        (influence.draw, lambda results: bool(influence.units(results))),
    ),
    Figure(
        "ranks",
        "Rank ECDF differences by chain",
        "Do the chains agree? Rank ECDFs of every chain with simultaneous bands.",
        (ranks.draw, lambda results: bool(prior_posterior.estimated(results))),
        (ranks.draw_regression, lambda results: bool(results.estimates)),
    ),
)
"""Every figure of a report. A new one is one entry here and one file that draws it."""


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
    errors = [
        guarded(partial(_write, results, figure, target, png), partial(_named, figure.name)) for figure in FIGURES
    ]
    return [error for error in errors if error]


def _named(name: str, message: str) -> str:
    return f"figure {name}: {message}"


def _write(results: Results, figure: Figure, target: Path, png: bool) -> str:
    drawn_by, name = figure.meta if results.is_meta else figure.hierarchical, figure.name
    if drawn_by is None or not drawn_by[1](results):
        return ""
    with style.drawing():
        drawing = drawn_by[0](results)
        write_text(target / f"{name}.svg", render(drawing.figure, figure.title, drawing.description))
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
