"""Make sure that a Stan program is compiled, and note which one it is."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.io.files import write_json
from hiermeta.sampling.families import program_record

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
record = program_record(Path(snakemake.params.stan_file))
write_json(snakemake.output[0], record)
print(f"{record['program']}: {record['cmdstan']}")
