"""Safe by construction: no user text is run as code, as a spreadsheet's formula or as markup, or leaves its folder."""

import ast
import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hiermeta.io import files
from hiermeta.io.files import read_csv, replacing, write_csv, write_text
from hiermeta.io.provenance import TEMPLATES
from hiermeta.io.results_folder import escaping_links
from hiermeta.report.context import environment

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted([*(ROOT / "workflow").rglob("*.py"), *(ROOT / "workflow").rglob("*.smk"), ROOT / "Snakefile"])
HOSTILE = ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "＝1+1", "'=1", "''@x", "-", "+ plus"]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=8)


def python_of(path):
    """The syntax tree of a module; of a rules file, the Python of its functions is enough."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return ast.parse(text)
    return ast.parse("\n".join(f"_ = {call}()" for call in re.findall(r"\b([\w.]+)\(", text)))


def test_no_code_is_made_of_text_and_no_shell_is_started():
    """Is there no eval, exec, pickle, shell or unsafe YAML anywhere in the workflow, and no `shell:` in a rule?

    Fails when such a call is added.
    """
    forbidden = {"eval", "exec", "compile", "__import__", "system", "popen", "getoutput", "unsafe_load", "full_load"}
    for path in CODE:
        for node in ast.walk(python_of(path)):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                harmless = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") in (
                    "re",
                    "platform",
                )
                assert name not in forbidden or harmless, f"{path}: {name}"
                assert not any(keyword.arg == "shell" for keyword in node.keywords), path
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                assert not names & {"pickle", "marshal", "shelve", "dill", "joblib"}, path
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        assert not re.search(r"^\s*(shell|run):", path.read_text(), re.MULTILINE), path


def test_templates_escape_everything():
    """Is escaping on in every template, switched off nowhere, and markup made in two modules only?

    `context.py` makes markup of the shipped style sheet and script and of escaped text, `inline.py` of figures drawn
    here. Fails when `autoescape` is off, or a template has `|safe`.
    """
    assert environment().autoescape is True
    for path in TEMPLATES.rglob("*.j2"):
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", path.read_text(encoding="utf-8")), path
    made = {path.name for path in CODE if "Markup(" in path.read_text(encoding="utf-8")}
    assert made <= {"context.py", "inline.py"}
    shown = environment().from_string("<p title='{{ x }}'>{{ x }} {{ x|code }}</p>").render(x="'<script>`<b>`")
    assert "<script>" not in shown
    assert "<b>" not in shown


@given(st.lists(TEXT | st.sampled_from(HOSTILE), min_size=1, max_size=5))
@example(HOSTILE)
@settings(max_examples=60, deadline=None)
def test_text_cells_are_harmless_in_spreadsheets_and_come_back_as_they_were(tmp_path_factory, cells):
    """Does no cell of a result file begin as a formula, numbers aside, and does reading it give the text again?

    Fails when `write_csv` writes cells as they are, or `read_csv` leaves the apostrophes.
    """
    path = tmp_path_factory.getbasetemp() / "cells.csv"
    table = pd.DataFrame({"label": cells, "=x": cells, "median": -1.5})
    write_csv(path, table)
    for line in csv.reader(io.StringIO(path.read_bytes().decode(), newline="")):
        for cell in line:
            assert not re.match(r"[=+\-@\t\r\n＝＋－＠]", cell) or is_number(cell), cell
    back = read_csv(path, text=["=x"])
    assert back["label"].tolist() == back["=x"].tolist() == cells
    assert back["median"].tolist() == [-1.5] * len(cells)


def is_number(text):
    """Whether a spreadsheet reads a cell as a number."""
    return re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*|[+-]?(inf|infinity|nan)", text, re.IGNORECASE)


def test_the_page_exports_tables_by_the_same_rule():
    """Does the script of the page guard the same first characters as the result files?"""
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    (guarded,) = re.findall(r"/\^\[(=[^\]]+)\]/", script)
    assert set(guarded.replace("\\-", "-").encode().decode("unicode_escape")) == set("=+-@\t\r＝＋－＠")
    for sign in "=+-@\t\r＝＋－＠":
        assert files.safe(f"{sign}x") == f"'{sign}x"


def test_links_out_of_the_results_folder_are_found(tmp_path):
    """Is every link that leads out named, by whatever way, and none that stays inside?

    Fails when links are not resolved, or folders are left out.
    """
    outside = tmp_path / "outside"
    results = tmp_path / "results"
    for folder in (outside, results / "a", results / "b", tmp_path / "results-of-others"):
        folder.mkdir(parents=True)
    (results / "a" / "inside").symlink_to("../b")
    (results / "a" / "data.csv").symlink_to(outside / "data.csv")
    (results / "c").symlink_to(outside)
    (results / "b" / "near").symlink_to(tmp_path / "results-of-others")
    found = [str(results / name) for name in ("a/data.csv", "b/near", "c")]
    assert escaping_links(results) == found
    (tmp_path / "link").symlink_to(results)
    assert escaping_links(tmp_path / "link") == [path.replace("/results/", "/link/") for path in found]
    assert escaping_links(tmp_path / "none") == []


def test_files_are_replaced_never_written_through_and_nothing_half_written_stays(tmp_path):
    """Do links at a file's name or its temporary name leave their targets alone, and failures the old file?

    Fails when `replacing` doesn't unlink what has the temporary name, or leaves it after an error.
    """
    victim, path = tmp_path / "victim", tmp_path / "data.csv"
    victim.write_text("mine")
    path.symlink_to(victim)
    (tmp_path / "data.csv.part").symlink_to(victim)
    write_text(path, "new")
    assert (victim.read_text(), path.read_text(), path.is_symlink()) == ("mine", "new", False)
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "new"
    assert {entry.name for entry in tmp_path.iterdir()} == {"victim", "data.csv"}


@pytest.mark.parametrize("lock", sorted(path.name for path in ROOT.glob("requirements*.lock")))
def test_every_package_is_pinned_by_version_and_hash(lock):
    """Could a package change without the repository changing? Fails when a line has no version or no hash."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / lock).read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) > 10
    for line in lines:
        assert re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line
