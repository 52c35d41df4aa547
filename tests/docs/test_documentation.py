"""The documentation: do its pages build, its commands work, its configs pass, and do its tables tell of the files?"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from hiermeta.cli import main
from hiermeta.data import config, hierarchical, meta
from hiermeta.data.read import read_table
from hiermeta.data.reference import common_columns, result_files

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "config" / "README.md",
    *sorted(ROOT.glob("docs/**/*.md")),
]


def blocks(language):
    """Code blocks of all pages: (page, text without the block's indentation)."""
    found = []
    for page in PAGES:
        for indent, text in re.findall(rf"^( *)```{language}\n(.*?)^ *```", page.read_text(), re.DOTALL | re.MULTILINE):
            lines = [line.removeprefix(indent) for line in text.splitlines()]
            found.append(pytest.param("\n".join(lines), id=f"{page.relative_to(ROOT)}-{len(found)}"))
    return found


def commands():
    """Commands of all console blocks, once each."""
    lines = [line for block in blocks("console") for line in block.values[0].splitlines() if line.startswith("$ ")]
    return sorted(set(line.removeprefix("$ ").partition("  #")[0].strip() for line in lines))


@pytest.fixture(scope="session")
def shipped_results():
    """The shipped analyses, done in this checkout as `make` does them."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    command = [sys.executable, "-m", "snakemake", "--cores", "2"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return ROOT / "results"


def test_pages_build_without_a_dead_link_or_a_missing_number(shipped_results, tmp_path):
    """Does the site build strictly: links, anchors, navigation, and every number taken from the results?

    Fails when a page links to nothing, isn't in the navigation, or quotes a number that the results don't have.
    """
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", "docs", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    pages = {path: path.read_text() for path in (tmp_path / "site").rglob("*.html")}
    assert len(pages) >= len(list(ROOT.glob("docs/**/*.md")))
    assert not [path for path, text in pages.items() if "{{" in text]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_files_lead_somewhere(page):
    """Does each relative link and image of a page, as a code host shows it, name a file that exists?"""
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("text", blocks("yaml"))
def test_configs_can_be_used(text, monkeypatch):
    """Does each config pass the schema, and do shipped data pass with it?

    Fails when a key is renamed, or a shipped column is.
    """
    monkeypatch.chdir(ROOT)
    written = yaml.safe_load(text)
    if not isinstance(written, dict) or "datasets" not in written:
        pytest.skip("a part of a config")
    shipped = set()
    for name, entry in written["datasets"].items():
        if Path(entry["data"]).is_file():
            shipped.add(name)
        else:  # somebody's own file, or a pattern: the settings only
            written["datasets"][name] = {**entry, "data": "data/school-calendar.csv"}
            written["datasets"][name].pop("split_by", None)
    for name, settings in config.complete(written)["datasets"].items():
        if name in shipped:
            validate = meta.validate if settings["analysis"] == "meta" else hierarchical.validate
            assert len(validate(read_table(settings["data"]), {"family": "gaussian"} | settings).table)


@pytest.mark.parametrize("command", commands())
def test_commands_work(command, tmp_path, monkeypatch):
    """Is each command one that exists, and does it do what it is shown for?

    `hiermeta` is run as it stands, `snakemake` as a dry run, and of `make` the target must exist; what installs or
    fetches is only recognised.
    """
    words = shlex.split(command)
    program = Path(words[0]).name
    if program == "hiermeta":
        monkeypatch.chdir(ROOT)
        if (ROOT / words[-1]).exists() or words[-1].startswith("--"):
            assert main(words[1:]) == 0
        assert words[1] == "check"
    elif program == "snakemake":
        project = tmp_path / "project"
        project.mkdir()
        for name in ("data", "config"):
            shutil.copytree(ROOT / name, project / name)
        shutil.copy(ROOT / "config" / "config.yaml", project)
        known = {"PATH/TO/hiermeta": str(ROOT), "MYFOLDER": str(project)}
        for placeholder, path in known.items():
            command = command.replace(placeholder, path)
        words = shlex.split(command)[1:]
        front = [] if "-s" in words else ["-s", str(ROOT / "Snakefile")]
        run = [sys.executable, "-m", "snakemake", *front, *words, "--dry-run", "--quiet"]
        done = subprocess.run(run, cwd=project, text=True, capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr
    elif program == "make":
        makefile = (ROOT / "Makefile").read_text()
        assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in words[1:] if "=" not in target)
    else:
        assert program in {"apt-get", "conda", "git", "uv", "cd", "sbatch"} or re.match(r"[A-Z]=", command)


def test_result_files_are_described(shipped_results):
    """Is each file and column that the shipped analyses leave described, and does each described one exist?

    Fails when a column is renamed, added or removed without its description.
    """
    described, common = result_files(), common_columns()
    found = {}
    for folder in (path.parent for path in shipped_results.glob("*/diagnostics.json")):
        for path in (path for path in folder.iterdir() if path.suffix in {".csv", ".json", ".nc"}):
            columns = list(pd.read_csv(path, nrows=0)) if path.suffix == ".csv" else []
            found.setdefault(path.name, set()).update(columns)
    assert set(found) == set(described)
    free = {"data.csv", "models.csv"}
    for name, columns in found.items():
        own = described[name]["columns"]
        assert name in free or columns <= set(own) | set(common), name
        assert set(own) <= columns, name


def test_the_lists_of_targets_and_folders_are_true():
    """Does the map of the house name folders that exist, and the command line page targets that exist?"""
    named = re.findall(r"^\| `([\w./]+/)`", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    library = ROOT / "workflow" / "hiermeta"
    assert len(named) > 10
    assert not [name for name in named if not (ROOT / name).is_dir() and not (library / name).is_dir()]
    folders = {path.name for path in library.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= {name.rstrip("/") for name in named}


def two_digits(value):
    """A measured number as the README prints it: two significant digits."""
    return f"{float(f'{value:.2g}'):,.0f}" if value >= 10 else f"{value:.2g}"


def speed_tables():
    """The README's tables of speed, made from the committed measurements."""
    measured = ROOT / "benchmarks" / "results"
    sampling, hierarchical, batch = (
        pd.read_csv(measured / f"{name}.tsv", sep="\t") for name in ("sampling", "hierarchical", "batch")
    )
    for row in sampling.itertuples():
        plain = "" if pd.isna(row.plain_ess_per_cpu_s) else f"{two_digits(row.plain_ess_per_cpu_s)} "
        yield f"| {row.estimates:,} | {row.clusters:,} | {two_digits(row.ess_per_cpu_s)} | {plain}|"
    for row in hierarchical.itertuples():
        yield f"| {row.model} | {row.rows:,} | {row.clusters:,} | {two_digits(row.ess_per_cpu_s)} |"
    for row in batch[(batch["run"] == "warm") & (batch["k"] == "5-60")].itertuples():
        yield f"| {row.data_sets:,} | {two_digits(row.cpu_s_per_data_set)} |"
    yield f"alone take {two_digits(batch.set_index('run').loc['R: metafor', 'cpu_s_per_data_set'])})"


def test_the_readmes_speed_is_what_was_measured():
    """Does every number of the speed section stand in `benchmarks/results`, to two digits?

    Seen to fail with a digit changed. After new measurements, the missing lines that it names belong into the README.
    """
    section = (ROOT / "README.md").read_text().partition("## Speed")[2].partition("\n## ")[0]
    assert [line for line in speed_tables() if line not in section] == []
    rows = [line for line in section.splitlines() if line.startswith("| ") and line[2].isalnum()]
    assert len(rows) == len(list(speed_tables())) - 1 + 3, "a row without a measurement, beside the three heads"


def test_the_readmes_calibration_is_the_verdict():
    """Is the number of calibrated quantities that of `docs/calibration`?"""
    verdict = re.search(r"all (\d+) quantities", (ROOT / "docs" / "calibration" / "README.md").read_text())[1]
    assert f"ranks of {verdict} quantities" in (ROOT / "README.md").read_text()
