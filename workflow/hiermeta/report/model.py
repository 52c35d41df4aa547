"""The model of an analysis, in words, and its priors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hiermeta.figures.palette import symbol
from hiermeta.figures.prior_predictive import label
from hiermeta.figures.regression import blocks, groups, likelihood
from hiermeta.io.results import Results, read_table
from hiermeta.likelihoods import IDENTITY
from hiermeta.models.priors import parse
from hiermeta.report.cells import Cell, Column, Number, Table, Text, from_document, numeric, of_summary
from hiermeta.report.numbers import plain
from hiermeta.report.unavailable import unavailable
from hiermeta.text.numbers import as_written, exact_row, limits, significant

PARAMETERS = {
    "mu": ("μ", "pooled effect: the mean of the true effects"),
    "tau": ("τ", "standard deviation of the true effects (heterogeneity)"),
    "rho": ("ρ", "share of the true variance between clusters"),
    "tau_within": ("τ within", "standard deviation within clusters"),
    "tau_between": ("τ between", "standard deviation between clusters"),
    "moderators": ("β", "coefficients of the moderators: per standard deviation, or per level of a factor"),
    "scale": ("δ", "coefficients of the scale moderators on log τ, per standard deviation or level"),
}
"""Parameter of a meta-analysis to its symbol and meaning."""


def kind(results: Results) -> str:
    """What the model is called in the field."""
    if not results.is_meta:
        return f"multilevel {likelihood(results).adjective} regression"
    formulas = results.model.get("formulas") or {}
    levels = "three-level" if results.clustered else "random-effects"
    scale = " location-scale" if formulas.get("scale") else ""
    return f"{levels}{scale} meta-{'regression' if formulas.get('moderators') else 'analysis'}"


def level_means(coefficients: Sequence[str]) -> list[str]:
    """The coefficients of a factor that stands in place of an intercept: one for each of its levels.

    Examples
    --------
    >>> level_means(["f[a]", "f[b]", "g[d]", "x"]), level_means(["intercept", "f[b]"]), level_means(["x"])
    (['f[a]', 'f[b]'], [], [])
    """
    first = next((name for name in coefficients if name.endswith("]") and ":" not in name), None)
    if first is None or "intercept" in coefficients:
        return []
    return [name for name in coefficients if name.rpartition("[")[0] == first.rpartition("[")[0]]


def meaning(results: Results, name: str) -> str:
    """What a parameter of a regression is."""
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


def prior_words(text: str) -> str:
    """The central 95% of a prior, in words.

    Examples
    --------
    >>> prior_words("beta(1, 1)")
    'all values from 0 to 1 equally probable'
    >>> prior_words("normal(0, 1)"), prior_words("half_normal(0.5)"), prior_words("point(0)")
    ('95% of it between −2.0 and 2.0', '95% of it below 0.98', 'fixed')
    >>> prior_words("normal(5, 0.01)")
    '95% of it between 4.980 and 5.020'
    """
    prior = parse(text)
    if prior.is_point:
        return "fixed"
    if prior.family == "uniform" or (prior.family, prior.arguments) == ("beta", (1.0, 1.0)):
        low, high = (as_written(bound) for bound in prior.support)
        return f"all values from {low} to {high} equally probable"
    if prior.support[0] == 0 and not np.isfinite(prior.support[1]):
        return f"95% of it below {significant(float(prior.ppf(0.95)), 2)}"
    low, high = limits(*prior.ppf(np.array([0.025, 0.975])).tolist())
    return f"95% of it between {low} and {high}"


def priors(results: Results) -> Table:
    """Priors, what they say, and where they come from."""
    rows: list[list[Cell]] = []
    for name, entry in results.model["priors"].items():
        text = entry["prior"]
        letter, what = PARAMETERS[name] if results.is_meta else (name, meaning(results, name))
        if text.startswith("lkj"):
            written = (text, "all correlation matrices, large correlations less probable")
        else:
            written = (parse(text).short, prior_words(text))
        origin = f"default ({entry['source']})" if entry["default"] else str(entry["source"])
        rows.append([Text(letter, foreign=not results.is_meta), *map(Text, (what, *written, origin))])
    heads = ("Parameter", "Meaning", "Prior", "In words", "Source")
    return Table("table-priors", "Priors", [Column(head) for head in heads], rows, "model.json")


def prior_predictive(results: Results) -> Table:
    """What the priors alone say, as simulated; for the outcome of a regression, beside the data."""
    levels = {"q2.5": "2.5%", "q25": "25%", "median": "Median", "q75": "75%", "q97.5": "97.5%"}
    rows: list[list[Cell]] = []
    heads = [Column("Quantity")]
    if results.is_meta:
        file, caption = "figures/prior_predictive.csv", "Quantiles of the priors"
        names = {"mu": "pooled effect μ", "tau": "standard deviation τ", "new effect": "true effect of a study"}
        for position, row in enumerate(read_table(results.folder / file)):
            numbers = [plain(row, level, f"{file}/{position}", 2) for level in levels]
            rows.append([Text(names[row["quantity"]]), *numbers])
    else:
        file, caption = "prior_predictive.csv", "Quantiles by the priors and in the data"
        heads.append(Column("By"))
        for position, row in enumerate(results.rows("prior_predictive")):
            for of in ("", "observed_"):
                numbers = [plain(row, f"{of}{level}", f"{file}/{position}") for level in levels]
                rows.append([Text(label(row["quantity"]), foreign=True), Text("data" if of else "priors"), *numbers])
    return Table("table-prior-predictive", caption, [*heads, *numeric(*levels.values())], rows, file)


def content(results: Results) -> dict[str, Any]:
    """What the section shows."""
    return {
        "kind": kind(results),
        "priors": priors(results),
        "predictive": prior_predictive(results) if (results.folder / "figures/prior_predictive.svg").exists() else None,
        **(_meta(results) if results.is_meta else _regression(results)),
    }


def _meta(results: Results) -> dict[str, Any]:
    unit, formulas = results.model["unit_information_sd"], results.model.get("formulas") or {}
    known = unit is not None and unit["value"] is not None
    return {
        "moderators": formulas.get("moderators"),
        "scale": formulas.get("scale"),
        "treatment": formulas.get("contrasts") == "treatment",
        "errors": _dependence(results),
        "assumed": _assumed(results),
        "unavailable": unavailable(results.exact, only=("sampling_correlation",)),
        "unit": from_document(results.model, "unit_information_sd/value", "model.json") if known else None,
        "unit_source": unit["source"] if unit else None,
    }


def _dependence(results: Results) -> str | None:
    """How sampling errors depend on each other, in words; None where they are independent."""
    correlation = results.model.get("sampling_correlation")
    if correlation:
        return f"those of a cluster are taken to have a correlation of {correlation:g}"
    return "their covariance matrix S is known" if results.model.get("covariance") else None


def _assumed(results: Results) -> Table | None:
    """The posterior if sampling errors within clusters were correlated; none where nothing is assumed about that."""
    file = "sampling_correlation.csv"
    cells: dict[float, list[Cell]] = {}
    for position, row in enumerate(results.rows("sampling_correlation")):
        source = f"{file}/{position}"
        first = Number(as_written(row["correlation"]), row["correlation"], f"{source}/correlation")
        exact = exact_row(row["mean"], row["sd"]) | row
        numbers = [of_summary(exact, column, source) for column in ("mean", "q2.5", "q97.5")]
        cells.setdefault(row["correlation"], [first]).extend(numbers)
    if not cells:
        return None
    named = dict.fromkeys(row["parameter"] for row in results.rows("sampling_correlation"))
    heads = [Column("Correlation", numeric=True)]
    for name in named:
        heads += [Column(f"{symbol(name)}{end}", numeric=True) for end in ("", ", 2.5%", ", 97.5%")]
    caption = "If sampling errors within clusters were correlated"
    return Table("table-sampling-correlation", caption, heads, list(cells.values()), file)


def _regression(results: Results) -> dict[str, Any]:
    settings, found = results.model["settings"], likelihood(results)
    varying: dict[str, list[str]] = {}
    for group, term in blocks(results, "random_effects"):
        varying.setdefault(group, []).append(term)
    return {
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
    }
