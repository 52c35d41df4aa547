"""From settings and a validated table to the model, past every check that comes before fitting."""

from __future__ import annotations

from typing import Any

from hiermeta.data.covariance import sampling_covariance
from hiermeta.data.measures import MEASURES
from hiermeta.data.meta import Validated
from hiermeta.models import default_priors, hierarchical, hierarchical_files, hierarchical_priors, meta
from hiermeta.models.candidates import candidates, check_prior_odds
from hiermeta.models.separation import check_residuals, separation

FORMULAS = ("moderators", "scale", "reference_levels")
"""Settings of the designs of a meta-analysis."""


def meta_analysis(
    settings: dict[str, Any], validated: Validated
) -> tuple[meta.MetaModel, dict[str, default_priors.ChosenPrior], default_priors.UnitInformation]:
    """The model of a meta-analysis, with its priors and the unit-information SD they scale with.

    Parameters
    ----------
    settings : dict
        One data set of the config, as `hiermeta.data.config.complete` returns it.
    validated : Validated
        Its table, as `hiermeta.data.meta.validate` returns it.

    Returns
    -------
    model : MetaModel
    priors : dict of str to ChosenPrior
        By parameter.
    information : UnitInformation

    Raises
    ------
    Refused
        When a prior, a formula, the covariance, a point to predict at or a model's prior odds can't be used.
    """
    information = default_priors.unit_information(settings, validated.table)
    priors = default_priors.choose_priors(settings, validated.table, information)
    formulas = {key: settings[key] for key in FORMULAS if key in settings}
    covariance = sampling_covariance(settings, validated.table, validated.rows_read)
    model = meta.build(validated.table, {name: chosen.prior for name, chosen in priors.items()}, formulas, covariance)
    meta.check_predict_at(model, settings.get("predict_at", []))
    neutral = not MEASURES[settings["measure"]].single_group
    check_prior_odds(settings.get("prior_odds", {}), candidates(model, neutral))
    return model, priors, information


def regression(
    settings: dict[str, Any], validated: Validated
) -> tuple[hierarchical.HierarchicalModel, hierarchical_priors.Priors, list[str]]:
    """The model of a hierarchical regression, with its priors and what the user should look at.

    Parameters
    ----------
    settings : dict
        One data set of the config, as `hiermeta.data.config.complete` returns it, with its family.
    validated : Validated
        Its table, as `hiermeta.data.hierarchical.validate` returns it.

    Returns
    -------
    model : HierarchicalModel
    priors : Priors
    warnings : list of str

    Raises
    ------
    Refused
        When a prior or a point to predict at can't be used, or the predictors reproduce the outcome exactly.
    """
    model, priors = hierarchical_files.with_priors(validated.table, settings)
    check_residuals(model)
    hierarchical_files.check_predict_at(model, settings.get("predict_at", []))
    return model, priors, separation(model)
