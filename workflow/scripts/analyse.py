"""Everything that is said of one fit: summaries, exact posterior, classical counterpart, diagnostics."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.data.files import read_csv, read_json, write_csv, write_json
from hiermeta.data.guard import guarded
from hiermeta.inference import analysis
from hiermeta.models import meta
from hiermeta.sampling.convergence import sampler_health
from hiermeta.sampling.meta import from_posterior
from hiermeta.sampling.storage import read_draws, read_group

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
paths, output = snakemake.input, snakemake.output
description, record = read_json(paths.model), read_json(paths.record)


def analysed():
    """All result files."""
    if description["status"] == "refused":
        return analysis.without_results("refused", "the data set was refused")
    if description["status"] != "ok":
        return analysis.without_results("fail", description["message"])
    table = read_csv(paths.data, text=description["factors"])
    model = meta.from_files(table, description)
    results = analysis.without_results("fail", record["message"])
    evidence = analysis.Evidence.of(model, description["measure"], snakemake.params.prior_odds)
    results.update(analysis.without_draws(model, table, evidence))
    if record["status"] == "ok":
        draws, stats = from_posterior(read_draws(paths.posterior)), read_group(paths.posterior, "sample_stats")
        health = sampler_health(stats["diverging"], stats["tree_depth"], stats["energy"], record["max_treedepth"])
        results.update(analysis.of_draws(model, draws, table, description, health, results, evidence))
    results.documents["diagnostics"]["attempts"] = [
        {key: value for key, value in attempt.items() if key != "seconds"} for attempt in record["attempts"]
    ]
    return results


def failed(message):
    """The result files of a data set whose analysis can't be done."""
    record["crashed"] = "analyse"
    return analysis.without_results("fail", message)


results = guarded(analysed, failed)
results.documents["diagnostics"]["crashed"] = record["crashed"]
folder = Path(output.estimates).parent
for name, content in results.tables.items():
    write_csv(folder / f"{name}.csv", content)
for name, content in results.documents.items():
    write_json(folder / f"{name}.json", content)
