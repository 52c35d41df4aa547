"""Everything the classical counterpart reports, as one dictionary ready for JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import t

from hiermeta.inference.classical import coefficients, heterogeneity, prediction, profile, sandwich, small_study
from hiermeta.inference.classical.gls import Gls
from hiermeta.inference.classical.reml import Reml, climb, fit
from hiermeta.inference.classical.rows import Array, Index, Rows, build, clusters_identified
from hiermeta.inference.roots import attempt, followed


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
        ``unavailable``: reasons by name of the parts that the numbers don't allow, such as ``confint/rho``.
        ``applies``: whether there is a fit; without one there is its ``reason``, and what needs none.

    Raises
    ------
    Unusable, LinAlgError
        When the design or the sampling covariance allows no analysis.
    """
    if covariance is not None:
        variance = np.diag(covariance)
    rows = build(effect, variance, design, terms, cluster, correlation, covariance)
    if rows.clustered and not clusters_identified(rows):
        rows = rows.without_clusters()
    unavailable: dict[str, str] = {}

    def part(name: str, compute: Callable[[], Any]) -> Any:
        return attempt(name, compute, unavailable)

    result = _without_fit(rows, unavailable) | {
        "equal_effects": {"coefficients": part("equal_effects", lambda: coefficients.wald(Gls(rows, 0.0, 0.0)))},
        "small_study": part("small_study", lambda: small_study.regression(rows, design, np.sqrt(variance))),
    }
    if rows.clustered:
        reasons: dict[str, str] = {}

        def ignoring() -> dict[str, Any]:
            alone = build(effect, variance, design, terms)
            return _estimates(alone, reasons)[1] | _without_fit(alone, reasons)

        result["ignoring_clusters"] = part("ignoring_clusters", ignoring)
        unavailable |= {f"ignoring_clusters/{name}": reason for name, reason in reasons.items()}
    else:
        result["q_profile"] = part("q_profile", lambda: _q_profile(rows))
    fitted = part("fit", lambda: _estimates(rows, unavailable))
    if fitted is None:
        return _plain({"applies": False, "reason": unavailable.pop("fit")} | result | {"unavailable": unavailable})
    found, estimates = fitted
    gls = found.gls
    result |= estimates | {
        "QM": part("QM", lambda: coefficients.omnibus(gls)),
        **(part("R2", lambda: _explained(found)) or {"R2": None, "tau2_without_moderators": None}),
        "blups": part("blups", lambda: _blups(gls)),
    }
    if rows.clustered:
        result |= {
            "t": part("t", lambda: coefficients.containment(gls)),
            "robust": {
                "CR2": part("robust/CR2", lambda: sandwich.cr2(gls)),
                "CR1": part("robust/CR1", lambda: sandwich.cr1(gls)),
                "predict": part("robust/predict", lambda: _robust_predictions(gls)),
            },
            "likelihood_ratio": part("likelihood_ratio", lambda: heterogeneity.likelihood_ratio_tests(found)),
        }
    else:
        result["knapp_hartung"] = part("knapp_hartung", lambda: _knapp_hartung(gls))
    return _plain({"applies": True} | result | {"unavailable": unavailable})


def _without_fit(rows: Rows, unavailable: dict[str, str]) -> dict[str, Any]:
    """What of the fit's summary can be said without it."""
    q = attempt("Q", lambda: heterogeneity.cochran(rows), unavailable)
    return {
        "k": rows.k,
        "clusters": len(rows.start) if rows.clustered else None,
        **(q or dict.fromkeys(("Q", "df", "p"))),
        "typical_variance": attempt("typical_variance", lambda: heterogeneity.typical_variance(rows), unavailable),
    }


def _estimates(rows: Rows, unavailable: dict[str, str]) -> tuple[Reml, dict[str, Any]]:
    """The fit of rows, and what it says, each part on its own."""
    found, intervals = _followed(fit(rows), unavailable)
    gls, tau2 = found.gls, intervals["tau"]
    confint: dict[str, Any] = {"tau2": [gls.tau2, *tau2], "tau": [gls.tau2**0.5, tau2[0] ** 0.5, tau2[1] ** 0.5]}
    if rows.clustered:
        confint["rho"] = [gls.rho, *intervals["rho"]]

    def part(name: str, compute: Callable[[], Any]) -> Any:
        return attempt(name, compute, unavailable)

    return found, {
        "method": "REML",
        "coefficients": part("coefficients", lambda: coefficients.wald(gls)),
        "covariance": gls.covariance.tolist(),
        "tau2": gls.tau2,
        "tau": gls.tau2**0.5,
        "rho": gls.rho,
        "tau2_within": gls.within if rows.clustered else None,
        "tau2_between": gls.between if rows.clustered else None,
        "confint": confint,
        "I2": part("I2", lambda: heterogeneity.i2(gls)),
        "log_likelihood": found.log_likelihood,
        "predict": part("predict", lambda: _predictions(gls)),
    }


def _followed(start: Reml, unavailable: dict[str, str]) -> tuple[Reml, dict[str, tuple[float, float]]]:
    """The highest maximum that profiles lead to, and the intervals of τ² and ρ from there."""
    profiles = {"tau": profile.tau2_interval} | ({"rho": profile.rho_interval} if start.rows.clustered else {})

    def search(found: Reml) -> tuple[dict[str, tuple[float, float] | None], dict[str, str]]:
        reasons: dict[str, str] = {}
        ends = {name: attempt(f"confint/{name}", partial(of, found), reasons) for name, of in profiles.items()}
        return ends, reasons

    found, (ends, reasons) = attempt(
        "confint", lambda: followed(start, search, lambda found, point: climb(found.likelihood, point)), unavailable
    ) or (start, ({}, {}))
    unavailable |= reasons
    return found, {name: ends.get(name) or (np.nan, np.nan) for name in profiles}


def _explained(found: Reml) -> dict[str, Any]:
    """R² and τ² without moderators; None without moderators or without an intercept to reduce to."""
    rows = found.rows
    if not 0 < len(coefficients.moderators(rows)) < rows.p:
        return {"R2": None, "tau2_without_moderators": None}
    null = fit(rows.with_design(np.ones((rows.k, 1)), ["intercept"]))
    return {"R2": heterogeneity.r2(found, null), "tau2_without_moderators": null.gls.tau2}


def _predictions(gls: Gls) -> dict[str, Any]:
    """At the mean design, with normal and with t quantiles.

    With clusters the degrees of freedom are the fewest of the coefficients' inner–outer ones, without k − p − 1
    (Higgins, Thompson & Spiegelhalter 2009).
    """
    rows = gls.rows
    x = rows.mean_design
    df = float(coefficients.inner_outer_df(rows).min()) if rows.clustered else float(rows.k - rows.p - 1)
    with_t = prediction.predict(gls, x, df=df)
    kept = ("ci", "pi") if rows.clustered else ("pi",)
    return prediction.predict(gls, x) | {"t": {"df": df} | {key: with_t[key] for key in kept}}


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


def _robust_predictions(gls: Gls) -> dict[str, Any]:
    """At the mean design, with the CR2 covariance and t quantiles on its degrees of freedom."""
    mean = sandwich.cr2(gls, gls.rows.mean_design)[0]
    margin = t.ppf(0.975, mean["df"]) * np.hypot(mean["se"], gls.tau2**0.5)
    pi = [mean["estimate"] - margin, mean["estimate"] + margin]
    return {"mean": mean["estimate"], "se": mean["se"], "df": mean["df"], "ci": mean["ci"], "pi": pi}


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
