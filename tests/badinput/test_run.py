"""A sample of the catalogue in one run of Snakemake, beside data sets that can be analysed."""

import json

import pandas as pd
import pytest

from tests.badinput.conftest import HIERARCHICAL, META, catalogue, content_of
from tests.workflow.conftest import ROOT, Project

TABLES = catalogue("tables.yaml")
SAMPLE = ["utf-16", "decimal-commas", "moderator-as-code", "prior-as-code", "h-injection-left"]
HOSTILE = [
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "-1+1",
    "'s-Hertogenbosch",
    "../../x",
    "%s {}",
]
UNITS = {"usual": 1.0, "billionths": 1e-9}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("badinput"))
    datasets = {}
    for name in SAMPLE:
        case = TABLES[name]
        (project.folder / f"{name}.csv").write_bytes(content_of(case))
        base = HIERARCHICAL if case.get("analysis") == "hierarchical" else META
        datasets[name] = {"data": f"{name}.csv"} | base | case.get("settings", {})
    effects = pd.read_csv(ROOT / "data" / "bcg.csv")[["yi", "vi"]]
    effects["=label"] = [*HOSTILE, *HOSTILE[:6]]
    for name, unit in UNITS.items():
        table = effects.assign(yi=effects["yi"] * unit, vi=effects["vi"] * unit**2)
        table.to_csv(project.folder / f"{name}.csv", index=False)
        datasets[name] = META | {"data": f"{name}.csv", "measure": "MD", "unit_information_sd": 2 * unit}
        datasets[name] |= {"label": "=label", "cluster": "=label"}
    project.configure(datasets)
    project.before = {path.name: path.read_bytes() for path in project.folder.iterdir()}
    project.completed = project.run()
    return project


def test_refused_data_sets_harm_nothing_else(project):
    """Status 1, each refused with its reason, the others analysed, inputs as they were, nothing new but the results?

    Fails when a refusal is raised instead of written, or a prior or formula is run.
    """
    assert project.completed.returncode == 1, project.completed.stdout
    assert "Traceback" not in project.completed.stdout
    statuses = {e["name"]: e["status"] for e in json.loads(project.file("overview.json").read_text())["datasets"]}
    assert {name for name, status in statuses.items() if status == "refused"} == set(SAMPLE)
    assert all(statuses[name] in ("pass", "warn") for name in UNITS), statuses
    for name in SAMPLE:
        problems = json.loads(project.file(name, "validation.json").read_text())["problems"]
        assert any(TABLES[name]["says"] in f"{problem['message']}. {problem['remedy']}" for problem in problems)
    after = {path.name: path.read_bytes() for path in project.folder.iterdir() if path.is_file()}
    assert after == project.before
    assert {path.name for path in project.folder.iterdir()} - set(after) == {"results", ".snakemake"}


def test_results_do_not_depend_on_the_unit(project):
    """Are estimates at 1e-9 those of the usual scale, within Monte Carlo error, and exact values to 1e-6?

    4 SEs of the difference: one in 16,000 comparisons would fail by chance. Fails when sampling, quadrature or a
    threshold has a scale of its own.
    """
    name, unit = "billionths", UNITS["billionths"]
    usual, other = (pd.read_csv(project.file(n, "estimates.csv")).set_index("parameter") for n in ("usual", name))
    for parameter, factor in {"mu": unit, "tau": unit, "rho": 1.0}.items():
        difference = other.loc[parameter, "mean"] / factor - usual.loc[parameter, "mean"]
        assert abs(difference) < 4 * 2**0.5 * usual.loc[parameter, "mcse_mean"], parameter
    usual, other = (json.loads(project.file(n, "exact.json").read_text()) for n in ("usual", name))
    for parameter, factor in {"mu": unit, "tau": unit, "rho": 1.0, "I2": 1.0}.items():
        for statistic in ("mean", "sd", "median", "q2.5", "q97.5"):
            expected = usual[parameter][statistic] * factor
            assert other[parameter][statistic] == pytest.approx(expected, rel=1e-5, abs=1e-6 * factor)


def test_hostile_labels_stay_text(project):
    """Are labels escaped in the page and figures, guarded in tables, and none lost? Fails without either."""
    page = project.file("usual", "report.html").read_text()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ 7*7 }}" in page
    labels = pd.read_csv(project.file("usual", "true_effects.csv"))["label"].tolist()
    assert labels[:4] == ["'=cmd|' /C calc'!A0", *HOSTILE[1:3], "'-1+1"]
    assert labels[4:7] == HOSTILE[4:]
