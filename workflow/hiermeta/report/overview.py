"""All data sets side by side, as a page, a TSV and a JSON file."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from hiermeta.data.measures import MEASURES
from hiermeta.data.problems import guarded
from hiermeta.figures import caterpillar, style
from hiermeta.figures.forest_rows import interval
from hiermeta.figures.forest_rows import natural as natural_scale
from hiermeta.figures.svg import render as render_svg
from hiermeta.io.files import read_json, safe, write_json, write_text
from hiermeta.io.results import Results
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
    numeric,
    of_summary,
)
from hiermeta.report.context import ICONS, RECORD, render
from hiermeta.report.health import agreement_check
from hiermeta.report.inline import Figure, of_svg
from hiermeta.report.numbers import KEYS, natural, place, rows
from hiermeta.report.words import after_crash

FIELDS = (
    "k", "n_clusters", "effect", "q2.5", "q97.5", "predicted_q2.5", "predicted_q97.5", "tau", "rho", "I2",
    "log_bayes_factor", "icc", "icc_q2.5", "icc_q97.5", "R2_marginal", "R2_conditional", "design_effect",
    "max_r_hat", "min_ess_bulk", "divergences", "agreement_sd", "seconds",
)  # fmt: skip
_TABLES = {
    "estimates": {"mu": {"effect": "mean", "q2.5": "q2.5", "q97.5": "q97.5"}},
    "predictions": {"new effect": {"predicted_q2.5": "q2.5", "predicted_q97.5": "q97.5"}},
    "heterogeneity": {name: {name: "mean"} for name in ("tau", "rho", "I2")},
    "clustering": {
        "ICC [null]": {"icc": "mean", "icc_q2.5": "q2.5", "icc_q97.5": "q97.5"},
        "R2 [marginal]": {"R2_marginal": "mean"},
        "R2 [conditional]": {"R2_conditional": "mean"},
        "design effect [null]": {"design_effect": "mean"},
    },
}
"""Table and name of its row, to the overview's names of numbers and the table's."""
_FORMS = {"max_r_hat": "fine", "min_ess_bulk": "count", "divergences": "count"}


class Kind(NamedTuple):
    """A table of the overview: labels by name of number, before and after the interval that is drawn."""

    analysis: str
    id: str
    caption: str
    heading: str
    before: dict[str, str]
    drawn: tuple[str, str, str]
    after: dict[str, str]


KINDS = (
    Kind(
        "meta", "datasets", "Meta-analyses, one row per data set", "Measure",
        {"k": "k", "n_clusters": "Clus\N{SOFT HYPHEN}ters", "effect": "Effect", "q2.5": "2.5%", "q97.5": "97.5%"},
        ("effect", "q2.5", "q97.5"),
        {"predicted_q2.5": "New from", "predicted_q97.5": "to", "tau": "τ", "rho": "ρ", "I2": "I² %",
         "log_bayes_factor": "log BF"},
    ),
    Kind(
        "hierarchical", "regressions", "Hierarchical regressions, one row per data set", "Family",
        {"k": "Rows", "n_clusters": "Clusters", "icc": "ICC", "icc_q2.5": "2.5%", "icc_q97.5": "97.5%"},
        ("icc", "icc_q2.5", "icc_q97.5"),
        {"design_effect": "Design effect", "R2_marginal": "R² marginal", "R2_conditional": "R² conditional"},
    ),
)  # fmt: skip


@dataclass(frozen=True)
class DataSet:
    """One line of the overview: what it is, its numbers by name, and what to do next if something is wrong.

    `natural` has the numbers that the page shows on the measure's natural scale, and `scale` says which one it shows.
    """

    name: str
    title: str
    status: str
    message: str
    steps: list[str]
    crashed: str
    cautions: list[str]
    analysis: str = "meta"
    measure: str = ""
    scale: str = ""
    numbers: dict[str, Number] = field(default_factory=dict)
    natural: dict[str, Number] = field(default_factory=dict)
    entry: caterpillar.Entry | None = None

    @property
    def report(self) -> str:
        return f"{quote(self.name)}/report.html"

    @property
    def record(self) -> dict[str, Any]:
        """The line as plain values, for TSV and JSON."""
        heading = {"name": self.name, "title": self.title, "status": self.status, "analysis": self.analysis}
        values = {field: self.numbers[field].value if field in self.numbers else None for field in FIELDS}
        ending = {"message": self.message, "report": self.report, "crashed": self.crashed}
        ending["cautions"] = "; ".join(self.cautions)
        return heading | {"measure": self.measure} | values | ending


def read(folder: Path, name: str, title: str | None) -> DataSet:
    """The line of one data set; one whose files can't be made sense of is a failure like any other.

    Parameters
    ----------
    folder : Path
        The results folder.
    name : str
        Of the data set.
    title : str or None
    """
    outcome = read_json(folder / name / RECORD)

    def line() -> DataSet:
        results = Results(folder / name)
        model = results.model
        heading = {"analysis": model["analysis"], "measure": str(model.get("measure") or model.get("family") or "")}
        heading["scale"] = _scale(results, heading["measure"])
        numbers, shown, entry = _numbers(results), _natural(results), _entry(results)
        return DataSet(name, title or name, **outcome, **heading, numbers=numbers, natural=shown, entry=entry)

    def failed(message: str) -> DataSet:
        steps = [after_crash(name, "overview")]
        return DataSet(name, title or name, "fail", f"its files can't be read: {message}", steps, "overview", [])

    return guarded(line, failed)


def _numbers(results: Results) -> dict[str, Number]:
    numbers = {
        key: from_document(results.model, key, "model.json", "count")
        for key in ("k", "n_clusters")
        if results.model.get(key) is not None
    }
    for table, wanted in _TABLES.items():
        for position, row in enumerate(rows(results, table)):
            columns = wanted.get(row[KEYS[table]], {}) if results.is_meta != (table == "clustering") else {}
            source = f"{table}.csv/{position}"
            numbers |= {name: of_summary(row, column, source) for name, column in columns.items()}
    evidence = comparison.effect(results) if results.is_meta else None
    numbers |= {"log_bayes_factor": evidence} if evidence else {}
    for key, form in _FORMS.items():
        if results.diagnostics.get(key) is not None:
            numbers[key] = from_document(results.diagnostics, key, "diagnostics.json", form)
    agreement = agreement_check(results)
    if agreement:
        numbers["agreement_sd"] = agreement.value
    if results.fit.get("seconds") is not None:
        numbers["seconds"] = from_document(results.fit, "seconds", "fit.json", "short")
    return numbers


def _natural(results: Results) -> dict[str, Number]:
    """Pooled effect and prediction from the data set's own files, on the natural scale where that was asked for."""
    if not (results.is_meta and results.has_numbers and natural_scale(results)):
        return {}
    found: dict[str, Number] = {}
    for table in ("estimates", "predictions"):
        for name, wanted in _TABLES[table].items():
            source, row = place(results, table, name)
            for number in natural(results, row, source):
                shown = replace(number, source=f"{results.model['name']}/{number.source}")
                column = "mean" if shown.key == "median" else shown.key
                found |= {field: shown for field, of in wanted.items() if of == column}
    return found


