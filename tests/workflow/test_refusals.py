"""Bad input: refused with a report, while everything else finishes."""

import json
import re

import pytest
import yaml

from tests.workflow.conftest import Project

HIERARCHICAL = {"analysis": "hierarchical", "formula": "y ~ x + (1 + level | g)"}
CLUSTERED = "y,x,g,level\n" + "".join(f"{i % 5},{i % 3},{'abc'[i % 3]},{i % 3}\n" for i in range(12))
BAD = {
    "missing-file": (None, {}, "no such file"),
    "missing-column": ("yi,v\n0.1,0.2\n0.2,0.1\n", {}, "no column 'vi'"),
    "text-in-number": ("yi,vi\n0.1,0.2\nabc,0.1\n", {}, "row 2, column 'yi': 'abc' is not a number"),
    "negative-variance": ("yi,vi\n0.1,0.2\n0.2,-0.1\n", {}, "row 2, column 'vi': the sampling variance is -0.1"),
    "one-row": ("yi,vi\n0.1,0.2\n", {}, "1 usable row of 1"),
    "unusable-prior": ("yi,vi\n0.1,0.2\n0.2,0.1\n", {"priors": {"tau": "normal(0, 1)"}}, "priors.tau"),
    "wrong-odds": ("yi,vi\n0.1,0.2\n0.2,0.1\n", {"prior_odds": {"multilevel": 2}}, "prior_odds: no model 'multilevel'"),
    "flat-slope": (CLUSTERED, HIERARCHICAL, "'level' is constant within every g"),
    "no-unit": ("yi,vi\n0.1,0.2\n0.2,0.1\n", {"measure": "GEN"}, "unit-information SD"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory, shipped_data):
    project = Project(tmp_path_factory.mktemp("refusals"))
    datasets = {"bcg": shipped_data["bcg"]}
    for name, (text, settings, _) in BAD.items():
        if text is not None:
            (project.folder / f"{name}.csv").write_text(text)
        of_meta = {"analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "vi"}
        datasets[name] = {"data": f"{name}.csv"} | (settings if settings is HIERARCHICAL else of_meta | settings)
    project.configure(datasets)
    for name, files in (("old", ("model.json", "validation.json")), ("own", ("model.json",))):
        project.file(name).mkdir(parents=True)
        for file in files:
            project.file(name, file).write_text("{}")
    project.completed = project.run()
    return project


def test_the_run_ends_with_status_1_and_names_the_refused(project):
    """Does a script that calls Snakemake notice, and a user read which data sets they were?

    And is it the last that they read? Seen to fail with refused data sets counted as failed, and with the lines that
    Snakemake has for the exception of a job.
    """
    assert project.completed.returncode == 1
    assert project.completed.stdout.splitlines()[-1].startswith("hiermeta: refused: " + ", ".join(BAD))
    assert "RuleException" not in project.completed.stdout


@pytest.mark.parametrize("name", BAD)
def test_the_report_says_what_is_wrong_and_what_to_do(project, name):
    """Does each refused data set have a finished report with the reason, and tables without rows?

    Seen to fail without the remedies.
    """
    words = BAD[name][2]
    validation = json.loads(project.file(name, "validation.json").read_text())
    assert validation["status"] == "refused"
    assert any(words in problem["message"] for problem in validation["problems"])
    assert all(problem["remedy"] for problem in validation["problems"])
    page = project.file(name, "report.html").read_text()
    assert words.split("'")[0].strip() in page
    of_meta = () if BAD[name][1] is HIERARCHICAL else ("influence", "sensitivity")
    for table in ("estimates", "loo", "comparison", *of_meta):
        assert len(project.file(name, f"{table}.csv").read_text().splitlines()) == 1, table


def test_the_others_and_the_overview_finish(project):
    """Is the good data set complete, and does the overview list all with their statuses?

    Seen to fail with refused data sets counted as failed.
    """
    datasets = {entry["name"]: entry for entry in json.loads(project.file("overview.json").read_text())["datasets"]}
    assert datasets.pop("bcg")["status"] == "pass"
    assert {entry["status"] for entry in datasets.values()} == {"refused"}
    assert set(datasets) == set(BAD)


def test_the_next_run_tries_again_and_a_mended_file_is_picked_up(project):
    """Does the run go on failing until the data are mended, and then redo just those?

    Seen to fail with refused data sets counted as failed.
    """
    assert project.planned() == {("verdict", None)}
    (project.folder / "missing-file.csv").write_text("yi,vi\n0.1,0.2\n0.2,0.1\n0.4,0.1\n")
    jobs = {(rule, "missing-file") for rule in ("prepare", "fit", "analyse", "figures", "report")}
    assert project.planned() == jobs | {("overview", None), ("verdict", None)}


def test_results_of_data_sets_that_the_config_no_longer_names_are_named_and_kept(project):
    """Is a folder of results without a data set told in one line, and another folder of the user not?

    Seen to fail with every folder named that has a model.json.
    """
    assert "\n  no longer in the config, left as they were: results/old\n" in project.completed.stdout
    assert {path.name for path in project.file("old").iterdir()} == {"model.json", "validation.json"}


def reversed_keys(value):
    if isinstance(value, list):
        return [reversed_keys(one) for one in value]
    return {key: reversed_keys(value[key]) for key in reversed(value)} if isinstance(value, dict) else value


def test_the_order_of_keys_changes_nothing(project):
    """Is there no more to do than before when data sets and all of their settings are listed in reverse?

    Seen to fail with the settings in the order of the file.
    """
    path = project.folder / "config.yaml"
    config = yaml.safe_load(path.read_text())
    assert len(config["datasets"]["bcg"]) > 3
    before = project.planned()
    path.write_text(yaml.safe_dump(reversed_keys(config), sort_keys=False))
    assert project.planned() == before
    assert ("prepare", "bcg") not in before


@pytest.mark.parametrize(
    "text, words",
    [
        ("datasets:\n  a: {data: x}\n  a: {data: y}\n", "'a' is a duplicate key"),
        ("datasets:\n  a: {data: x, analysis: meta, measure: SMD, efect: y, variance: v}\n", "did you mean 'effect'"),
        ("datasets: {}\n", "datasets"),
    ],
)
def test_an_unreadable_config_stops_before_any_job(tmp_path, text, words):
    """Duplicate names, unknown keys: does nothing run and nothing get written?

    Seen to fail with duplicate keys let pass.
    """
    project = Project(tmp_path)
    (tmp_path / "config.yaml").write_text(text)
    done = project.run()
    assert done.returncode == 1
    assert words in done.stdout
    assert not (tmp_path / "results").exists()


def test_the_terminal_tells_progress_data_set_by_data_set(project):
    """Is there one line per data set with running counts, and a summary with reasons, in a log that is no terminal?

    Seen to fail with refused data sets counted as failed.
    """
    output, total = project.completed.stdout, len(BAD) + 1
    assert f"hiermeta: {total} of {total} data sets to do" in output
    lines = re.findall(rf"^(\d+) of {total} · ([\w-]+): (\w+)", output, re.MULTILINE)
    assert [int(count) for count, _, _ in lines] == list(range(1, total + 1))
    assert {name: status for _, name, status in lines} == {"bcg": "pass"} | dict.fromkeys(BAD, "refused")
    assert f"{total} data sets: 1 pass, {len(BAD)} refused" in output
    for name, (_, _, words) in BAD.items():
        assert re.search(rf"^  refused: {name} \(.*{re.escape(words)}", output, re.MULTILINE), name
    assert "Finished jobid" not in output  # Snakemake's blocks per job are in its log file only
    [log] = (project.folder / ".snakemake" / "log").glob("*.log")
    assert "Finished jobid" in log.read_text()
