"""Moderators of the mean and of the heterogeneity: coefficients, levels, and what they explain."""

from __future__ import annotations

from typing import Any

from hiermeta.io.results import Results
from hiermeta.report import average_effects
from hiermeta.report.cells import Column, Sentence, Table, Text
from hiermeta.report.classical import cochran, degrees, number, p_words
from hiermeta.report.estimates import at_values, levels, on_natural_scale
from hiermeta.report.numbers import multiplied, ranged
from hiermeta.report.tables import PROBABILITY, SUMMARY, tabulated
from hiermeta.report.unavailable import unavailable


def coefficients(results: Results, names: list[str], name: str, caption: str) -> Table:
    """Coefficients of the mean or on log τ, per unit as the user's file has it."""
    term = Column("Term", cell=lambda row, source: Text(row["parameter"].removeprefix("scale:"), foreign=True))
    columns, rows = [term, *SUMMARY, PROBABILITY], results.estimates
    return tabulated(name, caption, "estimates.csv", rows, columns, keep=lambda row: row["parameter"] in names)


def explained(results: Results) -> list[Sentence]:
    """What the moderators explain, by restricted maximum likelihood."""
    document = results.classical
    if not document.get("applies") and document.get("Q") is None:
        return []
    sentences: list[Sentence] = []
    if (document.get("R2") or {}).get("total") is not None:
        share = number(results, "R2/total", "tenth")
        sentences.append(
            ["By restricted maximum likelihood, the moderators account for R² = ", share,
             "% of the variance of the true effects", *_cut(results), "."]
        )  # fmt: skip
    if document.get("QM"):
        sentences.append(
            ["Test that all of their coefficients are zero: Q", "ₘ", " = ", number(results, "QM/statistic"), " on ",
             *degrees(results, "QM/df"), ", p ", *p_words(results, "QM/p"), "."]
        )  # fmt: skip
    test = ["; its test: ", *cochran(results)] if document.get("Q") is not None else []
    return [
        *sentences,
        ["The heterogeneity in this report is what remains with the moderators in the model", *test, "."],
    ]


def _cut(results: Results) -> Sentence:
    """That R² would be negative, where it would."""
    document = results.classical
    without = document.get("tau2_without_moderators")
    if without is None or document["tau2"] <= without:
        return []
    larger, smaller = (number(results, key, "significant") for key in ("tau2", "tau2_without_moderators"))
    return [": τ² is larger with them, ", larger, ", than without, ", smaller, ", and a negative R² is set to zero"]


def multipliers(results: Results) -> list[Sentence]:
    """What the scale coefficients mean: by how much τ is multiplied."""
    sentences: list[Sentence] = []
    for position, row in enumerate(results.estimates):
        if row["parameter"] in results.scale_coefficients:
            term = str(row["parameter"]).removeprefix("scale:")
            change = f"{term} in place of its reference level" if term.endswith("]") else f"One unit more of {term}"
            size = ranged(multiplied(row, f"estimates.csv/{position}"), named=True)
            sentences.append([f"{change} goes with a τ that is ", *size, " times as large."])
    return sentences


def content(results: Results) -> dict[str, Any]:
    """What the section on moderators shows."""
    caption, rows = "Coefficients, per unit of the moderator", results.marginal_means
    more = [PROBABILITY, *on_natural_scale(results)]
    return {
        "formula": results.model["formulas"]["moderators"],
        "references": results.model["formulas"].get("reference_levels") or {},
        "coefficients": coefficients(results, results.coefficients, "coefficients", caption),
        "levels": levels("marginal-means", "Marginal means", "marginal_means.csv", rows, more=more),
        "averages": average_effects.table(results),
        "sentences": explained(results),
        "unavailable": unavailable(results.classical, only=("QM", "R2")),
        "at": at_values(results),
    }


def scale_content(results: Results) -> dict[str, Any]:
    """What the section on the scale model shows."""
    caption = "Coefficients on log τ, per unit"
    return {
        "formula": results.model["formulas"]["scale"],
        "coefficients": coefficients(results, results.scale_coefficients, "scale-coefficients", caption),
        "levels": levels("scale-levels", "τ at levels", "scale.csv", results.scale),
        "sentences": multipliers(results),
    }
