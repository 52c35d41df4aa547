"""Sample one posterior and keep it with everything needed to trace it."""

import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.data.files import read_csv, read_json, write_json
from hiermeta.models import meta
from hiermeta.sampling import meta as sampling
from hiermeta.sampling.families import family_program
from hiermeta.sampling.nuts import SamplingFailed
from hiermeta.sampling.storage import write_posterior

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
paths, settings = snakemake.input, dict(snakemake.params.sampling)
Path(paths.data).parent.joinpath("report.html").unlink(missing_ok=True)
description = read_json(paths.model)
packages = ("arviz", "cmdstanpy", "numpy", "pandas", "scipy", "snakemake", "xarray")
record = (
    settings
    | read_json(paths.program)
    | {
        "status": description["status"],
        "message": "",
        "attempts": [],
        "data_sha256": read_json(paths.validation)["source"].get("sha256"),
        "versions": {"python": sys.version.split()[0]} | {package: version(package) for package in packages},
    }
)
groups = {"posterior": {}}
if description["status"] == "ok":
    model = meta.from_files(read_csv(paths.data), description)
    stan = family_program(Path(snakemake.params.stan_file))
    try:
        fitted = sampling.fit(stan, model, settings, snakemake.threads)
        record |= {"attempts": [attempt.as_dict() for attempt in fitted.attempts], "seconds": fitted.seconds}
        record["max_treedepth"] = fitted.attempts[-1].max_treedepth
        groups = sampling.groups(model, fitted)
    except SamplingFailed as error:
        record |= {"status": "failed", "message": str(error)}
        print(f"{snakemake.wildcards.name}: sampling failed. {error}", file=sys.stderr)
attributes = {key: record[key] for key in ("seed", "cmdstan", "program_sha256", "data_sha256") if record[key]}
attributes |= {f"{package}_version": number for package, number in record["versions"].items()}
write_posterior(snakemake.output.posterior, groups, sampling.DIMS, attributes)
write_json(snakemake.output.record, record)
