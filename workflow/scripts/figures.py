"""Draw the figures of one data set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.figures.catalogue import write_figures
from hiermeta.io.completeness import write_list

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
folder = Path(snakemake.output[0])
write_figures(Path(snakemake.input.model).parent, folder, snakemake.params.png)
write_list(folder, snakemake.params.drawing)
