"""The lists of required packages agree: pyproject.toml, the conda environment, and the pip locks."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from hiermeta.io import provenance

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
REQUIRED = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
CONDA_NAMES = {"snakemake": "snakemake-minimal", "matplotlib": "matplotlib-base"}
CONDA_ONLY = {"python", "cmdstan"}
"""What pip doesn't install: `make` takes Python as it is, and builds a CmdStan where there is none."""

PACKAGE_OF = {"matplotlib": "matplotlib-base", "yaml": "pyyaml", "markupsafe": "jinja2"}
"""Conda packages that aren't called what is imported; MarkupSafe comes with Jinja2."""
BROUGHT_BY_ARVIZ = {"xarray"}


def conda(path="environment.yml"):
    """Version specifiers of a conda environment, by package."""
    entries = yaml.safe_load((ROOT / path).read_text())["dependencies"]
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


def imported(path):
    """Packages that a script of a rule imports, itself or through the library."""
    found = set()
    for file in [path, *provenance.modules_of(path)]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"hiermeta"}


def test_environments_of_rules_have_what_their_scripts_import():
    """Has each rule's environment the packages that its script imports, in the versions of environment.yml?

    Seen to fail without xarray in the environment of reports, and with another pandas there.
    """
    everything = conda()
    rules = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    used = re.findall(r'"\.\./envs/(\w+)\.yaml"(?:(?!script:).)*script:\s+"\.\./scripts/(\w+\.py)"', rules, re.DOTALL)
    assert len(used) == rules.count(" script:\n")
    for name, script in used:
        own = conda(f"workflow/envs/{name}.yaml")
        assert {package: spec for package, spec in own.items() if package != "xarray"}.items() <= everything.items()
        names = {PACKAGE_OF.get(module, module) for module in imported(ROOT / "workflow" / "scripts" / script)}
        assert names <= own.keys() | (BROUGHT_BY_ARVIZ if "arviz" in own else set()), (script, name)


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
