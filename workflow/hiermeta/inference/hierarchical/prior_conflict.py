"""Do the priors of a regression and its data contradict each other?

Coefficients are compared on the scale of their priors, the intercept at the means of the other columns, by their
classical estimates and covariance; standard deviations by their profile-likelihood intervals. The residual SD has an
interval with several grouping factors too: that of a variance with the degrees of freedom that are left when every
random effect is a coefficient of its own, which is the fewest there can be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from hiermeta.inference.hierarchical.buildup import Fitted
from hiermeta.inference.prior_conflict import Confronted
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]


def confronted(model: HierarchicalModel, fitted: Fitted, document: Mapping[str, Any]) -> dict[str, Confronted]:
    """The prior of each coefficient, and of each SD that has an interval, against the classical fit.

    Parameters
    ----------
    model : HierarchicalModel
    fitted : MixedFit or CountFit
        The classical fit of the model.
    document : mapping
        ``classical.json``: ``confint`` is used, and ``sigma`` where there are no intervals.
    """
    shift = _shift(model)
    estimate = shift @ fitted.coefficients
    variance = np.diag(shift @ fitted.covariance @ shift.T)
    found = {
        name: Confronted.with_estimate(model.priors[name], float(estimate[i]), float(np.sqrt(variance[i])))
        for i, name in enumerate(model.names)
        if np.isfinite(variance[i]) and variance[i] > 0
    }
    intervals = _intervals(model, document).items()
    return found | {name: Confronted.with_interval(model.priors[name], *limits) for name, limits in intervals}


def on_prior_scale(model: HierarchicalModel, draws: Draws) -> dict[str, Array]:
    """Draws of the coefficients and SDs, the intercept at the means of the other columns."""
    found = dict(zip(model.names, _shift(model) @ draws.beta.T, strict=True)) | {"sigma": draws.sigma}
    return found | dict(zip(model.sd_names, draws.sd.T, strict=True))


def _shift(model: HierarchicalModel) -> Array:
    """From coefficients of the user's columns to those of centred columns."""
    shift = np.eye(len(model.names))
    if model.centred:
        shift[model.names.index("intercept")] += model.centre
    return shift


def _intervals(model: HierarchicalModel, document: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """95% confidence limits of the SDs, as far as there are any."""
    found = {}
    for name in ("sigma", *model.sd_names):
        _, lower, upper = (document.get("confint") or {}).get(name) or (None, None, None)
        if lower is not None:
            found[name] = (float(lower), np.inf if upper is None else float(upper))
    if model.has_sigma and "sigma" not in found:
        effects = sum(len(model.factors[owner].names) for owner in model.factor_of)
        degrees = model.n - len(model.names) - effects
        if degrees > 0:
            low, high = document["sigma"] * np.sqrt(degrees / chi2.ppf([0.975, 0.025], degrees))
            found["sigma"] = (float(low), float(high))
    return found
