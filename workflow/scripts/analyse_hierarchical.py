"""Everything that is said of one hierarchical regression: poolings, clustering, classical counterpart, diagnostics."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.data.files import read_csv
from hiermeta.inference.hierarchical import analysis
from hiermeta.inference.stage import analyse_data_set
from hiermeta.models import hierarchical_files
from hiermeta.models.hierarchical import from_parameters
from hiermeta.sampling.hierarchical import RANDOM_EFFECTS, by_factor
from hiermeta.sampling.storage import read_draws, read_group

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
paths = snakemake.input


def analyse(description, results, health):
    table = hierarchical_files.typed(read_csv(paths.data, text=description["text"]), description)
    models = hierarchical_files.models(table, description)
    if health is None:
        results.documents["classical"] = analysis.without_draws(*models)
        return
    variables = read_draws(paths.posterior)
    in_file = (variables, read_group(paths.posterior, "null_posterior"))
    draws = [from_parameters(model, found) for model, found in zip(models, in_file, strict=True)]
    shape = variables[models[0].names[0]].shape
    u = by_factor(RANDOM_EFFECTS, models[0], variables) if models[0].latent else ()
    likelihood = by_factor("cluster", models[0], read_group(paths.posterior, "log_likelihood"))
    fitted = analysis.Fitted(*models, *draws, u, likelihood, shape)
    results.update(analysis.results(fitted, table, description, health))


analyse_data_set(paths, snakemake.output, analysis.without_results, analyse)
