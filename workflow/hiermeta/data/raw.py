"""Estimates computed from raw columns: which columns each measure takes, what they may hold, what comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hiermeta.data import effect_sizes as es
from hiermeta.data.cells import Array, Cells, Computed, list_rows
from hiermeta.data.measures import MEASURES
from hiermeta.data.problems import Problem, Refused
from hiermeta.data.raw_designs import (
    CORRELATION,
    ONE_MEAN,
    ONE_PROPORTION,
    ONE_RATE,
    TWO_BY_TWO,
    TWO_MEANS,
    TWO_RATES,
    Design,
    ZeroCells,
    double_zeros,
    rows_to_correct,
)


@dataclass(frozen=True)
class Recipe:
    """How a measure is computed.

    Parameters
    ----------
    design : Design
        The columns it takes.
    formula : callable
        The design's arguments to effects and variances.
    corrects_by_default : bool
        Whether zero cells are corrected when the config says nothing about them.
    """

    design: Design
    formula: Callable[..., es.Estimates]
    corrects_by_default: bool = True

    @property
    def accepts(self) -> str:
        """The combinations of columns, in words."""
        return " or ".join("{" + ", ".join(combination) + "}" for combination in self.design.combinations)


RECIPES = {
    "MD": Recipe(TWO_MEANS, es.mean_difference),
    "SMD": Recipe(TWO_MEANS, es.standardised_mean_difference),
    "SMDH": Recipe(TWO_MEANS, es.standardised_mean_difference_heteroscedastic),
    "ROM": Recipe(TWO_MEANS, es.log_ratio_of_means),
    "RR": Recipe(TWO_BY_TWO, es.log_risk_ratio),
    "OR": Recipe(TWO_BY_TWO, es.log_odds_ratio),
    "RD": Recipe(TWO_BY_TWO, es.risk_difference),
    "IRR": Recipe(TWO_RATES, es.log_incidence_rate_ratio),
    "IRD": Recipe(TWO_RATES, es.incidence_rate_difference),
    "COR": Recipe(CORRELATION, es.correlation),
    "ZCOR": Recipe(CORRELATION, es.fisher_z),
    "PR": Recipe(ONE_PROPORTION, es.proportion),
    "PLN": Recipe(ONE_PROPORTION, es.log_proportion),
    "PLO": Recipe(ONE_PROPORTION, es.log_odds),
    "PAS": Recipe(ONE_PROPORTION, es.arcsine_proportion, corrects_by_default=False),
    "IR": Recipe(ONE_RATE, es.incidence_rate),
    "IRLN": Recipe(ONE_RATE, es.log_incidence_rate),
    "MN": Recipe(ONE_MEAN, es.mean),
    "MNLN": Recipe(ONE_MEAN, es.log_mean),
}
"""Measures that can be computed from raw columns; HR and GEN can't."""


