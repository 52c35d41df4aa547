"""Everything that is said of one meta-analysis: summaries, exact posterior, classical counterpart, diagnostics."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.data.files import read_csv
from hiermeta.inference import analysis
from hiermeta.inference.stage import analyse_data_set
from hiermeta.models import meta
from hiermeta.sampling.meta import from_posterior
from hiermeta.sampling.storage import read_draws

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
paths = snakemake.input


def analyse(description, results, health):
    table = read_csv(paths.data, text=description["factors"])
    model = meta.from_files(table, description)
    evidence = analysis.Evidence.of(model, description["measure"], snakemake.params.prior_odds)
    results.update(analysis.without_draws(model, table, evidence))
    if health is not None:
        draws = from_posterior(read_draws(paths.posterior))
        results.update(analysis.of_draws(model, draws, table, description, health, results, evidence))


analyse_data_set(paths, snakemake.output, analysis.without_results, analyse)
