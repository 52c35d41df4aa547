"""Replications: simulate, fit, and rank the truth among the draws (Talts et al. 2018; Modrák et al. 2023)."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

KEPT, THIN, WARMUP = 127, 8, 300
"""One chain per fit: 127 draws make 128 ranks; every eighth draw is kept, which leaves hardly any autocorrelation."""
SEED = 20260101
LAG, DIVERGENCES = "lag-one", "divergences"
"""Columns beside the ranks: autocorrelations of the kept draws begin with the first, the other is a number."""


def generator(name, replication):
    """Random numbers of one replication, whatever was run before it."""
    return np.random.default_rng([SEED, replication, *name.encode()])


def sample(program, data, init, seed, metric):
    """Draws of one chain, shape (1, 127) by variable, and how many of them diverged; the program is called directly."""
    with tempfile.TemporaryDirectory(prefix="hiermeta-") as folder:
        for name, values in (("data", data), ("init", init)):
            (Path(folder) / f"{name}.json").write_text(json.dumps(values, default=np.ndarray.tolist))
        table = _run(program, seed, Path(folder), metric)
    columns = {}
    for name, values in table.items():
        variable, *index = name.split(".")
        columns[f"{variable}[{','.join(index)}]" if index else variable] = values.to_numpy(float)[None]
    return columns, int(table["divergent__"].sum())


def _run(program, seed, folder, metric):
    arguments = f"sample num_warmup={WARMUP} num_samples={KEPT * THIN} thin={THIN} adapt delta=0.9"
    arguments += f" algorithm=hmc metric={metric} data file={folder}/data.json init={folder}/init.json"
    arguments += f" random seed={seed} output file={folder}/draws.csv sig_figs=12 refresh=0"
    subprocess.run([program.exe_file, *arguments.split()], check=True, capture_output=True)
    return pd.read_csv(folder / "draws.csv", comment="#")


def rank(truth, draws, rng):
    """The truth's rank among S draws as a number in (0, 1), uniform within the rank's share of 1/(S + 1)."""
    below, ties = int((draws < truth).sum()), int((draws == truth).sum())
    return (below + rng.integers(ties + 1) + rng.random()) / (draws.size + 1)


def replicate(family, replication, fault=None, program=None):
    """Ranks by quantity of one simulated data set, with autocorrelations and the number of divergences.

    Parameters
    ----------
    family : Meta or Hierarchical
    replication : int
        Decides about all random numbers.
    fault : callable, optional
        From simulated data to what the analysis takes for them.
    program : cmdstanpy.CmdStanModel, optional
        In place of the family's own.
    """
    rng = generator(family.name, replication)
    simulated = family.simulate(rng)
    if fault is not None:
        simulated = fault(simulated)
    seed = int(rng.integers(1, 2**31 - 1))
    data, init = family.stan(simulated.model, seed)
    columns, divergences = sample(program or family.program, data, init, seed, family.metric)
    found = family.quantities(simulated.model, columns, rng)
    truth = simulated.truth | {"log likelihood": family.true_log_likelihood(simulated)}
    ranks = {name: rank(value, found[name], rng) for name, value in truth.items()}
    slow = {f"{LAG} {name}": lag_one(found[name]) for name in truth}
    return ranks | slow | {DIVERGENCES: divergences}


def lag_one(draws):
    """Autocorrelation of neighbouring draws."""
    centred = np.ravel(draws) - np.mean(draws)
    return float(centred[1:] @ centred[:-1] / (centred @ centred))


def ranks_of(rows):
    """The columns of a table of replications that hold ranks."""
    return [name for name in rows if name != DIVERGENCES and not name.startswith(LAG)]
