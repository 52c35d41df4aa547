"""The exit statuses in the documentation are those of the commands."""

import re
import subprocess
import sys

import pytest

from tests.workflow.conftest import ROOT, Project

RUN = "snakemake, hiermeta run"
ELSEWHERE = {
    (RUN, 0, "every data set has a report"): ("test_crashes.py", "test_a_crash_is_not_a_success"),
    (RUN, 0, "a fit did not converge"): ("test_changes.py", "SamplingFailed"),
    (RUN, 1, "a data set was refused"): ("test_refusals.py", "test_the_run_ends_with_status_1_and_names_the_refused"),
    (RUN, 1, "a stage met an unexpected error"): ("test_crashes.py", "test_a_crash_is_not_a_success"),
    (RUN, 1, "a job was ended by the machine"): ("test_changes.py", "SystemExit"),
    (RUN, 1, "another run, or one that was killed, has locked the folder"): ("test_handling.py", "locked.returncode"),
}
"""Tests of whole runs that hold a line of the table."""
HERE = {
    (RUN, 1, "the config can't be used"): ["snakemake", "--configfile", "unusable.yaml"],
    ("snakemake -n", 0, "the plan was printed"): ["snakemake", "--configfile", "usable.yaml", "-n"],
    ("snakemake", 2, "wrong arguments"): ["snakemake", "--no-such-option"],
    ("hiermeta run", 1, "there is no such config file"): ["hiermeta", "run", "none.yaml"],
    ("hiermeta check", 0, "every file can be used"): ["hiermeta", "check", "a.csv"],
    ("hiermeta check", 1, "a file can't be used"): ["hiermeta", "check", "a.csv", "empty.csv"],
    ("hiermeta", 2, "wrong arguments"): ["hiermeta", "analyse"],
}
"""Commands that take seconds."""


def test_every_line_of_the_table_is_held_by_a_test():
    """Is each command, status and occasion in the docs among those tested here or in a test of whole runs?"""
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text().partition("## Exit statuses")[2]
    rows = re.findall(r"^\| (.*?) \| (\d) \| (.*) \|$", page, re.MULTILINE)
    told = [(command, int(status), re.split("[;:]|, such as", when)[0]) for command, status, when in rows]
    assert sorted(told) == sorted([*ELSEWHERE, *HERE])
    for file, part in ELSEWHERE.values():
        assert part in (ROOT / "tests" / "workflow" / file).read_text()


@pytest.mark.parametrize(("line", "command"), HERE.items(), ids=[" ".join(command) for command in HERE.values()])
def test_the_status_is_the_one_in_the_table(tmp_path, line, command):
    """Does the command end with the status that the docs name?"""
    project = Project(tmp_path)
    (tmp_path / "a.csv").write_text("yi,vi\n0.1,0.02\n0.3,0.01\n0.2,0.05\n")
    (tmp_path / "empty.csv").write_text("")
    settings = {"analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "vi", "data": "a.csv"}
    for name, used in (("usable", settings), ("unusable", {"no such key": 1})):
        project.configure({"a": used})
        (tmp_path / "config.yaml").rename(tmp_path / f"{name}.yaml")
    program, *arguments = command
    workflow = ["-s", str(ROOT / "Snakefile"), "--cores", "1"] if program == "snakemake" else []
    done = subprocess.run([sys.executable, "-m", program, *workflow, *arguments], cwd=tmp_path, capture_output=True)
    assert done.returncode == line[1], (done.stdout, done.stderr)
