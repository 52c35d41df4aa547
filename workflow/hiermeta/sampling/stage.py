"""The fit of one data set as a job: from the prepared files to the posterior file and its record."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from hiermeta.data.files import read_csv, read_json, write_json
from hiermeta.data.guard import guarded
from hiermeta.data.provenance import own_commit, own_version
from hiermeta.sampling.nuts import Sample, SamplingFailed
from hiermeta.sampling.storage import Groups, write_posterior

PACKAGES = ("arviz", "cmdstanpy", "numpy", "pandas", "scipy", "snakemake", "xarray")
Fit = Callable[[pd.DataFrame, dict[str, Any]], tuple[Sample, Groups]]


def fit_data_set(paths: Any, output: Any, name: str, settings: dict[str, Any], fit: Fit) -> None:
    """Sample a posterior and keep it with everything needed to trace it.

    Parameters
    ----------
    paths : Any
        Files by attribute: data, model, validation, program.
    output : Any
        Files by attribute: posterior, record.
    name : str
        Of the data set.
    settings : dict
        Sampling settings.
    fit : callable
        From ``data.csv`` and ``model.json`` to the sample and the content of its posterior file.
    """
    Path(paths.data).parent.joinpath("report.html").unlink(missing_ok=True)
    description = read_json(paths.model)
    record = (
        settings
        | read_json(paths.program)
        | {
            "status": description["status"],
            "message": description.get("message", ""),
            "crashed": description.get("crashed", ""),
            "attempts": [],
            "data_sha256": read_json(paths.validation)["source"].get("sha256"),
            "versions": {"hiermeta": own_version(), "python": sys.version.split()[0]}
            | {package: version(package) for package in PACKAGES},
            "commit": own_commit(),  # not in the posterior file: equal draws of two commits stay equal bytes
        }
    )

    def sampled() -> Groups:
        if description["status"] != "ok":
            return Groups()
        table = read_csv(paths.data, text=[*description.get("text", ()), *description.get("factors", ())])
        try:
            fitted, groups = fit(table, description)
        except SamplingFailed as error:
            record.update(status="failed", message=str(error))
            print(f"{name}: sampling failed. {error}", file=sys.stderr)
            return Groups()
        record.update(attempts=[attempt.as_dict() for attempt in fitted.attempts], seconds=fitted.seconds)
        record["max_treedepth"] = fitted.attempts[-1].max_treedepth
        return groups

    def failed(message: str) -> Groups:
        record.update(status="failed", message=message, crashed="fit")
        return Groups()

    groups = guarded(sampled, failed)
    attributes = {key: record[key] for key in ("seed", "cmdstan", "program_sha256", "data_sha256") if record[key]}
    attributes |= {f"{package}_version": number for package, number in record["versions"].items()}
    write_posterior(output.posterior, groups, attributes)
    write_json(output.record, record)
