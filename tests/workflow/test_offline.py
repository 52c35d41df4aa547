"""A machine without network; what it is told without the toolchain stands in tests/toolchain/test_folder.py."""

import subprocess
import sys

import pytest

from tests.workflow.conftest import Project

OFFLINE = ["unshare", "--net"]


def test_with_the_toolchain_in_place_nothing_needs_the_network(tmp_path, shipped_data):
    """Does the whole chain run, report included? Fails when any stage looks something up."""
    if subprocess.run([*OFFLINE, "true"], capture_output=True).returncode != 0:
        pytest.skip("taking the network away needs root")
    project = Project(tmp_path)
    project.configure({"bcg": shipped_data["bcg"]})
    command = [sys.executable, "-m", "snakemake", "-s", project.checkout / "Snakefile", "--cores", "2"]
    done = subprocess.run(
        [*OFFLINE, *command, "--configfile", tmp_path / "config.yaml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.file("bcg", "report.html").exists()
