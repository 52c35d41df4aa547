"""Write the overview of all data sets: page, TSV and JSON."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.report.overview import write_overview

write_overview(
    Path(snakemake.params.results),
    snakemake.params.names,
    Path(snakemake.output.html),
    Path(snakemake.output.tsv),
    Path(snakemake.output.json),
)
