"""Influence and model checks: what single estimates and clusters do, and how well the others predict them."""

from __future__ import annotations

import math
from typing import Any

from hiermeta.figures.influence import name
from hiermeta.io.results import Results
from hiermeta.report.cells import Cell, Column, Number, Table, Text
from hiermeta.report.unavailable import LEFT_OUT, unavailable
from hiermeta.text.numbers import fixed, places_of, significant

UNITS_SHOWN = 15


def table(results: Results, unit: str) -> Table | None:
    """The most influential units of one kind, with what the others predict of them."""
    positions = [i for i, row in enumerate(results.influence) if row["unit"] == unit]
    if not positions:
        return None
    positions.sort(key=lambda i: -results.influence[i]["cook"])
    smoothed = any(math.isfinite(row["pareto_k"]) for row in results.loo)
    labels = {"mu": "μ", "tau": "τ"} | ({"rho": "ρ"} if results.clustered else {})
    shown = {key: places_of(results.estimate(key), "mean") for key in labels}
    columns = [
        Column(f"Without this {unit}"),
        *(Column(label, numeric=True) for label in labels.values()),
        *(Column(label, numeric=True) for label in ("Cook's distance", "Residual", "elpd", "PIT")),
        *([Column("Pareto k̂", numeric=True)] if smoothed else []),
    ]
    rows: list[list[Cell]] = []
    for i in positions[:UNITS_SHOWN]:
        row, source = results.influence[i], f"influence.csv/{i}"
        cells: list[Cell] = [Text(name(results, row), foreign=True)]
        cells += [Number(fixed(row[key], places), row[key], f"{source}/{key}") for key, places in shown.items()]
        cells.append(Number(significant(row["cook"], 2), row["cook"], f"{source}/cook"))
        cells.append(Number(fixed(row["residual"], 2), row["residual"], f"{source}/residual"))
        left_out, place = results.loo[i], f"loo.csv/{i}"
        cells += [Number(fixed(left_out[key], 2), left_out[key], f"{place}/{key}") for key in ("elpd", "pit")]
        if smoothed:
            cells.append(Number(fixed(left_out["pareto_k"], 2), left_out["pareto_k"], f"{place}/pareto_k"))
        rows.append(cells)
    many = len(positions) > UNITS_SHOWN
    cut = (
        f" (the {UNITS_SHOWN} most influential of {len(positions)}; all are in influence.csv and loo.csv)"
        if many
        else ""
    )
    return Table(f"table-influence-{unit}", f"Leaving out one {unit} at a time{cut}", columns, rows, "influence.csv")


def missing(results: Results) -> list[tuple[str, str]]:
    """What there is none of, and why."""
    return [*unavailable(results.exact, only=LEFT_OUT), *unavailable(results.averages, only=("elpd",))]


def content(results: Results) -> dict[str, Any]:
    """What the section shows, figures aside."""
    worst = max((row["pareto_k"] for row in results.loo if math.isfinite(row["pareto_k"])), default=None)
    return {
        "estimates": table(results, "estimate"),
        "clusters": table(results, "cluster"),
        "smoothed": worst is not None,
        "unreliable": worst is not None and worst > 0.7,
        "unavailable": missing(results),
    }
