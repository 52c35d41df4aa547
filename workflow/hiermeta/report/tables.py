"""Tables, and the cells that they share: summaries of posteriors, the data, the checks of the sampler."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hiermeta.data.selection import by_reason, listed
from hiermeta.figures.palette import symbol
from hiermeta.figures.regression import ratio
from hiermeta.io.results import Results, Row, find
from hiermeta.report.cells import (
    Cell,
    Column,
    Missing,
    Number,
    Status,
    Table,
    Text,
    from_document,
    numeric,
    of_summary,
    source_of,
    with_places,
)
from hiermeta.report.numbers import effect, of_checks
from hiermeta.report.words import HETEROGENEITY
from hiermeta.text.numbers import EXACT, count, exact_row, percent, places, printed, significant

ROWS_SHOWN = 200
"""Longer tables are cut here; the file beside the page has all rows."""
CLUSTERS_SHOWN = 30
"""Longer tables of the clusters of a regression are cut here."""
REASONS_SHOWN = 30
"""Reasons for leaving out rows that a page shows."""
WITH_REASON = "rows with this reason"

SUMMARY = ("mean", "sd", "median", "q2.5", "q97.5")
SUMMARY_COLUMNS = numeric("Mean", "SD", "Median", "2.5%", "97.5%")
(PROBABILITY,) = numeric("P(> 0)")


def summary_cells(row: Row, source: str) -> list[Cell]:
    """Mean, SD, median and limits of a row."""
    return [of_summary(row, column, source) for column in SUMMARY]


def probability_cell(row: Row, source: str, column: str = "P(>0)") -> Number:
    """The probability of an effect above a value, with the digits that the effective sample size supports."""
    probability = row[column]
    if column in row.get("from", {}):
        return Number(percent(probability, EXACT), probability, source_of(row, column, source))
    error = math.sqrt(probability * (1 - probability) / row["ess_bulk"]) if row["ess_bulk"] > 0 else math.nan
    return Number(percent(probability, error), probability, f"{source}/{column}")


def shown(caption: str, rows: Sequence[Row], file: str, most: int = ROWS_SHOWN) -> str:
    """The caption, which says so when rows are left out, and where all of them are."""
    if len(rows) <= most:
        return caption
    return f"{caption} (the first {most} of {count(len(rows))} rows; all are in {file})"


def of_row(results: Results, row: Row, source: str) -> list[Cell]:
    """Number, label and cluster of a row of the data."""
    cells: list[Cell] = [Number(row["row"], int(row["row"]), f"{source}/row"), Text(row["label"], foreign=True)]
    return [*cells, *([Text(row["cluster"], foreign=True)] if results.clustered else [])]


def row_columns(results: Results) -> list[Column]:
    """Heads of `of_row`."""
    return [*numeric("Row"), Column("Estimate"), *([Column(cluster_column(results))] if results.clustered else [])]


def cluster_column(results: Results) -> str:
    """What the user calls clusters."""
    return str(results.model.get("cluster_column") or "Cluster")


def data(results: Results) -> Table:
    """The estimates that were analysed."""
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.data[:ROWS_SHOWN]):
        source = f"data.csv/{position}"
        effect = with_places(row, "effect", source, places(math.sqrt(row["variance"]), EXACT))
        variance = Number(significant(row["variance"]), row["variance"], f"{source}/variance")
        rows.append([*of_row(results, row, source), effect, variance])
    caption = shown("The estimates that were analysed", results.data, "data.csv")
    return Table("table-data", caption, [*row_columns(results), *numeric("Effect", "Variance")], rows, "data.csv")


def outcome(results: Results) -> Table:
    """What the data say about the outcome before any model."""
    rows: list[list[Cell]] = [
        [Text(row["statistic"]), of_checks(row, "observed", f"checks.csv/{position}")]
        for position, row in enumerate(results.rows("checks"))
        if row["statistic"] != "dispersion"
    ]
    columns = [Column("Statistic"), *numeric("Observed")]
    return Table("table-outcome", "The outcome", columns, rows, "checks.csv")


def dropped(results: Results) -> Table:
    """Rows left out, counted by reason."""
    reasons = by_reason(results.validation.get("dropped", []))
    rows: list[list[Cell]] = []
    for entry in reasons[:REASONS_SHOWN]:
        number = Number(count(entry["count"]), entry["count"], "validation.json/dropped", WITH_REASON)
        rows.append([Text(entry["reason"], foreign=True), number, Text(listed(entry))])
    columns = [Column("Reason"), *numeric("Rows"), Column("Which (lines of the file's data)")]
    caption = "Rows left out"
    if len(reasons) > REASONS_SHOWN:
        caption += f" (the {REASONS_SHOWN} most frequent of {count(len(reasons))} reasons; all are in validation.json)"
    return Table("table-dropped", caption, columns, rows, "validation.json")


def estimates(results: Results) -> Table:
    """All parameters; coefficients of probabilities and rates also as ratios."""
    names, word = set(results.model["coefficients"]), ratio(results)
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.estimates):
        source = f"estimates.csv/{position}"
        cells: list[Cell] = [Text(row["parameter"], foreign=True), *summary_cells(row, source)]
        coefficient = row["parameter"] in names
        cells.append(probability_cell(row, source) if coefficient else Missing())
        if word:
            slope = coefficient and row["parameter"] != "intercept"
            cells += effect(results, row, source) if slope else [Missing()] * 3
        rows.append(cells)
    columns = [Column("Parameter"), *SUMMARY_COLUMNS, PROBABILITY]
    columns += numeric(word[:1].upper() + word[1:], "2.5%", "97.5%") if word else []
    return Table("table-estimates", "Estimates, per unit of the predictor", columns, rows, "estimates.csv")


def heterogeneity(results: Results) -> Table:
    """All rows of the heterogeneity table, each explained."""
    columns = [Column("Quantity"), *SUMMARY_COLUMNS, Column("Meaning")]
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.heterogeneity):
        symbol, meaning = HETEROGENEITY[row["quantity"]]
        numbers = summary_cells(row, f"heterogeneity.csv/{position}")
        rows.append([Text(symbol), *numbers, Text(meaning)])
    return Table("table-heterogeneity", "Heterogeneity", columns, rows, "heterogeneity.csv")


def agreement(results: Results) -> Table:
    """Draws against the exact posterior."""
    rows: list[list[Cell]] = []
    for position, entry in enumerate(results.diagnostics["agreement"]):
        source = f"diagnostics.json/agreement/{position}"
        statistic, row = entry["statistic"], find(results.rows("estimates"), "parameter", entry["parameter"])
        exact = exact_row(row["mean"], row["sd"], row["q2.5"], row["q97.5"])
        exact |= results.exact.get("parameters", results.exact).get(entry["parameter"], {})
        cells: list[Cell] = [Text(symbol(entry["parameter"]), foreign=True), Text(statistic)]
        for name, like in (("draws", row), ("exact", exact)):
            text = printed({**like, statistic: entry[name]}, statistic)
            cells.append(Number(text, entry[name], f"{source}/{name}"))
        for name in ("difference_sd", "mcse_sd"):
            cells.append(Number(significant(entry[name], 2), entry[name], f"{source}/{name}"))
        rows.append([*cells, Status(entry["status"])])
    columns = [Column("Parameter"), Column("Statistic")]
    columns += [*numeric("Draws", "Exact", "Difference in SDs", "Its Monte Carlo SE in SDs"), Column("Status")]
    return Table("table-agreement", "Stan against the exact posterior", columns, rows, "diagnostics.json")


def convergence(results: Results) -> Table:
    """R̂, effective sample sizes and Monte Carlo errors of every parameter."""
    columns = [Column("Parameter"), *numeric("Mean", "SD", "MCSE of the mean", "Bulk ESS", "Tail ESS", "R̂")]
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.rows("estimates")):
        source = f"estimates.csv/{position}"
        cells: list[Cell] = [of_summary(row, name, source) for name in ("mean", "sd")]
        cells.append(Number(significant(row["mcse_mean"], 2), row["mcse_mean"], f"{source}/mcse_mean"))
        cells += [with_places(row, name, source, 0) for name in ("ess_bulk", "ess_tail")]
        cells.append(with_places(row, "r_hat", source, 4))
        rows.append([Text(symbol(row["parameter"]), foreign=True), *cells])
    return Table("table-convergence", "Convergence of every parameter", columns, rows, "estimates.csv")


def attempts(results: Results) -> Table:
    """What the sampler was asked to do, in order, and why it was asked again."""
    forms = {"adapt_delta": "plain", "warmup": "count", "draws": "count", "divergences": "count"}
    columns = [Column("Attempt"), *numeric("adapt_delta", "Warm-up", "Draws", "Divergences"), Column("Reason")]
    rows: list[list[Cell]] = []
    for position, attempt in enumerate(results.fit.get("attempts", [])):
        numbers = [
            from_document(results.fit, f"attempts/{position}/{name}", "fit.json", form) for name, form in forms.items()
        ]
        rows.append([Text(str(position + 1)), *numbers, Text(attempt["reason"])])
    return Table("table-attempts", "Runs of the sampler", columns, rows, "fit.json")


def problems(results: Results) -> Table:
    """Why the data set was refused."""
    rows: list[list[Cell]] = []
    for position, problem in enumerate(results.validation.get("problems", [])[:ROWS_SHOWN]):
        row = from_document(results.validation, f"problems/{position}/row", "validation.json", "count")
        where = Text(problem["column"] or "–", foreign=True)
        rows.append([Text(problem["message"], foreign=True), row, where, Text(problem["remedy"])])
    columns = [Column("What is wrong"), *numeric("Row"), Column("Column"), Column("What to do")]
    return Table("table-problems", "What has to be corrected", columns, rows, "validation.json")
