"""Moderators of the mean and of the heterogeneity: coefficients, marginal means, and what they explain."""

from __future__ import annotations

from typing import Any

from hiermeta.figures.marginal_means import level
from hiermeta.io.results import Results, Row
from hiermeta.report import natural
from hiermeta.report.cells import Cell, Column, Sentence, Table, Text, from_document
from hiermeta.report.tables import ROWS_SHOWN, SUMMARY_COLUMNS, probability_cell, shown, summary_cells
from hiermeta.report.unavailable import unavailable
from hiermeta.text.numbers import noun

PROBABILITY = Column("P(> 0)", numeric=True)


def coefficients(results: Results) -> Table:
    """Coefficients of the mean, per unit as the user's file has it."""
    return _coefficients(results, results.coefficients, "coefficients", "Coefficients, per unit of the moderator")


def scale_coefficients(results: Results) -> Table:
    """Coefficients on log τ, per unit as the user's file has it."""
    return _coefficients(results, results.scale_coefficients, "scale-coefficients", "Coefficients on log τ, per unit")


def _coefficients(results: Results, names: list[str], name: str, caption: str) -> Table:
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.estimates):
        if row["parameter"] in names:
            source = f"estimates.csv/{position}"
            numbers = summary_cells(row, source)
            term = Text(str(row["parameter"]).removeprefix("scale:"), foreign=True)
            rows.append([term, *numbers, probability_cell(row, source)])
    columns = [Column("Term"), *SUMMARY_COLUMNS, PROBABILITY]
    return Table(f"table-{name}", caption, columns, rows, "estimates.csv")


def levels(results: Results, rows: list[Row], file: str, name: str, caption: str, effects: bool) -> Table:
    """A table of levels; `effects` tells whether its numbers are effects, which have a natural scale."""
    heads = [Column("Moderator"), Column("Level"), *SUMMARY_COLUMNS]
    if effects:
        heads += [PROBABILITY, *natural.columns(results)]
    found: list[list[Cell]] = []
    for position, row in enumerate(rows[:ROWS_SHOWN]):
        source = f"{file}/{position}"
        cells: list[Cell] = [Text(row["moderator"], foreign=True), Text(level(row, rows), foreign=True)]
        cells += summary_cells(row, source)
        if effects:
            cells += [probability_cell(row, source), *natural.cells(results, row, source)]
        found.append(cells)
    return Table(f"table-{name}", shown(caption, rows, file), heads, found, file)


def at(results: Results) -> Table | None:
    """Predictions at the rows of `predict_at`."""
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.predictions):
        for start, words in (("mean at ", "mean"), ("new effect at ", "new effect")):
            if str(row["target"]).startswith(start):
                source = f"predictions.csv/{position}"
                where = Text(str(row["target"]).removeprefix(start), foreign=True)
                numbers = summary_cells(row, source)
                rows.append([where, Text(words), *numbers, *natural.cells(results, row, source)])
    if not rows:
        return None
    columns = [Column("Where"), Column("What"), *SUMMARY_COLUMNS, *natural.columns(results)]
    return Table("table-predict-at", "Predictions at chosen values", columns, rows, "predictions.csv")


def explained(results: Results) -> list[Sentence]:
    """What the moderators explain, by restricted maximum likelihood."""
    document = results.classical
    if not document.get("applies") and document.get("Q") is None:
        return []

    def number(path: str, form: str = "statistic") -> Any:
        return from_document(document, path, "classical.json", form)

    sentences: list[Sentence] = []
    if (document.get("R2") or {}).get("total") is not None:
        sentences.append(
            [
                "By restricted maximum likelihood, the moderators account for R² = ", number("R2/total", "tenth"),
                "% of the variance of the true effects", *_cut(document), ".",
            ]
        )  # fmt: skip
    if document.get("QM"):
        sentences.append(
            ["Test that all of their coefficients are zero: Q", "ₘ", " = ", number("QM/statistic"), " on ",
             *degrees(document, "QM/df"), ", p ", *p_words(document, "QM/p"), "."]
        )  # fmt: skip
    residual: Sentence = ["The heterogeneity in this report is what remains with the moderators in the model"]
    if document.get("Q") is not None:
        residual += [
            "; its test: Q = ", number("Q"), " on ", *degrees(document, "df"), ", p ",
            *p_words(document, "p"),
        ]  # fmt: skip
    return [*sentences, [*residual, "."]]


def _cut(document: Any) -> Sentence:
    """That R² would be negative, where it would."""
    without = document.get("tau2_without_moderators")
    if without is None or document["tau2"] <= without:
        return []
    larger, smaller = (from_document(document, key, "classical.json") for key in ("tau2", "tau2_without_moderators"))
    return [": τ² is larger with them, ", larger, ", than without, ", smaller, ", and a negative R² is set to zero"]


def degrees(document: Any, path: str) -> Sentence:
    """Such as ``12 degrees of freedom``."""
    number = from_document(document, path, "classical.json", "count")
    return [number, f" {noun(number.value or 0, 'degree of freedom', 'degrees of freedom')}"]


def p_words(document: Any, path: str) -> Sentence:
    """A p-value after the letter p: ``= 0.03`` or ``< 0.001``."""
    number = from_document(document, path, "classical.json", "p")
    return [number] if number.text.startswith("<") else ["= ", number]


def multipliers(results: Results) -> list[Sentence]:
    """What the scale coefficients mean: by how much τ is multiplied."""
    sentences: list[Sentence] = []
    for position, row in enumerate(results.estimates):
        if row["parameter"] in results.scale_coefficients:
            source = f"estimates.csv/{position}"
            factor = natural.multiplied(row, source)
            term = str(row["parameter"]).removeprefix("scale:")
            change = f"{term} in place of its reference level" if term.endswith("]") else f"One unit more of {term}"
            sentences.append(
                [
                    f"{change} multiplies τ by ",
                    factor[0],
                    " (95% credible interval ",
                    factor[1],
                    " to ",
                    factor[2],
                    ").",
                ]
            )
    return sentences


def content(results: Results) -> dict[str, Any]:
    """What the section on moderators shows, figures aside."""
    return {
        "formula": results.model["formulas"]["moderators"],
        "references": results.model["formulas"].get("reference_levels") or {},
        "coefficients": coefficients(results),
        "levels": levels(
            results, results.marginal_means, "marginal_means.csv", "marginal-means", "Marginal means", effects=True
        ),
        "sentences": explained(results),
        "unavailable": unavailable(results.classical, only=("QM", "R2")),
        "at": at(results),
    }


def scale_content(results: Results) -> dict[str, Any]:
    """What the section on the scale model shows, figures aside."""
    return {
        "formula": results.model["formulas"]["scale"],
        "coefficients": scale_coefficients(results),
        "levels": levels(results, results.scale, "scale.csv", "scale-levels", "τ at levels", effects=False),
        "sentences": multipliers(results),
    }
