"""Paths that Snakemake or the file system can't take as they are: analysed all the same, or refused in words."""

import json
import os

import pytest

from hiermeta.config.expand import complete
from hiermeta.config.load import ConfigError, retyped
from tests.badinput.conftest import META
from tests.workflow.conftest import Project

TABLE = "yi,vi\n0.1,0.2\n0.3,0.1\n0.2,0.1\n"
ODD = {
    "braces": {"data": "t/{x}.csv", "covariance": "t/<results>.csv"},
    "more": {"data": "t/{name}{\n[*]\t'\".csv "},
}
BYTES = {
    "file": ("d/*.csv", b"d/a\xff.csv"),
    "folder": ("*/*.csv", b"d\xff/a.csv"),
    "latin-1": ("d/*.csv", "d/Köln.csv".encode("latin-1")),
}
OBSTACLES = {
    "file": ("out", "out", "'out' is a file"),
    "beneath-a-file": ("out/x/y", "out/x", "'out/x' is a file"),
    "data-set": ("out", "out/a", "'out/a' is a file"),
    "logs": ("out", "out/b/logs", "'out/b/logs' is a file"),
    "programs": ("out", "out/programs", "'out/programs' is a file"),
    "batches": ("./out//", "out/batches", "'out/batches' is a file"),
    "overview": ("out", "out/overview.html/mine", "'out/overview.html' is a folder and must be a file"),
    "long-name": ("o" * 300, None, "can't be used (file name too long)"),
    "long-path": ("/".join(["o" * 200] * 25), None, "can't be used (file name too long)"),
}
LINKS = {"broken": ("nowhere", "is a link that leads nowhere"), "loop": ("out", "can't be used (too many levels")}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text(TABLE)
    return tmp_path


def refusal(capsys, datasets, **top):
    """What `complete` says; `hiermeta check` must be able to print it."""
    with pytest.raises(ConfigError) as caught:
        complete({"datasets": {name: META | {"data": data} for name, data in datasets.items()}} | top)
    print(caught.value)
    capsys.readouterr().out.encode()
    return str(caught.value)


@pytest.mark.parametrize("name", BYTES)
def test_names_that_are_not_utf8_are_refused(name, folder, capsys):
    """Is a file that a pattern finds named with its key, its bytes and a remedy, instead of a UnicodeEncodeError?

    Seen to fail without the check: `validation.json` and Snakemake's logs can't hold such a name.
    """
    pattern, path = BYTES[name]
    os.mkdir(os.path.dirname(path))
    with open(path, "w") as file:
        file.write(TABLE)
    message = refusal(capsys, {"a": pattern})
    assert f"datasets.a.data: {path!r} is not UTF-8; write it in UTF-8, names of files and folders too" in message


def test_text_of_the_command_line_that_is_not_utf8_is_refused():
    """Is the key named? Seen to end in a UnicodeEncodeError of the YAML reader."""
    with pytest.raises(ConfigError, match=r"--config results: b'r\\xff' is not UTF-8"):
        retyped({}, {}, [os.fsdecode(b"results=r\xff")])


@pytest.mark.parametrize("name", OBSTACLES)
def test_a_folder_for_results_that_cannot_be_made_is_refused(name, folder, capsys):
    """Is what stands in the way named, before any job? Seen to fail without the check, with a NotADirectoryError."""
    results, file, says = OBSTACLES[name]
    if file:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("mine")
    message = refusal(capsys, {"a": "a.csv", "b": "a.csv"}, results=results)
    assert says in message
    assert "- results: can't write to " in message
    assert "move or rename it, or choose another folder with the key 'results'" in message
    assert file is None or (folder / file).read_text() == "mine"


@pytest.mark.parametrize("name", LINKS)
def test_a_link_that_leads_to_no_folder_is_refused(name, folder, capsys):
    """A link to nothing, or to itself, where results go: is it named? Seen to fail without the check."""
    target, says = LINKS[name]
    (folder / "out").symlink_to(target)
    assert f"'out' {says}" in refusal(capsys, {"a": "a.csv"}, results="out")
    (folder / "there").mkdir()
    (folder / "in").symlink_to("there")
    complete({"results": "in/deep", "datasets": {"a": META | {"data": "a.csv"}}})


def test_files_whose_names_are_patterns_to_snakemake_are_analysed(tmp_path):
    """Braces, angle brackets, line ends: is each such file read, found again unchanged, and a change of it noticed?

    Seen to fail with a WildcardError, with {name} filled in, and with the contents of such files not among what the
    job depends on.
    """
    project = Project(tmp_path)
    (tmp_path / "t").mkdir()
    for settings in ODD.values():
        (tmp_path / settings["data"]).write_text(TABLE)
    covariance = tmp_path / ODD["braces"]["covariance"]
    covariance.write_text("0.2,0,0\n0,0.1,0\n0,0,0.1\n")
    project.configure({name: META | settings for name, settings in ODD.items()})
    done = project.run(*(f"results/{name}/data.csv" for name in ODD))
    assert done.returncode == 0, done.stdout
    for name in ODD:
        assert json.loads(project.file(name, "validation.json").read_text())["status"] == "ok", name
    covariance.write_text("0.2,0,0\n0,0.1,0.01\n0,0.01,0.1\n")
    assert {name for rule, name in project.planned() if rule == "prepare"} == {"braces"}
