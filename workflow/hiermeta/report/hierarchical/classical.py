"""The classical mixed model beside the posterior."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from hiermeta.io.results import Results, Row
from hiermeta.report.cells import (
    Cell,
    Column,
    Missing,
    Number,
    Sentence,
    Table,
    Text,
    entry,
    estimate_cells,
    from_document,
    of_summary,
)
from hiermeta.report.health import Check
from hiermeta.report.hierarchical.numbers import INTERVAL, boundary
from hiermeta.report.hierarchical.tables import numeric
from hiermeta.report.unavailable import unavailable

FILE = "classical.json"


class Beside(NamedTuple):
    """A parameter in both fits: position and row of estimates.csv, and where classical.json has it."""

    position: int
    row: Row
    estimate: str
    limits: tuple[str, str] | None


def shared(results: Results) -> Iterator[Beside]:
    """The parameters that both fits have."""
    document = results.classical
    places = {
        row["term"]: (f"coefficients/{i}/estimate", (f"coefficients/{i}/ci/0", f"coefficients/{i}/ci/1"))
        for i, row in enumerate(document.get("coefficients") or [])
    }
    for position, row in enumerate(results.estimates):
        name = row["parameter"]
        if name in places:
            yield Beside(position, row, *places[name])
        elif name == "sigma" and document.get("sigma") is not None:
            yield Beside(position, row, "sigma", _profile(document, name))
        else:
            for part in ("sd", "correlation"):
                if (document.get(part) or {}).get(name) is not None and "/" not in name:
                    yield Beside(position, row, f"{part}/{name}", _profile(document, name))


def _profile(document: Any, name: str) -> tuple[str, str] | None:
    """Where the limits by profile likelihood are."""
    return (f"confint/{name}/1", f"confint/{name}/2") if name in (document.get("confint") or {}) else None


def _error(results: Results, both: Beside) -> float | None:
    """The standard error of a coefficient; SDs and correlations have none."""
    start, _, column = both.estimate.rpartition("/")
    return float(entry(results.classical, start)["se"]) if column == "estimate" else None


def _cells(results: Results, both: Beside) -> list[Number | Missing]:
    """The classical estimate and its limits."""
    paths = (both.estimate, *(both.limits or (None, None)))
    return estimate_cells(results.classical, paths, FILE, _error(results, both))


def table(results: Results) -> Table:
    """Posterior mean and credible interval, classical estimate and confidence interval."""
    method = str(results.classical["method"])
    rows: list[list[Cell]] = []
    for both in shared(results):
        numbers = [of_summary(both.row, column, f"estimates.csv/{both.position}") for column in INTERVAL]
        rows.append([Text(both.row["parameter"], foreign=True), *numbers, *_cells(results, both)])
    columns = [Column("Parameter"), *numeric("Posterior mean", "2.5%", "97.5%", method, "2.5%", "97.5%")]
    return Table("table-classical", f"Bayes beside {method}", columns, rows, FILE)


def health(results: Results) -> list[Check]:
    """Is the classical estimate inside the credible interval, where it is furthest from the posterior median?

    SDs and correlations are left out where the fit is singular: there a posterior and a point at its edge differ by
    design.
    """
    document = results.classical
    if not (results.has_numbers and document.get("applies")):
        return []
    coefficients = set(results.model["coefficients"])
    found = [
        both
        for both in shared(results)
        if both.row["sd"] > 0 and (both.row["parameter"] in coefficients or not document.get("singular"))
        and not both.row["parameter"].startswith("cor(")
    ]  # fmt: skip
    if not found:
        return []
    worst = max(found, key=lambda both: _distance(results, both))
    row = worst.row
    value = float(entry(document, worst.estimate))
    low, high = (of_summary(row, name, f"estimates.csv/{worst.position}") for name in ("q2.5", "q97.5"))
    inside = row["q2.5"] <= value <= row["q97.5"]
    method = document["method"]
    threshold: Sentence = [
        f"{'inside' if inside else 'outside'} the 95% credible interval of {row['parameter']} (the furthest), ", low,
        " to ", high,
    ]  # fmt: skip
    number = _cells(results, worst)[0]
    assert isinstance(number, Number)
    return [Check(f"{method} estimate inside the credible interval", "pass" if inside else "warn", number, threshold)]


def _distance(results: Results, both: Beside) -> float:
    return abs(float(entry(results.classical, both.estimate)) - both.row["median"]) / float(both.row["sd"])


def content(results: Results) -> dict[str, Any]:
    """What the section shows."""
    document = results.classical
    if not document.get("applies"):
        return {"table": None, "reason": document.get("reason")}
    restricted = document["method"] == "REML"
    return {
        "table": table(results),
        "method": document["method"],
        "restricted": restricted,
        "singular": bool(document.get("singular")),
        "boundary": boundary(results)[0],
        "nodes": document.get("quadrature_nodes"),
        "profiled": bool(document.get("confint")),
        "unavailable": unavailable(document),
        "likelihood": from_document(document, "log_likelihood", FILE, "fine"),
        "measures": [
            (name, from_document(document, name, FILE))
            for name in ("ICC", "ICC [null]", "design effect")
            if name in document
        ],
    }  # fmt: skip
