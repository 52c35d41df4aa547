"""Cost per data set of whole runs: CPU and wall seconds and peak memory, by number of data sets and by their size.

Run ``make benchmark-batch``, or ``benchmarks/batch.py 1 10 100`` for other numbers of data sets. Each run is Snakemake
in a new folder, from validation to reports with figures. CPU time is that of all processes together, by wait4, so that
it holds on a busy machine; memory is the largest of any one process. Warm runs find the Stan program compiled, cold
ones only the toolchain. Dry runs plan in batches, as the others do, and without. Writes ``batch.tsv`` and ``batch.svg``
to ``benchmarks/results/``.
"""

import datetime
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import yaml

from hiermeta.sampling.toolchain import cache_folder

RESULTS = Path(__file__).parent / "results"
CORES = os.cpu_count() or 1
SIZES = (1, 10, 100, 200, 1000)
ROWS = (8, 60, 500, 2000)
R_RUNS = 5
R_CODE = """
suppressMessages(library(metafor))
data <- read.csv(commandArgs(TRUE)[1])
data$estimate <- seq_len(nrow(data))
fit <- rma.mv(yi, vi, random = ~ 1 | study / estimate, data = data)
invisible(capture.output(print(fit), print(confint(fit))))
svg(commandArgs(TRUE)[2]); forest(fit); funnel(fit); invisible(dev.off())
"""


