"""Render the report of one data set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.report.context import write_report

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
output = snakemake.output
folder = Path(snakemake.input.model).parent
write_report(folder, snakemake.params.presentation, Path(output.report), Path(output.record))
