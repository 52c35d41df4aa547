"""Model checks: what single estimates and clusters do, how well the others predict them, and simulated data sets."""

from __future__ import annotations

import math

from hiermeta.figures.influence import name
from hiermeta.figures.regression import likelihood
from hiermeta.io.results import Results, Row
from hiermeta.report.cells import Cell, Column, Number, Sentence, Table, Text, numeric
from hiermeta.report.estimates import named
from hiermeta.report.numbers import of_checks, place, plain
from hiermeta.report.tables import CLUSTERS_SHOWN, digits, number, tabulated, text
from hiermeta.report.unavailable import LEFT_OUT, unavailable
from hiermeta.text.numbers import fixed, places_of, significant

UNITS_SHOWN = 15
STATISTICS = {
    "dispersion": "Mean squared Pearson residual given the clusters, expected to be 1; more is overdispersion.",
}
"""Statistic of checks.csv to its meaning, where its name does not say it."""
_CLEAR, _HINT = 0.025, 0.1
"""Posterior predictive probabilities below which dispersion is said to be off, and perhaps off."""


def influence(results: Results, unit: str) -> Table | None:
    """The most influential units of one kind, with what the others predict of them."""
    positions = [i for i, row in enumerate(results.influence) if row["unit"] == unit]
    if not positions:
        return None
    positions.sort(key=lambda i: -results.influence[i]["cook"])
    smoothed = any(math.isfinite(row["pareto_k"]) for row in results.loo)
    labels = {"mu": "μ", "tau": "τ"} | ({"rho": "ρ"} if results.clustered else {})
    digits = {key: places_of(results.estimate(key), "mean") for key in labels}
    columns = [Column(f"Without this {unit}"), *numeric(*labels.values(), "Cook's distance", "Residual", "elpd", "PIT")]
    columns += numeric("Pareto k̂") if smoothed else []
    rows: list[list[Cell]] = []
    for i in positions[:UNITS_SHOWN]:
        row, source = results.influence[i], f"influence.csv/{i}"
        cells: list[Cell] = [Text(name(results, row), foreign=True)]
        cells += [Number(fixed(row[key], places), row[key], f"{source}/{key}") for key, places in digits.items()]
        cells.append(Number(significant(row["cook"], 2), row["cook"], f"{source}/cook"))
        cells.append(Number(fixed(row["residual"], 2), row["residual"], f"{source}/residual"))
        left_out, place = results.loo[i], f"loo.csv/{i}"
        cells += [Number(fixed(left_out[key], 2), left_out[key], f"{place}/{key}") for key in ("elpd", "pit")]
        if smoothed:
            cells.append(Number(fixed(left_out["pareto_k"], 2), left_out["pareto_k"], f"{place}/pareto_k"))
        rows.append(cells)
    caption = f"Leaving out one {unit} at a time"
    if len(positions) > UNITS_SHOWN:
        caption += f" (the {UNITS_SHOWN} most influential of {len(positions)}; all are in influence.csv and loo.csv)"
    return Table(f"table-influence-{unit}", caption, columns, rows, "influence.csv")


def missing(results: Results) -> list[tuple[str, str]]:
    """What there is none of, and why."""
    return [*unavailable(results.exact, only=LEFT_OUT), *unavailable(results.averages, only=("elpd",))]


def simulated(label: str, key: str) -> Column:
    """A column of numbers of checks.csv."""
    return Column(label, True, lambda row, source: of_checks(row, key, source))


def outcome(results: Results) -> Table:
    """What the data say about the outcome before any model."""

    def keep(row: Row) -> bool:
        return row["statistic"] != "dispersion"

    columns = [text("Statistic", "statistic"), simulated("Observed", "observed")]
    return tabulated("outcome", "The outcome", "checks.csv", results.rows("checks"), columns, keep=keep)


def checks(results: Results) -> Table:
    """Statistics of the data beside those of simulated data sets."""
    columns = [
        text("Statistic", "statistic"),
        *(simulated("Observed", "observed"), simulated("Simulated mean", "mean")),
        *(simulated("2.5%", "q2.5"), simulated("97.5%", "q97.5")),
        digits("P(larger)", "p", 2),
        Column("Meaning", cell=lambda row, source: Text(STATISTICS.get(row["statistic"], ""))),
    ]
    return tabulated("checks", "Posterior predictive checks", "checks.csv", results.rows("checks"), columns)


def misfit(results: Results) -> Sentence:
    """Statistics of the data that simulated data sets do not have, for the answer; nothing where there is one at most.

    Of ten statistics one lies outside of its 95% interval by chance in about two data sets of five.
    """
    outside = [row["statistic"] for row in results.rows("checks") if not row["q2.5"] <= row["observed"] <= row["q97.5"]]
    if len(outside) < 2:
        return []
    named = f"{', '.join(outside[:-1])} and {outside[-1]}"
    return [f"The model does not reproduce the data in every respect: simulated data differ in {named} (model checks)."]


def dispersed(results: Results) -> bool:
    """Whether counts clearly vary otherwise than their family says."""
    known = dispersion(results) is not None
    return known and _tail(place(results, "checks", "dispersion")[1]) < _CLEAR


def _tail(row: Row) -> float:
    return float(min(row["p"], 1 - row["p"]))


def dispersion(results: Results) -> Sentence | None:
    """Whether counts vary as their family says; None for outcomes where that can't be seen."""
    if likelihood(results).kind == "event" or all(row["statistic"] != "dispersion" for row in results.rows("checks")):
        return None
    source, row = place(results, "checks", "dispersion")
    over, tail = row["p"] < 0.5, _tail(row)
    more, name, width = ("more", "overdispersion", "narrow") if over else ("less", "underdispersion", "wide")
    if tail < _CLEAR:
        start = f"Counts vary {more} than their family says ({name}), so that intervals are too {width}"
    elif tail < _HINT:
        start = f"Counts may vary {more} than their family says ({name})"
    else:
        start = "Counts vary as their family says, without overdispersion"
    cells = [of_checks(row, key, source) for key in ("observed", "q2.5", "q97.5")]
    cells.append(plain(row, "p", source, 2))
    observed, low, high, larger = (cell if isinstance(cell, Number) else "–" for cell in cells)
    return [
        f"{start}: the dispersion is ", observed, ", that of simulated counts ", low, " to ", high,
        ", larger than the observed one with a probability of ", larger, ".",
    ]  # fmt: skip


def residual_checks(results: Results) -> Table | None:
    """Shape of the residuals of each level; None where there are none."""
    columns = [
        text("Level", "level", True),
        number("Residuals", "n", "count"),
        *(digits("Mean", "mean", 2), digits("SD", "sd"), digits("Skewness", "skewness", 2)),
        digits("Excess kurtosis", "excess_kurtosis", 2),
        number("Beyond ±3", "beyond_3", "count"),
        digits("Largest", "largest"),
        text("Where", "where", True),
    ]
    rows = results.rows("residual_checks")
    table = tabulated("residuals", "Standardised residuals by level", "residual_checks.csv", rows, columns)
    return table if rows else None


def left_out(results: Results) -> Table:
    """How well each cluster of a regression is predicted from the others."""
    numbers = (number("Rows", "n", "count"), digits("elpd", "elpd", 4), digits("Pareto k̂", "pareto_k", 2))
    columns = [*named(results), *numbers]
    return tabulated("loo", "Left-out clusters", "loo.csv", results.loo, columns, CLUSTERS_SHOWN)
