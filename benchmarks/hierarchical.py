"""Effective draws per CPU second of sampling hierarchical regressions, warm-up included.

Run ``make benchmark-hierarchical``. The smallest bulk ESS of any parameter of the estimates table over the CPU time of
the CmdStan processes by getrusage. The simulated designs are those of pupils in schools (4,059 in 65, random slopes)
and of women in districts (1,934 in 60, logit), with seed 20260101; Hsb82 is the shipped data set. Writes
``benchmarks/results/hierarchical.tsv``.
"""

import logging
import resource
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results"
sys.path.insert(0, str(ROOT / "workflow"))

import numpy as np
import pandas as pd

from hiermeta.models import hierarchical_stan, latent_stan
from hiermeta.models.hierarchical import HierarchicalModel, parameters
from hiermeta.models.hierarchical_files import with_priors
from hiermeta.sampling.convergence import convergence
from hiermeta.sampling.families import family_program
from hiermeta.sampling.hierarchical import fit

SEED = 20260101
SETTINGS = {"chains": 4, "warmup": 1000, "draws": 2500, "seed": SEED, "adapt_delta": 0.9}


def simulated(n: int, clusters: int, logit: bool) -> pd.DataFrame:
    """Rows with a predictor, random intercepts and (for numbers) slopes."""
    rng = np.random.default_rng(SEED)
    g, x = np.sort(rng.integers(0, clusters, n)), rng.normal(size=n)
    linear = 0.56 * x + 0.3 * rng.normal(size=clusters)[g]
    if logit:
        y = rng.binomial(1, 1 / (1 + np.exp(0.5 - linear))).astype(float)
    else:
        y = linear + 0.12 * rng.normal(size=clusters)[g] * x + 0.74 * rng.normal(size=n)
    return pd.DataFrame({"row": np.arange(1, n + 1), "y": y, "x": x, "g": g.astype(str)})


def models() -> dict[str, HierarchicalModel]:
    """By the label of their line."""
    hsb82 = pd.read_csv(ROOT / "data" / "hsb82.csv", dtype={"school": str})
    slopes = {"formula": "y ~ x + (x | g)", "family": "gaussian"}
    contextual = {"formula": "mAch ~ cses + meanses + (cses | school)", "family": "gaussian"}
    logit = {"formula": "y ~ x + (1 | g)", "family": "bernoulli"}
    return {
        "random slopes": with_priors(simulated(4059, 65, logit=False), slopes)[0],
        "Hsb82, slopes and contextual effect": with_priors(hsb82, contextual)[0],
        "logit": with_priors(simulated(1934, 60, logit=True), logit)[0],
    }


def cpu_seconds() -> float:
    """CPU time of all child processes so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    lines = []
    for label, model in models().items():
        name, stan = (
            ("hierarchical_gaussian", hierarchical_stan) if model.closed_form else ("hierarchical_latent", latent_stan)
        )
        program = family_program(ROOT / "stan" / f"{name}.stan")
        logging.getLogger("cmdstanpy").setLevel(logging.ERROR)  # imported by then, and chatty
        before = cpu_seconds()
        found = fit(program, model, SETTINGS, 2)
        seconds = cpu_seconds() - before
        draws = stan.from_columns(model, found.draws)
        ess = float(convergence(parameters(model, draws, found.draws["sd[1]"].shape))["ess_bulk"].min())
        size = {"rows": model.n, "clusters": len(model.clusters.names)}
        lines.append({"model": label} | size | {"ess_per_cpu_s": ess / seconds, "sampling_cpu_s": seconds})
        print(f"{label}: {model.n:,} rows, {ess / seconds:,.0f} ESS per CPU s, {seconds:.2f} CPU s", flush=True)
    pd.DataFrame(lines).round(3).to_csv(RESULTS / "hierarchical.tsv", sep="\t", index=False)


if __name__ == "__main__":
    main()
