"""The analysis of one data set as a job: from the posterior file to all result files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hiermeta.data.files import read_json, write_csv, write_json
from hiermeta.data.guard import guarded
from hiermeta.inference.analysis import Results
from hiermeta.sampling.convergence import SamplerHealth, sampler_health
from hiermeta.sampling.storage import read_group

WithoutResults = Callable[[str, str], Results]
Analyse = Callable[[dict[str, Any], Results, SamplerHealth | None], None]


def analyse_data_set(paths: Any, output: Any, without_results: WithoutResults, analyse: Analyse) -> None:
    """Say everything that is said of a fit.

    Parameters
    ----------
    paths : Any
        Files by attribute: data, model, posterior, record.
    output : Any
        Files by attribute; `estimates` tells their folder.
    without_results : callable
        From a status and a message to files without numbers.
    analyse : callable
        Given ``model.json``, such files to add to, and the sampler's health, which is None where nothing was sampled.
    """
    description, record = read_json(paths.model), read_json(paths.record)

    def analysed() -> Results:
        if description["status"] == "refused":
            return without_results("refused", "the data set was refused")
        if description["status"] != "ok":
            return without_results("fail", description["message"])
        results, health = without_results("fail", record["message"]), None
        if record["status"] == "ok":
            stats = read_group(paths.posterior, "sample_stats")
            health = sampler_health(stats["diverging"], stats["tree_depth"], stats["energy"], record["max_treedepth"])
        analyse(description, results, health)
        results.documents["diagnostics"]["attempts"] = [
            {key: value for key, value in attempt.items() if key != "seconds"} for attempt in record["attempts"]
        ]
        return results

    def failed(message: str) -> Results:
        record["crashed"] = "analyse"
        return without_results("fail", message)

    results = guarded(analysed, failed)
    results.documents["diagnostics"]["crashed"] = record["crashed"]
    folder = Path(output.estimates).parent
    for name, table in results.tables.items():
        write_csv(folder / f"{name}.csv", table)
    for name, document in results.documents.items():
        write_json(folder / f"{name}.json", document)
