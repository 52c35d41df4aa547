"""Tests and intervals of the mean coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2, f, norm, t

from hiermeta.inference.classical.gls import Gls
from hiermeta.inference.classical.rows import Array, Rows

Table = list[dict[str, Any]]


def wald(gls: Gls) -> Table:
    """Normal tests: term, estimate, se, z, p, ci.

    Parameters
    ----------
    gls : Gls
    """
    table = []
    for term, estimate, se in zip(gls.rows.terms, gls.coefficients, _errors(gls.covariance), strict=True):
        z, margin = estimate / se, norm.ppf(0.975) * se
        ci = [estimate - margin, estimate + margin]
        table.append({"term": term, "estimate": estimate, "se": se, "z": z, "p": 2 * norm.sf(abs(z)), "ci": ci})
    return table


def students(terms: tuple[str, ...], estimates: Array, covariance: Array, df: Array) -> Table:
    """Student tests: term, estimate, se, t, df, p, ci; NaN where df isn't positive, or t where se is 0.

    Parameters
    ----------
    terms : tuple of str
    estimates, df : numpy.ndarray
        Shape (p,).
    covariance : numpy.ndarray
        Shape (p, p).
    """
    table = []
    for term, estimate, se, degrees in zip(terms, estimates, _errors(covariance), df, strict=True):
        value, margin = estimate / se if se > 0 else np.nan, t.ppf(0.975, degrees) * se
        ci = [estimate - margin, estimate + margin]
        row = {"term": term, "estimate": estimate, "se": se, "t": value, "df": degrees}
        table.append(row | {"p": 2 * t.sf(abs(value), degrees), "ci": ci})
    return table


def inner_outer_df(rows: Rows) -> Array:
    """Degrees of freedom by containment (Pinheiro & Bates 2000, p. 91): J − p for columns constant within every
    cluster, k − p for the others. Shape (p,); NaN where none are left.
    """
    if not rows.clustered:
        return np.full(rows.p, float(rows.k - rows.p))
    design = rows.unrotate(rows.design)
    first = design[rows.start][rows.cluster_of_row]
    constant = (np.abs(design - first) <= 1e-12 * np.abs(design).max(axis=0)).all(axis=0)
    df = np.where(constant, len(rows.start), rows.k) - rows.p
    return np.where(df > 0, df, np.nan)


def containment(gls: Gls) -> Table:
    """Student tests with inner–outer degrees of freedom.

    Parameters
    ----------
    gls : Gls
    """
    return students(gls.rows.terms, gls.coefficients, gls.covariance, inner_outer_df(gls.rows))


def knapp_hartung_scale(gls: Gls) -> float:
    """The weighted residual mean square, which rescales the covariance of the coefficients (Knapp & Hartung 2003).

    Parameters
    ----------
    gls : Gls
    """
    return gls.weighted_square / (gls.rows.k - gls.rows.p)


def moderators(rows: Rows) -> npt.NDArray[np.intp]:
    """Numbers of the columns of the design that aren't a constant 1."""
    ones = np.abs(rows.unrotate(rows.design) - 1).max(axis=0) < 1e-12
    return np.flatnonzero(~ones)


def omnibus(gls: Gls, covariance: Array | None = None) -> dict[str, float] | None:
    """Test that all moderators' coefficients are 0; None without moderators.

    Parameters
    ----------
    gls : Gls
    covariance : numpy.ndarray, optional
        Shape (p, p): with the Knapp–Hartung covariance an F test, otherwise Wald's χ².
    """
    tested = moderators(gls.rows)
    if len(tested) == 0:
        return None
    used = gls.covariance if covariance is None else covariance
    b = gls.coefficients[tested]
    tried = used[np.ix_(tested, tested)]
    statistic = float(b @ np.linalg.solve(tried, b)) if tried.any() else np.nan
    m = len(tested)
    if covariance is None:
        return {"statistic": statistic, "df": m, "p": float(chi2.sf(statistic, m))}
    df2 = gls.rows.k - gls.rows.p
    return {"statistic": statistic / m, "df": m, "df2": df2, "p": float(f.sf(statistic / m, m, df2))}


def _errors(covariance: Array) -> Array:
    return np.sqrt(np.diag(covariance))
