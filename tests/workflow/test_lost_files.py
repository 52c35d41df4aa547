"""Lost results come back, and a dry run changes nothing."""

import shutil

import pytest

from tests.workflow.conftest import Project

LOST = {
    "a": ("data.csv", "prepare"),
    "b": ("fit.json", "fit"),
    "c": ("estimates.csv", "analyse"),
    "d": ("figures", "figures"),
    "e": ("report.json", "report"),
}
"""For each data set the file or folder that is lost, and the rule that makes it."""


@pytest.mark.parametrize("batch_size", [1, len(LOST)], ids=["single jobs", "batch"])
def test_lost_files_are_planned_and_made_again(tmp_path, batch_size):
    """Does a run notice a file lost at any stage, start there and no earlier, and does planning change nothing?

    Each data set loses a file of another stage, so that one plan shows all. Then two lose a file within the folder of
    figures, of which Snakemake knows the folder alone.

    Seen to fail, in single jobs, with figures that are drawn again only where their folder is lost.
    """
    project = Project(tmp_path)
    rows = "".join(f"{0.1 * (i * 7 % 5)},{0.05 + 0.01 * i}\n" for i in range(8))
    (project.folder / "a.csv").write_text("yi,vi\n" + rows)
    settings = {"analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "vi", "data": "a.csv"}
    sampling = {"chains": 2, "warmup": 100, "draws": 100}
    project.configure({name: dict(settings) for name in LOST}, sampling=sampling, batch_size=batch_size)
    done = project.run()
    assert done.returncode == 0, done.stdout
    assert project.planned() == set()
    before = files(project)

    for name, (lost, _) in LOST.items():
        path = project.file(name, lost)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    project.file("overview.tsv").unlink()
    left = files(project)
    planned = project.planned()
    assert files(project) == left
    if batch_size == 1:
        stages = ["prepare", "fit", "analyse", "figures", "report"]
        for name, (_, rule) in LOST.items():
            mine = [stage for stage in stages if (stage, name) in planned]
            assert mine and mine[0] == rule, (name, mine)
    else:
        assert "batch_1" in {rule for rule, _ in planned}
    assert "overview" in {rule for rule, _ in planned}

    done = project.run()
    assert done.returncode == 0, done.stdout
    kept = {path for path in before if "complete-" not in path.name}
    assert kept <= files(project).keys()
    assert project.planned() == set()

    for name, lost in {"a": "forest.svg", "d": "drawn.json"}.items():
        project.file(name, "figures", lost).unlink()
    left = files(project)
    again = {("figures", "a"), ("report", "a"), ("figures", "d"), ("report", "d"), ("overview", None)}
    planned = {("batch_1", None), ("overview", None)} if batch_size > 1 else again
    assert project.planned() - {("verdict", None)} == planned
    assert files(project) == left
    done = project.run()
    assert done.returncode == 0, done.stdout
    assert kept <= files(project).keys()
    assert project.planned() == set()


def files(project):
    """Times and bytes of every file below the results."""
    every = (path for path in project.file().rglob("*") if path.is_file())
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in every}
