"""Do prior and data contradict each other, and do Bayes and restricted maximum likelihood?

The prior predictive tail probability of an estimate says how surprising it would be if the prior were right (Box 1980;
Evans & Moshonov 2006): with the estimate β̂ and its standard error s by restricted maximum likelihood, which uses no
prior, that of ``|β + s z|`` lying as far out as β̂, β from its prior and z standard normal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.models.meta import MetaModel
from hiermeta.models.priors import Prior

Array = npt.NDArray[np.float64]
SURPRISING = 0.01
"""Prior predictive tail probability below which prior and data contradict each other."""
PRIOR, REML = "prior against data", "REML beside Bayes"

_Z = np.linspace(-9.0, 9.0, 1201)
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


def checks(model: MetaModel, classical: dict[str, Any], estimates: pd.DataFrame) -> list[dict[str, Any]]:
    """Entries for the checks of diagnostics.json; none without a classical fit.

    Parameters
    ----------
    model : MetaModel
    classical : dict
        ``classical.json``.
    estimates : pandas.DataFrame
        ``estimates.csv``.

    Returns
    -------
    list of dict
        ``name``, ``value``, ``threshold`` and ``status``. The value of the first is the smallest tail probability of
        any parameter times their number (Bonferroni), with that ``parameter``; of the second, the REML estimate.
    """
    if not classical["applies"]:
        return []
    found = probabilities(model, classical)
    entries = []
    if found:
        parameter = min(found, key=lambda name: found[name])
        value = min(1.0, len(found) * found[parameter])
        entry = _entry(PRIOR, value, f"≥ {SURPRISING}", value >= SURPRISING)
        entries.append(entry | {"parameter": parameter})
    if not (model.moderators is None and model.priors["mu"].is_point):
        row = estimates.set_index("parameter").loc["mu"]
        mean, low, high = float(classical["predict"]["mean"]), float(row["q2.5"]), float(row["q97.5"])
        threshold = f"in the 95% credible interval of mu, {low:.4g} to {high:.4g}"
        entries.append(_entry(REML, mean, threshold, low <= mean <= high))
    return entries


def probabilities(model: MetaModel, classical: dict[str, Any]) -> dict[str, float]:
    """Prior predictive tail probability of each coefficient, and of the heterogeneity.

    That of τ is the prior's probability above the lower limit of its 95% confidence interval. Priors that are points
    are left out: they are not meant to be doubted.
    """
    found = {}
    to_standard = np.linalg.inv(model.back)
    estimate = to_standard @ np.array([entry["estimate"] for entry in classical["coefficients"]])
    error = np.sqrt(np.diag(to_standard @ np.array(classical["covariance"]) @ to_standard.T))
    for position, entry in enumerate(classical["coefficients"]):
        prior = model.coefficient_priors[position]
        if not prior.is_point:
            found[entry["term"]] = tail_probability(prior, float(estimate[position]), float(error[position]))
    lowest = classical["confint"]["tau"][1]
    if not model.priors["tau"].is_point and lowest is not None:
        found["tau"] = float(model.priors["tau"].sf(lowest))
    return found


def _entry(name: str, value: float, threshold: str, good: bool) -> dict[str, Any]:
    return {"name": name, "value": value, "threshold": threshold, "status": "pass" if good else "warn"}
