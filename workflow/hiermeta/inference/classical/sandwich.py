"""Cluster-robust covariances of the coefficients, the fitted model being the working model.

With the working covariance Φ_c = V_c, weights V_c⁻¹, M = (Σ X_c'V_c⁻¹X_c)⁻¹ and the residuals r_c,

    Cov(β) = M [Σ_c X_c'V_c⁻¹A_c r_c r_c'A_c'V_c⁻¹X_c] M

A_c = I scaled by J/(J − p) is CR1. CR2, the bias-reduced linearisation, takes the A_c that makes the estimator
unbiased under the working model: A_c G_c A_c = Φ_c with G_c = V_c − X_c M X_c', the covariance of r_c (Pustejovsky &
Tipton 2018; their D_c'B_c^{-1/2}D_c is the same for every root D_c of Φ_c).
"""

from __future__ import annotations

import numpy as np

from hiermeta.inference.classical.coefficients import Table, students
from hiermeta.inference.classical.gls import Gls
from hiermeta.inference.classical.rows import Array

_SINGULAR = 1e-10
"""Relative eigenvalue below which a residual's direction counts as fitted exactly."""


def cr1(gls: Gls) -> Table:
    """Student tests with J − p degrees of freedom and the CR1 covariance scaled by J/(J − p), elsewhere called CR1p.

    Parameters
    ----------
    gls : Gls
        A fit of rows with clusters.
    """
    rows = gls.rows
    clusters, df = len(rows.start), len(rows.start) - rows.p
    scores = rows.by_cluster(gls.solved * gls.residual[:, None])
    scale = clusters / df if df > 0 else np.nan
    return students(
        rows.terms, gls.coefficients, scale * _covariance(scores, gls.m @ rows.back.T), np.full(rows.p, df or np.nan)
    )


def cr2(gls: Gls, at: Array | None = None) -> Table:
    """Student tests with the CR2 covariance and Satterthwaite degrees of freedom.

    For the coefficient a'β and g_c = A_c V_c⁻¹X_c M a, the degrees of freedom are (tr Ω)²/tr(Ω²) with
    Ω_cd = [c = d] g_c'V_c g_c − g_c'X_c M X_d'g_d (Pustejovsky & Tipton 2018).

    Parameters
    ----------
    gls : Gls
        A fit of rows with clusters.
    at : numpy.ndarray, optional
        Shape (p,): design row in the user's units, whose mean effect is tested in place of the coefficients.
    """
    rows = gls.rows
    wanted = rows.back if at is None else at[None] @ rows.back
    directions = gls.m @ wanted.T
    scores, own, inside = [], [], []
    for size in np.unique(rows.sizes):
        part = rows.start[rows.sizes == size][:, None] + np.arange(size)
        basis, shared = rows.basis[part], rows.shared[part]
        working = gls.between * shared[:, :, None] * shared[:, None, :]
        working[:, np.arange(size), np.arange(size)] += 1 / gls.weight[part]
        adjusted = _adjustment(working, working - basis @ gls.m @ np.swapaxes(basis, 1, 2)) @ gls.solved[part]
        g = adjusted @ directions
        scores.append(np.einsum("cnp,cn->cp", adjusted, gls.residual[part]))
        own.append(np.sum(g * (working @ g), axis=1))
        inside.append(np.swapaxes(basis, 1, 2) @ g)
    d, u = np.concatenate(own), np.concatenate(inside)
    shared_part = np.einsum("cpt,pq,cqt->ct", u, gls.m, u)
    overlap = np.einsum("pq,cqt,crt->tpr", gls.m, u, u)
    trace = np.sum(d - shared_part, axis=0)
    square = np.sum(d**2 - 2 * d * shared_part, axis=0) + np.einsum("tpr,trp->t", overlap, overlap)
    terms, estimates = rows.terms, gls.coefficients
    if at is not None:
        terms, estimates = ("mean",), directions.T @ (gls.solved.T @ rows.effect)
    return students(terms, estimates, _covariance(np.concatenate(scores), directions), trace**2 / square)


def _covariance(scores: Array, directions: Array) -> Array:
    return directions.T @ (scores.T @ scores) @ directions


def _adjustment(working: Array, actual: Array) -> Array:
    """The symmetric A with A · actual · A = working, for a stack of matrices.

    Directions in which the residuals can't vary are left out.
    """
    root = np.linalg.cholesky(working)
    values, vectors = np.linalg.eigh(np.swapaxes(root, 1, 2) @ actual @ root)
    kept = values > _SINGULAR * np.trace(np.swapaxes(root, 1, 2) @ working @ root, axis1=1, axis2=2)[:, None]
    scale = np.where(kept, 1 / np.sqrt(np.where(kept, values, 1)), 0)
    half = root @ vectors
    return np.asarray((half * scale[:, None, :]) @ np.swapaxes(half, 1, 2))
