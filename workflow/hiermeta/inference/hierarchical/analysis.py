"""All result files of one hierarchical regression, from the fitted model to tables and documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data import suspicions
from hiermeta.inference import average_effects, diagnostics, prior_conflict
from hiermeta.inference.hierarchical import (
    buildup,
    checks,
    classical,
    classical_counts,
    clustering,
    comparison,
    complete,
    independent,
    pooling,
    prediction,
    prediction_counts,
    prior_predictive,
    profile,
    residuals,
    unpooled,
)
from hiermeta.inference.hierarchical.importance import log_predictive
from hiermeta.inference.hierarchical.prior_conflict import confronted, on_prior_scale
from hiermeta.inference.results import Results
from hiermeta.inference.roots import attempt, followed
from hiermeta.inference.summaries import of_draws
from hiermeta.io.registry import header, without_rows
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel, parameters
from hiermeta.sampling.convergence import CONVERGENCE, SamplerHealth, convergence

Array = npt.NDArray[np.float64]
RESIDUALS = ("residuals", "cluster_residuals", "residual_checks")


@dataclass(frozen=True)
class Fitted:
    """A sampled model with its null model.

    Parameters
    ----------
    model, null : HierarchicalModel
    draws, of_null : Draws
        Chain after chain.
    u : tuple of numpy.ndarray
        By grouping factor, shape (S, J, its effects): random effects as sampled; empty where they were integrated out.
    likelihood : tuple of numpy.ndarray
        By grouping factor, shape (T, J): log p(y_j | parameters) of some draws.
    shape : tuple of int
        (chains, draws).
    """

    model: HierarchicalModel
    null: HierarchicalModel
    draws: Draws
    of_null: Draws
    u: tuple[Array, ...]
    likelihood: tuple[Array, ...]
    shape: tuple[int, ...]


def results(fitted: Fitted, table: pd.DataFrame, description: Mapping[str, Any], health: SamplerHealth) -> Results:
    """What the draws say, beside the classical fits, and whether they can be trusted.

    Parts that the numbers don't allow have no rows or no numbers; the documents say which, and why.

    Parameters
    ----------
    fitted : Fitted
    table : pandas.DataFrame
        The validated table.
    description : mapping
        ``model.json``.
    health : SamplerHealth
    """
    model, draws, shape, u = fitted.model, fitted.draws, fitted.shape, fitted.u
    unavailable: dict[str, str] = {}

    def part(name: str, compute: Callable[[], Any]) -> Any:
        return attempt(name, compute, unavailable)

    def rows(name: str, compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        found = part(f"{name}.csv", compute)
        return without_rows(f"{name}.csv", "hierarchical") if found is None else found

    @cache
    def groups() -> list[tuple[HierarchicalModel, pooling.Effects]]:
        return pooling.by_group(model, draws, shape[0], u)

    def pooled(view: HierarchicalModel, found: pooling.Effects) -> pd.DataFrame:
        alone = part("unpooled", lambda: unpooled.fit(view)) or unpooled.unknown(view)
        return pooling.pooling(view, found, ordinary, alone)

    summary = of_draws(parameters(model, draws, shape))
    estimates = summary.rename_axis("parameter").reset_index()[header("estimates.csv")]
    ordinary = part("complete", lambda: complete.fit(model)) or complete.unknown(model)
    about_clusters = rows(
        "clustering", lambda: clustering.table(model, draws, fitted.null, fitted.of_null, ordinary, shape)
    )
    fits, document = _classical(model, fitted.null)
    full = next(iter(fits.values()), None)
    compared, inclusion, alone = comparison.compare(model, draws.average if full is None else full.parameters)
    reference = {"applies": False, "reason": inclusion["unavailable"].get(comparison.FULL)}
    if alone is not None:
        reference = independent.document(model, alone.posterior, alone.value, alone.error)
    at = description["predict_at"]
    if model.linear:
        predicted = rows(
            "predictions",
            lambda: prediction.predictions(model, draws, [found for _, found in groups()], table, at, shape[0]),
        )
        means = rows("marginal_means", lambda: prediction.marginal_means(model, draws, table, shape[0]))
    else:
        predicted = rows("predictions", lambda: prediction_counts.predictions(model, draws, u, table, at, shape))
        means = rows("marginal_means", lambda: prediction_counts.marginal_means(model, draws, table, shape))
    checked, quantiles = part("checks.csv", lambda: checks.tables(model, draws, u)) or (
        without_rows(name, "hierarchical") for name in ("checks.csv", "quantiles.csv")
    )
    left = part("residuals.csv", lambda: residuals.tables(model, table, draws, u)) or {
        name: without_rows(f"{name}.csv", "hierarchical") for name in RESIDUALS
    }
    tables = {
        "estimates": estimates,
        "random_effects": rows(
            "random_effects",
            lambda: pd.concat([pooling.random_effects(*group) for group in groups()], ignore_index=True),
        ),
        "pooling": rows("pooling", lambda: pd.concat([pooled(*group) for group in groups()], ignore_index=True)),
        "models": buildup.table(model, draws, summary, ordinary, fits),
        "clustering": about_clusters,
        "predictions": predicted,
        "marginal_means": means,
        "average_effects": rows(
            "average_effects",
            lambda: average_effects.table(
                model.designs.fixed, table, lambda x: (draws.beta @ x).reshape(shape), standard=False
            ),
        ),
        "checks": checked,
        "quantiles": quantiles,
        "prior_predictive": rows("prior_predictive", lambda: prior_predictive.table(model)),
        "loo": leave_one_out(model, fitted.likelihood, unavailable),
        "comparison": compared,
        **left,
    }
    measured = about_clusters.loc[about_clusters["r_hat"].notna(), CONVERGENCE]
    of_clusters = part("convergence", lambda: convergence(_of_clusters(groups(), shape[0])))
    judged = (summary[CONVERGENCE], measured, of_clusters)
    every = pd.concat([found for found in judged if found is not None and len(found)])
    further = suspicions.entries(description["suspicions"])
    if full is not None:
        against = part(prior_conflict.PRIOR, lambda: confronted(model, full, document)) or {}
        further = prior_conflict.entry(against, prior_conflict.credible(on_prior_scale(model, draws))) + further
    documents = {
        "exact": reference,
        "classical": document,
        "comparison": inclusion,
        "diagnostics": verdict(every, health, estimates, reference, further) | {"unavailable": unavailable},
    }
    return Results(tables, documents)


def _of_clusters(groups: Sequence[tuple[HierarchicalModel, pooling.Effects]], chains: int) -> dict[str, Array]:
    """Draws of every random effect, shape (chains, draws)."""
    return {
        f"{view.clusters.name} {cluster}: {effect}": found.mean[:, j, k].reshape(chains, -1)
        for view, found in groups
        for j, cluster in enumerate(view.clusters.names)
        for k, effect in enumerate(view.effects)
    }


def _classical(model: HierarchicalModel, null: HierarchicalModel) -> tuple[dict[str, buildup.Fitted], dict[str, Any]]:
    """Classical fits by column of ``models.csv``, that of the model first, and the document.

    Without a fit of the model there is neither; all else is had part by part.
    """
    unavailable: dict[str, str] = {}
    fits = _gaussian(model, null, unavailable) if model.closed_form else _counts(model, null, unavailable)
    if fits is None:
        return {}, {"applies": False, "reason": unavailable["fit"]}
    found, of_null, document = fits
    if of_null is not None:
        fit: buildup.Fit = classical.fit if model.closed_form else classical_counts.fit
        full = next(iter(found.values()))
        steps = attempt("build_up", lambda: buildup.steps(model, full, of_null, fit), unavailable)
        found |= {"null": of_null} | (steps or {})
    return found, document | {"unavailable": document["unavailable"] | unavailable}


_Classical = tuple[dict[str, buildup.Fitted], buildup.Fitted | None, dict[str, Any]]


def _gaussian(model: HierarchicalModel, null: HierarchicalModel, unavailable: dict[str, str]) -> _Classical | None:
    """Fits of the model, by restricted and by full maximum likelihood, and of the null model, and the document."""

    def fits(further: Array | None = None) -> tuple[classical.MixedFit, classical.MixedFit]:
        return classical.fit(model, further=further), classical.fit(model, reml=False, further=further)

    found = attempt("fit", fits, unavailable)
    if found is None:
        return None
    confint: dict[str, Any] = {}
    if not model.several:

        def search(
            found: tuple[classical.MixedFit, classical.MixedFit],
        ) -> tuple[dict[str, list[float]], dict[str, str]]:
            reasons: dict[str, str] = {}
            return profile.intervals(found[1], reasons), reasons

        start = found
        found, (ends, reasons) = attempt(
            "confint", lambda: followed(start, search, lambda _, further: fits(further)), unavailable
        ) or (start, ({}, {}))
        unavailable |= reasons
        confint = {"confint": ends, "confint_method": "profile likelihood (ML)"}
    of_null = attempt("null", lambda: classical.fit(null), unavailable)
    reml, ml = found
    return {"reml": reml, "ml": ml}, of_null, classical.document(reml, ml, of_null) | confint


def _counts(model: HierarchicalModel, null: HierarchicalModel, unavailable: dict[str, str]) -> _Classical | None:
    """The same for counts, by maximum likelihood alone."""
    own = attempt("fit", lambda: classical_counts.fit(model), unavailable)
    if own is None:
        return None
    of_null = attempt("null", lambda: classical_counts.fit(null), unavailable)
    return {"ml": own}, of_null, classical_counts.document(own, of_null)


def verdict(
    every: pd.DataFrame,
    health: SamplerHealth,
    estimates: pd.DataFrame,
    reference: dict[str, Any],
    further: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Judge a fit by the convergence of everything reported, by what NUTS says and by the posterior without Stan.

    Parameters
    ----------
    every : pandas.DataFrame
        r_hat, ess_bulk and ess_tail by reported quantity.
    health : SamplerHealth
    estimates : pandas.DataFrame
        The estimates table.
    reference : dict
        ``exact.json``.
    further : sequence of dict
        Checks beside those of convergence.
    """
    measures = diagnostics.measures(every, health)
    judged = [*diagnostics.checks(measures), *further]
    agreement = diagnostics.agreement(estimates, reference.get("parameters", {}))
    status = diagnostics.worst(entry["status"] for entry in [*judged, *agreement])
    missing = diagnostics.not_compared(agreement, reference)
    return {"status": status, **measures, "checks": judged, "agreement": agreement, "not_compared": missing}


def without_draws(model: HierarchicalModel, null: HierarchicalModel) -> dict[str, Any]:
    """The classical counterpart, which needs no draws."""
    return _classical(model, null)[1]


def leave_one_out(model: HierarchicalModel, likelihood: Sequence[Array], unavailable: dict[str, str]) -> pd.DataFrame:
    """Log predictive density of each cluster given the others, by Pareto-smoothed importance sampling.

    Where it can't be had there are no numbers, and ``unavailable`` receives the reason. The weights come from densities
    with the random effects integrated out; given the random effects, importance sampling fails (Merkle, Furr &
    Rabe-Hesketh 2019).
    """
    parts = []
    for clusters, values in zip(model.factors, likelihood, strict=True):
        elpd, pareto_k = attempt("loo.csv", partial(log_predictive, values), unavailable) or (np.nan, np.nan)
        columns = {"cluster": clusters.names, "n": clusters.sizes, "elpd": elpd, "pareto_k": pareto_k}
        parts.append(pd.DataFrame({"group": clusters.name} | columns)[header("loo.csv", "hierarchical")])
    return pd.concat(parts, ignore_index=True)
