"""Projects in temporary folders, and Snakemake runs in them as a user starts them."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())["datasets"]


@dataclass
class Project:
    """A working directory with its config, analysed by a checkout of the workflow."""

    folder: Path
    checkout: Path = ROOT

    def configure(self, datasets, **settings):
        (self.folder / "config.yaml").write_text(yaml.safe_dump({"datasets": datasets} | settings, sort_keys=False))

    def run(self, *arguments):
        """Run Snakemake; the completed process, its output in `.stdout`."""
        command = [sys.executable, "-m", "snakemake", "-s", self.checkout / "Snakefile", "--directory", self.folder]
        command += ["--configfile", self.folder / "config.yaml", "--cores", "2", *arguments]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
        return subprocess.run(
            command, cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def planned(self):
        """Jobs that would run now, as a set of (rule, data set or None); `analyse` stands for that of either kind."""
        output = self.run("--dry-run").stdout
        blocks = re.findall(
            r"^(?:local)?rule (analyse|\w+)(?:_meta|_hierarchical)?:\n((?:    .*\n)*)", output, re.MULTILINE
        )
        jobs = {(rule, (re.search(r"wildcards: .*name=([\w.-]+)", body) or [None, None])[1]) for rule, body in blocks}
        return jobs - {("all", None)}

    def file(self, *parts):
        return self.folder.joinpath("results", *parts)


@pytest.fixture(scope="session")
def shipped_data():
    """Settings of the shipped data sets with absolute data paths."""
    return {name: entry | {"data": str(ROOT / entry["data"])} for name, entry in SHIPPED.items()}


@pytest.fixture
def copy_of_workflow(tmp_path):
    """A second checkout whose files a test may change."""
    target = tmp_path / "checkout"
    target.mkdir()
    shutil.copy(ROOT / "Snakefile", target)
    shutil.copy(ROOT / "environment.yml", target)
    for folder in ("workflow", "stan", "reports"):
        shutil.copytree(ROOT / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (target / "profiles").symlink_to("workflow/profiles")
    return target
