"""Estimates as the user's table gives them: a column of effects, and one or two that tell their precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hiermeta.data.cells import Array, Cells, list_rows
from hiermeta.data.computed import Computed
from hiermeta.data.measures import MEASURES
from hiermeta.data.natural_scale import named_as_ratios, speaking_for_natural, transformation
from hiermeta.data.precision import half_places, last_place, off_centre, variance_from_interval, variance_from_p_value
from hiermeta.data.problems import Problem, Refused
from hiermeta.data.swapped import suspicion

PRECISIONS = {
    "variance": ("variance",),
    "standard_error": ("standard_error",),
    "ci_lower": ("ci_lower", "ci_upper"),
    "ci_upper": ("ci_lower", "ci_upper"),
    "p_value": ("p_value",),
}
"""Config keys that tell the precision of an effect, each with all the keys of its way."""
CI_LEVEL = 0.95
"""Coverage of confidence limits where the config gives none."""
_WAYS = "`variance:`, `standard_error:`, `ci_lower:` with `ci_upper:`, or `p_value:`"


@dataclass(frozen=True)
class Given:
    """Effects with their precision.

    Parameters
    ----------
    measure : str
        Abbreviation of the effect-size measure.
    columns : dict of str to str
        Config key (effect, and those of the precision) to the user's column.
    level : float
        Coverage of confidence limits.
    """

    measure: str
    columns: dict[str, str]
    level: float

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Given:
        """From the settings of a data set, which must tell the precision in exactly one way."""
        given = {PRECISIONS[key] for key in PRECISIONS if key in settings}
        if len(given) != 1:
            found = ", ".join(f"`{key}:`" for key in PRECISIONS if key in settings)
            message = f"effect: its precision is given more than once ({found})" if found else "effect: no precision"
            raise Refused([Problem(message, f"Give exactly one of {_WAYS}")])
        (keys,) = given
        absent = [key for key in keys if key not in settings]
        if absent:
            raise Refused([Problem(f"{absent[0]}: is missing", "Give both confidence limits")])
        if "ci_level" in settings and "ci_lower" not in keys:
            message = "ci_level: stands without confidence limits"
            raise Refused([Problem(message, "Remove it, or give `ci_lower:` and `ci_upper:`")])
        columns = {key: settings[key] for key in ("effect", *keys)}
        return cls(settings["measure"], columns, settings.get("ci_level", CI_LEVEL))

    def check(self, cells: Cells) -> None:
        """Note the cells that no standard error follows from."""
        correct = "correct it, or leave the cell empty to drop the row"
        for key, meaning in (("variance", "sampling variance"), ("standard_error", "standard error")):
            if key in self.columns:
                remedy = f"Every {meaning} must be above zero; {correct}"
                cells.refuse(key, cells[key] <= 0, f"the {meaning} is {{{key}:g}}", remedy)
        if "ci_lower" in self.columns:
            self._check_limits(cells)
        if "p_value" in self.columns:
            p, effect = cells["p_value"], cells["effect"]
            outside = (p <= 0) | (p >= 1)
            remedy = f"A standard error follows only from p-values between 0 and 1, both excluded; {correct}"
            cells.refuse("p_value", outside, "the p-value is {p_value:g}", remedy)
            remedy = "Give the standard error of such effects, or leave the cell empty to drop the row"
            says = "the effect is 0, so that no standard error follows from the p-value {p_value:g}"
            cells.refuse("effect", (effect == 0) & ~outside & ~cells.missing("p_value"), says, remedy)

    def _check_limits(self, cells: Cells) -> None:
        effect, lower, upper = cells["effect"], cells["ci_lower"], cells["ci_upper"]
        remedy = "Limits must differ and hold the effect between them, all on one scale (logarithms for ratios)"
        empty = lower >= upper
        cells.refuse("ci_lower", empty, "the lower limit {ci_lower:g} is not below the upper {ci_upper:g}", remedy)
        says = "the lower limit {ci_lower:g} is above the effect {effect:g}"
        cells.refuse("ci_lower", ~empty & (effect < lower), says, remedy)
        says = "the upper limit {ci_upper:g} is below the effect {effect:g}"
        cells.refuse("ci_upper", ~empty & (effect > upper), says, remedy)

    def estimate(self, cells: Cells) -> Computed:
        """Effects and variances of rows that are complete and free of problems."""
        effect = cells["effect"]
        named = {key: repr(column) for key, column in self.columns.items()}
        for key in ("variance", "standard_error"):
            if key in self.columns:
                warnings = suspicion(cells.source, key, self.columns[key], cells[key])
                warnings += named_as_ratios(self.measure, self.columns["effect"], effect)
                if key == "variance":
                    return Computed(effect, cells[key], warnings=warnings)
                note = f"Sampling variances are the squares of column {named[key]}."
                return Computed(effect, cells[key] ** 2, notes=[note], warnings=warnings)
        if "p_value" in self.columns:
            note = (
                f"Sampling variances were computed from the two-sided p-values in column {named['p_value']}, taken as "
                "those of z tests against zero."
            )
            return Computed(effect, variance_from_p_value(effect, cells["p_value"]), notes=[note])
        lower, upper = cells["ci_lower"], cells["ci_upper"]
        self._refuse_natural(cells)
        note = (
            f"Sampling variances were computed from the {100 * self.level:g}% confidence limits in columns "
            f"{named['ci_lower']} and {named['ci_upper']}, taken as normal on the scale of the effect."
        )
        variance = variance_from_interval(lower, upper, self.level)
        return Computed(effect, variance, notes=[note], warnings=self._warn_off_centre(cells, effect, lower, upper))

    def _refuse_natural(self, cells: Cells) -> None:
        """Refuse ratios, correlations and proportions that have not been transformed, as their limits tell."""
        texts = cells.source.table
        halves = [half_places(texts[column]) for column in self.columns.values()]
        speaking = speaking_for_natural(self.measure, [cells[key] for key in self.columns], halves)
        if not speaking.any():
            return
        measure, wanted = MEASURES[self.measure], transformation(self.measure)
        effect, lower, upper = map(repr, self.columns.values())
        message = (
            f"{cells.source.path}: columns {effect}, {lower} and {upper} seem to hold {measure.natural_label}s as they "
            f"are: in {list_rows(cells.rows[speaking])} the limits lie symmetrically about the effect once transformed "
            f"to {wanted}, and not before"
        )
        remedy = (
            f"`measure: {self.measure}` is analysed on the scale of {wanted}: transform the estimate and both limits, "
            "and name the new columns. If that has been done, check the limits, or give `standard_error:`"
        )
        raise Refused([Problem(message, remedy, column=self.columns["effect"])])

    def _warn_off_centre(self, cells: Cells, effect: Array, lower: Array, upper: Array) -> list[str]:
        texts = cells.source.table
        of_effect, of_lower, of_upper = (last_place(texts[column]) for column in self.columns.values())
        off = off_centre(effect, lower, upper, (of_effect, of_lower, of_upper))
        if not off.any():
            return []
        said = (
            f"In {list_rows(cells.rows[off])} the effect is not midway between its confidence limits, beyond rounding."
        )
        measure = MEASURES[self.measure]
        if measure.transformation == "exp" and (lower[off] > 0).all():
            word = measure.natural_label
            return [
                f"{said} Effects and limits must be logarithms: are these {word}s? Then take their logarithms first."
            ]
        return [f"{said} The limits were taken as normal on the scale of the effect: check these cells."]
