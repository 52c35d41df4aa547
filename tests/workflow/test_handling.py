"""Everyday handling: settings on the command line, refused configs, killed runs."""

import pytest

from hiermeta.cli import main
from tests.workflow.conftest import Project

REVIEW = {"data": "review.csv", "analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "vi"}


@pytest.fixture
def project(tmp_path):
    (tmp_path / "review.csv").write_text("yi,vi\n0.1,0.2\n0.2,0.1\n0.4,0.1\n")
    project = Project(tmp_path)
    project.configure({"review": REVIEW})
    return project


def test_settings_of_the_command_line_are_typed_and_checked(project):
    """Are true, nested numbers and further data sets taken from --config, on top of the file, and wrong ones refused?

    And is the reason the last that is seen? Seen to fail with the values as Snakemake reads them, and with Snakemake's
    exception lines after the reason.
    """
    entries = [
        "png=true",
        "sampling={draws: 500}",
        "datasets={review: {ci_level: 0.9}, more: {data: more.csv, analysis: meta,"
        " measure: SMD, effect: yi, variance: vi}}",
    ]
    done = project.run("--dry-run", "--config", *entries)
    assert done.returncode == 0, done.stdout
    assert "name=more" in done.stdout
    done = project.run("--dry-run", "--config", "sampling={draws: many}", "png=1")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-2:] == [
        "- png: 1 is a number; allowed is true or false",
        "- sampling.draws: 'many' is text; allowed is a whole number",
    ]


def test_after_a_kill_the_message_names_the_remedy_and_the_remedy_works(project):
    """Does a run beside the lock of a killed one name --unlock, and does `hiermeta run` with it remove the lock?"""
    locks = project.folder / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text("results/complete.txt\n")
    locked = project.run()
    assert locked.returncode == 1
    assert "--unlock" in locked.stdout
    assert main(["run", str(project.folder / "config.yaml"), "--unlock"]) == 0
    assert not locks.exists()
