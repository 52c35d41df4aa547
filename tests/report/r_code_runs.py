"""The R code of reports, made without sampling and run in one process of R."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hiermeta.inference import analysis
from hiermeta.inference.hierarchical import classical, classical_counts
from hiermeta.io.files import read_json, write_json
from hiermeta.io.results import Results, validated
from hiermeta.models import hierarchical_files, meta
from hiermeta.models.hierarchical import HierarchicalModel
from hiermeta.stages.prepare import prepare

ROOT = Path(__file__).resolve().parents[2]


def analysed(folder: Path, settings: dict[str, Any]) -> Results:
    """What the stages leave that R code is made from: the validated table, the model, the classical counterpart.

    Parameters
    ----------
    folder : Path
        Is made.
    settings : dict
        One data set of the config, as `hiermeta.config.expand.complete` returns it.
    """
    folder.mkdir(parents=True)
    prepare(folder, settings)
    description = read_json(folder / "model.json")
    if description["status"] == "ok":
        write_json(folder / "classical.json", _classical(folder, description))
        write_json(folder / "fit.json", {"seed": 1})
    return Results(folder)


def _classical(folder: Path, description: dict[str, Any]) -> Any:
    if description["analysis"] == "meta":
        table = validated(folder, description)
        return analysis.classical_counterpart(meta.from_files(table, description))
    table = validated(folder, description)
    return of_regression(hierarchical_files.models(table, description)[0])


def of_regression(model: HierarchicalModel) -> dict[str, Any]:
    """The classical counterpart of a regression, but for the null model's numbers, which no R code uses."""
    if model.closed_form:
        fitted = classical.fit(model)
        return classical.document(fitted, fitted, fitted)
    counted = classical_counts.fit(model)
    return classical_counts.document(counted, counted)


def run(folder: Path) -> dict[str, Any]:
    """What R found in each folder below this one with its ``code.R``; see run_code.R.

    Raises
    ------
    subprocess.CalledProcessError
        With what R says, when R itself fails.
    """
    command = ["Rscript", str(Path(__file__).with_name("run_code.R"))]
    subprocess.run(command, cwd=folder, env=os.environ | {"LC_ALL": "C.UTF-8"}, check=True, capture_output=True)
    found: dict[str, Any] = read_json(folder / "found.json")
    return found


def has_r() -> bool:
    """Whether R is there with the packages that printed code of metafor and lme4 uses."""
    load = "for (package in c('metafor', 'lme4', 'jsonlite', 'clubSandwich')) library(package, character.only = TRUE)"
    return bool(shutil.which("Rscript")) and not subprocess.run(["Rscript", "-e", load], capture_output=True).returncode
