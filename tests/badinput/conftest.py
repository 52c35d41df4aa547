"""The catalogue, and a data set's preparation without Snakemake around it."""

import json
from pathlib import Path

import pytest
import yaml

from hiermeta.config.expand import complete
from hiermeta.stages.prepare import prepare as stage

META = {"analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "vi"}
HIERARCHICAL = {"analysis": "hierarchical", "formula": "y ~ x + (1 | g)"}


def catalogue(name):
    """Cases of a YAML file beside this one."""
    return yaml.safe_load((Path(__file__).parent / name).read_text(encoding="utf-8"))


def content_of(case):
    """The bytes of a case's table: `table` in its `encoding`, after `lead`, `repeat` times the last line."""
    text = case["table"]
    if "repeat" in case:
        head, last = text.rstrip("\n").rsplit("\n", 1)
        text = head + "\n" + "".join(f"{last.replace('#', str(i))}\n" for i in range(case["repeat"]))
    return bytes(case.get("lead", [])) + text.encode(case.get("encoding", "utf-8"))


def settings_of(case, path):
    """The settings of a case's data set, completed from the schema."""
    base = HIERARCHICAL if case.get("analysis") == "hierarchical" else META
    own = {"data": str(path)} | base | case.get("settings", {})
    own = {key: value for key, value in own.items() if value != "absent"}
    (settings,) = complete({"datasets": {"a": own}})["datasets"].values()
    return settings


@pytest.fixture
def prepare(tmp_path):
    """Validate a data set; what was written to validation.json."""

    def run(settings):
        folder = tmp_path / "results"
        folder.mkdir(exist_ok=True)
        stage(folder, {key: value for key, value in settings.items() if key != "sampling"})
        assert not list(folder.glob("*.part"))
        return json.loads((folder / "validation.json").read_text(encoding="utf-8"))

    return run
