"""Validate one data set of a hierarchical regression: from the user's table to the rows and priors of its model."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.data.config import defaults
from hiermeta.data.hierarchical import validate
from hiermeta.data.stage import prepare_data_set
from hiermeta.models import hierarchical_files, prepared

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
settings = {"family": defaults("dataset")["family"]} | snakemake.params.settings


def build(source):
    """Validated table, rows used, what model.json says, warnings."""
    validated = validate(source, settings)
    built, priors, warnings = prepared.regression(settings, validated)
    described = hierarchical_files.describe(validated.table, settings, built, priors)
    return validated, built.n, described | {"predict_at": settings.get("predict_at", [])}, warnings


prepare_data_set(snakemake.output, snakemake.wildcards.name, settings, {"measure": None}, ["row"], build)
