"""Everything the classical counterpart reports, as one dictionary ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hiermeta.inference.classical import coefficients, heterogeneity, prediction, profile, sandwich, small_study
from hiermeta.inference.classical.gls import Gls
from hiermeta.inference.classical.reml import Reml, fit
from hiermeta.inference.classical.rows import Array, Index, Rows, build, clusters_identified


def classical(
    effect: Array,
    variance: Array,
    design: Array,
    terms: Sequence[str],
    cluster: Index | None = None,
    *,
    correlation: float = 0.0,
    covariance: Array | None = None,
) -> dict[str, Any]:
    """Fit by restricted maximum likelihood and test, estimate and predict in the classical way.

    Parameters
    ----------
    effect, variance : numpy.ndarray
        Shape (k,): effect estimates and their sampling variances (squared standard errors).
    design : numpy.ndarray
        Shape (k, p): in the user's units; an intercept is a column of ones.
    terms : sequence of str
        Names of the p columns.
    cluster : numpy.ndarray, optional
        Shape (k,): codes 0 … J − 1. Clusters that the design or single rows leave without information on ρ are
        left out of the model, and ``J`` is None.
    correlation : float
        Known correlation of the sampling errors within a cluster.
    covariance : numpy.ndarray, optional
        Shape (k, k): known sampling covariance, which takes the place of ``variance`` and ``correlation``.

    Returns
    -------
    dict
        Numbers, strings, lists and dictionaries; what is undefined is None. ``ci`` and ``pi`` are [lower, upper] at
        95%, ``confint`` [estimate, lower, upper], I² and R² in percent; lists of rows are in the given order.

    Raises
    ------
    Unusable
        When the data allow no fit.
    """
    if covariance is not None:
        variance = np.diag(covariance)
    rows = build(effect, variance, design, terms, cluster, correlation, covariance)
    if rows.clustered and not clusters_identified(rows):
        rows = rows.without_clusters()
    found = fit(rows)
    result = _estimates(found) | _moderators(found)
    result["equal_effects"] = {"coefficients": coefficients.wald(Gls(rows, 0.0, 0.0))}
    result["predict"] = _predictions(found.gls)
    result["blups"] = _blups(found.gls)
    result["small_study"] = small_study.regression(rows, design, np.sqrt(variance))
    if rows.clustered:
        result["t"] = coefficients.containment(found.gls)
        result["robust"] = {"CR2": sandwich.cr2(found.gls), "CR1": sandwich.cr1(found.gls)}
        result["likelihood_ratio"] = heterogeneity.likelihood_ratio_tests(found)
        alone = fit(build(effect, variance, design, terms))
        result["ignoring_clusters"] = _estimates(alone) | {"predict": _predictions(alone.gls)}
    else:
        result["knapp_hartung"] = _knapp_hartung(found.gls)
        result["q_profile"] = _q_profile(rows)
    return _plain(result)


def _estimates(found: Reml) -> dict[str, Any]:
    gls, rows = found.gls, found.rows
    tau2 = profile.tau2_interval(found)
    confint: dict[str, Any] = {"tau2": [gls.tau2, *tau2], "tau": [gls.tau2**0.5, tau2[0] ** 0.5, tau2[1] ** 0.5]}
    if rows.clustered:
        confint["rho"] = [gls.rho, *profile.rho_interval(found)]
    q = heterogeneity.cochran(rows)
    return {
        "method": "REML",
        "k": rows.k,
        "clusters": len(rows.start) if rows.clustered else None,
        "coefficients": coefficients.wald(gls),
        "covariance": gls.covariance.tolist(),
        "tau2": gls.tau2,
        "tau": gls.tau2**0.5,
        "rho": gls.rho,
        "tau2_within": gls.within if rows.clustered else None,
        "tau2_between": gls.between if rows.clustered else None,
        "confint": confint,
        **q,
        "I2": heterogeneity.i2(gls),
        "typical_variance": heterogeneity.typical_variance(rows),
        "log_likelihood": found.log_likelihood,
    }


def _moderators(found: Reml) -> dict[str, Any]:
    """Omnibus test, R² and τ² without moderators; None without moderators or without an intercept to reduce to."""
    rows, test = found.rows, coefficients.omnibus(found.gls)
    reduction = without = None
    if test is not None and test["df"] < rows.p:
        null = fit(rows.with_design(np.ones((rows.k, 1)), ["intercept"]))
        reduction, without = heterogeneity.r2(found, null), null.gls.tau2
    return {"QM": test, "R2": reduction, "tau2_without_moderators": without}


def _predictions(gls: Gls) -> dict[str, Any]:
    """At the mean design, with normal and with t quantiles.

    With clusters the degrees of freedom are the fewest of the coefficients' inner–outer ones, without k − p − 1
    (Higgins, Thompson & Spiegelhalter 2009).
    """
    rows = gls.rows
    x = rows.mean_design
    df = float(coefficients.inner_outer_df(rows).min()) if rows.clustered else float(rows.k - rows.p - 1)
    with_t = prediction.predict(gls, x, df=df)
    t = {"df": df, "ci": with_t["ci"], "pi": with_t["pi"]} if rows.clustered else {"df": df, "pi": with_t["pi"]}
    return prediction.predict(gls, x) | {"t": t}


def _blups(gls: Gls) -> dict[str, Any]:
    estimate, se = prediction.row_effects(gls)
    effects: dict[str, Any] = {"rows": {"estimate": estimate, "se": se}}
    if gls.rows.clustered:
        effects["clusters"] = prediction.cluster_effects(gls)
    return effects


def _knapp_hartung(gls: Gls) -> dict[str, Any]:
    rows = gls.rows
    scale, df = coefficients.knapp_hartung_scale(gls), rows.k - rows.p
    covariance = scale * gls.covariance
    return {
        "coefficients": coefficients.students(rows.terms, gls.coefficients, covariance, np.full(rows.p, float(df))),
        "QM": coefficients.omnibus(gls, covariance),
        "predict": prediction.predict(gls, rows.mean_design, scale, df),
    }


def _q_profile(rows: Rows) -> dict[str, Any]:
    lower, upper = heterogeneity.q_profile(rows)
    return {"tau2": [lower, upper], "tau": [lower**0.5, upper**0.5]}


def _plain(value: Any) -> Any:
    """The same with plain Python numbers and lists, and None for what isn't finite."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.integer | np.floating):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
