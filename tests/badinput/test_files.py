"""Files that aren't tables: folders, pipes, devices, huge and unreadable ones."""

import os
import time

import pytest

from hiermeta.data import delimited
from tests.badinput.conftest import META, settings_of

UNUSABLE = {
    "missing": (lambda path: None, "no such file"),
    "folder": (lambda path: path.mkdir(), "is a directory"),
    "pipe": (os.mkfifo, "not a regular file"),
    "broken-link": (lambda path: path.symlink_to("nowhere"), "no such file"),
    "link-to-itself": (lambda path: path.symlink_to(path.name), "symbolic links"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    "huge": (lambda path: path.touch() or os.truncate(path, delimited.LARGEST + 1), "the most is 500 MB"),
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
