"""Random analyses as projects of the workflow: written, run in batches, and what became of each."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import yaml

from tests.conftest import ROOT
from tests.random.meta_analyses import meta_analysis
from tests.random.regressions import regression

sys.path.append(str(ROOT / "tests" / "report"))
from contradictions import contradictions

SAMPLING = {"chains": 2, "warmup": 100, "draws": 100}
UNEXPECTED = "unexpected error"


def write_project(folder, analyses):
    """Write the data and the config of random analyses.

    Parameters
    ----------
    folder : pathlib.Path
    analyses : iterable of tuple
        Kind, ``meta`` or ``regression``, and number of each.

    Returns
    -------
    dict
        Settings by name.
    """
    (folder / "data").mkdir(parents=True, exist_ok=True)
    datasets = {}
    for kind, number in analyses:
        name = f"{kind}-{number:03}"
        if kind == "meta":
            table, settings, covariance = meta_analysis(number)
            if covariance is not None:
                settings["covariance"] = f"data/{name}-covariance.csv"
                np.savetxt(folder / settings["covariance"], covariance, delimiter=",", fmt="%.17g")
        else:
            table, settings = regression(number)
        table.to_csv(folder / "data" / f"{name}.csv", index=False)
        datasets[name] = {"data": f"data/{name}.csv"} | settings
    config = {"sampling": SAMPLING, "batch_size": 10, "datasets": datasets}
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return datasets


def run_project(folder):
    """Run the workflow on a project, one job at a time; its output."""
    command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", folder, "--cores", "1"]
    command += ["--configfile", folder / "config.yaml", "--keep-going", "--quiet"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    environment |= {"OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ).stdout


def outcomes(folder, datasets):
    """What became of each analysis: its status, and what was refused or went wrong unexpectedly.

    An analysis without a report has the status ``crashed``, one whose page contradicts itself ``contradictory``.

    Returns
    -------
    pandas.DataFrame
        name, status, message: of refusals the problems, of unexpected errors the exceptions of all logs.
    """
    rows = []
    for name in datasets:
        results = folder / "results" / name
        messages, status = _exceptions(results / "logs"), "crashed"
        if (results / "report.html").exists():
            status = json.loads((results / "diagnostics.json").read_text())["status"]
        if status == "refused":
            problems = json.loads((results / "validation.json").read_text())["problems"]
            messages += ["; ".join(str(value) for value in problem.values() if value) for problem in problems]
        elif messages or status == "crashed":
            status = "crashed"
        else:
            messages = contradictions((results / "report.html").read_text(encoding="utf-8"))
            status = "contradictory" if messages else status
        rows.append({"name": name, "status": status, "message": " | ".join(messages)})
    return pd.DataFrame(rows)


def _exceptions(logs):
    """Last line of each traceback of an analysis, with where it was raised in the library."""
    found = []
    for log in sorted(logs.glob("*.log")):
        for part in log.read_text(encoding="utf-8").split("Traceback (most recent call last):")[1:]:
            where = re.findall(r'hiermeta/(\S+\.py)", line (\d+)', part)
            error = next(
                (line for line in part.splitlines() if re.match(r"[\w.]+(Error|Exception|Warning|Failed)\b", line)), "?"
            )
            found.append(f"{log.stem}: {error[:200]} at {':'.join(where[-1]) if where else '?'}")
    return list(dict.fromkeys(found))
