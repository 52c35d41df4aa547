"""What the tests share: shipped and reference data as models."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hiermeta.data.meta import validate
from hiermeta.data.read import read_table
from hiermeta.models import default_priors, meta
from hiermeta.models.priors import parse_for

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "tests" / "reference"
DATASETS = {
    "konstantopoulos2011": (ROOT / "data" / "school-calendar.csv", {"measure": "SMD", "cluster": "district"}),
    "assink2016": (REFERENCE / "assink2016.csv", {"measure": "SMD", "cluster": "cluster"}),
    "bcg": (ROOT / "data" / "bcg.csv", {"measure": "RR"}),
    "bcg_ablat": (ROOT / "data" / "bcg.csv", {"measure": "RR", "moderators": "~ ablat"}),
    "bcg_scale": (ROOT / "data" / "bcg.csv", {"measure": "RR", "scale": "~ ablat"}),
}


@pytest.fixture(scope="session")
def shipped_results():
    """The shipped analyses, done in this checkout as `make` does them."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    command = [sys.executable, "-m", "snakemake", "--cores", "2"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return ROOT / "results"


@pytest.fixture(scope="session")
def model_of():
    """The model of a reference data set, with other priors where asked for."""

    def build(name, **priors):
        path, settings = DATASETS[name]
        settings = {"effect": "yi", "variance": "vi"} | settings
        table = validate(read_table(str(path)), settings).table
        chosen = default_priors.choose_priors(settings, table, default_priors.unit_information(settings, table))
        own = {parameter: parse_for(parameter, text) for parameter, text in priors.items()}
        return meta.build(table, {parameter: entry.prior for parameter, entry in chosen.items()} | own, settings)

    return build


@pytest.fixture(scope="session")
def exact_reference():
    """The reference posteriors by data set."""
    entries = json.loads((REFERENCE / "exact_posteriors.json").read_text())
    return {entry["name"]: entry for entry in entries}
