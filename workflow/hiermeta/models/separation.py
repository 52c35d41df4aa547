"""Outcomes that leave a parameter to its prior, or determine it exactly: separated counts, perfect fits."""

from __future__ import annotations

import numpy as np

from hiermeta.data.problems import Problem, Refused
from hiermeta.models.counts import regress
from hiermeta.models.hierarchical import HierarchicalModel

_EXACT = 1e-8
"""Share of the outcome's SD below which residuals are rounding errors."""


def separation(model: HierarchicalModel) -> list[str]:
    """A warning where the likelihood of counts rises without end in some parameters; none otherwise.

    Parameters
    ----------
    model : HierarchicalModel
    """
    if model.gaussian:
        return []
    return _of_predictors(model) + _of_clusters(model)


def _of_predictors(model: HierarchicalModel) -> list[str]:
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


def _of_clusters(model: HierarchicalModel) -> list[str]:
    if model.family == "poisson" or model.clusters.sizes.max() == 1:
        return []
    events = np.bincount(model.clusters.codes, model.outcome)
    if ((events > 0) & (events < np.bincount(model.clusters.codes, model.size))).any():
        return []
    return [
        f"Every cluster of {model.clusters.name!r} has events only, or none: the outcome belongs to clusters rather "
        "than to individuals, and the SD between clusters rests on its prior. Analyse one row per cluster, or check "
        "the outcome's column."
    ]


def check_residuals(model: HierarchicalModel) -> None:
    """Check that a gaussian outcome isn't reproduced exactly, so that the likelihood has a maximum.

    Raises
    ------
    Refused
        Predictors and clusters leave no residual although there are more rows than coefficients.
    """
    if not model.gaussian:
        return
    s = model.sufficient
    left = np.abs(s.within[:, -1][-1])
    used = np.linalg.matrix_rank(s.R, tol=1e-10).sum() + np.linalg.matrix_rank(s.within[:, :-1], tol=1e-10)
    if model.n > used and left <= _EXACT * np.sqrt(model.n - used):
        message = "the predictors and clusters reproduce the outcome exactly, so that there is no residual to estimate"
        remedy = "Leave out predictors that the outcome was computed from; analyse an outcome of clusters by cluster"
        raise Refused([Problem(f"`formula:` {message}", remedy)])
