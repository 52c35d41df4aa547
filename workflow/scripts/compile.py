"""Make sure that the Stan program of a family is compiled, and note which one it is."""

import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.data.files import write_json
from hiermeta.sampling.families import family_program
from hiermeta.sampling.toolchain import cmdstan_home, describe

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
stan_file = Path(snakemake.params.stan_file)
executable = Path(family_program(stan_file).exe_file)
record = {
    "program": stan_file.name,
    "program_sha256": hashlib.sha256(executable.read_bytes()).hexdigest(),
    "cmdstan": describe(cmdstan_home()),
}
write_json(snakemake.output[0], record)
print(f"{stan_file.name}: {record['cmdstan']}")
