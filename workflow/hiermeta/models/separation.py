"""Separated outcomes: predictors that tell all events from all others, so that only the prior holds a coefficient."""

from __future__ import annotations

import numpy as np

from hiermeta.models.counts import regress
from hiermeta.models.hierarchical import HierarchicalModel


def separation(model: HierarchicalModel) -> list[str]:
    """A warning where the likelihood of counts rises without end in some coefficients; none otherwise.

    Parameters
    ----------
    model : HierarchicalModel
    """
    if model.gaussian:
        return []
    rows = model.counts
    found = regress(rows, (rows.X - model.centre) / model.spread)
    if found.converged:
        return []
    errors = np.sqrt(np.abs(np.diag(found.covariance)))
    suspects = [name for name, error in zip(model.names, errors, strict=True) if error > 10 and name != "intercept"]
    named = ", ".join(repr(name) for name in suspects) or "a combination of predictors"
    return [
        f"The outcome is separated by {named}: in the data, its values go with events only, or with none. The size of "
        "that coefficient rests on its prior; merge rare levels, leave the predictor out, or state an informed prior."
    ]
