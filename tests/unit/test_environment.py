"""The lists of required packages agree: pyproject.toml, the conda environment, and the pip locks."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
REQUIRED = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
CONDA_NAMES = {"snakemake": "snakemake-minimal", "matplotlib": "matplotlib-base"}
CONDA_ONLY = {"python", "cmdstan"}
"""What pip doesn't install: `make` takes Python as it is, and builds a CmdStan where there is none."""


def conda():
    """Version specifiers of environment.yml, by package."""
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    return {name: SpecifierSet(re.sub(r"^=(?!=)", "==", spec)) for name, _, spec in (e.partition(" ") for e in entries)}


def locked(name):
    """Pinned versions of a lock file, by package; several where they depend on the version of Python."""
    versions = {}
    for package, version in re.findall(r"^([\w.-]+)==([^\s\\;]+)", (ROOT / name).read_text(), re.MULTILINE):
        versions.setdefault(package, []).append(version)
    return versions


@pytest.mark.parametrize("requirement", REQUIRED, ids=lambda requirement: requirement.name)
def test_conda_and_pip_ask_for_the_same_versions(requirement):
    """Does environment.yml allow just what pyproject.toml allows, and do the locks pin such a version?

    Seen to fail with another least version of NumPy in the conda environment.
    """
    assert conda()[CONDA_NAMES.get(requirement.name, requirement.name)] == requirement.specifier
    for lock in ("requirements.lock", "requirements-test.lock"):
        versions = locked(lock)[requirement.name]
        assert all(requirement.specifier.contains(version) for version in versions), (lock, versions)


def test_conda_installs_nothing_that_pip_does_not():
    """Is every package of environment.yml a requirement of the project, but for Python and CmdStan?

    Seen to fail with one more package in the conda environment.
    """
    names = {CONDA_NAMES.get(requirement.name, requirement.name) for requirement in REQUIRED}
    assert conda().keys() - names == CONDA_ONLY
    assert conda()["python"] == SpecifierSet(PROJECT["project"]["requires-python"])


def test_the_tests_run_on_the_versions_that_users_get():
    """Does the tests' lock pin every package of the users' lock to the same version?

    Seen to fail with another SciPy in the tests' lock.
    """
    tests = locked("requirements-test.lock")
    assert {name: tests.get(name) for name in locked("requirements.lock")} == locked("requirements.lock")


def test_hooks_have_the_versions_of_the_lock():
    """Do the hooks of each commit have the versions that `make check` has, so that the two agree?

    Seen to fail with another ruff in a hook.
    """
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    tests = locked("requirements-test.lock")
    for name, version in (pin.split("==") for hook in hooks for pin in hook["additional_dependencies"]):
        assert version in tests[name], name
