"""Estimates as the user's table gives them: a column of effects, and one or two that tell their precision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from hiermeta.data.cells import Array, Cells, Computed, list_rows
from hiermeta.data.measures import MEASURES
from hiermeta.data.problems import Problem, Refused
from hiermeta.data.suspicions import named_as_ratios, speaking_for_natural, suspicion, transformation


def variance_from_interval(lower: Array, upper: Array, level: float) -> Array:
    """Squared standard error of an estimate with a normal confidence interval.

    Parameters
    ----------
    lower, upper : numpy.ndarray
        Shape (k,): confidence limits on the scale of the analysis (logarithms for ratios).
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    numpy.ndarray
        Shape (k,): [(upper − lower) / (2 z)]², z the (1 + level)/2 quantile of the normal distribution.
    """
    return ((upper - lower) / (2 * norm.ppf((1 + level) / 2))) ** 2


def variance_from_p_value(effect: Array, p_value: Array) -> Array:
    """Squared standard error of an estimate with a two-sided p-value of a z test against zero.

    Parameters
    ----------
    effect : numpy.ndarray
        Shape (k,): estimates on the scale of the analysis, not zero.
    p_value : numpy.ndarray
        Shape (k,): between 0 and 1, both excluded.

    Returns
    -------
    numpy.ndarray
        Shape (k,): (effect / z)², z the 1 − p/2 quantile of the normal distribution.
    """
    return (effect / norm.isf(p_value / 2)) ** 2


def last_place(texts: Iterable[str]) -> float:
    """Unit in the last decimal place that a column of numbers is written with.

    Parameters
    ----------
    texts : iterable of str
        Cells; those that are not numbers don't count. The finest one tells, since trailing zeros are often cut.

    Examples
    --------
    >>> last_place(["0.5", "0.25", "NA", "3"]), last_place(["1e-3"])
    (0.01, 0.001)
    """
    places = 0
    for text in texts:
        try:
            exponent = Decimal(text).as_tuple().exponent
        except InvalidOperation:
            continue
        if isinstance(exponent, int):
            places = max(places, -exponent)
    return float(Decimal(1).scaleb(-places))


def half_places(texts: Iterable[str]) -> Array:
    """Half a unit in the last place of each cell, by its own decimals.

    Parameters
    ----------
    texts : iterable of str
        Cells that are numbers.

    Examples
    --------
    >>> half_places(["0.5", "0.25", "3"]).tolist()
    [0.05, 0.005, 0.5]
    """
    return np.array([last_place([text]) / 2 for text in texts])


def off_centre(effect: Array, lower: Array, upper: Array, places: tuple[float, float, float]) -> npt.NDArray[np.bool_]:
    """Which estimates are not midway between their confidence limits, by more than rounding explains.

    Parameters
    ----------
    effect, lower, upper : numpy.ndarray
        Shape (k,): estimates and limits on the scale of the analysis.
    places : tuple of float
        Units in the last place of effect, lower and upper; each number may be off by half of its own.

    Returns
    -------
    numpy.ndarray
        Shape (k,): true where |lower + upper − 2 effect| exceeds what rounding, and one part in a million of the
        width for sums in floating point, can add up to.
    """
    of_effect, of_lower, of_upper = places
    rounding = of_effect + (of_lower + of_upper) / 2
    return np.abs(lower + upper - 2 * effect) > rounding + 1e-6 * (upper - lower)


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
