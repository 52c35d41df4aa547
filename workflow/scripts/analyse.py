"""Everything that is said of one fit: summaries, exact posterior, comparison, classical counterpart, diagnostics."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.stages.analyse import analyse

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
analyse(Path(snakemake.output.estimates).parent, snakemake.params.prior_odds)
