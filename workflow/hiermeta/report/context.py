"""What the report of one data set says, section by section."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hiermeta.data.files import write_json, write_text
from hiermeta.data.guard import guarded
from hiermeta.figures.forest_rows import ROWS_SHOWN as FOREST_ROWS
from hiermeta.io.results import Results
from hiermeta.report import classical, comparison, influence, moderators, r_code, small_study, tables
from hiermeta.report.answer import answer
from hiermeta.report.cells import Number, from_document
from hiermeta.report.health import Check, next_steps, strip, verdict
from hiermeta.report.hierarchical import classical as hierarchical_classical
from hiermeta.report.hierarchical import r_code as hierarchical_code
from hiermeta.report.hierarchical import sections as hierarchical
from hiermeta.report.outcome import trouble
from hiermeta.report.page import render
from hiermeta.report.section import Section, figure
from hiermeta.report.unavailable import LEFT_OUT, unavailable
from hiermeta.report.words import GLOSSARY, after_crash, kind

RECORD = "report.json"
"""What a report says of its data set, for the overview."""
ICONS = {"pass": "✓", "warn": "!", "fail": "✕", "refused": "⊘", "none": "–"}
WORDS = {"pass": "passed", "warn": "read with care", "fail": "failed – do not use", "refused": "refused"}
SETTINGS = {"chains": "count", "warmup": "count", "draws": "count", "adapt_delta": "plain", "seconds": "short"}
FIT_KEYS = ("seed", "cmdstan", "versions", "commit", "program", "program_sha256", "command")


def _refused(results: Results) -> bool:
    return results.status == "refused"


def _numbers(results: Results) -> bool:
    return results.has_numbers


def _data(results: Results) -> dict[str, Any]:
    document = results.validation
    counts: dict[str, Number | None] = {
        name: from_document(document, name, "validation.json", "count") if document.get(name) is not None else None
        for name in ("rows_read", "rows_used")
    }
    return {
        "counts": counts,
        "source": document.get("source") or {},
        "notes": document.get("notes", []),
        "warnings": document.get("warnings", []),
        "dropped": tables.dropped(results),
        "table": tables.data(results) if not _refused(results) else None,
    }


def _model(results: Results) -> dict[str, Any]:
    unit = results.model["unit_information_sd"]
    known = unit is not None and unit["value"] is not None
    formulas = results.model.get("formulas") or {}
    predictive = figure(results, "prior_predictive")
    return {
        "moderators": formulas.get("moderators"),
        "scale": formulas.get("scale"),
        "kind": kind(results),
        "errors": _dependence(results),
        "predictive": predictive,
        "predictive_table": tables.prior_predictive(results) if predictive else None,
        "priors": tables.priors(results),
        "unit": from_document(results.model, "unit_information_sd/value", "model.json") if known else None,
        "unit_source": unit["source"] if unit else None,
    }


def _forest(results: Results) -> dict[str, Any]:
    return {
        "figure": figure(results, "forest"),
        "orchard": figure(results, "orchard"),
        "table": tables.predictions(results),
        "collapsed": results.clustered and len(results.data) > FOREST_ROWS,
    }


def _dependence(results: Results) -> str | None:
    """How sampling errors depend on each other, in words; None where they are independent."""
    correlation = results.model.get("sampling_correlation")
    if correlation:
        return f"those of a cluster have a known correlation of {correlation:g}"
    return "their covariance matrix S is known" if results.model.get("covariance") else None


def _exact(results: Results) -> dict[str, Any]:
    agreement = bool(results.diagnostics.get("agreement"))
    applies = bool(results.exact["applies"])
    return {
        "figure": figure(results, "agreement"),
        "table": tables.agreement(results) if agreement else None,
        "evidence": from_document(results.exact, "log_marginal_likelihood", "exact.json", "fine") if applies else None,
        "error": from_document(results.exact, "error", "exact.json", "short") if results.exact.get("error") else None,
        "reason": results.exact.get("reason"),
        "estimated": "method" in results.exact,
        "unavailable": unavailable(results.exact, but=("sensitivity", *LEFT_OUT)),
    }


def _checks(results: Results) -> list[Check]:
    """The health strip, with the classical counterpart beside it."""
    return strip(results) if results.is_meta else [*strip(results), *hierarchical_classical.health(results)]


def _codes(results: Results) -> list[tuple[str, str, str]]:
    """R code that fits the same model: what it is, its name, its text."""
    if not results.has_numbers:
        return []
    return r_code.codes(results) if results.is_meta else hierarchical_code.codes(results)


def _provenance(results: Results) -> dict[str, Any]:
    fit = results.fit
    attempts = fit.get("attempts", [])
    last = f"attempts/{len(attempts) - 1}"
    numbers = {
        name: from_document(fit, f"{last}/{name}" if attempts and name in attempts[-1] else name, "fit.json", form)
        for name, form in SETTINGS.items()
        if fit.get(name) is not None
    }
    retry = ""
    if len(attempts) > 1:
        retry = f"run {len(attempts)} of the sampler, after {attempts[-1]['reason']} in the one before"
    return {
        "fit": {name: fit.get(name) for name in FIT_KEYS},
        "numbers": numbers,
        "retry": retry,
        "source": results.validation.get("source") or {},
        "digest": results.fit_digest,
        "codes": _codes(results),
        "family": "meta-analysis" if results.is_meta else "regression",
    }


SECTIONS = [
    Section("problems", "What is wrong", lambda r: {"table": tables.problems(r)}, _refused),
    Section(
        "failure",
        "What went wrong",
        lambda r: {"message": r.trouble, "steps": next_steps(r), "sentence": verdict(r), "numbers": r.has_numbers},
        lambda r: r.status == "fail",
    ),
    Section(
        "answer",
        "The answer",
        lambda r: {"sentences": [*answer(r), verdict(r)], "steps": next_steps(r)},
        lambda r: r.has_numbers and r.status in ("pass", "warn"),
    ),
    Section(
        "health",
        "Can the numbers be trusted?",
        lambda r: {"checks": _checks(r)},
        lambda r: bool(r.diagnostics.get("checks")),
    ),
    Section("data", "Data", _data, lambda r: True),
    Section("model", "Model and priors", _model, lambda r: bool(r.model.get("priors"))),
    Section("forest", "Forest plot", _forest, _numbers),
    Section(
        "heterogeneity",
        "Heterogeneity",
        lambda r: {"figure": figure(r, "partition"), "table": tables.heterogeneity(r)},
        _numbers,
    ),
    Section("prior-posterior", "Prior and posterior", lambda r: {"figure": figure(r, "prior_posterior")}, _numbers),
    Section("exact", "Stan against the exact posterior", _exact, _numbers),
    Section(
        "effects",
        "True effects and cluster effects",
        lambda r: {
            "figure": figure(r, "shrinkage"),
            "shrunken": figure(r, "shrunken"),
            "clusters": tables.cluster_effects(r) if r.clustered else None,
            "rows": tables.true_effects(r),
        },
        _numbers,
    ),
    Section(
        "moderators",
        "Moderators",
        lambda r: {
            "figure": figure(r, "marginal_means"),
            "bubble": figure(r, "bubble"),
            "interactions": figure(r, "interactions"),
            **moderators.content(r),
        },
        lambda r: r.has_numbers and bool(r.marginal_means),
    ),
    Section(
        "scale",
        "Moderators of the heterogeneity",
        lambda r: {"figure": figure(r, "scale"), **moderators.scale_content(r)},
        lambda r: r.has_numbers and bool(r.scale),
    ),
    Section(
        "small-study",
        "Small-study effects",
        lambda r: {"figure": figure(r, "funnel"), **small_study.content(r)},
        lambda r: r.has_numbers and bool(r.classical),
    ),
    Section(
        "comparison",
        "Model comparison",
        lambda r: {
            "figure": figure(r, "probabilities"),
            "sensitivity": figure(r, "sensitivity"),
            **comparison.content(r),
        },
        lambda r: r.has_numbers and (len(r.comparison) > 1 or bool(comparison.missing(r))),
    ),
    Section(
        "influence",
        "Influence and model checks",
        lambda r: {"figure": figure(r, "influence"), "checks": figure(r, "checks"), **influence.content(r)},
        lambda r: r.has_numbers and bool(r.influence or influence.missing(r)),
    ),
    Section("classical", "Classical counterpart", classical.content, lambda r: r.has_numbers and bool(r.classical)),
    Section(
        "diagnostics",
        "Diagnostics",
        lambda r: {
            "figure": figure(r, "ranks"),
            "table": tables.convergence(r) if r.has_numbers else None,
            "attempts": tables.attempts(r),
            "unavailable": unavailable(r.diagnostics),
        },
        lambda r: bool(r.fit.get("attempts")) or r.has_numbers,
    ),
    Section("provenance", "Provenance and how to cite", _provenance, lambda r: True),
    Section("glossary", "Glossary", lambda r: {"terms": GLOSSARY}, _numbers),
]
"""In the order of the page. A new section is one line here and one template."""
FOR_ALL = ("problems", "failure", "health", "exact", "diagnostics", "provenance")
"""Sections that don't depend on the kind of analysis."""


