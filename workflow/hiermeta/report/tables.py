"""The tables of a report."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hiermeta.data.dropped import by_reason, listed
from hiermeta.figures.palette import symbol
from hiermeta.io.results import Results, Row, find, read_table
from hiermeta.report import natural
from hiermeta.report.cells import (
    Cell,
    Column,
    Number,
    Status,
    Table,
    Text,
    from_document,
    of_summary,
    source_of,
    with_places,
)
from hiermeta.report.words import HETEROGENEITY, PARAMETERS, prior_short, prior_words
from hiermeta.text.numbers import EXACT, count, exact_row, percent, places, printed, significant

ROWS_SHOWN = 200
"""Longer tables are cut here; the file beside the page has all rows."""
REASONS_SHOWN = 30
"""Reasons for leaving out rows that a page shows."""
WITH_REASON = "rows with this reason"

SUMMARY = ("mean", "sd", "median", "q2.5", "q97.5")
SUMMARY_COLUMNS = [
    Column("Mean", numeric=True),
    Column("SD", numeric=True),
    Column("Median", numeric=True),
    Column("2.5%", numeric=True),
    Column("97.5%", numeric=True),
]


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


def shown(caption: str, rows: Sequence[Row], file: str) -> str:
    """The caption, which says so when rows are left out, and where all of them are."""
    if len(rows) <= ROWS_SHOWN:
        return caption
    return cut(caption, ROWS_SHOWN, rows, file)


def cut(caption: str, kept: int, rows: Sequence[Row], file: str) -> str:
    """The caption of a table that shows only its first rows."""
    return f"{caption} (the first {kept} of {count(len(rows))} rows; all are in {file})"


def _cluster_column(results: Results) -> str:
    return str(results.model.get("cluster_column") or "Cluster")


def data(results: Results) -> Table:
    """The rows that were analysed."""
    columns = [Column("Row", numeric=True), Column("Estimate")]
    if results.clustered:
        columns.append(Column(_cluster_column(results)))
    columns += [Column("Effect", numeric=True), Column("Variance", numeric=True)]
    rows = []
    for position, row in enumerate(results.data[:ROWS_SHOWN]):
        source = f"data.csv/{position}"
        cells: list[Cell] = [Number(row["row"], int(row["row"]), f"{source}/row"), Text(row["label"], foreign=True)]
        if results.clustered:
            cells.append(Text(row["cluster"], foreign=True))
        effect = with_places(row, "effect", source, places(math.sqrt(row["variance"]), EXACT))
        rows.append([*cells, effect, Number(significant(row["variance"]), row["variance"], f"{source}/variance")])
    return Table(
        "table-data", shown("The estimates that were analysed", results.data, "data.csv"), columns, rows, "data.csv"
    )


def priors(results: Results) -> Table:
    """Priors, what they say, and where they come from."""
    columns = [Column("Parameter"), Column("Meaning"), Column("Prior"), Column("In words"), Column("Source")]
    rows: list[list[Cell]] = []
    for name, entry in results.model["priors"].items():
        letter, meaning = PARAMETERS[name]
        origin = f"default ({entry['source']})" if entry["default"] else f"{entry['source']}"
        texts = (letter, meaning, prior_short(entry["prior"]), prior_words(entry["prior"]), origin)
        rows.append([Text(text) for text in texts])
    return Table("table-priors", "Priors", columns, rows, "model.json")


def prior_predictive(results: Results) -> Table:
    """What the priors alone say, as simulated for the figure."""
    file = "figures/prior_predictive.csv"
    names = {"mu": "pooled effect μ", "tau": "standard deviation τ", "new effect": "true effect of a study"}
    labels = {"q2.5": "2.5%", "q25": "25%", "median": "Median", "q75": "75%", "q97.5": "97.5%"}
    columns = [Column("Quantity"), *(Column(label, numeric=True) for label in labels.values())]
    rows: list[list[Cell]] = [
        [
            Text(names[row["quantity"]]),
            *(Number(significant(row[name], 2), row[name], f"{file}/{position}/{name}") for name in labels),
        ]
        for position, row in enumerate(read_table(results.folder / file))
    ]
    return Table("table-prior-predictive", "Quantiles of the priors", columns, rows, file)


def heterogeneity(results: Results) -> Table:
    """All rows of the heterogeneity table, each explained."""
    columns = [Column("Quantity"), *SUMMARY_COLUMNS, Column("Meaning")]
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.heterogeneity):
        symbol, meaning = HETEROGENEITY[row["quantity"]]
        numbers = summary_cells(row, f"heterogeneity.csv/{position}")
        rows.append([Text(symbol), *numbers, Text(meaning)])
    return Table("table-heterogeneity", "Heterogeneity", columns, rows, "heterogeneity.csv")


def predictions(results: Results) -> Table:
    """The mean, a new effect, a new effect in each known cluster, and what the config asks for."""
    columns = [Column("Target"), *SUMMARY_COLUMNS, *natural.columns(results)]
    words = {"mean": "mean of the true effects (credible interval)", "new effect": "a new effect (prediction interval)"}
    rows: list[list[Cell]] = [
        [
            Text(str(words.get(row["target"], row["target"])), foreign=row["target"] not in words),
            *summary_cells(row, f"predictions.csv/{position}"),
            *natural.cells(results, row, f"predictions.csv/{position}"),
        ]
        for position, row in enumerate(results.predictions[:ROWS_SHOWN])
    ]
    return Table(
        "table-predictions",
        shown("Predictions", results.predictions, "predictions.csv"),
        columns,
        rows,
        "predictions.csv",
    )


def cluster_effects(results: Results) -> Table:
    """The effect of every cluster."""
    columns = [
        Column(_cluster_column(results)),
        Column("Estimates", numeric=True),
        *SUMMARY_COLUMNS,
    ]
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.cluster_effects[:ROWS_SHOWN]):
        source = f"cluster_effects.csv/{position}"
        size = Number(count(row["k"]), row["k"], f"{source}/k")
        rows.append([Text(row["cluster"], foreign=True), size, *summary_cells(row, source)])
    caption = shown("Cluster effects", results.cluster_effects, "cluster_effects.csv")
    return Table("table-clusters", caption, columns, rows, "cluster_effects.csv")


def true_effects(results: Results) -> Table:
    """Observed estimate and true effect of every row; medians are in the file."""
    columns = [Column("Row", numeric=True), Column("Estimate")]
    if results.clustered:
        columns.append(Column(_cluster_column(results)))
    columns += [Column("Observed", numeric=True), *(column for column in SUMMARY_COLUMNS if column.label != "Median")]
    errors = {row["row"]: math.sqrt(row["variance"]) for row in results.data}
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.true_effects[:ROWS_SHOWN]):
        source = f"true_effects.csv/{position}"
        cells: list[Cell] = [Number(row["row"], int(row["row"]), f"{source}/row"), Text(row["label"], foreign=True)]
        if results.clustered:
            cells.append(Text(row["cluster"], foreign=True))
        observed = with_places(row, "observed", source, places(errors[row["row"]], EXACT))
        summary = [of_summary(row, name, source) for name in SUMMARY if name != "median"]
        rows.append([*cells, observed, *summary])
    return Table(
        "table-effects",
        shown("True effects", results.true_effects, "true_effects.csv"),
        columns,
        rows,
        "true_effects.csv",
    )


def agreement(results: Results) -> Table:
    """Draws against the exact posterior."""
    labels = ("Draws", "Exact", "Difference in SDs", "Its Monte Carlo SE in SDs")
    columns = [
        Column("Parameter"),
        Column("Statistic"),
        *(Column(label, numeric=True) for label in labels),
        Column("Status"),
    ]
    rows: list[list[Cell]] = []
    for position, entry in enumerate(results.diagnostics["agreement"]):
        source = f"diagnostics.json/agreement/{position}"
        statistic, row = entry["statistic"], find(results.rows("estimates"), "parameter", entry["parameter"])
        exact = exact_row(row["mean"], row["sd"], row["q2.5"], row["q97.5"])
        exact |= results.exact.get("parameters", results.exact).get(entry["parameter"], {})
        rows.append(
            [
                Text(symbol(entry["parameter"]), foreign=True),
                Text(statistic),
                Number(printed({**row, statistic: entry["draws"]}, statistic), entry["draws"], f"{source}/draws"),
                Number(printed({**exact, statistic: entry["exact"]}, statistic), entry["exact"], f"{source}/exact"),
                *(
                    Number(significant(entry[name], 2), entry[name], f"{source}/{name}")
                    for name in ("difference_sd", "mcse_sd")
                ),
                Status(entry["status"]),
            ]
        )
    return Table("table-agreement", "Stan against the exact posterior", columns, rows, "diagnostics.json")


def convergence(results: Results) -> Table:
    """R̂, effective sample sizes and Monte Carlo errors of every parameter."""
    labels = ("Mean", "SD", "MCSE of the mean", "Bulk ESS", "Tail ESS", "R̂")
    columns = [Column("Parameter"), *(Column(label, numeric=True) for label in labels)]
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
    labels = ("adapt_delta", "Warm-up", "Draws", "Divergences")
    columns = [Column("Attempt"), *(Column(label, numeric=True) for label in labels), Column("Reason")]
    rows: list[list[Cell]] = []
    for position, attempt in enumerate(results.fit.get("attempts", [])):
        numbers = [
            from_document(results.fit, f"attempts/{position}/{name}", "fit.json", form) for name, form in forms.items()
        ]
        rows.append([Text(str(position + 1)), *numbers, Text(attempt["reason"])])
    return Table("table-attempts", "Runs of the sampler", columns, rows, "fit.json")


def dropped(results: Results) -> Table:
    """Rows left out, counted by reason."""
    reasons = by_reason(results.validation.get("dropped", []))
    rows: list[list[Cell]] = []
    for entry in reasons[:REASONS_SHOWN]:
        number = Number(count(entry["count"]), entry["count"], "validation.json/dropped", WITH_REASON)
        rows.append([Text(entry["reason"], foreign=True), number, Text(listed(entry))])
    columns = [Column("Reason"), Column("Rows", numeric=True), Column("Which (lines of the file's data)")]
    caption = "Rows left out"
    if len(reasons) > REASONS_SHOWN:
        caption += f" (the {REASONS_SHOWN} most frequent of {count(len(reasons))} reasons; all are in validation.json)"
    return Table("table-dropped", caption, columns, rows, "validation.json")


def problems(results: Results) -> Table:
    """Why the data set was refused."""
    columns = [Column("What is wrong"), Column("Row", numeric=True), Column("Column"), Column("What to do")]
    rows: list[list[Cell]] = []
    for position, problem in enumerate(results.validation.get("problems", [])[:ROWS_SHOWN]):
        row = from_document(results.validation, f"problems/{position}/row", "validation.json", "count")
        rows.append(
            [
                Text(problem["message"], foreign=True),
                row,
                Text(problem["column"] or "–", foreign=True),
                Text(problem["remedy"]),
            ]
        )
    return Table("table-problems", "What has to be corrected", columns, rows, "validation.json")
