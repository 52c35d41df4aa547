"""Another project's Snakefile that imports this workflow as a module, and what the workflow catalog asks for."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests.workflow.conftest import ROOT


def snakemake(folder, *arguments):
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    return subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """The example in a folder of its own, away from the checkout, run once."""
    folder = tmp_path_factory.mktemp("module") / "paper"
    shutil.copytree(ROOT / "examples" / "paper", folder)
    for name in ("Snakefile", "config.yaml"):
        text = (folder / name).read_text()
        assert "../../" in text
        (folder / name).write_text(text.replace("../../", f"{ROOT}/"))
    done = snakemake(folder)
    assert done.returncode == 0, done.stdout
    return folder


def test_the_paper_holds_the_numbers_of_its_analyses(paper):
    """Does the module run under another project's config, and do figure and text come from its results?

    Seen to fail with one decimal place for two.
    """
    text = (paper / "paper" / "paper.md").read_text()
    overview = json.loads((paper / "analyses" / "overview.json").read_text())["datasets"]
    assert [entry["name"] for entry in overview] == ["districts", "ignored"]
    for entry in overview:
        row = re.search(rf"^\| {entry['title']} \| (\S+) \|", text, re.MULTILINE)
        assert float(row[1].replace("−", "-")) == round(entry["effect"], 2)
    compared = pd.read_csv(paper / "analyses" / "districts" / "comparison.csv").set_index("model")
    evidence = np.exp(compared["log_marginal_likelihood"])
    districts = evidence["multilevel"] + evidence["multilevel (mu=0)"]
    assert f"{districts / (evidence['random effects'] + evidence['random effects (mu=0)']):,.0f} times" in text
    assert (paper / "paper" / "figure.svg").read_text().count("<svg") == 1
    assert not (paper / "results").exists()


def test_nothing_is_done_twice_and_a_new_text_reruns_no_analysis(paper):
    """Is a second run empty, and does an edited text rerun only the paper's own rule?

    Seen to fail with the time of day among a rule's params.
    """
    assert "Nothing to be done" in snakemake(paper).stdout
    template = paper / "paper.md.j2"
    template.write_text(template.read_text() + "\nMore.\n")
    planned = re.findall(r"^(?:local)?rule (\w+):", snakemake(paper, "--dry-run").stdout, re.MULTILINE)
    assert planned == ["text", "paper"]


IMPORTING = """\
module hiermeta:
    snakefile:
        "{root}/Snakefile"
    config:
        {{"datasets": {{"a": {settings}}}, "batch_size": 2}}


use rule * from hiermeta{alias}


onstart:
    hiermeta.onstart()


onerror:
    hiermeta.onerror()


rule paper:
    default_target: True
    input:
        "results/complete.txt",
"""


@pytest.mark.parametrize("alias", ["", " as hm_*"])
def test_lines_of_progress_are_the_same_whatever_the_rules_are_called(tmp_path, alias):
    """Do targets and the verdict count as no work, and is nothing said after a refusal, in another project's run?

    Of a refused data set: after compilation, its batch and the overview comes the verdict, which fails on purpose.
    Seen to fail with the rules told by their names.
    """
    (tmp_path / "a.csv").write_text("yi,vi\n0.1,0.2\n")
    settings = {"data": "a.csv", "analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "no such column"}
    (tmp_path / "Snakefile").write_text(IMPORTING.format(root=ROOT, settings=settings, alias=alias))
    done = snakemake(tmp_path)
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert "hiermeta: 1 of 1 data sets to do" in lines
    assert any(line.startswith("0 of 1 · 1 of 3 jobs") for line in lines), done.stdout
    assert lines[-1].startswith("hiermeta: refused: a."), done.stdout


def test_snakemakes_linter_has_nothing_to_say(tmp_path):
    """Does `snakemake --lint` find the rules well-formed: logs, environments, functions apart from rules?

    Seen to fail with a rule that has no log.
    """
    config = ["--configfile", ROOT / "config" / "config.yaml"]
    done = snakemake(tmp_path, "-s", ROOT / "Snakefile", *config, "--lint")
    assert done.returncode == 0, done.stdout
    assert "good condition" in done.stdout
