"""Coefficients by way of fitting, and from the null model over predictors of individuals and clusters on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.inference.hierarchical.classical import MixedFit, between_variances
from hiermeta.inference.hierarchical.classical_counts import CountFit
from hiermeta.inference.hierarchical.complete import Complete
from hiermeta.io.registry import header
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]
Fitted = MixedFit | CountFit
Fit = Callable[[HierarchicalModel], Fitted]
STEPS = ("individual", "contextual", "cross-level")


def steps_of(model: HierarchicalModel) -> list[str]:
    """For each coefficient, the step of the build-up in which it enters.

    ``null`` for the intercept; ``individual`` for predictors that vary within clusters, ``contextual`` for those that
    don't, ``cross-level`` for products of both.
    """
    fixed = model.designs.fixed
    varies = model.clusters.varies(model.X)
    alone = {term: bool(varies[[name == term for name in fixed.terms]].any()) for term in dict.fromkeys(fixed.terms)}
    pieces = {":".join(p.name for p in term): [p.name for p in term] for term in fixed.formula.terms}
    found = []
    for name, term, moves in zip(model.names, fixed.terms, varies, strict=True):
        parts = [alone.get(piece, bool(moves)) for piece in pieces.get(term, [])]
        if name == "intercept":
            found.append("null")
        elif len(set(parts)) == 2:
            found.append("cross-level")
        else:
            found.append("individual" if moves else "contextual")
    return found


def steps(model: HierarchicalModel, full: Fitted, null: Fitted, fit: Fit) -> dict[str, Fitted]:
    """Classical fits of the build-up; steps that add nothing are left out.

    Parameters
    ----------
    model : HierarchicalModel
    full, null : MixedFit or CountFit
        Of the whole model and of the null model.
    fit : callable
        From a model to its fit.
    """
    entering, fits = steps_of(model), {"null": null}
    kept = ["null"]
    for step in STEPS:
        kept.append(step)
        if step not in entering:
            continue
        columns = [i for i, entry in enumerate(entering) if entry in kept]
        if len(columns) == len(model.names):
            fits[step] = full
            break
        names = tuple(model.names[i] for i in columns)
        fits[step] = fit(replace(model, X=model.X[:, columns], names=names))
    return fits


def between(model: HierarchicalModel, draws: Draws) -> dict[str, Array]:
    """SD between the clusters of each grouping factor, √mean(z_i'Σz_i) over individuals.

    So it can be compared between models. By name, ``sd(GROUP)``, shape (S,) each.
    """
    return {f"sd({name})": np.sqrt(values) for name, values in between_variances(model, draws).items()}


def _with_slopes(model: HierarchicalModel) -> list[str]:
    """Names as in `between` of the grouping factors where it isn't the SD of the intercepts."""
    effects = {f: [model.effects[k] for k in model.effects_of(f)] for f in range(len(model.factors))}
    return [f"sd({model.factors[f].name})" for f, own in effects.items() if own not in ([], ["intercept"])]


def table(
    model: HierarchicalModel,
    draws: Draws,
    partial: pd.DataFrame,
    complete: Complete,
    fits: Mapping[str, Fitted],
) -> pd.DataFrame:
    """One row per parameter, a column and its standard error per way of fitting and step.

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
    partial : pandas.DataFrame
        The estimates table, indexed by parameter.
    complete : Complete
    fits : mapping of str to MixedFit or CountFit
        By column: ``reml``, ``ml`` and those of `steps`.
    """
    every = between(model, draws)
    averaged = {name: every[name] for name in _with_slopes(model)}
    # A model without an intercept is built up from one that has it.
    terms = dict.fromkeys([*partial.index, *(name for entry in fits.values() for name in _parameters(entry)[0])])
    terms = dict.fromkeys([*(name for name in terms if name not in every), *averaged])
    rows = pd.DataFrame(index=pd.Index(terms, name="term"), columns=header("models.csv")[1:], dtype=float)
    names = list(model.names)
    rows.loc[names, "complete"] = complete.coefficients
    rows.loc[names, "complete_se"], rows.loc[names, "complete_robust_se"] = complete.naive, complete.robust
    if model.has_sigma:
        rows.loc["sigma", "complete"] = complete.sigma
    rows["partial"], rows["partial_sd"] = partial["mean"], partial["sd"]
    for name, values in averaged.items():
        rows.loc[name, ["partial", "partial_sd"]] = values.mean(), values.std(ddof=1)
    for column, entry in fits.items():
        found, errors = _parameters(entry)
        found = {name: value for name, value in found.items() if name in rows.index}
        rows.loc[list(found), column] = list(found.values())
        rows.loc[list(errors), f"{column}_se"] = list(errors.values())
    return rows.reset_index()[header("models.csv")]


def _parameters(entry: Fitted) -> tuple[dict[str, float], dict[str, float]]:
    model, draw = entry.model, entry.parameters
    values = dict(zip(model.names, entry.coefficients.tolist(), strict=True))
    values |= {"sigma": float(draw.sigma[0])} if model.has_sigma else {}
    values |= dict(zip(model.sd_names, draw.sd[0].tolist(), strict=True))
    for name, (i, j) in zip(model.correlation_names, model.pairs, strict=True):
        values[name] = float(draw.correlation[0, i, j])
    values |= {name: float(found[0]) for name, found in between(model, draw).items()}
    return values, dict(zip(model.names, entry.standard_errors.tolist(), strict=True))
