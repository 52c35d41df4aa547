"""Files that aren't tables: folders, pipes, devices, huge and unreadable ones."""

import os
import time

import pytest

from hiermeta.cli import main
from hiermeta.config.expand import complete
from hiermeta.config.load import ConfigError
from hiermeta.data import read
from hiermeta.data.selection import contents
from tests.badinput.conftest import META, settings_of

UNUSABLE = {
    "missing": (lambda path: None, "no such file"),
    "folder": (lambda path: path.mkdir(), "is a directory"),
    "pipe": (os.mkfifo, "not a regular file"),
    "broken-link": (lambda path: path.symlink_to("nowhere"), "no such file"),
    "link-to-itself": (lambda path: path.symlink_to(path.name), "symbolic links"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    "huge": (lambda path: path.touch() or os.truncate(path, read.LARGEST + 1), "the most is 500 MB"),
}


@pytest.mark.parametrize("key", ["data", "covariance"])
@pytest.mark.parametrize("kind", UNUSABLE)
def test_what_is_no_table_is_refused_at_once(kind, key, prepare, tmp_path):
    """Is a path that holds no table refused within seconds, whichever key names it?

    Fails when `read_file` opens what isn't a regular file: a pipe blocks for ever and /dev/zero fills the memory.
    """
    make, says = UNUSABLE[kind]
    table, path = tmp_path / "table.csv", tmp_path / "named.csv"
    table.write_text("yi,vi\n0.1,0.2\n0.3,0.1\n")
    make(path)
    settings = settings_of({"settings": META | {"data": str(table)} | {key: str(path)}}, table)
    started = time.process_time()
    validation = prepare(settings)
    assert time.process_time() - started < 5
    (problem,) = validation["problems"]
    assert says in problem["message"]
    assert f"`{key}:`" in problem["remedy"] or "Keep the columns" in problem["remedy"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_is_refused(prepare, tmp_path):
    """Is a file without the right to read it refused, naming the reason?"""
    path = tmp_path / "table.csv"
    path.write_text("yi,vi\n0.1,0.2\n")
    path.chmod(0)
    (problem,) = prepare(settings_of({}, path))["problems"]
    assert "permission denied" in problem["message"]


def test_impossible_names_are_refused(prepare, tmp_path):
    """Are names that no file can have refused like a missing file? Fails when a ValueError isn't caught."""
    for name, says in (("a\0b.csv", "null"), ("x" * 300 + ".csv", "too long")):
        (problem,) = prepare(settings_of({"settings": {"data": name}}, tmp_path))["problems"]
        assert says in problem["message"]


@pytest.mark.parametrize("named", [*UNUSABLE, "a\0b.csv", "x" * 300 + ".csv"], ids=ascii)
@pytest.mark.parametrize("key", ["data", "covariance", "datasets_table"])
def test_what_is_no_table_is_neither_hashed_nor_split(key, named, tmp_path):
    """Do config and digests, which are made before any job, get past paths that hold no table, within seconds?

    Seen to hang at a pipe whose content is hashed for the batches, and to fail with ValueError at a NUL character.
    """
    table, path = tmp_path / "table.csv", tmp_path / "named.csv"
    table.write_text("yi,vi,part\n0.1,0.2,a\n0.3,0.1,b\n")
    if named in UNUSABLE:
        UNUSABLE[named][0](path)
    named = str(path) if named in UNUSABLE else named
    started = time.process_time()
    if key == "datasets_table":
        with pytest.raises(ConfigError) as caught:
            complete({"datasets_table": named})
        assert "datasets_table" in str(caught.value) or "500 MB" in str(caught.value)
    else:
        settings = META | {"data": str(table), "split_by": "part"} | {key: named}
        datasets = complete({"datasets": {"a": settings}})["datasets"]
        assert sorted(datasets) == (["a"] if key == "data" else ["a-a", "a-b"])
        for one in datasets.values():
            assert "" in contents(one)
    assert time.process_time() - started < 5


NOTHING = {"no bytes": "", "blank lines": "\n \n", "a header": "V1,V2\n", "a header with blanks": "V1,V2\n\n,\n"}
NUMBERS = {
    "one number": "0.2\n",
    "commas": "0.2;0\n0;0.1\n",
    "words": "a,b\nc,d\ne,f\n",
    "zero bytes": "0.2,0\0\n0,0.1\n",
}


@pytest.mark.parametrize("key", ["data", "covariance"])
@pytest.mark.parametrize("content", (NOTHING | NUMBERS).values(), ids=NOTHING | NUMBERS)
def test_files_without_numbers_are_refused(content, key, prepare, tmp_path):
    """Is a file that holds no table or matrix refused by its name? Seen to end in ValueError at an empty covariance."""
    table, path = tmp_path / "table.csv", tmp_path / "named.csv"
    table.write_text("yi,vi\n0.1,0.2\n0.3,0.1\n")
    path.write_text(content)
    validation = prepare(settings_of({"settings": META | {"data": str(table)} | {key: str(path)}}, table))
    assert validation["status"] == "refused"
    assert all(str(path) in problem["message"] and problem["remedy"] for problem in validation["problems"])


@pytest.mark.parametrize("kind", UNUSABLE)
@pytest.mark.parametrize("ending", [".csv", ".yaml"])
def test_check_ends_at_what_is_no_table(kind, ending, tmp_path, capsys):
    """Does `hiermeta check` say what is wrong and end with status 1, for tables and configs?

    Seen to hang at a pipe named like a config, and to fail with OSError at a name that is too long.
    """
    path = tmp_path / f"named{ending}"
    UNUSABLE[kind][0](path)
    assert main(["check", str(path)]) == 1
    assert str(path) in capsys.readouterr().err
    assert main(["check", "x" * 300 + ending]) == 1
