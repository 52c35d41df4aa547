"""Everything that is said of one hierarchical regression: poolings, clustering, classical counterpart, diagnostics."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.data.files import read_csv, read_json, write_csv, write_json
from hiermeta.data.guard import guarded
from hiermeta.inference.hierarchical import analysis
from hiermeta.models import hierarchical_files
from hiermeta.models.hierarchical import from_parameters
from hiermeta.sampling.convergence import sampler_health
from hiermeta.sampling.hierarchical import RANDOM_EFFECTS, by_factor
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
    table = hierarchical_files.typed(read_csv(paths.data, text=description["text"]), description)
    models = hierarchical_files.models(table, description)
    results = analysis.without_results("fail", record["message"])
    if record["status"] == "ok":
        variables, stats = read_draws(paths.posterior), read_group(paths.posterior, "sample_stats")
        health = sampler_health(stats["diverging"], stats["tree_depth"], stats["energy"], record["max_treedepth"])
        in_file = (variables, read_group(paths.posterior, "null_posterior"))
        draws = [from_parameters(model, found) for model, found in zip(models, in_file, strict=True)]
        shape = variables[models[0].names[0]].shape
        u = by_factor(RANDOM_EFFECTS, models[0], variables) if models[0].latent else ()
        likelihood = by_factor("cluster", models[0], read_group(paths.posterior, "log_likelihood"))
        fitted = analysis.Fitted(*models, *draws, u, likelihood, shape)
        results.update(analysis.results(fitted, table, description, health))
    else:
        results.documents["classical"] = analysis.without_draws(*models)
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