def simulate(path: Path, k: int, seed: int) -> None:
    """A table of `k` standardised mean differences in studies of about three, with τ = 0.3 and ρ = 0.5."""
    rng = np.random.default_rng(seed)
    studies = max(2, k // 3)
    study = np.sort(rng.integers(0, studies, k))
    variance = rng.uniform(0.01, 0.1, k)
    effect = 0.2 + 0.21 * rng.normal(size=studies)[study] + rng.normal(0, np.sqrt(0.045 + variance))
    pd.DataFrame({"yi": effect, "vi": variance, "study": study}).to_csv(path, index=False, float_format="%.6f")


def project(folder: Path, rows: list[int]) -> None:
    """A project with a data set per entry of `rows`: at least one batch per core, at most 25 data sets per batch."""
    folder.mkdir()
    for i, k in enumerate(rows):
        simulate(folder / f"d{i:04}.csv", k, seed=i)
    config = {
        "defaults": {"analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "vi", "cluster": "study"},
        "batch_size": max(1, min(25, len(rows) // CORES)),
        "datasets": {f"d{i:04}": {"data": f"d{i:04}.csv"} for i in range(len(rows))},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def measured(command: list[str | Path], **environment: str) -> dict[str, float]:
    """CPU and wall seconds and peak memory of a command with all its processes.

    Raises
    ------
    RuntimeError
        The command failed; with the end of its output.
    """
    with tempfile.TemporaryFile("w+") as output:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{command} failed:\n{output.read()[-3000:]}")
    return {"cpu_s": usage.ru_utime + usage.ru_stime, "wall_s": wall, "peak_mb": usage.ru_maxrss / 1024}


def snakemake(folder: Path, *arguments: str, **environment: str) -> dict[str, float]:
    """Measure a run of the workflow in a project's folder."""
    command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", folder]
    return measured(
        [*command, "--configfile", folder / "config.yaml", "--cores", str(CORES), *arguments], **environment
    )


def of_sizes(scratch: Path, sizes: list[int]) -> list[dict[str, object]]:
    """Runs by number of data sets, of 5 to 60 estimates each; then what repeating and enlarging them costs."""
    lines: list[dict[str, object]] = []
    for size in sizes:
        rows = np.random.default_rng(size).integers(5, 61, size).tolist()
        facts = {"data_sets": size, "k": "5-60"}
        if size <= 10:  # compiling costs the same for any number
            cold = scratch / f"cache{size}"
            (cold / "hiermeta").mkdir(parents=True)
            for toolchain in cache_folder().glob("cmdstan-*"):
                (cold / "hiermeta" / toolchain.name).symlink_to(toolchain)
            project(scratch / f"cold{size}", rows)
            lines.append(facts | {"run": "cold"} | snakemake(scratch / f"cold{size}", XDG_CACHE_HOME=str(cold)))
        folder = scratch / f"warm{size}"
        project(folder, rows)
        lines.append(facts | {"run": "dry-run"} | snakemake(folder, "--dry-run", "--quiet"))
        single = snakemake(folder, "--dry-run", "--quiet", "--config", "batch_size=1")
        lines.append(facts | {"run": "dry-run, single jobs"} | single)
        lines.append(facts | {"run": "warm"} | snakemake(folder))
        lines.append(facts | {"run": "nothing to do"} | snakemake(folder))
        report(lines[-5:])
        shutil.rmtree(folder)
    return lines


def of_rows(scratch: Path) -> list[dict[str, object]]:
    """Runs of four data sets by their number of estimates."""
    lines: list[dict[str, object]] = []
    for k in ROWS:
        project(scratch / f"rows{k}", [k] * 4)
        lines.append({"data_sets": 4, "k": str(k), "run": "warm"} | snakemake(scratch / f"rows{k}"))
        report(lines[-1:])
    return lines


def of_r(scratch: Path) -> list[dict[str, object]]:
    """R's metafor on single data sets, each in a process of its own: fit, profile intervals, forest and funnel plot."""
    if shutil.which("Rscript") is None:
        print("Rscript isn't installed; there is no comparison with R.")
        return []
    runs = []
    for i in range(R_RUNS):
        simulate(scratch / "r.csv", 32, seed=i)
        runs.append(measured(["Rscript", "-e", R_CODE, str(scratch / "r.csv"), str(scratch / "r.svg")]))
    median = pd.DataFrame(runs).median().to_dict()
    return [{"data_sets": 1, "k": "32", "run": "R: metafor"} | median]


def report(lines: list[dict[str, object]]) -> None:
    for line in lines:
        print(
            "  ".join(f"{key} {value:.1f}" if isinstance(value, float) else f"{value}" for key, value in line.items())
        )


def plot(table: pd.DataFrame, path: Path) -> None:
    """CPU seconds per data set, by number of data sets and by size, beside R's."""
    figure, (by_number, by_rows) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharey=True)
    many = table[table["k"] == "5-60"]
    for run in ("cold", "warm", "dry-run", "dry-run, single jobs", "nothing to do"):
        part = many[many["run"] == run]
        by_number.loglog(part["data_sets"], part["cpu_s_per_data_set"], marker="o", label=run)
    by_number.set(xlabel="data sets of 5 to 60 estimates", ylabel="CPU seconds per data set")
    rows = table[~table["k"].isin(["5-60"]) & (table["run"] == "warm")]
    by_rows.loglog(rows["k"].astype(int), rows["cpu_s_per_data_set"], marker="o", label="warm, 4 data sets")
    by_rows.set(xlabel="estimates per data set")
    for reference in table.loc[table["run"] == "R: metafor", "cpu_s_per_data_set"]:
        for axes in (by_number, by_rows):
            axes.axhline(reference, color="grey", linestyle="--", label="R: metafor, k = 32")
    for axes in (by_number, by_rows):
        axes.legend(frameon=False, loc="lower left")
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    sizes = [int(argument) for argument in sys.argv[1:]] or list(SIZES)
    with tempfile.TemporaryDirectory(prefix="hiermeta-") as name:
        scratch = Path(name)
        project(scratch / "first", [8])
        snakemake(scratch / "first")  # the program is compiled once, outside of what is measured
        table = pd.DataFrame([*of_r(scratch), *of_sizes(scratch, sizes), *of_rows(scratch)])
    for column in ("cpu_s", "wall_s"):
        table[f"{column}_per_data_set"] = table[column] / table["data_sets"]
    table.insert(0, "date", datetime.date.today().isoformat())
    table.insert(1, "cores", CORES)
    RESULTS.mkdir(exist_ok=True)
    table.round(3).to_csv(RESULTS / "batch.tsv", sep="\t", index=False)
    plot(table, RESULTS / "batch.svg")
    print(table.drop(columns="date").round(2).to_string(index=False))


if __name__ == "__main__":
    main()
