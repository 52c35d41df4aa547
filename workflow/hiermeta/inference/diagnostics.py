"""The verdict on a fit: did it converge, and does it agree with the exact posterior?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from hiermeta.inference.meta import Tables
from hiermeta.sampling.convergence import E_BFMI, ESS, MCSE, R_HAT, R_HAT_FAIL, SamplerHealth

MEAN_TOLERANCE = 0.06
"""Difference of a posterior mean from its exact value, in posterior SDs, that needs no explanation."""
AGREES, DISAGREES = 4.0, 6.0
"""Differences from an exact value, in Monte Carlo SEs, up to which draws agree and beyond which they don't.

One comparison in 16,000 is beyond 4 by chance, so that batches of data sets see some; none is beyond 6.
"""
GROSS = 1.0
"""Difference, in posterior SDs, that no error of a reference with Monte Carlo errors explains."""

_ORDER = ("pass", "warn", "fail")
_STATISTICS = dict(zip(("mean", "median", "q2.5", "q97.5"), MCSE, strict=True))


def worst(statuses: Iterable[str]) -> str:
    """The gravest of ``pass``, ``warn`` and ``fail``.

    Examples
    --------
    >>> worst(["pass", "fail", "warn"])
    'fail'
    """
    return max(statuses, key=_ORDER.index, default="pass")


def verdict(
    tables: Tables, health: SamplerHealth, exact: dict[str, Any], further: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """Judge a fit.

    Parameters
    ----------
    tables : Tables
    health : SamplerHealth
    exact : dict
        Exact summaries by parameter, as far as there are any.
    further : sequence of dict
        Checks beside those of convergence.

    Returns
    -------
    dict
        ``status``, the measures behind it, ``checks`` (name, value, threshold, status), ``agreement`` and
        ``not_compared``.
    """
    measured = measures(tables.convergence, health)
    judged = [*checks(measured), *further]
    compared = agreement(tables.estimates, exact)
    status = worst(entry["status"] for entry in [*judged, *compared])
    missing = not_compared(compared, exact)
    return {"status": status, **measured, "checks": judged, "agreement": compared, "not_compared": missing}


def measures(convergence: pd.DataFrame, health: SamplerHealth) -> dict[str, Any]:
    """The worst convergence measures of any reported quantity, and what NUTS reports.

    Parameters
    ----------
    convergence : pandas.DataFrame
        r_hat, ess_bulk and ess_tail by reported quantity.
    health : SamplerHealth
    """
    return {
        "max_r_hat": float(convergence["r_hat"].max(skipna=False)),
        "min_ess_bulk": float(convergence["ess_bulk"].min(skipna=False)),
        "min_ess_tail": float(convergence["ess_tail"].min(skipna=False)),
        "divergences": health.divergences,
        "min_ebfmi": health.min_ebfmi,
        "treedepth_hits": health.treedepth_hits,
    }


def checks(measures: dict[str, Any]) -> list[dict[str, Any]]:
    """Convergence checks with their values, thresholds and statuses.

    Parameters
    ----------
    measures : dict
        max_r_hat, min_ess_bulk, min_ess_tail, divergences, min_ebfmi, treedepth_hits.

    Returns
    -------
    list of dict
        ``name``, ``value``, ``threshold``, ``status``; a value that is not a number fails.
    """
    r_hat, bulk, tail = measures["max_r_hat"], measures["min_ess_bulk"], measures["min_ess_tail"]
    divergences, ebfmi, hits = measures["divergences"], measures["min_ebfmi"], measures["treedepth_hits"]
    return [
        _check("largest R-hat", r_hat, f"< {R_HAT}", r_hat < R_HAT, r_hat <= R_HAT_FAIL),
        _check("smallest bulk ESS", bulk, f"≥ {ESS:.0f}", bulk >= ESS, bulk > 0),
        _check("smallest tail ESS", tail, f"≥ {ESS:.0f}", tail >= ESS, tail > 0),
        _check("divergences", divergences, "0", divergences == 0, False),
        _check("smallest E-BFMI", ebfmi, f"≥ {E_BFMI}", ebfmi >= E_BFMI, ebfmi > 0),
        _check("saturated trees", hits, "0", hits == 0, True),
    ]


def _check(name: str, value: float, threshold: str, good: bool, tolerable: bool) -> dict[str, Any]:
    status = "pass" if good else "warn" if tolerable else "fail"
    return {"name": name, "value": value, "threshold": threshold, "status": status}


def agreement(estimates: pd.DataFrame, exact: dict[str, Any]) -> list[dict[str, Any]]:
    """Compare draws with the exact posterior.

    Parameters
    ----------
    estimates : pandas.DataFrame
        The estimates table.
    exact : dict
        Exact summaries by parameter; parameters that are not in it are left out.

    Returns
    -------
    list of dict
        Per parameter and statistic: both values, their difference and the Monte Carlo SE in posterior SDs, and a
        status. What is within 4 Monte Carlo SEs passes, as do means within 0.06 SD; beyond 6 Monte Carlo SEs they fail.
        Where the reference has Monte Carlo errors of its own, both count, for means alone, and only differences of more
        than a posterior SD fail: errors estimated from uneven weights can be too small.
    """
    rows = []
    for _, estimate in estimates.iterrows():
        reference = exact.get(estimate["parameter"])
        if reference is None or reference["sd"] == 0:
            continue
        for statistic, error in _STATISTICS.items():
            difference = float(estimate[statistic] - reference[statistic]) / reference["sd"]
            own = reference.get(error, 0.0)
            mcse = math.hypot(float(estimate[error]), own) / reference["sd"]
            rows.append(
                {
                    "parameter": estimate["parameter"],
                    "statistic": statistic,
                    "draws": float(estimate[statistic]),
                    "exact": reference[statistic],
                    "difference_sd": difference,
                    "mcse_sd": mcse,
                    "status": _agreement_status(statistic, abs(difference), mcse, estimated=own > 0),
                }
            )
    return rows


def not_compared(agreement: Sequence[dict[str, Any]], exact: dict[str, Any]) -> str | None:
    """Why draws were not compared with a posterior computed without MCMC; None where they were.

    Parameters
    ----------
    agreement : sequence of dict
        As `agreement` returns it.
    exact : dict
        ``exact.json``.
    """
    if agreement:
        return None
    reasons = [why for name, why in exact.get("unavailable", {}).items() if name in ("mu", "tau", "rho")]
    return str(exact.get("reason", [*reasons, "all parameters are fixed"][0]))


def _agreement_status(statistic: str, difference: float, mcse: float, *, estimated: bool) -> str:
    least = MEAN_TOLERANCE if statistic == "mean" and not estimated else 0.0
    if difference <= max(least, AGREES * mcse):
        return "pass"
    return "fail" if difference > max(DISAGREES * mcse, GROSS if estimated else 0.0) else "warn"
