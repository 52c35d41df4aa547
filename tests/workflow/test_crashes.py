"""An unexpected error costs one data set its numbers; the run says so, ends with status 1, and tries again."""

import json

import pytest

from tests.workflow.conftest import Project

CRASHES = {"a": "prepare", "b": "fit", "c": "analyse", "d": "figures", "e": "report", "f": None}
"""For each data set the stage that crashes."""
BREAKS = """

def _broken(guarded=guarded):
    import os, sys

    def crashing(work, failed):
        def odd():
            raise KeyError("odd")

        places = {places}
        return guarded(odd if os.path.exists("break") and sys.stderr.name in places else work, failed)

    return crashing


guarded = _broken()
"""
"""What is added to the guard: an error in some stages, told by their logs, as long as there is a file named break."""


@pytest.mark.parametrize("batch_size", [1, len(CRASHES)], ids=["single jobs", "batch"])
def test_a_crash_is_not_a_success(tmp_path, copy_of_workflow, batch_size):
    """Does an error in any stage end the run with status 1, say where, leave the others whole, and run again?

    Each data set crashes in another stage. Papers build on complete.txt, so there must be none. Seen to fail in a batch
    with results of crashed stages that stay.
    """
    project = Project(tmp_path / "project", copy_of_workflow)
    project.folder.mkdir()
    guard = copy_of_workflow / "workflow" / "hiermeta" / "data" / "problems.py"
    places = {f"results/{name}/logs/{stage}.log" for name, stage in CRASHES.items()}
    guard.write_text(guard.read_text() + BREAKS.replace("{places}", repr(places)))
    rows = "".join(f"{0.1 * (i * 7 % 5)},{0.05 + 0.01 * i}\n" for i in range(8))
    (project.folder / "a.csv").write_text("yi,vi\n" + rows)
    settings = {"analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "vi", "data": "a.csv"}
    sampling = {"chains": 2, "warmup": 200, "draws": 500}
    project.configure({name: dict(settings) for name in CRASHES}, sampling=sampling, batch_size=batch_size)
    (project.folder / "break").touch()

    done = project.run()
    assert done.returncode == 1 and not project.file("complete.txt").exists()
    last = done.stdout.splitlines()[-1]
    assert last.startswith("hiermeta: unexpected error: a, b, c, d, e.") and "Exception" not in last
    records = json.loads(project.file("overview.json").read_text())["datasets"]
    assert {record["name"]: record["crashed"] for record in records} == {n: s or "" for n, s in CRASHES.items()}
    for record in records:
        if record["crashed"]:
            assert record["status"] == "fail" and "KeyError('odd')" in record["message"]
            page = project.file(record["name"], "report.html").read_text()
            assert f"{record['name']}/logs/{record['crashed']}.log" in page
            assert ("shown only to help" in page) == (record["crashed"] == "figures")
            log = project.file(record["name"], "logs", record["crashed"] + ".log")
            assert "Traceback" in log.read_text() and str(log.relative_to(project.folder)) in last

    planned = project.planned()
    if batch_size == 1:
        stages = ["prepare", "fit", "analyse", "figures", "report"]
        for name, crashed in CRASHES.items():
            mine = [stage for stage in stages if (stage, name) in planned]
            assert mine[:1] == [crashed] * bool(crashed), name
    (project.folder / "break").unlink()
    done = project.run()
    assert done.returncode == 0 and project.file("complete.txt").exists(), done.stdout
    assert not any(entry["crashed"] for entry in json.loads(project.file("overview.json").read_text())["datasets"])
    assert project.planned() == set()
