"""What is estimated, of parameters, rows and clusters, and what is predicted: tables of summaries."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from hiermeta.figures.marginal_means import level
from hiermeta.figures.regression import groups, linear, ratio
from hiermeta.io.results import Results, Row
from hiermeta.report.cells import Cell, Column, Missing, Table, Text, with_places
from hiermeta.report.numbers import differs, effect, if_known, natural, natural_label
from hiermeta.report.tables import (
    CLUSTERS_SHOWN,
    ROWS_SHOWN,
    SUMMARY,
    digits,
    number,
    of_cluster,
    of_row,
    probability_cell,
    tabulated,
    text,
)
from hiermeta.report.words import HETEROGENEITY
from hiermeta.text.numbers import EXACT, UNKNOWN, places

PREDICTIONS = "predictions.csv"


def parameters(results: Results) -> Table:
    """All parameters of a regression; coefficients of probabilities and rates also as ratios."""
    names, word = set(results.model["coefficients"]), ratio(results)

    def chance(row: Row, source: str) -> Cell:
        return probability_cell(row, source) if row["parameter"] in names else Missing()

    def multiplied(position: int) -> Callable[[Row, str], Cell]:
        slopes = names - {"intercept"}
        return lambda row, source: effect(results, row, source)[position] if row["parameter"] in slopes else Missing()

    columns = [text("Parameter", "parameter", True), *SUMMARY, Column("P(> 0)", True, chance)]
    heads = (word[:1].upper() + word[1:], "2.5%", "97.5%") if word else ()
    columns += [Column(label, True, multiplied(position)) for position, label in enumerate(heads)]
    return tabulated("estimates", "Estimates, per unit of the predictor", "estimates.csv", results.estimates, columns)


def heterogeneity(results: Results) -> Table:
    """All rows of the heterogeneity table, each explained."""
    what = Column("Quantity", cell=lambda row, source: Text(HETEROGENEITY[row["quantity"]][0]))
    meaning = Column("Meaning", cell=lambda row, source: Text(HETEROGENEITY[row["quantity"]][1]))
    columns = [what, *SUMMARY, meaning]
    return tabulated("heterogeneity", "Heterogeneity", "heterogeneity.csv", results.heterogeneity, columns)


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


def on_natural_scale(results: Results) -> list[Column]:
    """Median and 95% limits on the measure's natural scale; none where the scales are the same."""
    if not differs(results):
        return []
    name = natural_label(results)

    def column(position: int, label: str) -> Column:
        return Column(label, True, lambda row, source: natural(results, row, source)[position])

    return [column(position, label) for position, label in enumerate((name[:1].upper() + name[1:], "2.5%", "97.5%"))]


def predicted_effects(results: Results) -> Table:
    """The mean, a new effect, a new effect in each known cluster, and what the config asks for."""
    words = {"mean": "mean of the true effects (credible interval)", "new effect": "a new effect (prediction interval)"}

    def target(row: Row, source: str) -> Cell:
        return Text(str(words.get(row["target"], row["target"])), foreign=row["target"] not in words)

    columns = [Column("Target", cell=target), *SUMMARY, *on_natural_scale(results)]
    return tabulated("predictions", "Predictions", PREDICTIONS, results.predictions, columns, ROWS_SHOWN)


def predicted_outcomes(results: Results) -> Table:
    """The mean outcome, a typical cluster, a new one, a new individual, and what the config asks for."""
    words = {
        "mean": "mean (credible interval)" if linear(results) else "average over clusters (credible interval)",
        "typical cluster": "typical cluster (credible interval)",
        "new cluster": "a new cluster (prediction interval)",
        "new individual": "an individual in a new cluster (prediction interval)",
    }

    def start(row: Row) -> str:
        return next((name for name in words if f"{row['target']} at ".startswith(f"{name} at ")), "")

    def target(row: Row, source: str) -> Cell:
        label = words[start(row)] + row["target"].removeprefix(start(row))
        return Text(label, foreign=label not in words.values())

    caption = "Predictions at the mean of the predictors, and at chosen values"
    columns = [Column("Target", cell=target), *SUMMARY]
    return tabulated(
        "predictions", caption, PREDICTIONS, results.predictions, columns, keep=lambda row: bool(start(row))
    )


def levels(
    name: str, caption: str, file: str, rows: list[Row], of: str = "Moderator", more: Sequence[Column] = ()
) -> Table:
    """Summaries at levels of moderators, or of what `of` says, with more columns where there are `more`."""
    where = Column("Level", cell=lambda row, source: Text(level(row, rows), foreign=True))
    return tabulated(name, caption, file, rows, [text(of, "moderator", True), where, *SUMMARY, *more], ROWS_SHOWN)


def at_values(results: Results) -> Table | None:
    """Predictions of a meta-analysis at the rows of `predict_at`."""

    def part(position: int) -> Callable[[Row, str], Cell]:
        return lambda row, source: Text(row["target"].split(" at ", 1)[position], foreign=position == 1)

    columns = [Column("Where", cell=part(1)), Column("What", cell=part(0)), *SUMMARY, *on_natural_scale(results)]
    starts = ("mean at ", "new effect at ")
    table = tabulated(
        "predict-at", "Predictions at chosen values", PREDICTIONS, results.predictions, columns,
        keep=lambda row: row["target"].startswith(starts),
    )  # fmt: skip
    return table if table.rows else None


def predicted_clusters(results: Results) -> Table:
    """The expected outcome of each known cluster at the mean of the predictors."""
    known = {f"{start} {row['cluster']}" for row in results.loo for start in ("cluster", row.get("group", "cluster"))}
    name = Column("Cluster", cell=lambda row, source: Text(row["target"].removeprefix("cluster "), foreign=True))
    return tabulated(
        "clusters", "Clusters at the mean of the predictors", PREDICTIONS, results.predictions, [name, *SUMMARY],
        CLUSTERS_SHOWN, keep=lambda row: row["target"] in known,
    )  # fmt: skip
