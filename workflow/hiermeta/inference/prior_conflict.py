"""Do prior and data contradict each other, and do Bayes and restricted maximum likelihood?

The prior predictive tail probability of an estimate says how surprising it would be if the prior were right (Box 1980;
Evans & Moshonov 2006): with the estimate β̂ and its standard error s by restricted maximum likelihood, which uses no
prior, that of ``|β + s z|`` lying as far out as β̂, β from its prior and z standard normal. Standard deviations have
intervals that are far from symmetric: the prior probability of values that are at most as probable, by density, as the
most probable one in the 95% confidence interval.

A contradiction alone asks for care: where the data are many, the posterior follows them whatever the prior. An answer
is useless where the prior all but excludes the data and prevails nevertheless, so that the credible interval lies apart
from the confidence interval: such a posterior repeats the prior, and holds nothing that the data allow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from hiermeta.models.meta import MetaModel
from hiermeta.models.priors import Prior

Array = npt.NDArray[np.float64]
SURPRISING = 0.01
"""Prior predictive tail probability below which prior and data contradict each other."""
EXCLUDED = 1e-6
"""One that no chance explains: one data set in a million has it, were the prior right."""
PRIOR, REML = "prior against data", "REML beside Bayes"

_Z_95 = float(norm.ppf(0.975))
_Z = np.linspace(-9.0, 9.0, 1201)
_LEVELS = 1 / (1 + np.exp(-np.linspace(-25.0, 25.0, 1001)))
"""Probabilities of the quantiles among which the mode is sought, dense in both tails."""
_LOWEST = 690.0
"""Minus the logarithm of a probability that counts as none."""
_HALVINGS = 60
_WEIGHT = np.exp(-0.5 * _Z**2) / np.exp(-0.5 * _Z**2).sum()


def tail_probability(prior: Prior, estimate: float, error: float) -> float:
    """Two-sided prior predictive tail probability of an estimate with a normal error.

    Parameters
    ----------
    prior : Prior
        Not a point.
    estimate, error : float
        The estimate and its standard error, same scale as the prior.

    Examples
    --------
    >>> from hiermeta.models.priors import parse
    >>> round(tail_probability(parse("normal(0, 3)"), 9.8, 4.0), 4)  # 2 Φ(−9.8 / 5)
    0.05
    """
    at = estimate - error * _Z
    below, above = (float(_WEIGHT @ tail(at)) for tail in (prior.cdf, prior.sf))
    return min(1.0, 2 * min(below, above))


def spread_probability(prior: Prior, lower: float, upper: float) -> float:
    """Prior probability of values whose density is at most the largest one within an interval.

    Parameters
    ----------
    prior : Prior
        With a single mode, not a point.
    lower, upper : float
        95% confidence limits of a standard deviation, same scale as the prior; ``upper`` may be infinite.

    Examples
    --------
    >>> from hiermeta.models.priors import parse
    >>> round(spread_probability(parse("exponential(1)"), 3.0, 5.0), 4)  # exp(−3)
    0.0498
    >>> spread_probability(parse("uniform(0, 0.001)"), 0.8, 1.2), spread_probability(parse("uniform(0, 9)"), 8.0, 12.0)
    (0.0, 1.0)
    """
    grid = prior.ppf(_LEVELS)
    mode = float(grid[np.argmax(prior.logpdf(grid))])
    nearest = min(max(mode, lower), upper)
    level = float(prior.logpdf(nearest))
    if level >= float(prior.logpdf(mode)):
        return 1.0
    if nearest > mode:
        return min(1.0, float(prior.sf(nearest)) + _outside(prior, prior.ppf, float(prior.cdf(mode)), level))
    return min(1.0, float(prior.cdf(nearest)) + _outside(prior, prior.isf, float(prior.sf(mode)), level))


def _outside(prior: Prior, value: Callable[[float], Array], mass: float, level: float) -> float:
    """Probability, of a tail that holds `mass` up to the mode, of values with a log density of at most `level`."""
    low, high = -_LOWEST, float(np.log(max(mass, np.exp(-_LOWEST))))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        inside = float(prior.logpdf(value(float(np.exp(middle))))) > level
        low, high = (low, middle) if inside else (middle, high)
    return float(np.exp(low)) if low > -_LOWEST else 0.0


@dataclass(frozen=True)
class Confronted:
    """A prior and what the data say without it, on the scale of the prior.

    Parameters
    ----------
    probability : float
        Prior predictive tail probability.
    lower, upper : float
        95% confidence limits; ``upper`` may be infinite.
    """

    probability: float
    lower: float
    upper: float

    @classmethod
    def with_estimate(cls, prior: Prior, estimate: float, error: float) -> Confronted:
        """With an estimate and its standard error; see `tail_probability`."""
        return cls(tail_probability(prior, estimate, error), estimate - _Z_95 * error, estimate + _Z_95 * error)

    @classmethod
    def with_interval(cls, prior: Prior, lower: float, upper: float) -> Confronted:
        """With the confidence limits of a standard deviation; see `spread_probability`."""
        return cls(spread_probability(prior, lower, upper), lower, upper)

    def apart(self, low: float, high: float) -> bool:
        """Whether a credible interval has nothing in common with the confidence interval."""
        return high < self.lower or low > self.upper


def credible(draws: Mapping[str, Array]) -> dict[str, tuple[float, float]]:
    """95% credible limits by parameter, from draws of any shape."""
    limits = {name: np.quantile(values, (0.025, 0.975)) for name, values in draws.items()}
    return {name: (float(low), float(high)) for name, (low, high) in limits.items()}


def entry(found: Mapping[str, Confronted], posterior: Mapping[str, tuple[float, float]]) -> list[dict[str, Any]]:
    """The entry for the checks of diagnostics.json; none without priors to judge.

    Parameters
    ----------
    found : mapping of str to Confronted
        By parameter.
    posterior : mapping of str to tuple of float
        95% credible limits of the same parameters on the same scales.

    Returns
    -------
    list of dict
        ``name``, ``value``, ``threshold``, ``status`` and ``parameter``, of the parameter that matters most. The value
        is its tail probability times the number of parameters (Bonferroni).
    """
    if not found:
        return []
    values = {name: min(1.0, len(found) * one.probability) for name, one in found.items()}
    useless = [name for name, value in values.items() if value < EXCLUDED and found[name].apart(*posterior[name])]
    parameter = min(useless or values, key=lambda name: values[name])
    status = "fail" if useless else "pass" if values[parameter] >= SURPRISING else "warn"
    threshold = f"≥ {SURPRISING}"
    return [
        {"name": PRIOR, "value": values[parameter], "threshold": threshold, "status": status, "parameter": parameter}
    ]


def checks(
    model: MetaModel, classical: dict[str, Any], estimates: pd.DataFrame, draws: Mapping[str, Array]
) -> list[dict[str, Any]]:
    """Entries for the checks of diagnostics.json; none without a classical fit.

    Parameters
    ----------
    model : MetaModel
    classical : dict
        ``classical.json``.
    estimates : pandas.DataFrame
        ``estimates.csv``.
    draws : mapping of str to numpy.ndarray
        ``beta`` and ``tau``, shape (chains, draws, ...).

    Returns
    -------
    list of dict
        ``name``, ``value``, ``threshold`` and ``status``: that of `entry`, and the REML estimate beside the posterior.
    """
    if not classical["applies"]:
        return []
    terms = ["mu"] if model.moderators is None else model.moderators.names
    named = np.moveaxis(draws["beta"] @ model.named.T, -1, 0)
    sampled = dict(zip(terms, named, strict=True)) | {"tau": draws["tau"]}
    entries = entry(confronted(model, classical), credible(sampled))
    if classical["predict"] and not (model.moderators is None and model.priors["mu"].is_point):
        row = estimates.set_index("parameter").loc["mu"]
        mean, low, high = float(classical["predict"]["mean"]), float(row["q2.5"]), float(row["q97.5"])
        threshold = f"in the 95% credible interval of mu, {low:.4g} to {high:.4g}"
        status = "pass" if low <= mean <= high else "warn"
        entries.append({"name": REML, "value": mean, "threshold": threshold, "status": status})
    return entries


def confronted(model: MetaModel, classical: dict[str, Any]) -> dict[str, Confronted]:
    """The prior of each coefficient and of the heterogeneity against the fit by restricted maximum likelihood.

    What that fit doesn't say is not compared.

    Priors that are points are left out: they are not meant to be doubted.
    """
    found = {}
    if classical["coefficients"]:
        to_standard = model.named @ np.linalg.inv(model.back)
        estimate = to_standard @ np.array([row["estimate"] for row in classical["coefficients"]])
        error = np.sqrt(np.diag(to_standard @ np.array(classical["covariance"]) @ to_standard.T))
        for position, coefficient in enumerate(classical["coefficients"]):
            prior = model.prior_of(model.named[position])
            if prior and not prior.is_point:
                found[coefficient["term"]] = Confronted.with_estimate(
                    prior, float(estimate[position]), float(error[position])
                )
    _, lower, upper = classical["confint"]["tau"]
    if not model.priors["tau"].is_point and lower is not None:
        found["tau"] = Confronted.with_interval(model.priors["tau"], lower, np.inf if upper is None else upper)
    return found
