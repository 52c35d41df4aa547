"""What the answer names of moderators and predictors, and the table of their average effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hiermeta.io.results import Results, Row
from hiermeta.report.cells import Table
from hiermeta.report.tables import PROBABILITY, ROWS_SHOWN, SUMMARY, tabulated, text

FILE = "average_effects.csv"


@dataclass(frozen=True)
class Named:
    """A coefficient, or an average over the rows in its place, as a sentence names it.

    Parameters
    ----------
    name : str
    row : Row
        Its summary.
    source : str
        ``FILE/ROW``.
    unit : str
        `` per unit``, or nothing for a contrast of levels.
    is_product : bool
    difference : tuple of str or None
        Column, level and reference level, of a difference between levels.
    """

    name: str
    row: Row
    source: str
    unit: str
    is_product: bool
    difference: tuple[str, str, str] | None = None

    @property
    def higher(self) -> str:
        """Between which levels the difference is, as in `0.5 higher for field than for online (type)`."""
        return f" {'higher' if self.row['mean'] >= 0 else 'lower'} for {self._levels('than')}"

    @property
    def times(self) -> str:
        """Between which levels the ratio is, as in `1.5 times as high for field as for online (type)`."""
        return f" times as high for {self._levels('as')}"

    def _levels(self, link: str) -> str:
        assert self.difference is not None
        column, level, reference = self.difference
        return f"{level} {link} for {reference} ({column})"

    @property
    def clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return not self.row["q2.5"] <= 0 <= self.row["q97.5"]


def named(results: Results, coefficients: Sequence[tuple[int, Row]]) -> list[Named]:
    """What describes the moderators or predictors: products first, then by distance from zero in posterior SDs.

    The coefficient of a predictor in a product is its effect where the other one is zero. Its average over the rows
    stands in its place.

    Parameters
    ----------
    results : Results
    coefficients : sequence of (int, Row)
        Positions and rows in estimates.csv.
    """
    averages, differences = results.average_effects, results.model.get("differences", {})
    replaced = {term for row in averages for term in row["terms"].split(" | ") if ":" not in term}
    found = [
        Named(name, row, f"estimates.csv/{i}", _unit(name), ":" in name, differences.get(name))
        for i, row in coefficients
        for name in [row["parameter"]]
        if name not in replaced
    ]
    between = {(column, f"{level} − {low}"): (column, level, low) for column, level, low in differences.values()}
    for i, row in enumerate(averages):
        per_unit = row["contrast"] == "per unit"
        name = row["moderator"] if per_unit else f"{row['moderator']} ({row['contrast']})"
        unit, levels = " per unit" if per_unit else "", between.get((row["moderator"], row["contrast"]))
        found.append(Named(f"{name} on average", row, f"{FILE}/{i}", unit, False, levels))
    return sorted(found, key=lambda entry: (not entry.is_product, -_distance(entry.row)))


def _unit(name: str) -> str:
    return "" if name.endswith("]") else " per unit"


def _distance(row: Row) -> float:
    return abs(row["mean"]) / row["sd"] if row["sd"] > 0 else float("inf")


def table(results: Results) -> Table | None:
    """Average slopes and contrasts; none where each predictor has a coefficient of its own."""
    if not results.average_effects:
        return None
    of = "Moderator" if results.is_meta else "Predictor"
    columns = [text(of, "moderator", True), text("Contrast", "contrast", True), *SUMMARY, PROBABILITY]
    caption = "Effects averaged over the rows"
    return tabulated("average-effects", caption, FILE, results.average_effects, columns, ROWS_SHOWN)
