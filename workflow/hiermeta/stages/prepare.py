"""The first stage: from the user's table to the rows of a model and its description."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from hiermeta.data import hierarchical as regressions
from hiermeta.data import meta as meta_analyses
from hiermeta.data.covariance import sampling_covariance
from hiermeta.data.measures import MEASURES
from hiermeta.data.meta import Validated
from hiermeta.data.problems import Refused, guarded
from hiermeta.data.read import Source, read_table
from hiermeta.data.selection import by_reason, part
from hiermeta.io.files import write_csv, write_json
from hiermeta.io.registry import without_rows
from hiermeta.models import hierarchical_files, meta
from hiermeta.models.candidates import candidates, check_prior_odds
from hiermeta.models.default_priors import choose_priors, unit_information
from hiermeta.models.hierarchical import HierarchicalModel
from hiermeta.models.separation import check_residuals, separation
from hiermeta.text.numbers import noun

FEW = 5
"""Clusters below which a warning says that they are few."""
DESIGNS = ("moderators", "scale", "reference_levels", "contrasts")
"""Settings of the designs of a meta-analysis."""


class Prepared(NamedTuple):
    """A data set that can be analysed.

    Parameters
    ----------
    validated : Validated
        Its table, with notes and warnings.
    model : MetaModel or HierarchicalModel
    description : dict
        What ``model.json`` says of the model; ``k`` is the number of rows used.
    """

    validated: Validated
    model: meta.MetaModel | HierarchicalModel
    description: dict[str, Any]


def prepare(folder: Path, settings: dict[str, Any]) -> None:
    """Write ``data.csv``, ``validation.json`` and ``model.json``: what was read, what it says, why it can't be used.

    Parameters
    ----------
    folder : pathlib.Path
        The results of one data set; its name is that of the data set.
    settings : dict
        One data set of the config, as `hiermeta.config.expand.complete` returns it.
    """
    validation: dict[str, Any] = {"status": "ok", "source": {"path": settings["data"]}, "problems": []}
    model = {"name": folder.name, "status": "ok", "analysis": settings["analysis"]} | _heading(settings)
    folder.joinpath("report.html").unlink(missing_ok=True)

    def prepared() -> pd.DataFrame:
        source, notes = part(read_table(settings["data"]), settings)
        columns_read = list(source.table.columns)
        validation["source"] |= {"sha256": source.sha256, "rows": len(source.table), "columns": columns_read}
        validated, _, description = usable(source, settings)
        validation.update(
            rows_read=validated.rows_read,
            rows_used=description["k"],
            dropped=validated.dropped,
            dropped_by_reason=by_reason(validated.dropped),
            notes=notes + validated.notes,
            warnings=validated.warnings,
        )
        model.update(description, suspicions=validated.suspicions)
        return validated.table

    def unless_refused() -> pd.DataFrame:
        try:
            return prepared()
        except Refused as refused:
            validation.update(status="refused", problems=[problem.as_dict() for problem in refused.problems])
            model.update(status="refused")
            print(f"{folder.name}: refused. {refused}", file=sys.stderr)
            return without_rows("data.csv", settings["analysis"])

    def failed(message: str) -> pd.DataFrame:
        validation.update(status="failed")
        model.update(status="failed", message=message, crashed="prepare")
        return without_rows("data.csv", settings["analysis"])

    table = guarded(unless_refused, failed)
    write_csv(folder / "data.csv", table)
    write_json(folder / "validation.json", validation)
    write_json(folder / "model.json", model)


def usable(source: Source, settings: dict[str, Any]) -> Prepared:
    """Pass a table through every check that comes before fitting.

    Parameters
    ----------
    source : Source
        The table as read.
    settings : dict
        One data set of the config, as `hiermeta.config.expand.complete` returns it.

    Raises
    ------
    Refused
        When a row, a formula, a prior, the covariance, a point to predict at or a model's prior odds can't be used, or
        the predictors reproduce the outcome exactly.
    """
    return (_meta_analysis if settings["analysis"] == "meta" else _regression)(source, settings)


def _heading(settings: dict[str, Any]) -> dict[str, Any]:
    """What ``model.json`` says of a refused data set as well."""
    if settings["analysis"] != "meta":
        return {"measure": None}
    measure = settings["measure"]
    label = MEASURES[measure].label
    return {"measure": measure, "measure_label": label, "cluster_column": settings.get("cluster")}


def _meta_analysis(source: Source, settings: dict[str, Any]) -> Prepared:
    validated = meta_analyses.validate(source, settings)
    information = unit_information(settings, validated.table)
    priors = choose_priors(settings, validated.table, information)
    designs = {key: settings[key] for key in DESIGNS if key in settings}
    covariance = sampling_covariance(settings, validated.table, validated.rows_read)
    model = meta.build(validated.table, {name: chosen.prior for name, chosen in priors.items()}, designs, covariance)
    meta.check_predict_at(model, settings.get("predict_at", []))
    neutral = not MEASURES[settings["measure"]].single_group
    check_prior_odds(settings.get("prior_odds", {}), candidates(model, neutral))
    few = len(model.clusters)
    if 0 < few < FEW:
        told = (
            f"The estimates are in {few} {noun(few, 'cluster')}: what is said of the variation between clusters, and "
            "of a new one, leans on the priors. Leave `cluster:` out where clusters are of no interest."
        )
        validated.warnings.append(told)
        validated.suspicions.extend([told] if few == 1 else [])
    fitted = [design for design in (model.moderators, model.scale) if design]
    description = {
        "k": model.k,
        "n_clusters": len(model.clusters),
        "unit_information_sd": {"value": information.value, "source": information.source},
        "priors": {name: chosen.as_dict() for name, chosen in priors.items()},
        "typical_variance": model.typical_variance,
        "formulas": designs,
        "sampling_correlation": settings.get("sampling_correlation") if model.dependent else None,
        "covariance": meta.covariance_blocks(model),
        "factors": sorted({name for design in fitted for name in design.factors}),
        "coefficients": list(model.moderators.names) if model.moderators else [],
        "differences": {name: entry for design in fitted for name, entry in design.differences.items()},
        "intercept_at": model.moderators.at_intercept if model.moderators else "",
        "predict_at": settings.get("predict_at", []),
        "output_scale": settings.get("output_scale", "analysis"),
        "direction": settings.get("direction"),
        "threshold": settings.get("threshold"),
    }
    return Prepared(validated, model, description)


def _regression(source: Source, settings: dict[str, Any]) -> Prepared:
    validated = regressions.validate(source, settings)
    model, priors = hierarchical_files.with_priors(validated.table, settings)
    check_residuals(model)
    predict_at = settings.get("predict_at", [])
    hierarchical_files.check_predict_at(model, predict_at)
    separated = separation(model)
    validated.warnings.extend(separated)
    validated.suspicions.extend(separated)
    description = hierarchical_files.describe(validated.table, settings, model, priors)
    return Prepared(validated, model, description | {"predict_at": predict_at})
