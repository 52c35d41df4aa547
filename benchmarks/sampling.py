"""Effective draws per CPU second of sampling, and seconds of the exact part, by number of estimates.

Run ``make benchmark-sampling``. CPU time is that of the CmdStan processes, warm-up included, by getrusage, so that it
holds on a busy machine; ratios against the plain Stan program (autodiff over per-cluster slices) come from one run.
Writes ``benchmarks/results/sampling.tsv``.
"""

import logging
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results"
sys.path.insert(0, str(ROOT / "workflow"))

import numpy as np
import pandas as pd

from hiermeta.inference import exact
from hiermeta.models import heterogeneity
from hiermeta.models.meta import MetaModel, build
from hiermeta.models.priors import parse
from hiermeta.models.stan import initial_values, stan_data
from hiermeta.sampling.convergence import convergence
from hiermeta.sampling.families import family_program
from hiermeta.sampling.meta import parameters
from hiermeta.sampling.programs import compiled

PRIORS = {
    "mu": parse(f"normal(0, {2**0.5 / 2!r})"),
    "tau": parse(f"half_normal({2**0.5 / 4!r})"),
    "rho": parse("beta(1, 1)"),
}


def simulated(k: int, clusters: int) -> pd.DataFrame:
    """Estimates with τ = 0.39 and ρ = 0.59, and sampling variances from 0.005 up."""
    rng = np.random.default_rng(1)
    cluster = np.sort(rng.integers(0, clusters, k))
    variance = rng.gamma(2, 0.02, k) + 0.005
    effect = 0.3 + 0.3 * rng.normal(size=clusters)[cluster] + 0.25 * rng.normal(size=k)
    effect += np.sqrt(variance) * rng.normal(size=k)
    return pd.DataFrame({"effect": effect, "variance": variance, "cluster": cluster.astype(str)})


def school_calendar() -> pd.DataFrame:
    """The shipped data set."""
    table = pd.read_csv(ROOT / "data" / "school-calendar.csv", dtype={"district": str})
    return table.rename(columns={"yi": "effect", "vi": "variance", "district": "cluster"})


def plain(data: dict, inits: list[dict]) -> tuple[dict, list[dict]]:
    """Data and starting values of the plain program, which knows no moderators."""
    family = {"mu_family": data["beta_family"][0], "mu_prior": data["beta_prior"][0], "mu_bounds": [-np.inf, np.inf]}
    return data | family, [
        {"mu_free": i["beta_free"], "tau_free": i["tau_free"], "rho_free": i["rho_free"]} for i in inits
    ]


def cpu_seconds() -> float:
    """CPU time of all child processes so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def sample(program, data: dict, inits: list, model: MetaModel) -> tuple[float, float]:
    """Smallest bulk ESS of any reported quantity, and CPU seconds."""
    before = cpu_seconds()
    fit = program.sample(
        data, inits=inits, chains=4, parallel_chains=2, seed=3, iter_warmup=1000, iter_sampling=2500, adapt_delta=0.9,
        metric="dense_e", sig_figs=16, show_progress=False,
    )  # fmt: skip
    seconds = cpu_seconds() - before
    columns = dict(zip(fit.column_names, fit.draws().transpose(2, 1, 0), strict=True))
    columns.setdefault("beta[1]", columns.get("mu"))
    draws = parameters(columns)
    reported = heterogeneity.parameters(model, draws) | heterogeneity.table(model, draws)
    return float(convergence(reported)["ess_bulk"].min()), seconds


def main() -> None:
    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    program = family_program(ROOT / "stan" / "meta.stan")
    reference = compiled(Path(__file__).parent / "plain.stan", include_paths=[ROOT / "stan" / "functions"])
    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    lines = []
    for table in [school_calendar(), simulated(1653, 126), simulated(1828, 457), simulated(20_000, 2000)]:
        model = build(table, PRIORS)
        data, inits = stan_data(model), initial_values(model, 4, 1)
        ess, seconds = sample(program, data, inits, model)
        line = {"estimates": model.k, "clusters": len(model.clusters), "ess_per_cpu_s": ess / seconds}
        if model.k < 10_000:
            plain_ess, plain_seconds = sample(reference, *plain(data, inits), model)
            line["plain_ess_per_cpu_s"] = plain_ess / plain_seconds
        started = time.process_time()
        exact.summarise(exact.solve(model))
        lines.append(line | {"sampling_cpu_s": seconds, "exact_cpu_s": time.process_time() - started})
        print("  ".join(f"{key} {value:,.4g}" for key, value in lines[-1].items()), flush=True)
    pd.DataFrame(lines).round(3).to_csv(RESULTS / "sampling.tsv", sep="\t", index=False)


if __name__ == "__main__":
    main()
