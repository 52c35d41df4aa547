"""From what a config says of many data sets at once to one entry per analysis."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from hiermeta.data.delimited import Records, read_records
from hiermeta.data.patterns import files_matching
from hiermeta.data.problems import Refused
from hiermeta.data.split import levels

Settings = dict[str, Any]
LONGEST_NAME = 100


def merged(shared: Settings, own: Settings) -> Settings:
    """Settings with others on top, nested ones key by key; ``None`` takes a shared setting back.

    Examples
    --------
    >>> merged({"cluster": "lab", "priors": {"mu": "a", "tau": "b"}}, {"cluster": None, "priors": {"tau": "c"}})
    {'priors': {'mu': 'a', 'tau': 'c'}}
    """
    together = dict(shared)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(together.get(key), dict)
        together[key] = merged(together[key], value) if both else value
    return {key: value for key, value in together.items() if value is not None}


def analyses(name: str, settings: Settings) -> Iterator[tuple[str, Settings]]:
    """One analysis per file that `data` matches and level of the column that `split_by` names.

    Parameters
    ----------
    name : str
    settings : dict
        Complete settings of an entry of the config. A file that can't be split stays one analysis, which is refused
        with the reason when its turn comes.

    Yields
    ------
    (str, dict)
        Name and settings; those of a part of a file have its ``level``. The names of several analyses are that of
        the entry and what tells them apart, in lower-case letters, digits, '.', '_' and '-'.

    Raises
    ------
    FileNotFoundError
        When no file matches a pattern.
    """
    pattern = settings["data"]
    if not glob.has_magic(pattern) or os.path.isfile(pattern):
        yield from _split(name, settings)
        return
    files = files_matching(pattern)
    if not files:
        raise FileNotFoundError(f"no file matches {pattern!r} in {os.getcwd()}")
    named = _told_apart(name, files, _stem_below(pattern))
    title = settings.get("title")
    for path, own_name in zip(files, named, strict=True):
        stem = os.path.splitext(os.path.basename(path))[0]
        own = {"data": path, "title": f"{title}: {stem}" if title else stem}
        yield from _split(own_name, settings | own)


def _split(name: str, settings: Settings) -> Iterator[tuple[str, Settings]]:
    if "split_by" not in settings:
        yield name, settings
        return
    path, column = settings["data"], settings["split_by"]
    try:
        found = levels(_records(path, os.stat(path).st_mtime_ns), column)
    except (Refused, OSError, ValueError):  # a ValueError where the name itself is impossible
        yield name, settings
        return
    for level, own_name in zip(found, _told_apart(name, found, str), strict=True):
        yield own_name, settings | {"level": level, "title": f"{settings.get('title', name)}: {level}"}


@cache
def _records(path: str, changed: int) -> Records:
    return read_records(path)


def _stem_below(pattern: str) -> Callable[[str], str]:
    """What a file's path has beyond the folder that a pattern begins with, without its extension."""
    folder = os.path.dirname(re.split(r"[*?[]", pattern, maxsplit=1)[0])
    return lambda path: os.path.splitext(os.path.relpath(path, folder or "."))[0]


def _told_apart(name: str, texts: list[str], short: Callable[[str], str]) -> list[str]:
    """A name for each text; texts whose names would be alike, or empty or too long, get a hash at the end."""
    slugs = [_slug(short(text)) for text in texts]
    counts = Counter(slugs)
    names = []
    for text, slug in zip(texts, slugs, strict=True):
        own = f"{name}-{slug}"
        if not slug or counts[slug] > 1 or len(own) > LONGEST_NAME:
            digest = hashlib.sha256(os.fsencode(text)).hexdigest()[:8]
            own = f"{own[: LONGEST_NAME - 9].rstrip('-')}-{digest}"
        names.append(own)
    return names


def _slug(text: str) -> str:
    """A text in the letters of names.

    Examples
    --------
    >>> _slug("Éducation (2020) – SMD"), _slug("健康")
    ('education-2020-smd', '')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._]+", "-", plain).strip("-._")
