"""Figures that were drawn and are gone: is each loss noticed once, and nothing else taken for one?"""

import os
from itertools import count

from hiermeta.io.completeness import LIST, drawing, write_list

TIMES = count(1_000_000_000, 1_000_000_000)


def draw(folder, known):
    """What the rule does: an empty folder first, then the figures and their list."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name in (".snakemake_timestamp", "forest.svg", "funnel.svg"):
        (folder / name).write_text("")
    write_list(folder, known)


def lose(folder, name):
    """Take a file out, at a time of its own however coarse the clock of the file system is."""
    (folder / name).unlink()
    now = next(TIMES)
    os.utime(folder, ns=(now, now))


def test_each_loss_is_a_drawing_of_its_own(tmp_path):
    """Does every loss, of a figure or of the list, ask for one drawing that none before was, and then for no more?

    Seen to fail with a time that is always the same, and with the files on the list not looked for.
    """
    folder = tmp_path / "figures"
    assert drawing(folder) == ""
    seen = [""]
    draw(folder, "")
    assert drawing(folder) == ""
    for lost in ("forest.svg", "forest.svg", LIST, LIST, "funnel.svg"):
        lose(folder, lost)
        wanted = drawing(folder)
        assert wanted not in seen and drawing(folder) == wanted
        draw(folder, wanted)
        assert drawing(folder) == wanted
        seen.append(wanted)


def test_other_files_are_none_of_its_business(tmp_path):
    """Do a file that somebody adds or changes, and one of Snakemake's that goes, leave the drawing as it is?"""
    folder = tmp_path / "figures"
    draw(folder, "7")
    (folder / "notes.txt").write_text("mine")
    (folder / "forest.svg").write_text("<svg/>")
    lose(folder, ".snakemake_timestamp")
    assert drawing(folder) == "7"


def test_an_unreadable_list_is_a_lost_one(tmp_path):
    """Is a list that is no JSON, or other JSON, drawn anew rather than an error?

    Seen to fail with invalid JSON let through.
    """
    folder = tmp_path / "figures"
    for text in ("", "{", "[]", '{"files": 3}', '{"files": ["forest.svg"]}'):
        draw(folder, "7")
        (folder / LIST).write_text(text)
        assert drawing(folder) not in ("", "7")
