"""Validate one data set: from the user's table to the rows and priors of its model."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd

from hiermeta.data.dropped import by_reason
from hiermeta.data.files import write_csv, write_json
from hiermeta.data.measures import MEASURES
from hiermeta.data.meta import validate
from hiermeta.data.problems import Refused
from hiermeta.data.read import read_table
from hiermeta.data.split import part
from hiermeta.models import meta, prepared

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
settings, output = snakemake.params.settings, snakemake.output
validation = {"status": "ok", "source": {"path": settings["data"]}, "problems": []}
model = {
    "name": snakemake.wildcards.name,
    "status": "ok",
    "analysis": settings["analysis"],
    "measure": settings["measure"],
    "measure_label": MEASURES[settings["measure"]].label,
    "cluster_column": settings.get("cluster"),
}
Path(output.validation).parent.joinpath("report.html").unlink(missing_ok=True)
try:
    source, notes = part(read_table(settings["data"]), settings)
    validation["source"] |= {"sha256": source.sha256, "rows": len(source.table), "columns": list(source.table.columns)}
    validated = validate(source, settings)
    built, priors, information = prepared.meta_analysis(settings, validated)
    table = validated.table
    validation |= {
        "rows_read": validated.rows_read,
        "rows_used": built.k,
        "dropped": validated.dropped,
        "dropped_by_reason": by_reason(validated.dropped),
        "notes": notes + validated.notes,
        "warnings": validated.warnings,
    }
    model |= {
        "suspicions": validated.suspicions,
        "k": built.k,
        "n_clusters": len(built.clusters),
        "unit_information_sd": {"value": information.value, "source": information.source},
        "priors": {
            name: {"prior": str(chosen.prior), "default": chosen.default, "source": chosen.source}
            for name, chosen in priors.items()
        },
        "typical_variance": built.typical_variance,
        "formulas": {key: settings[key] for key in prepared.FORMULAS if key in settings},
        "sampling_correlation": settings.get("sampling_correlation"),
        "covariance": meta.covariance_blocks(built),
        "factors": sorted({name for fitted in (built.moderators, built.scale) if fitted for name in fitted.factors}),
        "coefficients": list(built.moderators.names) if built.moderators else [],
        "predict_at": settings.get("predict_at", []),
        "output_scale": settings.get("output_scale", "analysis"),
        "direction": settings.get("direction"),
        "threshold": settings.get("threshold"),
    }
except Refused as refused:
    validation |= {"status": "refused", "problems": [problem.as_dict() for problem in refused.problems]}
    model |= {"status": "refused"}
    table = pd.DataFrame(columns=["row", "label", "effect", "variance"])
    print(f"{snakemake.wildcards.name}: refused. {refused}", file=sys.stderr)
write_csv(output.data, table)
write_json(output.validation, validation)
write_json(output.model, model)
