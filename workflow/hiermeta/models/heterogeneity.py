"""Heterogeneity as functions of τ, ρ and the typical sampling variance: one definition for draws and exact values.

With σ_w² = τ²(1−ρ), σ_b² = τ²ρ and ṽ: I² = 100 τ²/(τ²+ṽ), its parts with σ_w² and σ_b² over the same denominator,
H² = (τ²+ṽ)/ṽ (Higgins & Thompson 2002; Cheung 2014 for the parts).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hiermeta.models.meta import MetaModel

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Form:
    """A function of the part of τ² that counts, of τ² itself and of ṽ, rising with τ and with the share.

    Parameters
    ----------
    value : callable
        Of (part, τ², ṽ).
    tau2 : callable
        The τ² at which a quantity with a given share reaches x, of (x, share, ṽ); infinite where it never does.
    share : callable
        The share at which it reaches x, of (x, τ², ṽ).
    """

    value: Callable[[Array, Array, float], Array]
    tau2: Callable[[float, Array, float], Array]
    share: Callable[[float, Array, float], Array]


@dataclass(frozen=True)
class Quantity:
    """A row of the heterogeneity table: a form applied to a part of τ² (``total``, ``within`` or ``between``)."""

    form: Form
    part: str

    def share(self, rho: Array) -> Array:
        """The part's share of τ², elementwise."""
        return {"total": np.ones_like(rho), "within": 1 - rho, "between": rho}[self.part]

    def at(self, tau: Array, rho: Array, typical_variance: float) -> Array:
        """The quantity at values of τ and ρ, elementwise."""
        return self.form.value(tau**2 * self.share(rho), tau**2, typical_variance)


def _divide(numerator: Array | float, denominator: Array | float) -> Array:
    """Division where a denominator at or below zero means that x is never reached."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(denominator) > 0, np.divide(numerator, denominator), np.inf)


FORMS = {
    "tau": Form(
        lambda part, tau2, v: np.sqrt(part),
        lambda x, share, v: _divide(x**2, share),
        lambda x, tau2, v: _divide(x**2, tau2),
    ),
    "tau2": Form(
        lambda part, tau2, v: part,
        lambda x, share, v: _divide(x, share),
        lambda x, tau2, v: _divide(x, tau2),
    ),
    "I2": Form(
        lambda part, tau2, v: 100 * part / (tau2 + v),
        lambda x, share, v: _divide(x * v, 100 * share - x),
        lambda x, tau2, v: _divide(x * (tau2 + v), 100 * tau2),
    ),
    "H2": Form(
        lambda part, tau2, v: (part + v) / v,
        lambda x, share, v: _divide((x - 1) * v, share),
        lambda x, tau2, v: _divide((x - 1) * v, tau2),
    ),
}


def quantities(clustered: bool) -> dict[str, Quantity]:
    """The rows of the heterogeneity table but ``rho``, which is a parameter.

    Parameters
    ----------
    clustered : bool
        With clusters, the parts within and between them as well.

    Examples
    --------
    >>> list(quantities(False))
    ['tau', 'tau2', 'I2', 'H2']
    """
    rows = {}
    for name, form in FORMS.items():
        rows[name] = Quantity(form, "total")
        if clustered and name != "H2":
            rows |= {f"{name} [{part}]": Quantity(form, part) for part in ("within", "between")}
    return rows


def parameters(model: MetaModel, draws: dict[str, Array]) -> dict[str, Array]:
    """The rows of the estimates table.

    Parameters
    ----------
    model : MetaModel
    draws : dict of str to numpy.ndarray
        ``beta`` (..., p), ``delta`` (..., s), ``tau`` and ``rho`` (...).

    Returns
    -------
    dict of str to numpy.ndarray
        Shape (...) each: mu at the mean design, coefficients in the user's units, τ and ρ with their parts, and
        coefficients of log τ.
    """
    rows = {"mu": draws["beta"] @ model.mean_design}
    if model.moderators is not None:
        rows |= zip(model.moderators.names, np.moveaxis(draws["beta"] @ model.back.T, -1, 0), strict=True)
    rows["tau"] = draws["tau"]
    if model.clustered:
        rows["rho"] = draws["rho"]
        rows["tau_within"] = draws["tau"] * np.sqrt(1 - draws["rho"])
        rows["tau_between"] = draws["tau"] * np.sqrt(draws["rho"])
    if model.scale is not None:
        names = [f"scale:{name}" for name in model.scale.names[1:]]
        rows |= zip(names, np.moveaxis(draws["delta"] @ model.scale_back.T, -1, 0), strict=True)
    return rows


def table(model: MetaModel, draws: dict[str, Array]) -> dict[str, Array]:
    """The rows of the heterogeneity table, I² in per cent; with a scale formula averaged over the rows of the data.

    Parameters
    ----------
    model : MetaModel
    draws : dict of str to numpy.ndarray
        ``delta`` (chains, draws, s), ``tau`` and ``rho`` (chains, draws).
    """
    tau, rho = draws["tau"], draws["rho"] if model.clustered else np.zeros_like(draws["tau"])
    rows = {}
    for name, quantity in quantities(model.clustered).items():
        if model.scale is None:
            rows[name] = quantity.at(tau, rho, model.typical_variance)
        else:
            rows[name] = _averaged(quantity, model, draws, rho)
    return {"tau": rows.pop("tau")} | ({"rho": rho} if model.clustered else {}) | rows


def _averaged(quantity: Quantity, model: MetaModel, draws: dict[str, Array], rho: Array) -> Array:
    """Mean over rows; for SDs the root of the mean variance."""
    total = np.zeros_like(rho)
    for z in model.scale_design:
        values = quantity.at(draws["tau"] * np.exp(draws["delta"] @ z), rho, model.typical_variance)
        total += values**2 if quantity.form is FORMS["tau"] else values
    mean = total / model.k
    return np.sqrt(mean) if quantity.form is FORMS["tau"] else mean
