"""One table, several analyses: the levels of a column, and the rows of one of them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from hiermeta.data.delimited import Records, is_missing, read_file, read_records
from hiermeta.data.problems import Problem, Refused

if TYPE_CHECKING:
    from hiermeta.data.read import Source


def levels(records: Records, column: str) -> list[str]:
    """Values of a column, in order of first appearance, empty cells aside.

    Parameters
    ----------
    records : Records
    column : str

    Raises
    ------
    Refused
        When there is no such column, or nothing in it.
    """
    if column not in records.header:
        message = f"{records.path}: no column {column!r}, which `split_by:` names"
        raise Refused([Problem(message, f"The file has {', '.join(map(repr, records.header))}", column=column)])
    position = records.header.index(column)
    found = dict.fromkeys(row[position] for row in records.rows.values() if not is_missing(row[position]))
    if not found:
        message = f"{records.path}: every cell of column {column!r} is empty, which `split_by:` names"
        raise Refused([Problem(message, "It must say which analysis a row belongs to", column=column)])
    return list(found)


def part(source: Source, settings: dict[str, Any]) -> tuple[Source, list[str]]:
    """The rows of a data set's own level; all of them where the config doesn't split its file.

    Parameters
    ----------
    source : Source
    settings : dict
        One data set of the config, as `hiermeta.config.expand.complete` returns it.

    Returns
    -------
    source : Source
        Its hash is that of the part, as `contents` gives it.
    notes : list of str
        Which rows belong to the analysis, and how many belong to none.

    Raises
    ------
    Refused
        When the file couldn't be split, or the level has left it since.
    """
    if "split_by" not in settings:
        return source, []
    column, table = settings["split_by"], source.table
    rows = dict(zip(table.index.tolist(), table.to_numpy().tolist(), strict=True))
    records = Records(source.path, source.sha256, list(table.columns), rows)
    level = settings.get("level")
    if level not in levels(records, column):
        raise Refused([Problem(f"{source.path}: no row where {column!r} is {level!r}", "Run again", column=column)])
    kept = replace(source, table=table[table[column] == level], sha256=parts(records, column)[level])
    notes = [f"{_rows(len(kept.table))} of the file, those where {column} is {level}."]
    empty = int(table[column].map(is_missing).sum())
    if empty:
        notes.append(f"{_rows(empty)} without a value in column {column!r}: part of no analysis.")
    return kept, notes


def parts(records: Records, column: str) -> dict[str, str]:
    """SHA-256 of each level's own rows, with their numbers, the header and the number of rows that have no level."""
    position = records.header.index(column)
    empty = sum(is_missing(row[position]) for row in records.rows.values())
    hashes = {level: hashlib.sha256(repr((records.header, empty)).encode()) for level in levels(records, column)}
    for line, row in records.rows.items():
        if row[position] in hashes:
            hashes[row[position]].update(repr((line, row)).encode())
    return {level: found.hexdigest() for level, found in hashes.items()}


def input_files(settings: dict[str, Any]) -> dict[str, str]:
    """Paths of the files that a data set is read from, by the keys that name them."""
    return {key: settings[key] for key in ("data", "covariance") if key in settings}


def contents(settings: dict[str, Any]) -> list[str]:
    """SHA-256 of what a data set is read from: its file, or its part of one, and its covariance file.

    Parameters
    ----------
    settings : dict
        One data set of the config, as `hiermeta.config.expand.complete` returns it.

    Returns
    -------
    list of str
        Empty text for a file that can't be read.
    """
    found = []
    for path in input_files(settings).values():
        try:
            found.append(_content(path, os.stat(path).st_mtime_ns))
        except (OSError, ValueError, Refused):  # a ValueError where the name itself is impossible
            found.append("")
    if "level" in settings and found[0]:
        changed = os.stat(settings["data"]).st_mtime_ns
        found[0] = _parts(settings["data"], settings["split_by"], changed)[settings["level"]]
    return found


@cache
def _content(path: str, changed: int) -> str:
    return hashlib.sha256(read_file(path, "data")).hexdigest()


@cache
def _parts(path: str, column: str, changed: int) -> dict[str, str]:
    return parts(read_records(path), column)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
