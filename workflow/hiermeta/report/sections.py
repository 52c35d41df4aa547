"""The sections of a page, each declared once for both kinds of analysis: contents, condition, guideline items."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hiermeta.figures.regression import group_of, likelihood, linear, ratio
from hiermeta.io.results import Results
from hiermeta.likelihoods import LOG
from hiermeta.report import (
    average_effects,
    cautions,
    checks,
    classical,
    clustering,
    comparison,
    estimates,
    model,
    moderators,
    pooled_answer,
    r_code,
    references,
    regression_answer,
    small_study,
    tables,
)
from hiermeta.report.card import card
from hiermeta.report.cells import Number, from_document
from hiermeta.report.health import beside_classical, next_steps, strip, verdict
from hiermeta.report.unavailable import LEFT_OUT, unavailable
from hiermeta.report.words import glossary

Content = Callable[[Results], dict[str, Any]]

SETTINGS = {"chains": "count", "warmup": "count", "draws": "count", "adapt_delta": "plain", "seconds": "short"}
FIT_KEYS = ("seed", "cmdstan", "versions", "commit", "program", "program_sha256", "command")


def _numbers(results: Results) -> bool:
    return results.has_numbers


@dataclass(frozen=True)
class Section:
    """A section of the page; its template is ``reports/sections/ID.html.j2``.

    Parameters
    ----------
    id, title : str
    both : callable, optional
        What it shows, from the results, where that is the same for a meta-analysis and for a regression.
    meta, regression : callable, optional
        What it shows for one kind of analysis; a section that has neither this nor `both` is not there.
    present : callable
        Whether it is there, from the results.
    prisma, barg : str
        Items of PRISMA 2020 (Page et al. 2021), which is about meta-analyses, and of BARG (Kruschke 2021).
    summary : bool
        Whether it belongs to the two pages of the print before the appendix. Such sections come first.
    """

    id: str
    title: str
    both: Content | None = None
    meta: Content | None = None
    regression: Content | None = None
    present: Callable[[Results], bool] = _numbers
    prisma: str = ""
    barg: str = ""
    summary: bool = False

    def content(self, results: Results) -> dict[str, Any] | None:
        """What the template needs; None where the section is not there."""
        content = self.both or (self.meta if results.is_meta else self.regression)
        return content(results) if content and self.present(results) else None

    def items(self, meta: bool) -> str:
        """Items of reporting guidelines that it answers, in words."""
        named = {"PRISMA": self.prisma if meta else "", "BARG": self.barg}
        return "; ".join(f"{guideline} {items}" for guideline, items in named.items() if items)


def _failure(results: Results) -> dict[str, Any]:
    return {"message": results.trouble, "steps": next_steps(results), "sentence": verdict(results)}


def _answer(results: Results) -> dict[str, Any]:
    meta = results.is_meta
    said = [*pooled_answer.answer(results), verdict(results)] if meta else regression_answer.answer(results)
    found = cautions.cautions(results)
    return {
        "card": card(results),
        "lights": cautions.lights(results, found),
        "sentences": said,
        "cautions": [sentence for sentences in found.values() for sentence in sentences],
        "steps": next_steps(results),
    }


def _data(results: Results) -> dict[str, Any]:
    document, meta = results.validation, results.is_meta
    counts: dict[str, Number | None] = {
        name: from_document(document, name, "validation.json", "count") if document.get(name) is not None else None
        for name in ("rows_read", "rows_used")
    }
    return {
        "counts": counts,
        "sizes": {} if meta or not results.has_numbers else _sizes(results),
        "source": document.get("source") or {},
        "notes": document.get("notes", []),
        "warnings": document.get("warnings", []),
        "dropped": tables.dropped(results),
        "table": tables.data(results) if meta and results.status != "refused" else None,
        "outcome": checks.outcome(results) if results.rows("checks") else None,
    }


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


def _forest(results: Results) -> dict[str, Any]:
    return {"table": estimates.predicted_effects(results)}


def _estimates(results: Results) -> dict[str, Any]:
    averages = average_effects.table(results)
    return {"table": estimates.parameters(results), "averages": averages, "ratio": ratio(results)}


def _pooling(results: Results) -> dict[str, Any]:
    return {
        "table": estimates.pooling(results),
        "effects": estimates.random_effects(results),
        "predictors": results.model["coefficients"] != ["intercept"],
        "linear": linear(results),
    }


def _predictions(results: Results) -> dict[str, Any]:
    rows = results.marginal_means
    means = estimates.levels("levels", "Marginal means", "marginal_means.csv", rows, of="Predictor") if rows else None
    return {
        "table": estimates.predicted_outcomes(results),
        "means": means,
        "clusters": estimates.predicted_clusters(results),
        "linear": linear(results),
        "rate": likelihood(results).link is LOG,
    }


def _exact(results: Results) -> dict[str, Any]:
    exact = results.exact
    evidence = from_document(exact, "log_marginal_likelihood", "exact.json", "fine") if exact["applies"] else None
    return {
        "table": tables.agreement(results) if results.diagnostics.get("agreement") else None,
        "evidence": evidence,
        "error": from_document(exact, "error", "exact.json", "short") if exact.get("error") else None,
        "reason": exact.get("reason"),
        "estimated": "method" in exact,
        "unavailable": unavailable(exact, but=("sensitivity", "sampling_correlation", *LEFT_OUT)),
    }


def _effects(results: Results) -> dict[str, Any]:
    clusters = estimates.cluster_effects(results) if results.clustered else None
    return {"clusters": clusters, "rows": estimates.true_effects(results)}


def _checks(results: Results) -> dict[str, Any]:
    return {
        "dispersion": checks.dispersion(results),
        "table": checks.checks(results),
        "levels": checks.residual_checks(results),
        "clusters": checks.left_out(results),
    }


def _influence(results: Results) -> dict[str, Any]:
    worst = max((row["pareto_k"] for row in results.loo if math.isfinite(row["pareto_k"])), default=None)
    return {
        "estimates": checks.influence(results, "estimate"),
        "clusters": checks.influence(results, "cluster"),
        "smoothed": worst is not None,
        "unreliable": worst is not None and worst > 0.7,
        "unavailable": checks.missing(results),
    }


def _diagnostics(results: Results) -> dict[str, Any]:
    return {
        "table": tables.convergence(results) if results.has_numbers else None,
        "attempts": tables.attempts(results),
        "unavailable": unavailable(results.diagnostics),
    }


def _provenance(results: Results) -> dict[str, Any]:
    fit = results.fit
    attempts = fit.get("attempts", [])
    last, kept = f"attempts/{len(attempts) - 1}", attempts[-1] if attempts else {}
    numbers = {
        name: from_document(fit, f"{last}/{name}" if name in kept else name, "fit.json", form)
        for name, form in SETTINGS.items()
        if fit.get(name) is not None
    }
    retry = f"run {len(attempts)} of the sampler, after {kept['reason']} in the one before" if len(attempts) > 1 else ""
    return {
        "fit": {name: fit.get(name) for name in FIT_KEYS},
        "numbers": numbers,
        "retry": retry,
        "source": results.validation.get("source") or {},
        "references": references.used(results),
        **references.HIERMETA,
        "codes": r_code.codes(results) if results.has_numbers else [],
    }


def _modelled(results: Results) -> bool:
    return bool(results.model.get("priors")) and (results.is_meta or results.has_numbers)


def _compared(results: Results) -> bool:
    models = not results.is_meta or len(results.comparison) > 1 or bool(comparison.missing(results))
    return results.has_numbers and models


SECTIONS = [
    Section(
        "problems",
        "What is wrong",
        both=lambda r: {"table": tables.problems(r)},
        present=lambda r: r.status == "refused",
        summary=True,
    ),
    Section("failure", "What went wrong", both=_failure, present=lambda r: r.status == "fail", summary=True),
    Section(
        "answer",
        "The answer",
        both=_answer,
        present=lambda r: r.has_numbers and r.status in ("pass", "warn"),
        summary=True,
    ),
    Section("forest", "Forest plot", meta=_forest, prisma="19, 20b", barg="3.B", summary=True),
    Section(
        "heterogeneity", "Heterogeneity", meta=lambda r: {"table": estimates.heterogeneity(r)}, prisma="20b", barg="3.B"
    ),
    Section("effects", "True effects and cluster effects", meta=_effects),
    Section(
        "estimates",
        "What goes with the outcome",
        regression=_estimates,
        barg="3.B",
        summary=True,
    ),
    Section(
        "moderators",
        "Moderators",
        meta=moderators.content,
        present=lambda r: r.has_numbers and bool(r.marginal_means),
        prisma="13e, 20c",
    ),
    Section(
        "scale",
        "Moderators of the heterogeneity",
        meta=moderators.scale_content,
        present=lambda r: r.has_numbers and bool(r.scale),
        prisma="13e, 20c",
    ),
    Section("predictions", "Predictions", regression=_predictions, present=lambda r: bool(r.predictions), barg="3.B"),
    Section(
        "clustering",
        "What the clustering does",
        regression=clustering.content,
        present=lambda r: bool(r.rows("clustering")),
        barg="3.B, 3.C",
    ),
    Section(
        "pooling",
        "Clusters, pooled three ways",
        regression=_pooling,
        present=lambda r: bool(r.rows("pooling")),
        barg="3.B",
    ),
    Section(
        "small-study",
        "Small-study effects",
        meta=small_study.content,
        present=lambda r: r.has_numbers and bool(r.classical),
        prisma="14, 21",
    ),
    Section(
        "comparison", "Model comparison", both=comparison.content, present=_compared, prisma="13f, 20d", barg="3.C, 5"
    ),
    Section(
        "health",
        "Can the numbers be trusted?",
        both=lambda r: {"checks": [*strip(r), *beside_classical(r)]},
        present=lambda r: bool(r.diagnostics.get("checks")),
    ),
    Section("checks", "Model checks", regression=_checks, barg="3.A"),
    Section(
        "influence",
        "Influence and model checks",
        meta=_influence,
        present=lambda r: r.has_numbers and bool(r.influence or checks.missing(r)),
        prisma="20d",
        barg="3.A",
    ),
    Section("data", "Data", both=_data, present=lambda r: True, prisma="12, 13b", barg="1.A"),
    Section("model", "Model and priors", both=model.content, present=_modelled, prisma="13d", barg="1.B to 1.E"),
    Section("prior-posterior", "Prior and posterior", both=lambda r: {}, barg="3.B"),
    Section(
        "classical",
        "Classical counterpart",
        both=classical.content,
        present=lambda r: r.has_numbers and bool(r.classical),
    ),
    Section("exact", "Stan against the exact posterior", both=_exact),
    Section(
        "diagnostics",
        "Diagnostics",
        both=_diagnostics,
        present=lambda r: bool(r.fit.get("attempts")) or r.has_numbers,
        barg="2.B, 2.C",
    ),
    Section(
        "provenance", "Provenance and how to cite", both=_provenance, present=lambda r: True, prisma="27", barg="2.A, 6"
    ),
    Section("glossary", "Glossary", both=lambda r: {"terms": glossary(r)}),
]
"""In the order of the page. A new section is one entry here and one template."""
