"""The catalogue, and a data set's preparation as its rule runs it, without Snakemake around it."""

import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from hiermeta.data.config import complete

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
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
def prepare(tmp_path, monkeypatch):
    """Run the script that validates a data set; what it wrote to validation.json."""

    def run(settings):
        script = "prepare.py" if settings["analysis"] == "meta" else "prepare_hierarchical.py"
        folder = tmp_path / "results"
        folder.mkdir(exist_ok=True)
        output = {name: str(folder / file) for name, file in OUTPUT.items()}
        snakemake = SimpleNamespace(
            log=[str(folder / "log")],
            params=SimpleNamespace(settings={key: value for key, value in settings.items() if key != "sampling"}),
            output=SimpleNamespace(**output),
            wildcards=SimpleNamespace(name="a"),
        )
        monkeypatch.setattr(sys, "stdout", sys.stdout)
        monkeypatch.setattr(sys, "stderr", sys.stderr)
        monkeypatch.setattr(sys, "path", list(sys.path))
        runpy.run_path(str(SCRIPTS / script), init_globals={"snakemake": snakemake})
        sys.stdout.close()
        monkeypatch.undo()
        assert not list(folder.glob("*.part"))
        return json.loads(Path(output["validation"]).read_text(encoding="utf-8"))

    return run


OUTPUT = {"data": "data.csv", "validation": "validation.json", "model": "model.json"}
