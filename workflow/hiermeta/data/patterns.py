"""Patterns of file names, ``**`` among them, in folders with links of any kind."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def files_matching(pattern: str) -> list[str]:
    """Files that a pattern matches, sorted; what several links to one folder lead to is listed once.

    As in `glob.glob`, ``**`` stands for any number of folders but for those whose names begin with a dot. That function
    follows a link to a folder above it again and again, and with two such links never ends.

    Parameters
    ----------
    pattern : str
        Absolute, or relative to the working directory.
    """
    path = Path(pattern)
    parts = path.parts[bool(path.anchor) :]
    places = [path.anchor or os.curdir]
    for part in (*parts, "*") if parts[-1] == "**" else parts:
        if part == "**":
            places = list(_folders(places))
        else:
            found = [one for place in places for one in glob.glob(os.path.join(glob.escape(place), part))]
            distinct: dict[str, str] = {}
            for one in sorted(found, key=lambda one: (os.path.islink(one), one)):
                distinct.setdefault(_identity(one), one)
            places = list(distinct.values())
    return sorted(place.removeprefix(f"{os.curdir}{os.sep}") for place in places if os.path.isfile(place))


def _identity(path: str) -> str:
    """Where a folder is, links followed; a link to a file is a file of its own."""
    if os.path.isdir(path):
        return os.path.realpath(path)
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def _folders(tops: Iterable[str]) -> Iterator[str]:
    """Folders and those below them, each once: by its own path if that is below, else by a link's."""
    known: set[str] = set()
    waiting = [*tops]
    for top in waiting:
        for folder, names, _ in os.walk(top):
            real = os.path.realpath(folder)
            names[:] = [] if real in known else sorted(name for name in names if not name.startswith("."))
            if real not in known:
                known.add(real)
                yield folder
                waiting += [path for path in (os.path.join(folder, name) for name in names) if os.path.islink(path)]
