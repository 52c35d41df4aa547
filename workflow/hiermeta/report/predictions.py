"""Predictions: of the mean, of what is new, of known clusters, at levels of moderators and at chosen values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hiermeta.figures.marginal_means import level
from hiermeta.figures.regression import linear
from hiermeta.io.results import Results, Row
from hiermeta.report.cells import Cell, Column, Table, Text
from hiermeta.report.numbers import differs, natural, natural_label
from hiermeta.report.tables import CLUSTERS_SHOWN, ROWS_SHOWN, SUMMARY, tabulated, text

FILE = "predictions.csv"


def on_natural_scale(results: Results) -> list[Column]:
    """Median and 95% limits on the measure's natural scale; none where the scales are the same."""
    if not differs(results):
        return []
    name = natural_label(results)

    def column(position: int, label: str) -> Column:
        return Column(label, True, lambda row, source: natural(results, row, source)[position])

    return [column(position, label) for position, label in enumerate((name[:1].upper() + name[1:], "2.5%", "97.5%"))]


def effects(results: Results) -> Table:
    """The mean, a new effect, a new effect in each known cluster, and what the config asks for."""
    words = {"mean": "mean of the true effects (credible interval)", "new effect": "a new effect (prediction interval)"}

    def target(row: Row, source: str) -> Cell:
        return Text(str(words.get(row["target"], row["target"])), foreign=row["target"] not in words)

    columns = [Column("Target", cell=target), *SUMMARY, *on_natural_scale(results)]
    return tabulated("predictions", "Predictions", FILE, results.predictions, columns, ROWS_SHOWN)


def outcomes(results: Results) -> Table:
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
    return tabulated("predictions", caption, FILE, results.predictions, columns, keep=lambda row: bool(start(row)))


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
        "predict-at", "Predictions at chosen values", FILE, results.predictions, columns,
        keep=lambda row: row["target"].startswith(starts),
    )  # fmt: skip
    return table if table.rows else None


def clusters(results: Results) -> Table:
    """The expected outcome of each known cluster at the mean of the predictors."""
    known = {f"{start} {row['cluster']}" for row in results.loo for start in ("cluster", row.get("group", "cluster"))}
    name = Column("Cluster", cell=lambda row, source: Text(row["target"].removeprefix("cluster "), foreign=True))
    return tabulated(
        "clusters", "Clusters at the mean of the predictors", FILE, results.predictions, [name, *SUMMARY],
        CLUSTERS_SHOWN, keep=lambda row: row["target"] in known,
    )  # fmt: skip
