"""Draw the figures of one data set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.figures.catalogue import write_figures

write_figures(Path(snakemake.input.model).parent, Path(snakemake.output[0]))
