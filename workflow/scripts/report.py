"""Render the report of one data set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.report.context import write_report

write_report(Path(snakemake.input.model).parent, Path(snakemake.output[0]))
