"""Outcomes that leave a parameter to its prior, or determine it exactly: separated counts, perfect fits."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array, diags_array, hstack
from scipy.sparse.linalg import lsmr

from hiermeta.data.problems import Problem, Refused
from hiermeta.likelihoods import LOGIT
from hiermeta.marginal.hermite import regress
from hiermeta.models.hierarchical import HierarchicalModel

_EXACT = 1e-8
"""Share of the outcome's SD below which residuals are rounding errors."""


def separation(model: HierarchicalModel) -> list[str]:
    """A warning where the likelihood of counts rises without end in some parameters; none otherwise.

    Parameters
    ----------
    model : HierarchicalModel
    """
    if model.has_sigma:
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
    if model.likelihood.link is not LOGIT or model.clusters.sizes.max() == 1:
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
    if not model.has_sigma:
        return
    design = _joint_design(model)
    y = (model.outcome - model.outcome_centre) / model.outcome_spread
    found = lsmr(design, y, atol=1e-11, btol=1e-11, conlim=0, maxiter=2000)[0]
    left = np.linalg.norm(y - design @ found)
    if left <= _EXACT * np.sqrt(model.n) and (model.n > design.shape[1] or model.n > _rank(design)):
        message = "the predictors and clusters reproduce the outcome exactly, so that there is no residual to estimate"
        remedy = "Leave out predictors that the outcome was computed from; analyse an outcome of clusters by cluster"
        raise Refused([Problem(f"`formula:` {message}", remedy)])


def _joint_design(model: HierarchicalModel) -> csr_array:
    """Shape (N, p + Σ J q): the columns of coefficients and of all clusters' effects, of unit length."""
    blocks: list[Any] = [csr_array((model.X - model.centre) / model.spread)]
    rows = np.arange(model.n)
    for number, factor in enumerate(model.factors):
        for k in model.effects_of(number):
            values = model.Z[:, k] / model.effect_spread[k]
            blocks.append(csr_array((values, (rows, factor.codes)), shape=(model.n, len(factor.names))))
    design = csr_array(hstack(blocks))
    length = np.sqrt(np.asarray(design.power(2).sum(axis=0)).ravel())
    return csr_array(design @ diags_array(1 / np.where(length > 0, length, 1)))


def _rank(design: csr_array) -> int:
    """Of the joint design; columns that several terms share, such as intercepts, count once."""
    return int(np.linalg.matrix_rank(design.toarray(), tol=1e-8 * np.sqrt(min(design.shape))))
