"""Hierarchical models as ``model.json`` describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from hiermeta.data.design import unusable_values
from hiermeta.data.hierarchical import formula_of
from hiermeta.data.problems import Refused
from hiermeta.models import hierarchical, hierarchical_priors
from hiermeta.models.hierarchical import HierarchicalModel

KEYS = ("formula", "family", "trials", "exposure", "within_between", "reference_levels", "priors")
"""Settings that make the model."""


def with_priors(
    table: pd.DataFrame, settings: Mapping[str, Any]
) -> tuple[HierarchicalModel, hierarchical_priors.Priors]:
    """A model of a validated table with its priors, which are a function of both."""
    bare = hierarchical.build(table, settings, {}, 1.0)
    chosen = hierarchical_priors.choose(settings, bare)
    return replace(bare, priors=chosen.plain(), eta=chosen.eta), chosen


def null_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the model without predictors: an intercept that differs between clusters of each grouping factor."""
    groups = dict.fromkeys(":".join(f"`{column}`" for column in term.group) for term in formula_of(settings).random)
    outcome = settings["formula"].partition("~")[0].strip()
    kept = {key: settings[key] for key in ("family", "trials", "exposure", "priors") if key in settings}
    return kept | {"formula": f"{outcome} ~ 1" + "".join(f" + (1 | {group})" for group in groups)}


def describe(
    table: pd.DataFrame, settings: Mapping[str, Any], model: HierarchicalModel, priors: hierarchical_priors.Priors
) -> dict[str, Any]:
    """What ``model.json`` holds of a model, beyond name and status."""
    formula = formula_of(settings)
    varies = model.clusters.varies(model.X)
    text = [column for column in table if not pd.api.types.is_numeric_dtype(table[column])]
    return {
        "settings": {key: settings[key] for key in KEYS if key in settings},
        "formula": settings["formula"],
        "family": settings["family"],
        "outcome": formula.outcome.name,
        "cluster_column": model.clusters.name,
        "k": model.n,
        "n_clusters": len(model.clusters.names),
        "groups": [
            {
                "name": clusters.name,
                "n_clusters": len(clusters.names),
                "nested_in": [
                    other.name
                    for other in model.factors
                    if other is not clusters and clusters.parents(other) is not None
                ],
            }
            for clusters in model.factors
        ],
        "coefficients": list(model.names),
        "differences": model.designs.fixed.differences,
        "levels": dict(zip(model.names, ["within" if v else "between" for v in varies], strict=True)),
        "effects": list(model.effects),
        "factors": sorted(model.designs.factors),
        "text": text,
        "priors": priors.as_dict(bool(model.pairs)),
    }


def models(table: pd.DataFrame, description: Mapping[str, Any]) -> tuple[HierarchicalModel, HierarchicalModel]:
    """The model and its null model again, from a typed table and ``model.json``."""
    settings = description["settings"]
    return with_priors(table, settings)[0], with_priors(table, null_settings(settings))[0]


def check_predict_at(model: HierarchicalModel, predict_at: Sequence[Mapping[str, Any]]) -> None:
    """Check that values to predict at are predictors, numbers where numbers belong, and levels that occur.

    Raises
    ------
    Refused
    """
    entries = (model.designs.fixed, *model.designs.random)
    problems = unusable_values(entries, predict_at, "predictor", "the formula has no predictors")
    if problems:
        raise Refused(problems)
