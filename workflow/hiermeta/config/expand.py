"""From what a config says of many data sets at once to one complete entry per analysis."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hiermeta.config.load import ConfigError, Settings
from hiermeta.config.messages import faults, named, not_utf8
from hiermeta.config.models import LONGEST_NAME, Config, Regression, Sampling, defaults
from hiermeta.config.table import Unreadable, read_settings
from hiermeta.data.problems import Refused
from hiermeta.data.read import Records, read_records
from hiermeta.data.selection import input_files, levels
from hiermeta.io.results_folder import RESERVED_NAMES, obstacles, would_be_replaced


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


MOST_PROBLEMS = 20
"""A config with more problems than this lists the first ones and counts the rest."""


def complete(config: Settings, read_from: Sequence[str | Path] = ()) -> Settings:
    """Check a config, fill in the defaults and list its analyses.

    Parameters
    ----------
    config : dict
        As read from YAML.
    read_from : sequence of str or pathlib.Path
        The config's files, which must not lie where results are written, as no file that the config names may.

    Returns
    -------
    dict
        ``results``, ``png`` and ``datasets``: the settings by name of each analysis, with its complete ``sampling``.
        Files that the config gives by a pattern or splits by a column are one analysis each by now.

    Raises
    ------
    ConfigError
        Lists every problem with the key's full name and what is allowed there.
    """
    entries = _entries(config)
    shared, sampling = config.get("defaults", {}), defaults(Sampling) | config.get("sampling", {})
    datasets: dict[str, Settings] = {}
    given_by = dict.fromkeys(RESERVED_NAMES, "the results folder, which has a file of that name")
    problems: list[str] = []
    inputs: list[tuple[str, str | Path]] = [("config file", path) for path in read_from]
    inputs += [("datasets_table", config["datasets_table"])] if "datasets_table" in config else []
    for place, name, own in entries:
        settings = merged(shared, own)
        incomplete = faults("analysis", settings, place)
        problems += incomplete
        if incomplete:
            continue
        settings["sampling"] = sampling | settings.get("sampling", {})
        try:
            found = list(analyses(name, settings))
        except FileNotFoundError as error:
            problems.append(f"{place}data: {error}; correct the pattern or the working directory")
            continue
        for one, complete_settings in found:
            if one in given_by:
                problems.append(f"{named(place)}: the name {one!r} is taken by {given_by[one]}; rename one")
            if complete_settings["analysis"] == "hierarchical":
                complete_settings = defaults(Regression) | complete_settings
            datasets[one], given_by[one] = in_order(complete_settings), named(place)
            inputs += [(f"{place}{key}", path) for key, path in input_files(complete_settings).items()]
    whole = {key: config.get(key, default) for key, default in defaults(Config).items()} | {"datasets": datasets}
    whole["results"] = os.path.normpath(whole["results"])  # Snakemake compares paths as they are written
    for key, path in inputs:
        problems += _unspeakable(key, path) or would_be_replaced(key, path, whole["results"], datasets)
    problems += obstacles(whole["results"], datasets)
    _refuse(problems)
    return whole


def in_order(value: Any) -> Any:
    """Settings with their keys in alphabetical order, so that the order in the file changes no result."""
    if isinstance(value, list):
        return [in_order(one) for one in value]
    return {key: in_order(value[key]) for key in sorted(value)} if isinstance(value, dict) else value


def _entries(config: Settings) -> list[tuple[str, str, Settings]]:
    """Place, name and own settings of each entry, each setting checked by itself."""
    for name in config.get("datasets") or {}:
        if not isinstance(name, str):
            raise ConfigError(f"datasets: {name!r} is read as {type(name).__name__}; put quotes around the name")
    shared = config.get("defaults")
    checked = dict(config)
    if isinstance(config.get("datasets"), dict) and isinstance(shared, dict):
        checked["datasets"] = {name: _without_taken_back(own, shared) for name, own in config["datasets"].items()}
    _refuse(faults("config", checked, ""))
    entries = [(f"datasets.{name}.", name, own) for name, own in config.get("datasets", {}).items()]
    if "datasets_table" not in config:
        return entries
    try:
        rows = read_settings(config["datasets_table"])
    except Unreadable as error:
        problems = error.problems
    else:
        problems = [line for place, name, _ in rows for line in faults("name", name, f"{place}name")]
        problems += [line for place, _, own in rows for line in faults("dataset", own, place)]
    _refuse(list(dict.fromkeys(problems)))
    return entries + rows


def _without_taken_back(own: Any, shared: Settings) -> Any:
    """Settings of an entry but for ``KEY: null`` where there is a shared setting to take back."""
    if not isinstance(own, dict):
        return own
    return {
        key: _without_taken_back(value, shared[key]) if isinstance(shared.get(key), dict) else value
        for key, value in own.items()
        if value is not None or key not in shared
    }


def _refuse(problems: list[str]) -> None:
    if not problems:
        return
    problems = list(dict.fromkeys(problems))
    lines = [f"- {line}" for line in problems[:MOST_PROBLEMS]]
    lines += [f"- and {len(problems) - MOST_PROBLEMS} more"] if len(problems) > MOST_PROBLEMS else []
    raise ConfigError("the config can't be used:", *lines)


def _unspeakable(key: str, path: str | Path) -> list[str]:
    """What to say of a path, such as one that a pattern finds, that neither results nor Snakemake's logs can hold."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return [f"{key}: {not_utf8(path)}"]
    return []


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
