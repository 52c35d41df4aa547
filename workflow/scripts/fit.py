"""Sample the posterior of one data set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.stages.fit import fit

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
folder, program = Path(snakemake.output.posterior).parent, Path(snakemake.input.program)
fit(folder, program, Path(snakemake.params.stan_file), dict(snakemake.params.sampling), snakemake.threads)
