"""The second stage: from the prepared files to the posterior file and the record of how it was sampled."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hiermeta.data.problems import guarded
from hiermeta.io.files import read_json, write_json
from hiermeta.io.posterior import Groups, write_posterior
from hiermeta.io.provenance import own_commit, own_version
from hiermeta.io.results import validated
from hiermeta.models import hierarchical_files, meta
from hiermeta.sampling import hierarchical as regressions
from hiermeta.sampling import meta as meta_analyses
from hiermeta.sampling.families import family_program
from hiermeta.sampling.nuts import Sample, SamplingFailed

PACKAGES = ("arviz", "cmdstanpy", "numpy", "pandas", "scipy", "snakemake", "xarray")


def fit(folder: Path, program: Path, stan_file: Path, sampling: dict[str, Any], cores: int) -> None:
    """Sample the posterior and write ``posterior.nc`` and ``fit.json``, with everything needed to trace it.

    Parameters
    ----------
    folder : pathlib.Path
        The results of one data set.
    program : pathlib.Path
        The record of the compiled Stan program.
    stan_file : pathlib.Path
        Its source.
    sampling : dict
        Sampling settings: chains, warmup, draws, seed, adapt_delta.
    cores : int
        Processors for the chains.
    """
    folder.joinpath("report.html").unlink(missing_ok=True)
    description = read_json(folder / "model.json")
    record = (
        sampling
        | read_json(program)
        | {
            "status": description["status"],
            "message": description.get("message", ""),
            "crashed": description.get("crashed", ""),
            "attempts": [],
            "data_sha256": read_json(folder / "validation.json")["source"].get("sha256"),
            "versions": {"hiermeta": own_version(), "python": sys.version.split()[0]}
            | {package: version(package) for package in PACKAGES},
            "commit": own_commit(),  # not in the posterior file: equal draws of two commits stay equal bytes
        }
    )
    sample = _meta_analysis if description["analysis"] == "meta" else _regression

    def sampled() -> Groups:
        if description["status"] != "ok":
            return Groups()
        try:
            fitted, groups = sample(folder, description, stan_file, sampling, cores)
        except SamplingFailed as error:
            record.update(status="failed", message=str(error))
            print(f"{folder.name}: sampling failed. {error}", file=sys.stderr)
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
    write_posterior(folder / "posterior.nc", groups, attributes)
    write_json(folder / "fit.json", record)


def _meta_analysis(
    folder: Path, description: dict[str, Any], stan_file: Path, sampling: dict[str, Any], cores: int
) -> tuple[Sample, Groups]:
    table = validated(folder, description)
    model = meta.from_files(table, description)
    fitted = meta_analyses.fit(family_program(stan_file), model, sampling, cores)
    return fitted, meta_analyses.groups(model, fitted, table, sampling["seed"])


def _regression(
    folder: Path, description: dict[str, Any], stan_file: Path, sampling: dict[str, Any], cores: int
) -> tuple[Sample, Groups]:
    model, null = hierarchical_files.models(validated(folder, description), description)
    program = family_program(stan_file)
    fitted = regressions.fit(program, model, sampling, cores)
    of_null = regressions.fit_null(program, model, null, fitted, sampling, cores)
    return fitted, regressions.groups(model, fitted, null, of_null, sampling["seed"])
