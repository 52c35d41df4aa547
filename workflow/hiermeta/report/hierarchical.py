"""Tables of a hierarchical regression: estimates, what the clustering does, models side by side, predictions."""

from __future__ import annotations

from hiermeta.figures.numbers import significant
from hiermeta.figures.results import Results, decimals_of, read_table
from hiermeta.report.cells import Cell, Column, Missing, Number, Table, Text
from hiermeta.report.tables import SUMMARY_COLUMNS, summary_cells

MODELS = {
    "complete": "Complete pooling",
    "complete_se": "naive SE",
    "complete_robust_se": "cluster-robust SE",
    "partial": "Partial pooling",
    "partial_sd": "posterior SD",
    "reml": "REML",
    "reml_se": "SE",
}


def summaries(results: Results, name: str, key: str, caption: str) -> Table:
    """A file of interval columns, one row per quantity."""
    file = f"{name}.csv"
    rows: list[list[Cell]] = [
        [Text(str(row[key]), foreign=True), *summary_cells(row, f"{file}/{position}", decimals_of(row))]
        for position, row in enumerate(read_table(results.folder / file))
    ]
    return Table(f"table-{name}", caption, [Column(key.capitalize()), *SUMMARY_COLUMNS], rows, file)


def models(results: Results) -> Table:
    """Each term under complete and partial pooling and in the REML fit; the build-up is in the file."""
    rows: list[list[Cell]] = []
    for position, row in enumerate(read_table(results.folder / "models.csv", text=("term",))):
        cells: list[Cell] = [Text(row["term"], foreign=True)]
        for name in MODELS:
            value = row.get(name, float("nan"))
            source = f"models.csv/{position}/{name}"
            cells.append(Missing() if value != value else Number(significant(value, 3), value, source))
        rows.append(cells)
    columns = [Column("Term"), *(Column(label, numeric=True) for label in MODELS.values())]
    caption = "Models side by side (the build-up from the null model is in models.csv)"
    return Table("table-models", caption, columns, rows, "models.csv")


def content(results: Results) -> dict[str, list[Table]]:
    """What the section shows."""
    return {
        "tables": [
            summaries(results, "estimates", "parameter", "Estimates"),
            summaries(results, "clustering", "quantity", "What the clustering does"),
            models(results),
            summaries(results, "predictions", "target", "Predictions at the mean of the predictors"),
        ]
    }
