"""Everything that is said of one fit: summaries, exact posterior, agreement, diagnostics."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.data.files import read_csv, read_json, write_csv, write_json
from hiermeta.inference import diagnostics, exact
from hiermeta.inference import meta as inference
from hiermeta.models import meta
from hiermeta.sampling.convergence import sampler_health
from hiermeta.sampling.meta import from_posterior
from hiermeta.sampling.storage import read_draws, read_group

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
paths, output = snakemake.input, snakemake.output
description, record = read_json(paths.model), read_json(paths.record)
tables = inference.no_tables()
verdict = {"status": "refused", "checks": [], "agreement": [], "attempts": []}
reference = {"applies": False, "reason": "the data set was refused"}
if description["status"] == "ok":
    table = read_csv(paths.data, text=description["factors"])
    model = meta.from_files(table, description)
    try:
        reference = {"applies": True} | exact.summarise(exact.solve(model))
    except exact.NotApplicable as reason:
        reference = {"applies": False, "reason": str(reason)}
    if record["status"] == "ok":
        draws, stats = read_draws(paths.posterior), read_group(paths.posterior, "sample_stats")
        tables = inference.tables(model, from_posterior(draws), table, description["predict_at"])
        health = sampler_health(stats["diverging"], stats["tree_depth"], stats["energy"], record["max_treedepth"])
        verdict |= diagnostics.verdict(tables, health, reference)
        verdict["attempts"] = [
            {key: value for key, value in attempt.items() if key != "seconds"} for attempt in record["attempts"]
        ]
    else:
        verdict |= {"status": "fail", "message": record["message"]}
for name in ("estimates", "heterogeneity", "predictions", "true_effects", "cluster_effects"):
    write_csv(output[name], getattr(tables, name))
write_json(output.exact, reference)
write_json(output.diagnostics, verdict)
