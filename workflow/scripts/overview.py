"""Write the overview of all data sets: page, TSV and JSON."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.report.overview import write_overview

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
output = snakemake.output
html, tsv, json = Path(output.html), Path(output.tsv), Path(output.json)
titles = {name: snakemake.params.titles[name] for name in snakemake.params.order}
write_overview(html.parent, titles, html, tsv, json)
