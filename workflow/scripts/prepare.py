"""Validate one data set: from the user's table to the rows and priors of its model."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.data.measures import MEASURES
from hiermeta.data.meta import validate
from hiermeta.data.stage import prepare_data_set
from hiermeta.models import meta, prepared

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
settings = snakemake.params.settings


def build(source):
    """Validated table, rows used, what model.json says, warnings."""
    validated = validate(source, settings)
    built, priors, information = prepared.meta_analysis(settings, validated)
    described = {
        "k": built.k,
        "n_clusters": len(built.clusters),
        "unit_information_sd": {"value": information.value, "source": information.source},
        "priors": {
            name: {"prior": str(chosen.prior), "default": chosen.default, "source": chosen.source}
            for name, chosen in priors.items()
        },
        "typical_variance": built.typical_variance,
        "formulas": {key: settings[key] for key in prepared.FORMULAS if key in settings},
        "sampling_correlation": settings.get("sampling_correlation") if built.dependent else None,
        "covariance": meta.covariance_blocks(built),
        "factors": sorted({name for fitted in (built.moderators, built.scale) if fitted for name in fitted.factors}),
        "coefficients": list(built.moderators.names) if built.moderators else [],
        "predict_at": settings.get("predict_at", []),
        "output_scale": settings.get("output_scale", "analysis"),
        "direction": settings.get("direction"),
        "threshold": settings.get("threshold"),
    }
    return validated, built.k, described, []


heading = {
    "measure": settings["measure"],
    "measure_label": MEASURES[settings["measure"]].label,
    "cluster_column": settings.get("cluster"),
}
columns = ["row", "label", "effect", "variance"]
prepare_data_set(snakemake.output, snakemake.wildcards.name, settings, heading, columns, build)
