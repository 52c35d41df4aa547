"""All data sets side by side, as a page, a TSV and a JSON file."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from hiermeta.data.files import read_json, write_json, write_text
from hiermeta.data.guard import guarded
from hiermeta.data.spreadsheet import safe
from hiermeta.figures import caterpillar, style
from hiermeta.figures.forest_rows import interval
from hiermeta.figures.svg import render as render_svg
from hiermeta.io.results import Results, Row
from hiermeta.report import comparison
from hiermeta.report.cells import Number, from_document, of_summary
from hiermeta.report.context import ICONS, RECORD
from hiermeta.report.health import agreement_check
from hiermeta.report.inline import description, inline
from hiermeta.report.overview_line import DataSet
from hiermeta.report.overview_tables import hierarchical, meta
from hiermeta.report.page import render
from hiermeta.report.section import Figure
from hiermeta.report.words import after_crash

_CLUSTERING = {
    "ICC": {"icc": "mean", "icc_q2.5": "q2.5", "icc_q97.5": "q97.5"},
    "R2 [marginal]": {"R2_marginal": "mean"},
    "R2 [conditional]": {"R2_conditional": "mean"},
    "design effect": {"design_effect": "mean"},
}
_FORMS = {"max_r_hat": "fine", "min_ess_bulk": "count", "divergences": "count"}


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
        return DataSet(name, title or name, **outcome, **heading, numbers=_numbers(results), entry=_entry(results))

    def failed(message: str) -> DataSet:
        steps = [after_crash(name, "overview")]
        return DataSet(name, title or name, "fail", f"its files can't be read: {message}", steps, "overview")

    return guarded(line, failed)


def _from_table(file: str, rows: Sequence[Row], key: str, value: str, columns: dict[str, str]) -> dict[str, Number]:
    """Numbers of the row whose `key` is `value`; `columns` maps the overview's names to the table's."""
    for position, row in enumerate(rows):
        if row[key] == value:
            source = f"{file}/{position}"
            return {new: of_summary(row, old, source) for new, old in columns.items()}
    return {}


def _numbers(results: Results) -> dict[str, Number]:
    numbers: dict[str, Number] = {}
    for key in ("k", "n_clusters"):
        if results.model.get(key) is not None:
            numbers[key] = from_document(results.model, key, "model.json", "count")
    if results.is_meta:
        numbers |= _meta_numbers(results)
    else:
        rows = results.rows("clustering")
        for quantity, columns in _CLUSTERING.items():
            numbers |= _from_table("clustering.csv", rows, "quantity", quantity, columns)
    for key, form in _FORMS.items():
        if results.diagnostics.get(key) is not None:
            numbers[key] = from_document(results.diagnostics, key, "diagnostics.json", form)
    agreement = agreement_check(results)
    if agreement:
        numbers["agreement_sd"] = agreement.value
    if results.fit.get("seconds") is not None:
        numbers["seconds"] = from_document(results.fit, "seconds", "fit.json", "short")
    return numbers


def _meta_numbers(results: Results) -> dict[str, Number]:
    limits = {"effect": "mean", "q2.5": "q2.5", "q97.5": "q97.5"}
    numbers = _from_table("estimates.csv", results.estimates, "parameter", "mu", limits)
    predicted = {"predicted_q2.5": "q2.5", "predicted_q97.5": "q97.5"}
    numbers |= _from_table("predictions.csv", results.predictions, "target", "new effect", predicted)
    for quantity in ("tau", "rho", "I2"):
        numbers |= _from_table("heterogeneity.csv", results.heterogeneity, "quantity", quantity, {quantity: "mean"})
    evidence = comparison.effect(results)
    return numbers | ({"log_bayes_factor": evidence} if evidence else {})


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
        svg = render_svg(drawing.figure, drawing.title, drawing.description)
    return Figure("caterpillar", inline(svg, "caterpillar"), description(svg))


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
        "tables": [table for table in (meta(datasets), hierarchical(datasets)) if table.rows],
        "figure": _caterpillar(datasets),
    }
    write_text(html, render("overview.html.j2", context))
    write_text(tsv_file, tsv(datasets))
    write_json(json_file, {"datasets": [dataset.record for dataset in datasets]})
