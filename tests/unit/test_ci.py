"""The workflow of continuous integration: true to the Makefile."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_every_step_is_a_target_of_the_makefile_and_nothing_may_write():
    """Do check, audit and tests run as the Makefile has them, with no right to change the repository?

    Fails when a target is renamed, or a job is taken out.
    """
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    commands = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"make check", "make audit", "make test"} <= set(commands)
    assert {command.removeprefix("make ") for command in commands} <= targets
    assert workflow["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 90 for job in workflow["jobs"].values())
