"""How much the true effects differ: Q, I², R² of moderators, Q-profile interval, likelihood-ratio tests."""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

from hiermeta.inference.classical.gls import Gls
from hiermeta.inference.classical.reml import Reml, fit, line_maximum, tau2_nodes, typical_scale
from hiermeta.inference.classical.rows import Rows
from hiermeta.inference.roots import root


def cochran(rows: Rows) -> dict[str, float]:
    """Test of (residual) heterogeneity: Q, df, p (Cochran 1954).

    Parameters
    ----------
    rows : Rows
    """
    q, df = Gls(rows, 0.0, 0.0).weighted_square, rows.k - rows.p
    return {"Q": q, "df": df, "p": float(chi2.sf(q, df))}


def typical_variance(rows: Rows) -> float:
    """Typical sampling variance ṽ = (k − p)/tr(P) (Higgins & Thompson 2002, eq. 9, for any design and covariance).

    Parameters
    ----------
    rows : Rows
    """
    return float((rows.k - rows.p) / Gls(rows, 0.0, 0.0).traces[0])


def i2(gls: Gls) -> dict[str, float]:
    """I² in percent: total and, with clusters, within and between.

    Parameters
    ----------
    gls : Gls
    """
    share = 100 / (gls.tau2 + typical_variance(gls.rows))
    parts = {"within": share * gls.within, "between": share * gls.between} if gls.rows.clustered else {}
    return {"total": share * gls.tau2} | parts


def r2(found: Reml, null: Reml) -> dict[str, float | None]:
    """Reduction of τ² against the model without moderators, in percent, cut at 0 (Raudenbush 2009).

    Parameters
    ----------
    found, null : Reml
        With and without moderators, of the same rows.
    """
    full, empty = found.gls, null.gls
    parts = {"total": (full.tau2, empty.tau2)}
    if found.rows.clustered:
        parts |= {"within": (full.within, empty.within), "between": (full.between, empty.between)}
    return {name: max(0.0, 100 * (1 - left / of)) if of > 0 else None for name, (left, of) in parts.items()}


def likelihood_ratio_tests(found: Reml) -> dict[str, dict[str, float]]:
    """Is there heterogeneity between clusters (against σ_b² = 0) and within them (against σ_w² = 0)?

    Under the null the parameter is on the boundary: ``p`` takes the statistic as χ²₁ and is conservative,
    ``p_mixture`` as half χ²₀, half χ²₁ (Self & Liang 1987, case 5).

    Parameters
    ----------
    found : Reml
        A fit of rows with clusters.
    """
    none_within, _ = line_maximum(found.likelihood, np.zeros(2), np.array([0.0, 1.0]), tau2_nodes(found))
    heights = {"between": fit(found.rows.without_clusters()).log_likelihood, "within": none_within}
    tests = {}
    for name, height in heights.items():
        statistic = max(0.0, 2 * (found.log_likelihood - height))
        p = float(chi2.sf(statistic, 1))
        tests[name] = {"statistic": statistic, "df": 1, "p": p, "p_mixture": p / 2 if statistic > 0 else 1.0}
    return tests


def q_profile(rows: Rows) -> tuple[float, float]:
    """95% interval of τ² from the generalised Q statistic (Viechtbauer 2007), for rows without clusters.

    Parameters
    ----------
    rows : Rows
    """
    df = rows.k - rows.p
    scale = typical_scale(rows)[1]

    def bound(level: float) -> float:
        target = float(chi2.ppf(level, df))

        def excess(tau2: float) -> float:
            return Gls(rows, tau2, 0.0).weighted_square - target

        if excess(0.0) <= 0:
            return 0.0
        upper = scale
        while excess(upper) > 0:
            upper *= 10
        return root(excess, 0.0, upper, xtol=1e-12 * scale, rtol=1e-10)

    return bound(0.975), bound(0.025)
