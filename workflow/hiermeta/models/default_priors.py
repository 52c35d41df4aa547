"""Default priors of a meta-analysis, scaled by the unit-information SD, and those that the config sets."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hiermeta.data.measures import MEASURES
from hiermeta.data.problems import Problem, Refused
from hiermeta.models.priors import Prior, PriorError, parse_for


@dataclass(frozen=True)
class UnitInformation:
    """The unit-information SD and, in words, where it comes from."""

    value: float | None
    source: str


def unit_information(settings: dict[str, Any], table: pd.DataFrame) -> UnitInformation:
    """The SD of one unit of information, from the config, the measure or the sample sizes.

    Parameters
    ----------
    settings : dict
        One data set of the config.
    table : pandas.DataFrame
        The validated table; its column sample_size is used where the measure has no known value.

    Returns
    -------
    UnitInformation
        ``value`` is None where there is nothing to take it from.
    """
    if "unit_information_sd" in settings:
        return UnitInformation(float(settings["unit_information_sd"]), "set in the config")
    measure = settings["measure"]
    known = MEASURES[measure].unit_information_sd
    if known is not None:
        return UnitInformation(known, f"known for {measure}")
    if "sample_size" in table:
        value = math.sqrt(table["sample_size"].sum() / (1 / table["variance"]).sum())
        return UnitInformation(value, "from the sample sizes: √(Σn / Σ(1/variance))")
    return UnitInformation(None, f"unknown for {measure} without sample sizes")


@dataclass(frozen=True)
class ChosenPrior:
    """A prior, whether it is the default, and where it comes from."""

    prior: Prior
    default: bool
    source: str

    def as_dict(self) -> dict[str, Any]:
        """As ``model.json`` has it."""
        return {"prior": str(self.prior), "default": self.default, "source": self.source}


def choose_priors(
    settings: dict[str, Any], table: pd.DataFrame, information: UnitInformation
) -> dict[str, ChosenPrior]:
    """The config's priors, and the defaults (docs/explanation/specification.md) for the rest.

    Raises
    ------
    Refused
        When a prior string can't be used, or a default needs an unknown unit-information SD.
    """
    given = settings.get("priors", {})
    informed = _informed(settings) if "informed_priors" in settings else {}
    wanted = ["mu", "tau"]
    wanted += ["rho"] if "cluster" in table else []
    wanted += [key for key in ("moderators", "scale") if key in settings]
    chosen, problems = {}, []
    for parameter in wanted:
        if parameter in given:
            try:
                chosen[parameter] = ChosenPrior(parse_for(parameter, given[parameter]), False, "set in the config")
            except PriorError as error:
                problems.append(Problem(f"priors.{parameter}: {error}", "Correct it in the config"))
        elif parameter in informed:
            chosen[parameter] = informed[parameter]
        elif parameter == "rho":
            chosen[parameter] = ChosenPrior(Prior("beta", (1.0, 1.0)), True, "uniform")
        elif parameter == "scale":
            source = "per SD of a scale moderator, on log τ"
            chosen[parameter] = ChosenPrior(Prior("normal", (0.0, 0.5)), True, source)
        elif information.value is None:
            message = f"the default prior of {parameter} needs a unit-information SD, {information.source}"
            own = f"`priors: {{{parameter}: ...}}`"
            remedy = f"Give `sample_size:` (a column), `unit_information_sd:` (a number) or {own}"
            problems.append(Problem(message, remedy))
        else:
            chosen[parameter] = _default(parameter, settings["measure"], table, information.value)
    if chosen and all(entry.prior.is_point for entry in chosen.values()):
        problems.append(Problem("priors: every parameter is a point", "Leave at least one parameter to be estimated"))
    if problems:
        raise Refused(problems)
    return chosen


@cache
def informed_priors() -> dict[tuple[str, str], dict[str, str]]:
    """Published priors by (field, measure): prior strings of ``mu`` and ``tau``, and their source."""
    with (Path(__file__).parent / "informed_priors.csv").open(encoding="utf-8", newline="") as stream:
        return {(row["field"], row["measure"]): row for row in csv.DictReader(stream)}


def _informed(settings: dict[str, Any]) -> dict[str, ChosenPrior]:
    field, measure = settings["informed_priors"], settings["measure"]
    row = informed_priors().get((field, measure))
    if row is None:
        measures = sorted({m for f, m in informed_priors() if f == field})
        fields = [f for f, m in informed_priors() if m == measure]
        near = get_close_matches(field, fields, 1, cutoff=0.4)
        known = f"It has priors for {', '.join(measures)} only" if measures else f"Fields are {', '.join(fields)}"
        remedy = f"Did you mean {near[0]!r}? {known}" if near and not measures else known
        raise Refused([Problem(f"informed_priors: no priors for the field {field!r} and {measure}", remedy)])
    source = f"informed, {field}: {row['source']}"
    return {name: ChosenPrior(parse_for(name, row[name]), False, source) for name in ("mu", "tau")}


def _default(parameter: str, measure: str, table: pd.DataFrame, unit: float) -> ChosenPrior:
    if parameter == "tau":
        return ChosenPrior(Prior("half_normal", (unit / 4,)), True, "scale: a quarter of the unit-information SD")
    if parameter == "moderators":
        source = "per SD of a numeric moderator and per level of a factor, SD: a quarter of the unit-information SD"
        return ChosenPrior(Prior("normal", (0.0, unit / 4)), True, source)
    if MEASURES[measure].single_group:
        mean = float(np.average(table["effect"], weights=1 / table["variance"]))
        source = "around the inverse-variance mean of the data, SD: the unit-information SD"
        return ChosenPrior(Prior("normal", (mean, unit)), True, source)
    return ChosenPrior(Prior("normal", (0.0, unit / 2)), True, "SD: half the unit-information SD")
