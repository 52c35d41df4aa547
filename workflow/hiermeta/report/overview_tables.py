"""The tables of the overview: one row per meta-analysis, one per hierarchical regression."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hiermeta.report.cells import Cell, Column, Interval, Link, Missing, Number, Status, Table, Text
from hiermeta.report.overview_line import DataSet

FILE = "overview.json"
_SAMPLER = {
    "max_r_hat": "R̂", "min_ess_bulk": "ESS", "divergences": "Diver\N{SOFT HYPHEN}gences",
    "agreement_sd": "Stan −\N{NO-BREAK SPACE}exact", "seconds": "Sec\N{SOFT HYPHEN}onds",
}  # fmt: skip
_EFFECT = {"k": "k", "n_clusters": "Clus\N{SOFT HYPHEN}ters", "effect": "Effect", "q2.5": "2.5%", "q97.5": "97.5%"}
_HETEROGENEITY = {
    "predicted_q2.5": "New from", "predicted_q97.5": "to", "tau": "τ", "rho": "ρ", "I2": "I² %",
    "log_bayes_factor": "log BF",
}  # fmt: skip
_CLUSTERING = {"k": "Rows", "n_clusters": "Clusters", "icc": "ICC", "icc_q2.5": "2.5%", "icc_q97.5": "97.5%"}
_EXPLAINED = {"design_effect": "Design effect", "R2_marginal": "R² marginal", "R2_conditional": "R² conditional"}


def meta(datasets: Sequence[DataSet]) -> Table:
    """Pooled effect, drawn too, prediction interval, heterogeneity, evidence, sampler."""
    ranges = _ranges(datasets)
    columns = _columns("Measure", _EFFECT, _HETEROGENEITY)
    rows: list[list[Cell]] = []
    for position, dataset in enumerate(datasets):
        if dataset.analysis == "meta":
            drawn = _interval(dataset, ("effect", "q2.5", "q97.5"), *ranges.get(dataset.measure, (0.0, 1.0)))
            rows.append(_row(position, dataset, _EFFECT, drawn, _HETEROGENEITY))
    return Table("datasets", "Meta-analyses, one row per data set", columns, rows, "overview.tsv")


def hierarchical(datasets: Sequence[DataSet]) -> Table:
    """Intraclass correlation, drawn too, design effect, explained variance, sampler."""
    columns = _columns("Family", _CLUSTERING, _EXPLAINED)
    rows = [
        _row(
            position,
            dataset,
            _CLUSTERING,
            _interval(dataset, ("icc", "icc_q2.5", "icc_q97.5"), 0.0, 1.0),
            _EXPLAINED,
        )
        for position, dataset in enumerate(datasets)
        if dataset.analysis == "hierarchical"
    ]
    return Table("regressions", "Hierarchical regressions, one row per data set", columns, rows, "overview.tsv")


def _columns(kind: str, before: dict[str, str], after: dict[str, str]) -> list[Column]:
    numbers = [Column(label, numeric=True) for label in before.values()]
    rest = [Column(label, numeric=True) for label in (after | _SAMPLER).values()]
    return [Column("Data set"), Column("Status"), Column(kind), *numbers, Column("95% interval"), *rest]


def _row(position: int, dataset: DataSet, before: dict[str, str], drawn: Cell, after: dict[str, str]) -> list[Cell]:
    head: list[Cell] = [Link(dataset.name, dataset.report), Status(dataset.status), Text(dataset.measure or "–")]
    rest = [_number(position, dataset, name) for name in after | _SAMPLER]
    return [*head, *(_number(position, dataset, name) for name in before), drawn, *rest]


def _number(position: int, dataset: DataSet, name: str) -> Cell:
    number = dataset.numbers.get(name)
    if number is None or number.value is None or not math.isfinite(number.value):
        return Missing()
    if name == "n_clusters" and number.value == 0:
        return Missing()
    return Number(number.text, number.value, f"{FILE}/datasets/{position}/{name}")


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
