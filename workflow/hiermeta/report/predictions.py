"""Predictions: of the mean, of what is new, of known clusters, at levels of moderators and at chosen values."""

from __future__ import annotations

from dataclasses import replace

from hiermeta.figures.marginal_means import level
from hiermeta.figures.regression import linear
from hiermeta.io.results import Results, Row
from hiermeta.report.cells import Cell, Column, Table, Text
from hiermeta.report.numbers import natural_cells, natural_columns
from hiermeta.report.tables import (
    CLUSTERS_SHOWN,
    PROBABILITY,
    ROWS_SHOWN,
    SUMMARY_COLUMNS,
    probability_cell,
    shown,
    summary_cells,
)

FILE = "predictions.csv"


def effects(results: Results) -> Table:
    """The mean, a new effect, a new effect in each known cluster, and what the config asks for."""
    words = {"mean": "mean of the true effects (credible interval)", "new effect": "a new effect (prediction interval)"}
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.predictions[:ROWS_SHOWN]):
        source, target = f"{FILE}/{position}", row["target"]
        label = Text(str(words.get(target, target)), foreign=target not in words)
        rows.append([label, *summary_cells(row, source), *natural_cells(results, row, source)])
    columns = [Column("Target"), *SUMMARY_COLUMNS, *natural_columns(results)]
    return Table("table-predictions", shown("Predictions", results.predictions, FILE), columns, rows, FILE)


def outcomes(results: Results) -> Table:
    """The mean outcome, a typical cluster, a new one, a new individual, and what the config asks for."""
    words = {
        "mean": "mean (credible interval)" if linear(results) else "average over clusters (credible interval)",
        "typical cluster": "typical cluster (credible interval)",
        "new cluster": "a new cluster (prediction interval)",
        "new individual": "an individual in a new cluster (prediction interval)",
    }
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.predictions):
        start = next((name for name in words if row["target"] == name or row["target"].startswith(f"{name} at ")), None)
        if start is not None:
            label = words[start] + row["target"].removeprefix(start)
            numbers = summary_cells(row, f"{FILE}/{position}")
            rows.append([Text(label, foreign=label not in words.values()), *numbers])
    caption = "Predictions at the mean of the predictors, and at chosen values"
    return Table("table-predictions", caption, [Column("Target"), *SUMMARY_COLUMNS], rows, FILE)


def levels(results: Results, rows: list[Row], file: str, name: str, caption: str, effects: bool) -> Table:
    """A table of levels; `effects` tells whether its numbers are effects, which have a natural scale."""
    heads = [Column("Moderator"), Column("Level"), *SUMMARY_COLUMNS]
    if effects:
        heads += [PROBABILITY, *natural_columns(results)]
    found: list[list[Cell]] = []
    for position, row in enumerate(rows[:ROWS_SHOWN]):
        source = f"{file}/{position}"
        cells: list[Cell] = [Text(row["moderator"], foreign=True), Text(level(row, rows), foreign=True)]
        cells += summary_cells(row, source)
        if effects:
            cells += [probability_cell(row, source), *natural_cells(results, row, source)]
        found.append(cells)
    return Table(f"table-{name}", shown(caption, rows, file), heads, found, file)


def levels_of_predictors(results: Results) -> Table:
    """The expected outcome at levels of each predictor."""
    table = levels(results, results.marginal_means, "marginal_means.csv", "levels", "Marginal means", effects=False)
    return replace(table, columns=[Column("Predictor"), *table.columns[1:]])


def at_values(results: Results) -> Table | None:
    """Predictions at the rows of `predict_at`."""
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.predictions):
        for start, words in (("mean at ", "mean"), ("new effect at ", "new effect")):
            if str(row["target"]).startswith(start):
                source = f"{FILE}/{position}"
                where = Text(str(row["target"]).removeprefix(start), foreign=True)
                numbers = summary_cells(row, source)
                rows.append([where, Text(words), *numbers, *natural_cells(results, row, source)])
    if not rows:
        return None
    columns = [Column("Where"), Column("What"), *SUMMARY_COLUMNS, *natural_columns(results)]
    return Table("table-predict-at", "Predictions at chosen values", columns, rows, FILE)


def clusters(results: Results) -> Table:
    """The expected outcome of each known cluster at the mean of the predictors."""
    known = {f"{start} {row['cluster']}" for row in results.loo for start in ("cluster", row.get("group", "cluster"))}
    found = [(i, row) for i, row in enumerate(results.predictions) if row["target"] in known]
    rows: list[list[Cell]] = [
        [Text(row["target"].removeprefix("cluster "), foreign=True), *summary_cells(row, f"{FILE}/{position}")]
        for position, row in found[:CLUSTERS_SHOWN]
    ]
    caption = shown("Clusters at the mean of the predictors", [row for _, row in found], FILE, CLUSTERS_SHOWN)
    return Table("table-clusters", caption, [Column("Cluster"), *SUMMARY_COLUMNS], rows, FILE)
