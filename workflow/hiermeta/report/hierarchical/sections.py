"""The sections of the report of a hierarchical regression, in the order of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hiermeta.figures.regression import group_of, likelihood, linear, ratio
from hiermeta.io.results import Results
from hiermeta.likelihoods import LOG
from hiermeta.report.cells import Number, from_document
from hiermeta.report.health import next_steps
from hiermeta.report.hierarchical import classical, comparison, counts, model, tables, verdict
from hiermeta.report.hierarchical.answer import answer
from hiermeta.report.hierarchical.words import COUNTS, GLOSSARY, ITEMS
from hiermeta.report.section import Section, figure
from hiermeta.report.tables import dropped


def _usable(results: Results) -> bool:
    return results.has_numbers


def _read(results: Results) -> bool:
    return results.status != "refused"


def _sizes(results: Results) -> dict[str, list[Number]]:
    """Smallest, median and largest cluster of each grouping factor."""
    found: dict[str, list[tuple[float, int]]] = {}
    for position, row in enumerate(results.loo):
        found.setdefault(group_of(results, row), []).append((row["n"], position))
    picked = {}
    for group, sizes in found.items():
        sizes.sort()
        some = (sizes[0], sizes[(len(sizes) - 1) // 2], sizes[-1])
        picked[group] = [Number(f"{size:,.0f}", size, f"loo.csv/{position}/n") for size, position in some]
    return picked


def _data(results: Results) -> dict[str, Any]:
    document = results.validation
    rows: dict[str, Number | None] = {
        name: from_document(document, name, "validation.json", "count") if document.get(name) is not None else None
        for name in ("rows_read", "rows_used")
    }
    return {
        "counts": rows,
        "sizes": _sizes(results) if results.has_numbers else {},
        "source": document.get("source") or {},
        "notes": document.get("notes", []),
        "warnings": document.get("warnings", []),
        "dropped": dropped(results),
        "figure": figure(results, "data"),
        "outcome": tables.outcome(results) if results.rows("checks") else None,
    }


def _estimates(results: Results) -> dict[str, Any]:
    return {"table": tables.estimates(results), "ratio": ratio(results), "figure": figure(results, "prior_posterior")}


def _clustering(results: Results) -> dict[str, Any]:
    return {
        "sentences": verdict.sentences(results),
        "median": counts.median_ratio(results),
        "partition": figure(results, "partition"),
        "coefficients": figure(results, "coefficients"),
        "table": tables.clustering(results),
        "models": tables.models(results),
        "steps": tables.build_up(results),
        "linear": linear(results),
    }


def _pooling(results: Results) -> dict[str, Any]:
    return {
        "shrinkage": figure(results, "shrinkage"),
        "random_effects": figure(results, "random_effects"),
        "lines": figure(results, "lines"),
        "table": tables.pooling(results),
        "effects": tables.random_effects(results),
        "predictors": results.model["coefficients"] != ["intercept"],
        "linear": linear(results),
    }


def _predictions(results: Results) -> dict[str, Any]:
    return {
        "curves": figure(results, "curves"),
        "levels": figure(results, "levels"),
        "interactions": figure(results, "interactions"),
        "table": tables.predictions(results),
        "means": tables.marginal_means(results) if results.marginal_means else None,
        "clusters": tables.clusters(results),
        "linear": linear(results),
        "rate": likelihood(results).link is LOG,
    }


def _checks(results: Results) -> dict[str, Any]:
    return {
        "figure": figure(results, "checks"),
        "dispersion": counts.dispersion(results),
        "table": tables.checks(results),
        "residuals": figure(results, "residuals"),
        "levels": tables.residual_checks(results),
        "loo": figure(results, "loo"),
        "clusters": tables.loo(results),
    }


def _own() -> list[Section]:
    return [
        Section(
            "answer",
            "The answer",
            lambda r: {"sentences": answer(r), "steps": next_steps(r)},
            lambda r: r.has_numbers and r.status in ("pass", "warn"),
        ),
        Section("data", "Data", _data, lambda r: True),
        Section("model", "Model and priors", model.content, lambda r: _read(r) and r.has_numbers),
        Section("estimates", "What the outcome depends on", _estimates, _usable),
        Section("clustering", "What the clustering does", _clustering, lambda r: bool(r.rows("clustering"))),
        Section("pooling", "Clusters, pooled three ways", _pooling, lambda r: bool(r.rows("pooling"))),
        Section("predictions", "Predictions", _predictions, lambda r: bool(r.predictions)),
        Section("checks", "Model checks", _checks, _usable),
        Section(
            "comparison",
            "Model comparison",
            lambda r: {"figure": figure(r, "probabilities"), **comparison.content(r)},
            _usable,
        ),
        Section("classical", "Classical counterpart", classical.content, lambda r: r.has_numbers and bool(r.classical)),
        Section(
            "glossary",
            "Glossary",
            lambda r: {"terms": GLOSSARY | ({} if linear(r) else COUNTS)},
            _usable,
            named="glossary",
        ),
    ]


SHARED_TEMPLATES = ("answer", "glossary")


def sections(common: Mapping[str, Section]) -> list[Section]:
    """All sections; `common` holds those that don't depend on the kind of analysis, by id."""
    own = {section.id: section for section in _own()}
    order = (
        *("problems", "failure", "answer", "health", "data", "model", "estimates", "clustering", "pooling"),
        *("predictions", "exact", "checks", "comparison", "classical", "diagnostics", "provenance", "glossary"),
    )
    found = []
    for name in order:
        section = own.get(name) or common[name]
        template = section.template if name in common or name in SHARED_TEMPLATES else f"hierarchical/{name}"
        found.append(Section(name, section.title, section.content, section.present, template, ITEMS.get(name, "")))
    return found