@dataclass(frozen=True)
class Raw:
    """Raw columns.

    Parameters
    ----------
    measure : str
        Abbreviation of the effect-size measure.
    columns : dict of str to str
        metafor's name of the column (ai, n1i) to the user's.
    formula : callable
        The design's arguments to effects and variances.
    policy : ZeroCells or None
        None where nothing is added to zero cells.
    """

    measure: str
    columns: dict[str, str]
    formula: Callable[..., es.Estimates]
    policy: ZeroCells | None

    @property
    def design(self) -> Design:
        """What the measure is computed from."""
        return RECIPES[self.measure].design

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Raw:
        """From the settings of a data set, whose columns must be what the measure takes."""
        measure, columns = settings["measure"], settings["columns"]
        if measure not in RECIPES:
            message = f"columns: {measure} can't be computed from raw columns"
            raise Refused([Problem(message, "Give `effect:` and its precision")])
        recipe = RECIPES[measure]
        problems = []
        if not any(set(columns) == set(combination) for combination in recipe.design.combinations):
            message = f"columns: {{{', '.join(columns)}}} is not what {measure} is computed from"
            problems.append(Problem(message, f"It takes {recipe.accepts}"))
        if "zero_cells" in settings and not recipe.design.counts:
            message = f"zero_cells: {measure} is not computed from counts"
            problems.append(Problem(message, "Remove the key"))
        elif settings.get("zero_cells", {}).get("drop_double_zero") and not recipe.design.double_zeros:
            message = f"zero_cells.drop_double_zero: {measure} has no second group"
            problems.append(Problem(message, "Remove the key"))
        if settings.get("correct_bias") and measure != "ROM":
            message = f"correct_bias: there is nothing to correct in {measure}"
            problems.append(
                Problem(message, "It is only for ROM (SMD and SMDH always have Hedges' correction): remove it")
            )
        if problems:
            raise Refused(problems)
        formula = es.log_ratio_of_means_corrected if settings.get("correct_bias") else recipe.formula
        corrects = recipe.design.counts and ("zero_cells" in settings or recipe.corrects_by_default)
        policy = ZeroCells(**settings.get("zero_cells", {})) if corrects else None
        return cls(measure, {key: columns[key] for key in recipe.design.order(columns)}, formula, policy)

    def check(self, cells: Cells) -> None:
        """Note the cells that can't be what they are said to be."""
        self.design.check(cells)
        self._check_proportions(cells)
        correct = "correct the cell, or leave it empty to drop the row"
        if self.measure == "ROM":
            differ = np.sign(cells["m1i"]) * np.sign(cells["m2i"]) <= 0
            says = "the means {m1i:g} and {m2i:g} have no ratio above zero"
            cells.refuse("m1i", differ, says, f"ROM needs two means on the same side of zero; {correct}")
        if self.measure == "MNLN":
            remedy = f"MNLN needs means above zero; {correct}"
            cells.refuse("mi", cells["mi"] <= 0, "the mean is {mi:g}", remedy)

    def _check_proportions(self, cells: Cells) -> None:
        """Note proportions in place of counts; adjusted counts have fractions too, but not only below 1."""
        for key in set(self.design.events) & set(self.columns):
            values = cells[key]
            fraction = values % 0.5 > 0  # halves are zero cells that were corrected beforehand
            if fraction.any() and np.nanmax(values) <= 1:
                remedy = "All values are at most 1, like proportions: multiply by n, the group's size, and round"
                cells.refuse(key, fraction, f"a count of {{{key}:g}}", remedy)

    def estimate(self, cells: Cells) -> Computed:
        """Effects and variances of rows that are complete and free of problems."""
        arguments = self.design.arguments(cells.values)
        own_size = "sample_size" in cells.columns
        sample_size = None if own_size else self.design.sample_size(*arguments)
        named = ", ".join(f"{column!r} ({key})" for key, column in self.columns.items())
        notes = [f"Effects and sampling variances ({MEASURES[self.measure].label}) were computed from columns {named}."]
        if self.formula is es.log_ratio_of_means_corrected:
            notes.append("The small-sample bias of log ratios of means was removed (Lajeunesse 2015).")
        if not own_size:
            notes.append(f"Sample sizes are {self.design.size_in_words}.")
        unusable: dict[int, str] = {}
        if self.policy is not None:
            arguments = self._correct(arguments, self.policy, cells, notes, unusable)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            effect, variance = self.formula(*arguments)
        undefined = ~(np.isfinite(effect) & np.isfinite(variance) & (variance > 0))
        reason = "its numbers give no finite effect with a variance above zero"
        if self.design.counts:
            reason += " (a zero cell that nothing was added to)"
        unusable = {int(row): reason for row in cells.rows[undefined]} | unusable
        warnings = [*self._warn_fractions(cells), *self._warn_no_events(cells)]
        return Computed(effect, variance, sample_size, unusable, notes, warnings)

    def _correct(
        self, arguments: tuple[Array, ...], policy: ZeroCells, cells: Cells, notes: list[str], unusable: dict[int, str]
    ) -> tuple[Array, ...]:
        counts = [arguments[position] for position in self.design.counts]
        dropped = np.zeros(len(cells.rows), bool)
        if policy.drop_double_zero:
            dropped = double_zeros(counts, self.design.double_zeros)
            reason = "no events in either group, or nothing else in both (zero_cells.drop_double_zero)"
            unusable |= {int(row): reason for row in cells.rows[dropped]}
        corrected = rows_to_correct(counts, policy, dropped)
        if corrected.any():
            where = "every row" if corrected.all() else list_rows(cells.rows[corrected])
            zero = np.any([count == 0 for count in counts], axis=0) & ~dropped
            because = {
                "all": "as `zero_cells.to: all` asks",
                "if0all": f"because {list_rows(cells.rows[zero])} had a zero cell (`zero_cells.to: if0all`)",
                "only0": "where a cell was zero (`zero_cells.to: only0`)",
            }[policy.to]
            notes.append(f"{policy.add:g} was added to each count ({self.design.counted}) of {where}, {because}.")
        added = np.where(corrected, policy.add, 0.0)
        return tuple(
            argument + added if position in self.design.counts else np.where(dropped, np.nan, argument)
            for position, argument in enumerate(arguments)
        )

    def _warn_no_events(self, cells: Cells) -> list[str]:
        """A warning where every row is without events in both groups, or without anything else."""
        arguments = self.design.arguments(cells.values)
        counts = [arguments[position] for position in self.design.counts]
        if not (self.design.double_zeros and len(cells.rows) and double_zeros(counts, self.design.double_zeros).all()):
            return []
        return [
            "No row has an event in either group, or none has anything else, so that these data hold no information on "
            f"the {MEASURES[self.measure].label}: the result comes from what was added to the counts, and from the "
            "priors."
        ]

    def _warn_fractions(self, cells: Cells) -> list[str]:
        warnings = []
        for key in self.design.events:
            if key not in self.columns:
                continue
            fraction = cells[key] != np.floor(cells[key])
            if fraction.any():
                warnings.append(
                    f"Column {self.columns[key]!r} ({key}) should hold counts but has fractions in "
                    f"{list_rows(cells.rows[fraction])}: are they percentages? They were used as they are."
                )
        return warnings
