"""Validate one data set of a hierarchical regression: from the user's table to the rows and priors of its model."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd

from hiermeta.data.config import defaults
from hiermeta.data.dropped import by_reason
from hiermeta.data.files import write_csv, write_json
from hiermeta.data.hierarchical import validate
from hiermeta.data.problems import Refused
from hiermeta.data.read import read_table
from hiermeta.data.split import part
from hiermeta.models import hierarchical_files, prepared

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
settings, output = {"family": defaults("dataset")["family"]} | snakemake.params.settings, snakemake.output
validation = {"status": "ok", "source": {"path": settings["data"]}, "problems": []}
model = {"name": snakemake.wildcards.name, "status": "ok", "analysis": settings["analysis"], "measure": None}
Path(output.validation).parent.joinpath("report.html").unlink(missing_ok=True)
try:
    source, notes = part(read_table(settings["data"]), settings)
    validation["source"] |= {"sha256": source.sha256, "rows": len(source.table), "columns": list(source.table.columns)}
    validated = validate(source, settings)
    table = validated.table
    built, priors, warnings = prepared.regression(settings, validated)
    validation |= {
        "rows_read": validated.rows_read,
        "rows_used": built.n,
        "dropped": validated.dropped,
        "dropped_by_reason": by_reason(validated.dropped),
        "notes": notes + validated.notes,
        "warnings": validated.warnings + warnings,
    }
    model |= hierarchical_files.describe(table, settings, built, priors)
    model |= {"predict_at": settings.get("predict_at", []), "suspicions": validated.suspicions}
except Refused as refused:
    validation |= {"status": "refused", "problems": [problem.as_dict() for problem in refused.problems]}
    model |= {"status": "refused"}
    table = pd.DataFrame(columns=["row"])
    print(f"{snakemake.wildcards.name}: refused. {refused}", file=sys.stderr)
write_csv(output.data, table)
write_json(output.validation, validation)
write_json(output.model, model)