def context(results: Results, presentation: Mapping[str, str | None]) -> dict[str, Any]:
    """Everything the template of a report needs.

    Parameters
    ----------
    results : Results
    presentation : mapping
        The data set's title, description and citation, as far as the config has them.
    """
    model, status = results.model, results.status
    common = {section.id: section for section in SECTIONS if section.id in FOR_ALL}
    every = SECTIONS if results.is_meta else hierarchical.sections(common)
    present = [section for section in every if section.present(results)]
    counts = {
        name: from_document(model, name, "model.json", "count") for name in ("k", "n_clusters") if model.get(name)
    }
    return {
        "name": model["name"],
        "title": presentation.get("title") or model["name"],
        "description": presentation.get("description"),
        "citation": presentation.get("citation"),
        "model": model,
        "clustered": results.clustered,
        "counts": counts,
        "status": status,
        "icon": ICONS[status],
        "icons": ICONS,
        "status_word": WORDS[status],
        "digest": results.fit_digest,
        "has_numbers": results.has_numbers,
        "sections": present,
        "content": {section.id: section.content(results) for section in present},
    }


def write_report(folder: Path, presentation: Mapping[str, str | None], target: Path, record: Path) -> None:
    """Render the report of the results in `folder`, and record what it says of them.

    A page that can't be made is replaced by one that says so, and the data set fails.

    Parameters
    ----------
    folder : Path
        The results of one data set.
    presentation : mapping
        The data set's title, description and citation, as far as the config has them.
    target : Path
        The page.
    record : Path
        JSON with ``status``, ``message``, ``steps`` (what to try) and ``crashed`` (the stage that an unexpected error
        kept from ending, or empty), for the overview.
    """

    def page() -> tuple[str, dict[str, Any]]:
        results = Results(folder)
        message, steps = trouble(results)
        found = {"status": results.status, "message": message, "steps": steps, "crashed": results.crashed}
        return render("report.html.j2", context(results, presentation)), found

    def replacement(message: str) -> tuple[str, dict[str, Any]]:
        steps = [after_crash(folder.name, "report")]
        found = {
            "status": "fail",
            "message": f"the report can't be made: {message}",
            "steps": steps,
            "crashed": "report",
        }
        heading = {"name": folder.name, "title": presentation.get("title") or folder.name, "icon": ICONS["fail"]}
        return render("unreported.html.j2", heading | {"status_word": WORDS["fail"]} | found), found

    text, found = guarded(page, replacement)
    write_text(target, text)
    write_json(record, found)
