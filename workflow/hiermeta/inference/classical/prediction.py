"""The mean, new effects, and the true effects of the rows and clusters at hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import norm, t

from hiermeta.inference.classical.gls import Gls
from hiermeta.inference.classical.rows import Array


def predict(gls: Gls, x: Array, scale: float = 1.0, df: float | None = None) -> dict[str, Any]:
    """Mean effect at a design row and the interval of a new true effect: mean, se, ci, pi.

    The prediction interval uses the variance x'Cov(β)x + τ² (Higgins, Thompson & Spiegelhalter 2009). Sums are in the
    orthonormal basis of the design, since they cancel in units of moderators that vary little around a large mean.

    Parameters
    ----------
    gls : Gls
    x : numpy.ndarray
        Shape (p,): design row in the user's units.
    scale : float
        Of the coefficients' covariance, in units of the model's.
    df : float, optional
        Degrees of freedom of both intervals' t quantile; normal without.
    """
    row = x @ gls.rows.back
    mean = float(row @ gls.m @ (gls.solved.T @ gls.rows.effect))
    variance = scale * float(row @ gls.m @ row)
    quantile = float(norm.ppf(0.975) if df is None else t.ppf(0.975, df))
    ci, pi = quantile * np.sqrt(variance), quantile * np.sqrt(variance + gls.tau2)
    return {"mean": mean, "se": variance**0.5, "ci": [mean - ci, mean + ci], "pi": [mean - pi, mean + pi]}


def row_effects(gls: Gls) -> tuple[Array, Array]:
    """Best linear unbiased predictions of the rows' true effects, θ = y − S P y, with Cov(θ̂ − θ) = S − S P S.

    The coefficients' uncertainty is included, that of the variances isn't (Raudenbush & Bryk 1985).

    Parameters
    ----------
    gls : Gls

    Returns
    -------
    effect, se : numpy.ndarray
        Shape (k,) each, in the order of the user's rows.
    """
    rows = gls.rows
    sampling = rows.variance
    effect = rows.unrotate(rows.effect - sampling * gls.py)
    taken = rows.unrotated_diagonal(sampling - sampling**2 * gls.weight)
    if rows.clustered:
        tilted = rows.unrotate(sampling * gls.weight * rows.shared)
        taken += gls.gain[rows.cluster_of_row] * tilted**2
    solved = rows.unrotate(sampling[:, None] * gls.solved)
    taken += np.einsum("kp,pq,kq->k", solved, gls.m, solved)
    values, errors = np.empty(rows.k), np.empty(rows.k)
    values[rows.order], errors[rows.order] = effect, np.sqrt(np.maximum(taken, 0))
    return values, errors


def cluster_effects(gls: Gls) -> dict[str, Array]:
    """Best linear unbiased predictions of the clusters, each shape (J,).

    Parameters
    ----------
    gls : Gls
        A fit of rows with clusters.

    Returns
    -------
    dict
        ``estimate``, ``se``: of the mean over the cluster's rows of x'β + b_c; ``random_effect``,
        ``random_effect_se``: of b_c alone, with Var(b̂_c − b_c) = σ_b² − σ_b⁴ z_c'P z_c.
    """
    rows, between = gls.rows, gls.between
    random = between * rows.by_cluster(rows.shared * gls.py)
    random_variance = between - between**2 * (gls.own - gls.explained)
    x = rows.by_cluster(rows.unrotate(rows.basis)) / rows.sizes[:, None]
    spread = np.einsum("jp,pq,jq->j", x, gls.m, x)
    overlap = np.einsum("jp,pq,jq->j", x, gls.m, gls.inside)
    fixed = x @ np.linalg.solve(rows.back, gls.coefficients)
    return {
        "estimate": fixed + random,
        "se": np.sqrt(np.maximum(spread + random_variance - 2 * between * overlap, 0)),
        "random_effect": random,
        "random_effect_se": np.sqrt(np.maximum(random_variance, 0)),
    }
