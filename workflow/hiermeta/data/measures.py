"""Effect-size measures: their names, and the unit-information SD that scales the default priors."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """An effect-size measure, under metafor's abbreviation.

    Parameters
    ----------
    label : str
        What it is, in words; log measures say so, since analyses run on the log scale.
    unit_information_sd : float or None
        Standard deviation of one unit of information (statistical specification, default priors); None
        where it depends on the units of the outcome.
    single_group : bool
        True for measures of one group, where an effect of zero is not neutral.
    """

    label: str
    unit_information_sd: float | None = None
    single_group: bool = False


MEASURES = {
    "SMD": Measure("standardised mean difference", math.sqrt(2)),
    "SMDH": Measure("standardised mean difference (heteroscedastic)", math.sqrt(2)),
    "MD": Measure("mean difference"),
    "ROM": Measure("log ratio of means"),
    "OR": Measure("log odds ratio", 2.0),
    "RR": Measure("log risk ratio", 2.0),
    "RD": Measure("risk difference"),
    "HR": Measure("log hazard ratio", 2.0),
    "IRR": Measure("log incidence rate ratio", 2.0),
    "IRD": Measure("incidence rate difference"),
    "COR": Measure("correlation"),
    "ZCOR": Measure("Fisher's z of a correlation", 1.0),
    "PR": Measure("proportion", single_group=True),
    "PLN": Measure("log proportion", single_group=True),
    "PLO": Measure("log odds", single_group=True),
    "PAS": Measure("arcsine square root of a proportion", single_group=True),
    "IR": Measure("incidence rate", single_group=True),
    "IRLN": Measure("log incidence rate", single_group=True),
    "MN": Measure("mean", single_group=True),
    "MNLN": Measure("log mean", single_group=True),
    "GEN": Measure("effect"),
}
