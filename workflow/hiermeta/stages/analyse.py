"""The third stage: from the posterior file to all result tables and documents."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from hiermeta.data.problems import guarded
from hiermeta.inference import analysis as meta_analyses
from hiermeta.inference.hierarchical import analysis as regressions
from hiermeta.inference.results import Results, without_results
from hiermeta.io.files import read_json, write_csv, write_json
from hiermeta.io.posterior import read_draws, read_group
from hiermeta.io.results import validated
from hiermeta.models import hierarchical_files, meta
from hiermeta.models.hierarchical import from_parameters
from hiermeta.sampling.convergence import SamplerHealth, sampler_health
from hiermeta.sampling.hierarchical import RANDOM_EFFECTS, by_factor
from hiermeta.sampling.meta import from_posterior


def analyse(folder: Path, prior_odds: dict[str, float]) -> None:
    """Write every table and document that says something of a fit.

    Parameters
    ----------
    folder : pathlib.Path
        The results of one data set, with the files of the earlier stages.
    prior_odds : dict of str to float
        By name of a compared model of a meta-analysis.
    """
    description, record = read_json(folder / "model.json"), read_json(folder / "fit.json")
    is_meta = description["analysis"] == "meta"
    without = partial(without_results, description["analysis"])

    def analysed() -> Results:
        if description["status"] == "refused":
            return without("refused", "the data set was refused")
        if description["status"] != "ok":
            return without("fail", description["message"])
        results, health = without("fail", record["message"]), None
        if record["status"] == "ok":
            stats = read_group(folder / "posterior.nc", "sample_stats")
            health = sampler_health(stats["diverging"], stats["tree_depth"], stats["energy"], record["max_treedepth"])
        if is_meta:
            _meta_analysis(folder, description, prior_odds, results, health)
        else:
            _regression(folder, description, results, health)
        results.documents["diagnostics"]["attempts"] = [
            {key: value for key, value in attempt.items() if key != "seconds"} for attempt in record["attempts"]
        ]
        return results

    def failed(message: str) -> Results:
        record["crashed"] = "analyse"
        return without("fail", message)

    results = guarded(analysed, failed)
    results.documents["diagnostics"]["crashed"] = record["crashed"]
    for name, table in results.tables.items():
        write_csv(folder / f"{name}.csv", table)
    for name, document in results.documents.items():
        write_json(folder / f"{name}.json", document)


def _meta_analysis(
    folder: Path,
    description: dict[str, Any],
    prior_odds: dict[str, float],
    results: Results,
    health: SamplerHealth | None,
) -> None:
    """Add what can be said; of the draws only where there are any."""
    table = validated(folder, description)
    model = meta.from_files(table, description)
    evidence = meta_analyses.Evidence.of(model, description["measure"], prior_odds)
    results.update(meta_analyses.without_draws(model, table, evidence))
    if health is not None:
        draws = from_posterior(read_draws(folder / "posterior.nc"))
        results.update(meta_analyses.of_draws(model, draws, table, description, health, results, evidence))


def _regression(folder: Path, description: dict[str, Any], results: Results, health: SamplerHealth | None) -> None:
    """Add what can be said; of the draws only where there are any."""
    table = validated(folder, description)
    model, null = hierarchical_files.models(table, description)
    if health is None:
        results.documents["classical"] = regressions.without_draws(model, null)
        return
    variables = read_draws(folder / "posterior.nc")
    draws = from_parameters(model, variables)
    of_null = from_parameters(null, read_group(folder / "posterior.nc", "null_posterior"))
    u = by_factor(RANDOM_EFFECTS, model, variables) if model.latent else ()
    likelihood = by_factor("cluster", model, read_group(folder / "posterior.nc", "log_likelihood"))
    fitted = regressions.Fitted(model, null, draws, of_null, u, likelihood, variables[model.names[0]].shape)
    results.update(regressions.results(fitted, table, description, health))
