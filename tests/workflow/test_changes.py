"""Changed code and crashed stages: what runs again, and that no old report stands as current."""

import json
import subprocess

from tests.workflow.conftest import Project

LATER = {("overview", None), ("verdict", None)}


def stages(*rules):
    return {(rule, "bcg") for rule in rules} | LATER


def append(path, text):
    path.write_text(path.read_text() + text)


def test_changed_code_reruns_the_stages_that_use_it_and_crashes_leave_no_stale_report(
    tmp_path, shipped_data, copy_of_workflow
):
    """Editing a figure, the inference, a template, the model: do just the dependent stages run again?

    And when sampling fails or a stage crashes after a report exists: is the old report gone or marked as failed, and
    does an unexpected error cost one data set its numbers, not all of them their overview?

    A new commit of the same code is on record in the fits to come, and is no reason to run.

    Seen to fail with a digest of the script alone.
    """
    project = Project(tmp_path / "project", copy_of_workflow)
    project.folder.mkdir()
    project.configure({"bcg": shipped_data["bcg"]})
    git = ["git", "-C", copy_of_workflow, "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], check=True)
    before = sorted(copy_of_workflow.rglob("*"))
    assert project.run().returncode == 0
    assert sorted(copy_of_workflow.rglob("*")) == before  # nothing is written into the checkout
    assert len(json.loads(project.file("bcg", "fit.json").read_text())["commit"]) == 40
    subprocess.run([*git, "commit", "-qm", "y", "--allow-empty"], check=True)
    assert project.planned() == set()
    library = copy_of_workflow / "workflow" / "hiermeta"

    edits = [
        (library / "figures" / "forest.py", stages("figures", "report")),
        (copy_of_workflow / "reports" / "style.css", stages("report")),
        (library / "inference" / "exact.py", stages("analyse", "figures", "report")),
        (library / "marginal" / "normal.py", stages("fit", "analyse", "figures", "report")),
    ]
    for path, expected in edits:
        original = path.read_text()
        append(path, "\n/* edited */\n" if path.suffix == ".css" else "\n# edited\n")
        planned = project.planned()
        path.write_text(original)
        assert expected - LATER <= planned, path
        if path.suffix == ".css":
            assert planned == expected
        assert not any(rule == "compile" for rule, _ in planned)
    assert project.planned() == set()

    script = copy_of_workflow / "workflow" / "scripts" / "analyse.py"
    original = script.read_text()
    append(script, "\nraise SystemExit('crash')\n")
    project.configure({"bcg": shipped_data["bcg"] | {"sampling": {"seed": 2}}})
    assert project.run().returncode != 0
    assert not project.file("bcg", "report.html").exists()
    script.write_text(original)

    sampling = library / "sampling" / "meta.py"
    replaced = sampling.read_text().replace(
        "    inits = initial_values",
        "    from hiermeta.sampling.nuts import SamplingFailed\n\n"
        "    raise SamplingFailed('the chains ended early')\n    inits = initial_values",
    )
    sampling.write_text(replaced)
    done = project.run()
    assert done.returncode == 0, done.stdout
    overview = json.loads(project.file("overview.json").read_text())
    assert [entry["status"] for entry in overview["datasets"]] == ["fail"]
    assert "the chains ended early" in project.file("bcg", "report.html").read_text()

    exact = library / "inference" / "exact.py"
    exact.write_text(exact.read_text() + "\n\ndef solve(model, tolerance=0):\n    raise KeyError('odd')\n")
    assert project.run().returncode == 1
    overview = json.loads(project.file("overview.json").read_text())
    assert [(entry["status"], entry["crashed"]) for entry in overview["datasets"]] == [("fail", "analyse")]
    assert "KeyError" in project.file("bcg", "report.html").read_text()
