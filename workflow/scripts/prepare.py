"""Validate one data set: from the user's table to the rows and priors of its model."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.stages.prepare import prepare

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
prepare(Path(snakemake.output.data).parent, snakemake.params.settings)