def _scale(results: Results, measure: str) -> str:
    """The measure, with the transformation that its numbers are shown under."""
    logarithm = results.is_meta and measure in MEASURES and MEASURES[measure].transformation == "exp"
    return f"log {measure}" if logarithm and not natural_scale(results) else measure


def _entry(results: Results) -> caterpillar.Entry | None:
    """The line in the figure; none where there is no pooled effect that may be used."""
    if not (results.is_meta and results.has_numbers and results.status in ("pass", "warn")):
        return None
    pooled, new = interval(results.estimate("mu")), interval(results.prediction("new effect"))
    return caterpillar.Entry(results.model["name"], results.model["measure_label"], pooled, new)


def _caterpillar(datasets: Sequence[DataSet]) -> Figure | None:
    entries = [dataset.entry for dataset in datasets if dataset.entry is not None]
    if not entries:
        return None
    with style.drawing():
        drawing = caterpillar.draw(entries)
        return of_svg("caterpillar", render_svg(drawing.figure, "All data sets", drawing.description))


def _table(datasets: Sequence[DataSet], kind: Kind) -> Table:
    """One row per data set of this kind, with its main interval drawn."""
    ranges, after = _ranges(datasets), kind.after
    columns = [Column(head) for head in ("Data set", "Status", "Cautions", kind.heading)]
    columns += numeric(*kind.before.values())
    columns += [Column("95% interval"), *numeric(*after.values())]
    rows: list[list[Cell]] = []
    for position, dataset in enumerate(datasets):
        if dataset.analysis == kind.analysis:
            note = dataset.name if dataset.title != dataset.name else ""
            head: list[Cell] = [Link(dataset.title, dataset.report, note), Status(dataset.status)]
            head.append(Text(", ".join(dataset.cautions) or "–"))
            first, last = ([_number(position, dataset, name) for name in names] for names in (kind.before, after))
            drawn = _interval(dataset, kind.drawn, *ranges.get(dataset.measure, (0.0, 1.0)))
            rows.append([*head, Text(dataset.scale or "–"), *first, drawn, *last])
    return Table(kind.id, kind.caption, columns, rows, "overview.tsv")


def _number(position: int, dataset: DataSet, name: str) -> Cell:
    if name in dataset.natural:
        return dataset.natural[name]
    number = dataset.numbers.get(name)
    if number is None or number.value is None or not math.isfinite(number.value):
        return Missing()
    if name == "n_clusters" and number.value == 0:
        return Missing()
    return Number(number.text, number.value, f"overview.json/datasets/{position}/{name}")


def _ranges(datasets: Sequence[DataSet]) -> dict[str, tuple[float, float]]:
    """The range of credible intervals that may be used, zero included, of every measure."""
    ranges: dict[str, tuple[float, float]] = {}
    for dataset in datasets:
        if dataset.entry is not None:
            low, high = ranges.get(dataset.measure, (0.0, 0.0))
            _, lower, upper = dataset.entry.pooled
            ranges[dataset.measure] = (min(low, lower), max(high, upper))
    return ranges


def _interval(dataset: DataSet, names: tuple[str, str, str], low: float, high: float) -> Cell:
    """Drawn between the ends of an axis; none for results that must not be used."""
    if dataset.status not in ("pass", "warn") or names[0] not in dataset.numbers:
        return Missing()
    width = (high - low) or 1.0
    point, lower, upper = (
        round(3 + 94 * (float(dataset.numbers[name].value or 0.0) - low) / width, 1) for name in names
    )
    return Interval(lower, point, upper, round(3 - 94 * low / width, 1))


def tsv(datasets: Sequence[DataSet]) -> str:
    """All lines as tab-separated values, missing ones empty."""
    stream = io.StringIO()
    lines = [dataset.record for dataset in datasets]
    writer = csv.DictWriter(stream, list(lines[0]), delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {key: safe(" ".join(v.split())) if isinstance(v, str) else v for key, v in line.items()} for line in lines
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
        "tables": [table for kind in KINDS if (table := _table(datasets, kind)).rows],
        "figure": _caterpillar(datasets),
    }
    write_text(html, render("overview.html.j2", context))
    write_text(tsv_file, tsv(datasets))
    write_json(json_file, {"datasets": [dataset.record for dataset in datasets]})
