"""Sample the posterior of one meta-analysis."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.models import meta
from hiermeta.sampling import meta as sampling
from hiermeta.sampling.families import family_program
from hiermeta.sampling.stage import fit_data_set

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
settings = dict(snakemake.params.sampling)


def fit(table, description):
    model = meta.from_files(table, description)
    program = family_program(Path(snakemake.params.stan_file))
    fitted = sampling.fit(program, model, settings, snakemake.threads)
    return fitted, sampling.groups(model, fitted, table, settings["seed"])


fit_data_set(snakemake.input, snakemake.output, snakemake.wildcards.name, settings, fit)
