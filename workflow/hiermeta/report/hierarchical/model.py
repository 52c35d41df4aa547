"""The model of a hierarchical regression, and its priors."""

from __future__ import annotations

from typing import Any

from hiermeta.figures.regression import blocks, groups, likelihood
from hiermeta.io.results import Results
from hiermeta.likelihoods import IDENTITY
from hiermeta.report.cells import Cell, Column, Table, Text
from hiermeta.report.hierarchical import tables
from hiermeta.report.section import figure
from hiermeta.report.words import level_means, prior_short, prior_words


def kind(results: Results) -> str:
    """What the model is called in the field."""
    return f"multilevel {likelihood(results).adjective} regression"


def meaning(results: Results, name: str) -> str:
    """What a parameter is."""
    scale = likelihood(results).link.scale
    if name == "intercept":
        return f"expected {scale} where all predictors are at their means"
    if name == "sigma":
        return "standard deviation of the outcome within clusters, given the predictors"
    for shape in likelihood(results).shapes:
        if name == shape.name:
            return shape.meaning
    if name == "correlation":
        return "correlation matrix of the random effects of a cluster"
    if name.startswith("sd("):
        group, _, term = name[3:-1].rpartition(":")
        what = "intercept" if term == "intercept" else f"coefficient of {term}"
        return f"standard deviation of the {what} between clusters of {group}"
    if name in level_means(results.model["coefficients"]):
        return f"expected {scale} at this level, where the other predictors are zero"
    return f"change of the {scale} {'against the reference level' if name.endswith(']') else 'per unit'}"


def priors(results: Results) -> Table:
    """Priors, what they say, and where they come from."""
    rows: list[list[Cell]] = []
    for name, entry in results.model["priors"].items():
        text = entry["prior"]
        matrix = text.startswith("lkj")
        words = "all correlation matrices, large correlations less probable" if matrix else prior_words(text)
        origin = f"default ({entry['source']})" if entry["default"] else str(entry["source"])
        cells = (meaning(results, name), text if matrix else prior_short(text), words, origin)
        rows.append([Text(name, foreign=True), *map(Text, cells)])
    heads = ("Parameter", "Meaning", "Prior", "In words", "Source")
    return Table("table-priors", "Priors", [Column(head) for head in heads], rows, "model.json")


def content(results: Results) -> dict[str, Any]:
    """What the section shows."""
    settings, found = results.model["settings"], likelihood(results)
    varying: dict[str, list[str]] = {}
    for group, term in blocks(results, "random_effects"):
        varying.setdefault(group, []).append(term)
    predictive = figure(results, "prior_predictive")
    return {
        "kind": kind(results),
        "intercept": "intercept" in results.model["coefficients"],
        "distribution": found.distribution,
        "arguments": found.arguments,
        "mean": found.mean,
        "link": found.link.name if found.link is not IDENTITY else "",
        "symbol": found.symbol,
        "formula": results.model["formula"],
        "outcome": results.model["outcome"],
        "exposure": settings.get("exposure"),
        "trials": settings.get("trials"),
        "groups": groups(results),
        "varying": varying,
        "slopes": any(len(terms) > 1 or terms != ["intercept"] for terms in varying.values()),
        "split": settings.get("within_between") or [],
        "references": settings.get("reference_levels") or {},
        "priors": priors(results),
        "figure": figure(results, "prior_posterior"),
        "predictive": predictive,
        "predictive_table": tables.prior_predictive(results) if predictive else None,
    }
