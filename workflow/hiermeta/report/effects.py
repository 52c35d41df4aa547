"""What rows and clusters are estimated to be: true effects, cluster effects, random effects, the three poolings."""

from __future__ import annotations

import math

from hiermeta.figures.regression import groups
from hiermeta.io.results import Results, Row
from hiermeta.report.cells import Cell, Column, Table, with_places
from hiermeta.report.numbers import if_known
from hiermeta.report.tables import (
    CLUSTERS_SHOWN,
    ROWS_SHOWN,
    SUMMARY,
    digits,
    number,
    of_cluster,
    of_row,
    tabulated,
    text,
)
from hiermeta.text.numbers import EXACT, UNKNOWN, places


def cluster_effects(results: Results) -> Table:
    """The effect of every cluster of a meta-analysis."""
    columns = [of_cluster(results), number("Estimates", "k", "count"), *SUMMARY]
    rows = results.cluster_effects
    return tabulated("clusters", "Cluster effects", "cluster_effects.csv", rows, columns, ROWS_SHOWN)


def true_effects(results: Results) -> Table:
    """Observed estimate and true effect of every row; medians are in the file."""
    errors = {row["row"]: math.sqrt(row["variance"]) for row in results.data}

    def observed(row: Row, source: str) -> Cell:
        return with_places(row, "observed", source, places(errors[row["row"]], EXACT))

    without_median = [column for column in SUMMARY if column.label != "Median"]
    columns = [*of_row(results), Column("Observed", True, observed), *without_median]
    return tabulated("effects", "True effects", "true_effects.csv", results.true_effects, columns, ROWS_SHOWN)


def named(results: Results) -> list[Column]:
    """The cluster of a regression, and its grouping factor where there are several."""
    factor = [text("Factor", "group", True)] if len(groups(results)) > 1 else []
    return [text("Cluster", "cluster", True), *factor]


def random_effects(results: Results) -> Table:
    """How each cluster differs from the overall coefficients."""
    rows, columns = results.rows("random_effects"), [*named(results), text("Term", "term", True), *SUMMARY]
    return tabulated("random-effects", "Random effects", "random_effects.csv", rows, columns, CLUSTERS_SHOWN)


def pooling(results: Results) -> Table:
    """The coefficients of each cluster without, with complete and with partial pooling."""
    # The Monte Carlo error of a cluster's own coefficient is about that of its random effect.
    errors = {(row.get("group"), row["cluster"], row["term"]): row for row in results.rows("random_effects")}

    def pooled(label: str, key: str) -> Column:
        def cell(row: Row, source: str) -> Cell:
            effect = errors.get((row.get("group"), row["cluster"], row["term"]), {})
            partial = places(row["partial_line_sd"], effect.get("mcse_mean", UNKNOWN))
            alone = places(row["none_se"] if row["none_se"] > 0 else row["partial_line_sd"], EXACT)
            return if_known(row, key, source, partial if key.startswith("partial") else alone)

        return Column(label, True, cell)

    columns = [*named(results), text("Term", "term", True), number("Rows", "n", "count")]
    columns += [pooled("No pooling", "none"), pooled("SE", "none_se")]
    columns += [pooled("Partial pooling", "partial_line"), pooled("SD", "partial_line_sd")]
    columns += [pooled("Complete pooling", "complete_line"), digits("Shrinkage", "shrinkage", 2)]
    caption = "The three poolings of every cluster"
    return tabulated("pooling", caption, "pooling.csv", results.rows("pooling"), columns, CLUSTERS_SHOWN)
