"""All data sets side by side, as a page, a TSV and a JSON file."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hiermeta.figures import caterpillar, style
from hiermeta.figures.forest_rows import interval
from hiermeta.figures.results import Results, Row, decimals_of
from hiermeta.figures.svg import render as render_svg
from hiermeta.report import comparison
from hiermeta.report.cells import (
    Cell,
    Column,
    Interval,
    Link,
    Missing,
    Number,
    Status,
    Table,
    Text,
    from_document,
    from_row,
)
from hiermeta.report.context import ICONS
from hiermeta.report.health import agreement_check
from hiermeta.report.inline import description, inline
from hiermeta.report.outcome import trouble
from hiermeta.report.page import render
from hiermeta.report.section import Figure

COLUMNS = [
    *(
        Column("Data set"),
        Column("Status"),
        Column("Measure"),
        Column("k", numeric=True),
        Column("Clusters", numeric=True),
    ),
    *(Column(label, numeric=True) for label in ("Effect", "2.5%", "97.5%")),
    Column("Credible interval"),
    *(Column(label, numeric=True) for label in ("Predicted from", "to", "τ", "ρ", "I²", "Log BF of μ ≠ 0")),
    *(Column(label, numeric=True) for label in ("R̂", "Bulk ESS", "Divergences", "Stan − exact (SD)", "Seconds")),
]


@dataclass(frozen=True)
class DataSet:
    """One line of the overview: its numbers by name, and what to do next if something is wrong."""

    name: str
    title: str
    results: Results
    numbers: dict[str, Number]
    message: str
    steps: list[str]

    @property
    def status(self) -> str:
        return self.results.status

    @property
    def report(self) -> str:
        return f"{quote(self.name)}/report.html"

    @property
    def measure(self) -> str:
        return str(self.results.model.get("measure") or "")


def _from_table(
    name: str, file: str, rows: Sequence[Row], key: str, value: str, columns: dict[str, str]
) -> dict[str, Number]:
    """Numbers of the row whose `key` is `value`; `columns` maps the overview's names to the table's."""
    for position, row in enumerate(rows):
        if row[key] == value:
            source = f"{name}/{file}/{position}"
            return {new: from_row(row, old, source, decimals_of(row)) for new, old in columns.items()}
    return {}


def read(folder: Path, name: str, title: str | None) -> DataSet:
    """Collect the line of one data set from its results folder."""
    results = Results(folder / name)
    numbers: dict[str, Number] = {}
    for key in ("k", "n_clusters"):
        if results.model.get(key) is not None:
            numbers[key] = from_document(results.model, key, f"{name}/model.json", "count")
    limits = {"effect": "mean", "q2.5": "q2.5", "q97.5": "q97.5"}
    numbers |= _from_table(name, "estimates.csv", results.estimates, "parameter", "mu", limits)
    predicted = {"predicted_q2.5": "q2.5", "predicted_q97.5": "q97.5"}
    numbers |= _from_table(name, "predictions.csv", results.predictions, "target", "new effect", predicted)
    for quantity in ("tau", "rho", "I2"):
        numbers |= _from_table(
            name, "heterogeneity.csv", results.heterogeneity, "quantity", quantity, {quantity: "mean"}
        )
    forms = {"max_r_hat": "fine", "min_ess_bulk": "count", "divergences": "count"}
    for key, form in forms.items():
        if results.diagnostics.get(key) is not None:
            numbers[key] = from_document(results.diagnostics, key, f"{name}/diagnostics.json", form)
    evidence = comparison.effect(results, f"{name}/")
    if evidence:
        numbers["log_bayes_factor"] = evidence
    agreement = agreement_check(results)
    if agreement:
        value = agreement.value
        numbers["agreement_sd"] = Number(value.text, value.value, f"{name}/{value.source}")
    if results.fit.get("seconds") is not None:
        numbers["seconds"] = from_document(results.fit, "seconds", f"{name}/fit.json", "short")
    return DataSet(name, title or name, results, numbers, *trouble(results))


FIELDS = (
    "k", "n_clusters", "effect", "q2.5", "q97.5", "predicted_q2.5", "predicted_q97.5", "tau", "rho", "I2",
    "log_bayes_factor",
    "max_r_hat", "min_ess_bulk", "divergences", "agreement_sd", "seconds",
)  # fmt: skip


def record(dataset: DataSet) -> dict[str, Any]:
    """The line as plain values, for TSV and JSON."""
    values = {field: dataset.numbers[field].value if field in dataset.numbers else None for field in FIELDS}
    heading = {"name": dataset.name, "title": dataset.title, "status": dataset.status, "measure": dataset.measure}
    return heading | values | {"message": dataset.message, "report": dataset.report}


def _axes(datasets: Sequence[DataSet]) -> dict[str, tuple[float, float]]:
    """The range of credible intervals, zero included, of every measure."""
    ranges: dict[str, tuple[float, float]] = {}
    for dataset in datasets:
        limits = [dataset.numbers[key].value for key in ("q2.5", "q97.5") if key in dataset.numbers]
        values = [value for value in limits if value is not None]
        if values:
            low, high = ranges.get(dataset.measure, (0.0, 0.0))
            ranges[dataset.measure] = (min(low, *values), max(high, *values))
    return ranges


def _interval(dataset: DataSet, ranges: dict[str, tuple[float, float]]) -> Cell:
    if "effect" not in dataset.numbers:
        return Missing()
    low, high = ranges[dataset.measure]
    width = (high - low) or 1.0

    def place(value: float) -> float:
        return round(3 + 94 * (value - low) / width, 1)

    point, lower, upper = (float(dataset.numbers[key].value or 0.0) for key in ("effect", "q2.5", "q97.5"))
    return Interval(place(lower), place(point), place(upper), place(0.0))


def table(datasets: Sequence[DataSet]) -> Table:
    """One row per data set."""
    ranges = _axes(datasets)
    rows: list[list[Cell]] = []
    for dataset in datasets:
        cells: dict[str, Cell] = {field: dataset.numbers.get(field, Missing()) for field in FIELDS}
        head: list[Cell] = [Link(dataset.name, dataset.report), Status(dataset.status), Text(dataset.measure or "–")]
        effect = [cells[field] for field in FIELDS[:5]]
        rows.append([*head, *effect, _interval(dataset, ranges), *(cells[field] for field in FIELDS[5:])])
    return Table("datasets", "One row per data set", COLUMNS, rows, "overview.tsv")


def _caterpillar(datasets: Sequence[DataSet]) -> Figure | None:
    entries = [
        caterpillar.Entry(
            dataset.name,
            dataset.results.model["measure_label"],
            interval(dataset.results.estimate("mu")),
            interval(dataset.results.prediction("new effect")),
        )
        for dataset in datasets
        if dataset.results.is_meta and dataset.results.has_numbers and dataset.status in ("pass", "warn")
    ]
    if not entries:
        return None
    with style.drawing():
        drawing = caterpillar.draw(entries)
        svg = render_svg(drawing.figure, drawing.title, drawing.description)
    return Figure("caterpillar", inline(svg, "caterpillar"), description(svg))


def tsv(datasets: Sequence[DataSet]) -> str:
    """All lines as tab-separated values, missing ones empty."""
    stream = io.StringIO()
    columns = ["name", "title", "status", "measure", *FIELDS, "message", "report"]
    writer = csv.DictWriter(stream, columns, delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {key: " ".join(v.split()) if isinstance(v, str) else v for key, v in record(d).items()} for d in datasets
    )
    return stream.getvalue()


def write_overview(folder: Path, titles: Mapping[str, str | None], html: Path, tsv_file: Path, json_file: Path) -> None:
    """Write the overview of the data sets below `folder`.

    Parameters
    ----------
    folder : Path
        The results folder.
    titles : mapping
        Title, if any, of every data set, by name.
    html, tsv_file, json_file : Path
        What to write.
    """
    datasets = [read(folder, name, title) for name, title in titles.items()]
    counted = Counter(dataset.status for dataset in datasets)
    context = {
        "counts": {status: counted[status] for status in ("fail", "refused", "warn", "pass")},
        "icons": ICONS,
        "total": len(datasets),
        "troubled": [d for status in ("fail", "refused") for d in datasets if d.status == status],
        "table": table(datasets),
        "figure": _caterpillar(datasets),
    }
    html.write_text(render("overview.html.j2", context), encoding="utf-8")
    tsv_file.write_text(tsv(datasets), encoding="utf-8")
    records = json.dumps({"datasets": [record(dataset) for dataset in datasets]}, indent=1, ensure_ascii=False)
    json_file.write_text(records + "\n", encoding="utf-8")
