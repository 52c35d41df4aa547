"""The workflow of continuous integration: true to the Makefile."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]


TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


def workflow(name):
    return yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())


def commands(job):
    return [step["run"] for step in job["steps"] if "run" in step]


def test_every_step_is_a_target_of_the_makefile_and_nothing_may_write():
    """Do check, audit, tests and docs run as the Makefile has them, with no right to change the repository?

    Fails when a target is renamed, or a job is taken out. What make doesn't do has jobs of its own.
    """
    jobs = workflow("ci")["jobs"]
    own = {
        "conda": ["snakemake --cores 2"],
        "docker": ["docker build -t hiermeta .", "docker run --rm hiermeta --version"],
    }
    assert {name: commands(jobs.pop(name)) for name in own} == own
    made = {command for job in jobs.values() for command in commands(job)}
    assert {"make check", "make audit", "make test", "make docs"} <= made
    assert {command.removeprefix("make ") for command in made} <= TARGETS
    assert workflow("ci")["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 90 for job in workflow("ci")["jobs"].values())


def test_the_tests_run_on_every_python_that_the_project_allows():
    """Are the versions of the tests' matrix just those that `requires-python` has?

    Seen to fail without Python 3.12 in the matrix.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    allowed = SpecifierSet(project["requires-python"])
    versions = [f"3.{minor}" for minor in range(8, 30) if allowed.contains(f"3.{minor}")]
    assert workflow("ci")["jobs"]["test"]["strategy"]["matrix"]["python"] == versions


def test_a_release_passes_what_a_change_must_pass():
    """Do checks and tests come before the release, which alone may write?

    Seen to fail without `make test` in the job.
    """
    release = workflow("release")
    steps = commands(release["jobs"]["release"])
    made = [command.removeprefix("make ") for command in steps if command.startswith("make ")]
    assert made == ["check", "test", "wheel"] and set(made) <= TARGETS
    assert steps[-1].startswith("gh release create ")
    assert release["permissions"] == {"contents": "read"}
