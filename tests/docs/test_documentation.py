"""The documentation: do its pages build, its commands work, its configs pass, and do its tables tell of the files?"""

import ast
import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pytest
import yaml

from hiermeta.cli import main
from hiermeta.config.expand import complete
from hiermeta.data import hierarchical, meta
from hiermeta.data.read import read_table
from hiermeta.io.registry import common_columns, result_files

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
    """Commands of all console blocks with the folder that a `cd` before them names, and of tables, once each."""
    found = set()
    for block in blocks("console"):
        folder = "."
        for line in block.values[0].splitlines():
            command = line.removeprefix("$ ").partition("  #")[0].strip()
            if command.startswith("cd "):
                folder = command.removeprefix("cd ")
            elif line.startswith("$ "):
                found.add((folder, command))
    cells = r"^\| `((?:snakemake|hiermeta|make)(?: [^`]*)?)` \|"
    return sorted(found | {(".", command) for page in PAGES for command in re.findall(cells, page.read_text(), re.M)})


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
    for name, settings in complete(written)["datasets"].items():
        if name in shipped:
            validate = meta.validate if settings["analysis"] == "meta" else hierarchical.validate
            assert len(validate(read_table(settings["data"]), {"family": "gaussian"} | settings).table)


@pytest.fixture(scope="session")
def own_folder(tmp_path_factory):
    """Somebody's own folder: the shipped data and config under the names that the pages use."""
    folder = tmp_path_factory.mktemp("own")
    for name in ("data", "config"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "config" / "config.yaml", folder)
    shutil.copy(ROOT / "data" / "school-calendar.csv", folder / "my-review.csv")
    return folder


@pytest.mark.parametrize(("folder", "command"), commands())
def test_commands_work(folder, command, own_folder, monkeypatch):
    """Is each command one that exists, and does it do what it is shown for, in the folder it is shown for?

    `hiermeta` is run as it stands, `snakemake` as a dry run, and of `make` the target must exist; what installs or
    fetches is only recognised. Seen to fail with a target, an option, a path and a folder misspelt.
    """
    known = {"PATH/TO/hiermeta": str(ROOT), "MYFOLDER": str(own_folder), "results/my-review": "results/school-calendar"}
    for placeholder, path in known.items():
        folder, command = folder.replace(placeholder, path), command.replace(placeholder, path)
    monkeypatch.chdir(own_folder if folder == "." else ROOT / folder)
    words = shlex.split(command)
    program = Path(words[0]).name
    if program == "hiermeta":
        dry = ["--dry-run", "--quiet"] if words[1] == "run" else []
        assert main([*words[1:], *dry]) == 0
    elif program == "snakemake":
        front = ["-s", str(ROOT / "Snakefile")] if folder == "." and "-s" not in words else []
        run = [sys.executable, "-m", "snakemake", *front, *words[1:], "--dry-run", "--quiet"]
        done = subprocess.run(run, text=True, capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr
    elif program == "make":
        makefile = (ROOT / "Makefile").read_text()
        assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in words[1:] if "=" not in target)
    else:
        assert program in {"apt-get", "conda", "docker", "uv"} or re.match(r"[A-Z]=", command)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_addresses_are_well_formed(page):
    """Is each address on the web complete, encrypted, and without what a sentence puts behind it?"""
    for address in re.findall(r"\bhttps?:[^\s<>`\"]*", page.read_text()):
        parts = urlsplit(address.rstrip(").,;"))
        assert parts.scheme == "https" and re.fullmatch(r"([\w-]+\.)+[a-z]{2,}", parts.netloc), address


def test_badges_are_true():
    """Do the README's badges say what pyproject.toml, the Snakefile and the calibration say today?

    Seen to fail with another licence, another version of Snakemake and a quantity out of its band.
    """
    badges = runpy.run_path(str(ROOT / "docs" / "badges.py"))
    assert badges["TARGET"].read_text() == badges["drawn"]()
    assert "docs/images/badges.svg" in (ROOT / "README.md").read_text()


def test_the_readme_names_every_result_file():
    """Is each file of `workflow/schemas/results.yaml` in the README's table, and nothing else?

    Fails when a result file is added or renamed there without the README.
    """
    section = (ROOT / "README.md").read_text().partition("## Reading the results")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    assert sorted(named) == sorted([*result_files(), "report.html", "figures/"])


def test_the_number_of_compared_effect_sizes_is_that_of_the_reference():
    """Are as many cases and rows compared with escalc() as the how-to on raw counts says?"""
    names = ("effect_sizes.json", "effect_sizes_metadat.json")
    documents = [json.loads((ROOT / "tests" / "reference" / name).read_text())["cases"] for name in names]
    cases = [*documents[0].values(), *documents[1]]
    said = f"{len(cases)} cases with {sum(len(case['yi']) for case in cases):,} rows"
    assert said in (ROOT / "docs" / "how-to" / "raw-counts.md").read_text()


def functions():
    """Public functions and classes of the library: (file and name, node of the syntax tree)."""
    for path in sorted((ROOT / "workflow" / "hiermeta").rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                yield f"{path.relative_to(ROOT)}: {node.name}", node


def test_everything_public_has_a_docstring_with_the_parameters_it_has():
    """Does each public function and class say what it is, and where it lists parameters, list its own?

    Seen to fail with a parameter renamed in the docstring only.
    """
    undocumented, untrue = [], []
    for name, node in functions():
        text = ast.get_docstring(node)
        if not text:
            undocumented.append(name)
        elif isinstance(node, ast.FunctionDef) and "Parameters\n---" in text:
            section = re.split(r"\n\w+\n-{3,}", text.partition("Parameters\n----------\n")[2])[0]
            heads = [line.split(" : ")[0] for line in section.splitlines() if line and not line.startswith(" ")]
            listed = [part.strip().lstrip("*") for head in heads for part in head.split(",")]
            arguments = node.args
            own = [arg.arg for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
            extra = [arg.arg for arg in (arguments.vararg, arguments.kwarg) if arg]
            if set(listed) - set(extra) != set(own):
                untrue.append((name, listed, own))
    assert undocumented == []
    assert untrue == []


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
