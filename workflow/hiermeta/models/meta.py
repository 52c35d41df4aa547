"""The three-level normal meta-analysis model: its rows in model order, its default priors, its Stan data.

Notation and equations follow section 1 of the statistical specification: row i in cluster c(i) has the estimate
``y_i = x_i'β + b_c(i) + w_i + e_i`` with known sampling variance ``v_i``, total heterogeneity SD ``τ`` and cluster
allocation ``ρ``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data.measures import MEASURES
from hiermeta.data.problems import Problem, Refused
from hiermeta.models.priors import Prior, PriorError, parse_for

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MetaModel:
    """Rows sorted by cluster, with their design and priors.

    Parameters
    ----------
    effect, variance : numpy.ndarray
        Shape (k,): effect estimates and their sampling variances (squared standard errors).
    design : numpy.ndarray
        Shape (k, p): standardised design; the first column is the intercept.
    start : numpy.ndarray
        Shape (J,): first row of each cluster; empty without clusters.
    clusters : tuple of str
        Names of the J clusters.
    order : numpy.ndarray
        Shape (k,): position in the validated table of each row here.
    priors : dict of str to Prior
        ``mu``, ``tau`` and, with clusters, ``rho``.
    """

    effect: Array
    variance: Array
    design: Array
    start: npt.NDArray[np.intp]
    clusters: tuple[str, ...]
    order: npt.NDArray[np.intp]
    priors: dict[str, Prior]

    @property
    def k(self) -> int:
        return len(self.effect)

    @property
    def clustered(self) -> bool:
        return len(self.start) > 0

    @cached_property
    def sizes(self) -> npt.NDArray[np.intp]:
        """Shape (J,): rows per cluster."""
        return np.diff(np.append(self.start, self.k))

    @cached_property
    def cluster_of_row(self) -> npt.NDArray[np.intp]:
        """Shape (k,): number of the cluster that each row is in."""
        return np.repeat(np.arange(len(self.start)), self.sizes)

    @cached_property
    def mean_design(self) -> Array:
        """Shape (p,): the design row at which ``mu`` is reported."""
        return self.design.mean(axis=0)

    @cached_property
    def typical_variance(self) -> float:
        """Typical sampling variance ṽ = (k − p)/tr(P) (Higgins & Thompson 2002, eq. 9, for any design)."""
        weight = 1 / self.variance
        xwx = self.design.T @ (weight[:, None] * self.design)
        xw2x = self.design.T @ (weight[:, None] ** 2 * self.design)
        trace = weight.sum() - np.trace(np.linalg.solve(xwx, xw2x))
        return float((self.k - self.design.shape[1]) / trace)

    def by_cluster(self, values: Array) -> Array:
        """Sums over the rows of each cluster along the last axis: (..., k) to (..., J)."""
        return np.add.reduceat(values, self.start, axis=-1)


def build(table: pd.DataFrame, priors: dict[str, Prior]) -> MetaModel:
    """Sort a validated table by cluster, in order of first appearance.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns effect, variance and, with clusters, cluster.
    priors : dict of str to Prior
    """
    if "cluster" in table:
        codes, names = pd.factorize(table["cluster"])
        order = np.argsort(codes, kind="stable")
        start = np.searchsorted(codes[order], np.arange(len(names)))
    else:
        names, order, start = (), np.arange(len(table)), np.array([], dtype=np.intp)
    return MetaModel(
        effect=table["effect"].to_numpy(float)[order],
        variance=table["variance"].to_numpy(float)[order],
        design=np.ones((len(table), 1)),
        start=start,
        clusters=tuple(map(str, names)),
        order=order,
        priors=priors,
    )


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
    """A prior and where it comes from."""

    prior: Prior
    default: bool
    source: str


def choose_priors(
    settings: dict[str, Any], table: pd.DataFrame, information: UnitInformation
) -> dict[str, ChosenPrior]:
    """The config's priors, and the defaults of the statistical specification for the rest.

    Raises
    ------
    Refused
        When a prior string can't be used, or a default needs an unknown unit-information SD.
    """
    given = settings.get("priors", {})
    wanted = ["mu", "tau", "rho"] if "cluster" in table else ["mu", "tau"]
    chosen, problems = {}, []
    for parameter in wanted:
        if parameter in given:
            try:
                chosen[parameter] = ChosenPrior(parse_for(parameter, given[parameter]), False, "set in the config")
            except PriorError as error:
                problems.append(Problem(f"priors.{parameter}: {error}", "Correct it in the config"))
        elif parameter == "rho":
            chosen[parameter] = ChosenPrior(Prior("beta", (1.0, 1.0)), True, "uniform")
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


def _default(parameter: str, measure: str, table: pd.DataFrame, unit: float) -> ChosenPrior:
    if parameter == "tau":
        return ChosenPrior(Prior("half_normal", (unit / 4,)), True, "scale: a quarter of the unit-information SD")
    if MEASURES[measure].single_group:
        mean = float(np.average(table["effect"], weights=1 / table["variance"]))
        source = "around the inverse-variance mean of the data, SD: the unit-information SD"
        return ChosenPrior(Prior("normal", (mean, unit)), True, source)
    return ChosenPrior(Prior("normal", (0.0, unit / 2)), True, "SD: half the unit-information SD")


def from_files(table: pd.DataFrame, description: dict[str, Any]) -> MetaModel:
    """The model again, from ``data.csv`` and ``model.json``."""
    priors = {name: parse_for(name, entry["prior"]) for name, entry in description["priors"].items()}
    return build(table, priors)


def initial_values(model: MetaModel, chains: int, seed: int) -> list[Mapping[str, Any]]:
    """Scattered starting values on the scale of the data, inside the priors' supports.

    Parameters
    ----------
    model : MetaModel
    chains : int
    seed : int

    Returns
    -------
    list of dict
        One per chain: the free parameters of ``stan/meta.stan``.
    """
    rng = np.random.default_rng(seed)
    spread = float(np.std(model.effect)) + float(np.sqrt(np.median(model.variance)))
    error = spread / math.sqrt(model.k)
    centre = float(np.average(model.effect, weights=1 / (model.variance + spread**2)))
    guesses = {
        "mu": centre + 2 * error * rng.standard_normal(chains),
        "tau": spread * rng.uniform(0.3, 1.5, chains),
        "rho": rng.uniform(0.1, 0.9, chains),
    }
    rho = model.priors.get("rho", Prior("point", (0.0,)))
    inits: list[dict[str, Any]] = [{} for _ in range(chains)]
    for name, prior in (("mu", model.priors["mu"]), ("tau", model.priors["tau"]), ("rho", rho)):
        lower, upper = prior.support
        for chain, init in enumerate(inits):
            guess = float(guesses[name][chain])
            if not lower < guess < upper and not prior.is_point:
                guess = float(prior.ppf(rng.uniform(0.25, 0.75)))
            init[f"{name}_free"] = [] if prior.is_point else [guess]
    return list(inits)


def stan_data(model: MetaModel) -> dict[str, Any]:
    """Data of ``stan/meta.stan``.

    Parameters
    ----------
    model : MetaModel

    Returns
    -------
    dict
        Plain numbers and lists; bounds may be infinite.
    """
    rho = model.priors.get("rho", Prior("point", (0.0,)))
    data: dict[str, Any] = {
        "k": model.k,
        "J": len(model.start),
        "y": model.effect.tolist(),
        "v": model.variance.tolist(),
        "start": [*(model.start + 1).tolist(), model.k + 1],
    }
    for name, prior in (("mu", model.priors["mu"]), ("tau", model.priors["tau"]), ("rho", rho)):
        lower, upper = prior.support
        data[f"{name}_family"] = prior.code
        data[f"{name}_prior"] = prior.stan_arguments
        data[f"{name}_bounds"] = [lower, upper]
    return data
