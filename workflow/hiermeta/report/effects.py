"""What rows and clusters are estimated to be: true effects, cluster effects, random effects, the three poolings."""

from __future__ import annotations

import math

from hiermeta.figures.regression import groups
from hiermeta.io.results import Results, Row
from hiermeta.report.cells import Cell, Column, Number, Table, Text, numeric, of_summary, with_places
from hiermeta.report.numbers import if_known, plain
from hiermeta.report.tables import (
    CLUSTERS_SHOWN,
    ROWS_SHOWN,
    SUMMARY,
    SUMMARY_COLUMNS,
    cluster_column,
    of_row,
    row_columns,
    shown,
    summary_cells,
)
from hiermeta.text.numbers import EXACT, UNKNOWN, count, places


def cluster_effects(results: Results) -> Table:
    """The effect of every cluster of a meta-analysis."""
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.cluster_effects[:ROWS_SHOWN]):
        source = f"cluster_effects.csv/{position}"
        size = Number(count(row["k"]), row["k"], f"{source}/k")
        rows.append([Text(row["cluster"], foreign=True), size, *summary_cells(row, source)])
    caption = shown("Cluster effects", results.cluster_effects, "cluster_effects.csv")
    columns = [Column(cluster_column(results)), *numeric("Estimates"), *SUMMARY_COLUMNS]
    return Table("table-clusters", caption, columns, rows, "cluster_effects.csv")


def true_effects(results: Results) -> Table:
    """Observed estimate and true effect of every row; medians are in the file."""
    errors = {row["row"]: math.sqrt(row["variance"]) for row in results.data}
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.true_effects[:ROWS_SHOWN]):
        source = f"true_effects.csv/{position}"
        observed = with_places(row, "observed", source, places(errors[row["row"]], EXACT))
        summary = [of_summary(row, name, source) for name in SUMMARY if name != "median"]
        rows.append([*of_row(results, row, source), observed, *summary])
    columns = [*row_columns(results), *numeric("Observed"), *(c for c in SUMMARY_COLUMNS if c.label != "Median")]
    caption = shown("True effects", results.true_effects, "true_effects.csv")
    return Table("table-effects", caption, columns, rows, "true_effects.csv")


def named(results: Results, row: Row) -> list[Cell]:
    """A cluster of a regression, and its grouping factor where there are several."""
    several = len(groups(results)) > 1
    return [Text(row["cluster"], foreign=True), *([Text(row["group"], foreign=True)] if several else [])]


def named_columns(results: Results) -> list[Column]:
    """Heads of `named`."""
    return [Column("Cluster"), *([Column("Factor")] if len(groups(results)) > 1 else [])]


def random_effects(results: Results) -> Table:
    """How each cluster differs from the overall coefficients."""
    found = results.rows("random_effects")
    rows: list[list[Cell]] = []
    for position, row in enumerate(found[:CLUSTERS_SHOWN]):
        term = Text(row["term"], foreign=True)
        rows.append([*named(results, row), term, *summary_cells(row, f"random_effects.csv/{position}")])
    columns = [*named_columns(results), Column("Term"), *SUMMARY_COLUMNS]
    caption = shown("Random effects", found, "random_effects.csv", CLUSTERS_SHOWN)
    return Table("table-random-effects", caption, columns, rows, "random_effects.csv")


def pooling(results: Results) -> Table:
    """The coefficients of each cluster without, with complete and with partial pooling."""
    found = results.rows("pooling")
    # The Monte Carlo error of a cluster's own coefficient is about that of its random effect.
    errors = {(row.get("group"), row["cluster"], row["term"]): row for row in results.rows("random_effects")}
    rows: list[list[Cell]] = []
    for position, row in enumerate(found[:CLUSTERS_SHOWN]):
        source = f"pooling.csv/{position}"
        size = Number(count(row["n"]), row["n"], f"{source}/n")
        effect = errors.get((row.get("group"), row["cluster"], row["term"]), {})
        partial = places(row["partial_line_sd"], effect.get("mcse_mean", UNKNOWN))
        alone = places(row["none_se"] if row["none_se"] > 0 else row["partial_line_sd"], EXACT)
        digits = {"none": alone, "none_se": alone, "partial_line": partial, "partial_line_sd": partial}
        numbers = [if_known(row, key, source, kept) for key, kept in (digits | {"complete_line": alone}).items()]
        term = Text(row["term"], foreign=True)
        rows.append([*named(results, row), term, size, *numbers, plain(row, "shrinkage", source, 2)])
    columns = [*named_columns(results), Column("Term")]
    columns += numeric("Rows", "No pooling", "SE", "Partial pooling", "SD", "Complete pooling", "Shrinkage")
    caption = shown("The three poolings of every cluster", found, "pooling.csv", CLUSTERS_SHOWN)
    return Table("table-pooling", caption, columns, rows, "pooling.csv")
