"""Which rows are analysed: those of a level of `split_by:`, those that `subset:` keeps; the rest, by reason."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from hiermeta.data.problems import Problem, Refused
from hiermeta.data.read import Records, Source, is_missing, read_file, read_records


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


def keep(source: Source, subset: dict[str, Any]) -> tuple[Source, list[dict[str, Any]]]:
    """The rows in which each of some columns has the value asked for.

    Parameters
    ----------
    source : Source
    subset : dict
        Column to value: text, a number or true/false.

    Returns
    -------
    source : Source
    dropped : list of dict
        ``row`` and ``reason`` of the other rows.

    Raises
    ------
    Refused
        When no row is left.
    """
    table, dropped = source.table, []
    for column, value in subset.items():
        keep = table[column].map(lambda text, value=value: _matches(text, value)).astype(bool)
        dropped += [{"row": int(row), "reason": f"subset: {column} is not {value}"} for row in table.index[~keep]]
        if not keep.any():
            present = ", ".join(map(repr, list(dict.fromkeys(table[column]))[:10]))
            message = f"{source.path}: no row left where column {column!r} is {value!r}, as `subset:` asks"
            raise Refused([Problem(message, f"The column has {present}", column=column)])
        table = table[keep]
    return Source(source.path, source.sha256, table), sorted(dropped, key=lambda entry: entry["row"])


def _matches(text: str, value: str | float | bool) -> bool:
    if isinstance(value, bool):
        return text.casefold() == str(value).casefold()
    if isinstance(value, (int, float)):
        try:
            return float(text) == value
        except ValueError:
            return False
    return text == value


LISTED = 12
"""Rows that a reason names."""


def by_reason(dropped: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reasons with their numbers of rows, the most frequent first.

    Parameters
    ----------
    dropped : sequence of dict
        ``row`` and ``reason`` of each row left out, in the order of the file.

    Returns
    -------
    list of dict
        ``reason``, ``count``, and ``first_rows``, at most `LISTED` data lines.

    Examples
    --------
    >>> by_reason([{"row": 2, "reason": "no value in column 'x'"}, {"row": 5, "reason": "no value in column 'x'"}])
    [{'reason': "no value in column 'x'", 'count': 2, 'first_rows': [2, 5]}]
    """
    rows: dict[str, list[int]] = {}
    for entry in dropped:
        rows.setdefault(entry["reason"], []).append(entry["row"])
    summary = [{"reason": reason, "count": len(lines), "first_rows": lines[:LISTED]} for reason, lines in rows.items()]
    return sorted(summary, key=lambda entry: -entry["count"])


def listed(entry: dict[str, Any]) -> str:
    """The first data lines of a reason in words, the rest counted.

    Parameters
    ----------
    entry : dict
        Of `by_reason`.

    Examples
    --------
    >>> listed({"count": 5, "first_rows": [1, 4]})
    '1, 4 and 3 more'
    """
    more = entry["count"] - len(entry["first_rows"])
    return ", ".join(map(str, entry["first_rows"])) + (f" and {more:,} more" if more else "")
