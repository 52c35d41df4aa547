"""Priors of a hierarchical regression: those that the config sets, and defaults scaled by the data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hiermeta.data.problems import Problem, Refused
from hiermeta.likelihoods import LIKELIHOODS
from hiermeta.models.default_priors import ChosenPrior
from hiermeta.models.hierarchical import HierarchicalModel
from hiermeta.models.priors import Prior, PriorError, parse_for

WIDE = 2.5
"""Prior SD of a coefficient in SDs of outcome and predictor."""
MOST_LKJ = 1e6
"""Shapes of an LKJ prior from here on leave no correlation: their SD is below 0.001."""
OWN = {"sigma"} | {shape.name for likelihood in LIKELIHOODS.values() for shape in likelihood.shapes}
"""Parameters that only some likelihoods have."""
_LKJ = re.compile(r"\s*lkj\s*\(\s*([0-9.eE+-]+)\s*\)\s*")


@dataclass(frozen=True)
class Priors:
    """The priors of a model.

    Parameters
    ----------
    chosen : dict of str to ChosenPrior
        By coefficient, ``sd(GROUP:TERM)`` and ``sigma``.
    eta : float
        Shape of the LKJ prior of the correlations.
    eta_given : bool
        Whether the config sets it.
    """

    chosen: dict[str, ChosenPrior]
    eta: float
    eta_given: bool

    def plain(self) -> dict[str, Prior]:
        return {name: entry.prior for name, entry in self.chosen.items()}

    def as_dict(self, correlated: bool) -> dict[str, dict[str, Any]]:
        """Prior string, whether it is the default, and its source, by parameter; for ``model.json``."""
        rows = {name: entry.as_dict() for name, entry in self.chosen.items()}
        if correlated:
            source = "set in the config" if self.eta_given else "mild preference for no correlation"
            rows["correlation"] = {"prior": f"lkj({self.eta:g})", "default": not self.eta_given, "source": source}
        return rows


def parse_lkj(text: str) -> float:
    """The shape of an LKJ prior written as ``lkj(2)``.

    Raises
    ------
    PriorError

    Examples
    --------
    >>> parse_lkj("lkj(2)")
    2.0
    """
    match, eta = _LKJ.fullmatch(text), 0.0
    if not match:
        raise PriorError(f"{text!r} is not a prior of correlations; write lkj(eta), such as lkj(2)")
    with suppress(ValueError):
        eta = float(match[1])
    if not 0 < eta < MOST_LKJ:
        remedy = "for effects without correlations write (1 + x || group)"
        raise PriorError(f"{text!r}: eta must be a number above 0 and below {MOST_LKJ:g}; {remedy}")
    return eta


def choose(settings: Mapping[str, Any], model: HierarchicalModel) -> Priors:
    """The config's priors, and the defaults (docs/explanation/specification.md) for the rest.

    Raises
    ------
    Refused
        When a prior string can't be used.
    """
    given, problems, read = settings.get("priors", {}), [], {}
    eta = 2.0
    for key, text in given.items():
        try:
            if key == "correlation":
                eta = parse_lkj(text)
                continue
            if key in OWN and key not in model.own_names:
                what = "residual SD" if key == "sigma" else f"parameter {key}"
                raise PriorError(f"{model.likelihood.name} outcomes have no {what}")
            read[key] = parse_for(key, text)
            if read[key].is_point:
                raise PriorError(f"{text!r}: a hierarchical regression estimates all of its parameters")
        except PriorError as error:
            problems.append(Problem(f"priors.{key}: {error}", "Correct it in the config"))
    if problems:
        raise Refused(problems)
    chosen = {}
    for name, (key, default) in _defaults(model).items():
        chosen[name] = ChosenPrior(read[key], False, "set in the config") if key in read else default
    return Priors(chosen, eta, "correlation" in given)


def _defaults(model: HierarchicalModel) -> dict[str, tuple[str, ChosenPrior]]:
    """By parameter: its key in the config, and its default."""
    y = model.outcome_spread
    wide = "2.5 SDs of the outcome" if model.linear else "2.5"
    central = ChosenPrior(Prior("normal", (model.overall, WIDE * y)), True, f"around the mean outcome, SD: {wide}")
    fixed = model.designs.fixed
    levels = next((term for term in fixed.terms if term in fixed.main_factors), None)
    found = {}
    for name, term, spread in zip(model.names, fixed.terms, model.spread, strict=True):
        if term == ("intercept" if model.centred else levels):
            found[name] = "intercept", central
            continue
        source = f"SD: {wide} per SD of the column"
        found[name] = "slopes", ChosenPrior(Prior("normal", (0.0, WIDE * y / float(spread))), True, source)
    for name, spread in zip(model.sd_names, model.effect_spread, strict=True):
        source = f"scale: {'the SD of the outcome' if model.linear else '2.5'}, per SD of the column"
        scale = y if model.linear else WIDE
        found[name] = "sd", ChosenPrior(Prior("half_normal", (scale / float(spread),)), True, source)
    if model.has_sigma:
        found["sigma"] = "sigma", ChosenPrior(Prior("half_normal", (y,)), True, "scale: the SD of the outcome")
    for shape in model.likelihood.shapes:
        found[shape.name] = shape.name, ChosenPrior(parse_for(shape.name, shape.prior), True, shape.source)
    return found
