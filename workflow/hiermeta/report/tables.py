"""Tables, and the cells that they share: summaries of posteriors, the data, the checks of the sampler."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from hiermeta.data.selection import by_reason, listed
from hiermeta.figures.palette import symbol
from hiermeta.io.results import Results, Row, find
from hiermeta.report.cells import (
    Cell,
    Column,
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
from hiermeta.report.numbers import plain
from hiermeta.text.numbers import EXACT, count, exact_row, percent, places, printed

ROWS_SHOWN = 200
"""Longer tables are cut here; the file beside the page has all rows."""
CLUSTERS_SHOWN = 30
"""Longer tables of the clusters of a regression are cut here."""
REASONS_SHOWN = 30
"""Reasons for leaving out rows that a page shows."""
WITH_REASON = "rows with this reason"


def probability_cell(row: Row, source: str, column: str = "P(>0)") -> Number:
    """The probability of an effect above a value, with the digits that the effective sample size supports."""
    probability = row[column]
    if column in row.get("from", {}):
        return Number(percent(probability, EXACT), probability, source_of(row, column, source))
    error = math.sqrt(probability * (1 - probability) / row["ess_bulk"]) if row["ess_bulk"] > 0 else math.nan
    return Number(percent(probability, error), probability, f"{source}/{column}")


def text(label: str, key: str, foreign: bool = False) -> Column:
    """A column of words."""
    return Column(label, cell=lambda row, source: Text(row[key], foreign=foreign))


def number(label: str, key: str, form: str = "significant") -> Column:
    """A column of numbers in a form of `from_document`."""
    return Column(label, True, lambda row, source: from_document(row, key, source, form))


def digits(label: str, key: str, kept: int = 3) -> Column:
    """A column of numbers with this many significant digits, where there are any."""
    return Column(label, True, lambda row, source: plain(row, key, source, kept))


def summary(label: str, key: str) -> Column:
    """A column of summaries of draws."""
    return Column(label, True, lambda row, source: of_summary(row, key, source))


SUMMARIES = {"Mean": "mean", "SD": "sd", "Median": "median", "2.5%": "q2.5", "97.5%": "q97.5"}
SUMMARY = [summary(label, key) for label, key in SUMMARIES.items()]
PROBABILITY = Column("P(> 0)", True, probability_cell)


def tabulated(
    name: str,
    caption: str,
    place: str,
    rows: Sequence[Row],
    columns: Sequence[Column],
    most: int | None = None,
    keep: Callable[[Row], bool] = lambda row: True,
) -> Table:
    """A table with a line for each row of a file.

    Parameters
    ----------
    name, caption : str
    place : str
        The file, and the key of the rows in it.
    rows : sequence of Row
        All rows there.
    columns : sequence of Column
    most : int, optional
        Of more rows, only the first ones are shown; the caption then says so, and where all of them are.
    keep : callable, optional
        Whether a row belongs into the table.
    """
    file = place if place.endswith(".csv") else place.partition("/")[0]
    kept = [(row, f"{place}/{i}") for i, row in enumerate(rows) if keep(row)]
    if most is not None and len(kept) > most:
        caption += f" (the first {most} of {count(len(kept))} rows; all are in {file})"
    cells = [[column.cell(row, source) for column in columns if column.cell] for row, source in kept[:most]]
    return Table(f"table-{name}", caption, columns, cells, file)


def of_row(results: Results) -> list[Column]:
    """Number, label and cluster of a row of the data of a meta-analysis."""
    row = Column("Row of file", True, lambda row, source: Number(row["row"], int(row["row"]), f"{source}/row"))
    return [row, text("Estimate", "label", True), *([of_cluster(results)] if results.clustered else [])]


def of_cluster(results: Results) -> Column:
    """The cluster of a row, called as the user does."""
    return text(str(results.model.get("cluster_column") or "Cluster"), "cluster", True)


def data(results: Results) -> Table:
    """The estimates that were analysed."""

    def effect(row: Row, source: str) -> Cell:
        return with_places(row, "effect", source, places(math.sqrt(row["variance"]), EXACT))

    columns = [*of_row(results), Column("Effect", True, effect), number("Variance", "variance")]
    return tabulated("data", "The estimates that were analysed", "data.csv", results.data, columns, ROWS_SHOWN)


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


def parameter(row: Row, source: str) -> Cell:
    """The symbol of a row's parameter."""
    return Text(symbol(row["parameter"]), foreign=True)


def agreement(results: Results) -> Table:
    """Draws against the exact posterior."""

    def of(name: str) -> Callable[[Row, str], Cell]:
        def cell(entry: Row, source: str) -> Cell:
            statistic, row = entry["statistic"], find(results.rows("estimates"), "parameter", entry["parameter"])
            if name == "exact":
                row = exact_row(row["mean"], row["sd"], row["q2.5"], row["q97.5"])
                row |= results.exact.get("parameters", results.exact).get(entry["parameter"], {})
            return Number(printed({**row, statistic: entry[name]}, statistic), entry[name], f"{source}/{name}")

        return cell

    columns = [
        Column("Parameter", cell=parameter),
        text("Statistic", "statistic"),
        Column("Draws", True, of("draws")),
        Column("Exact", True, of("exact")),
        number("Difference in SDs", "difference_sd", "short"),
        number("Its Monte Carlo SE in SDs", "mcse_sd", "short"),
        Column("Status", cell=lambda row, source: Status(row["status"])),
    ]
    rows = results.diagnostics["agreement"]
    return tabulated("agreement", "Stan against the exact posterior", "diagnostics.json/agreement", rows, columns)


def convergence(results: Results) -> Table:
    """R̂, effective sample sizes and Monte Carlo errors of every parameter."""
    columns = [
        Column("Parameter", cell=parameter),
        *SUMMARY[:2],
        number("MCSE of the mean", "mcse_mean", "short"),
        number("Bulk ESS", "ess_bulk", "whole"),
        number("Tail ESS", "ess_tail", "whole"),
        Column("R̂", True, lambda row, source: with_places(row, "r_hat", source, 4)),
    ]
    caption = "Convergence of every parameter"
    return tabulated("convergence", caption, "estimates.csv", results.rows("estimates"), columns)


def attempts(results: Results) -> Table:
    """What the sampler was asked to do, in order, and why it was asked again."""
    columns = [
        Column("Attempt", cell=lambda row, source: Text(str(int(source.rpartition("/")[2]) + 1))),
        number("adapt_delta", "adapt_delta", "plain"),
        number("Warm-up", "warmup", "count"),
        number("Draws", "draws", "count"),
        number("Divergences", "divergences", "count"),
        text("Reason", "reason"),
    ]
    return tabulated("attempts", "Runs of the sampler", "fit.json/attempts", results.fit.get("attempts", []), columns)


def problems(results: Results) -> Table:
    """Why the data set was refused."""
    columns = [
        text("What is wrong", "message", True),
        number("Row of file", "row", "count"),
        Column("Column", cell=lambda row, source: Text(row["column"] or "–", foreign=True)),
        text("What to do", "remedy"),
    ]
    rows = results.validation.get("problems", [])[:ROWS_SHOWN]
    return tabulated("problems", "What has to be corrected", "validation.json/problems", rows, columns)
