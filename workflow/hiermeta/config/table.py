"""A table with the settings of one data set per row (`datasets_table:`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from hiermeta.config.load import Settings
from hiermeta.config.models import DataSet
from hiermeta.config.schema import schema
from hiermeta.data.problems import Refused
from hiermeta.data.read import read_records

Reader = Callable[[str], Any]
NAME = "name"
"""The column that names the data sets."""


class Unreadable(Exception):
    """The table can't be used; ``problems`` are lines that name file, row and column."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_settings(path: str) -> list[tuple[str, str, Settings]]:
    """Settings by row, with the types that their keys have.

    A column is a setting (``measure``) or a setting within another, after a dot (``priors.tau``, ``subset.outcome``).
    Settings that are text are written as they stand, numbers and true/false as in YAML, and lists, and several
    settings at once, in JSON (``["study", "arm"]``). An empty cell sets nothing.

    Parameters
    ----------
    path : str

    Returns
    -------
    list of (str, str, dict)
        Place (file and row, with a colon), name and settings of each data set.

    Raises
    ------
    Unreadable
        The file can't be read, a name is missing or stands twice, a cell isn't what its column holds.
    """
    try:
        records = read_records(path, "datasets_table")
    except Refused as refused:
        raise Unreadable([str(problem) for problem in refused.problems]) from None
    if NAME not in records.header:
        raise Unreadable([f"{path}: no column {NAME!r}, which names the data sets; it has {', '.join(records.header)}"])
    readers = {column: _reader(column.split(".", 1)) for column in records.header if column != NAME}
    found, problems, seen = [], [], dict[str, int]()
    for line, cells in records.rows.items():
        row = dict(zip(records.header, cells, strict=True))
        place, name = f"{path}, row {line}: ", row.pop(NAME)
        if not name:
            problems.append(f"{place}column {NAME!r}: the data set has no name")
        elif name in seen:
            problems.append(f"{place}column {NAME!r}: {name!r} stands in row {seen[name]} already")
        seen.setdefault(name, line)
        settings: Settings = {}
        for column, text in row.items():
            if not text:
                continue
            try:
                value = readers[column](text)
            except ValueError as error:
                problems.append(f"{place}column {column!r}: {text[:60]!r} is not {error}")
                continue
            _put(settings, column.split(".", 1), value)
        found.append((place, name, settings))
    if problems:
        raise Unreadable(problems)
    return found


def _put(settings: Settings, keys: list[str], value: Any) -> None:
    if len(keys) == 2:
        value = {keys[1]: value}
    if isinstance(value, dict) and isinstance(settings.get(keys[0]), dict):
        value = settings[keys[0]] | value
    settings[keys[0]] = value


def _reader(keys: list[str]) -> Reader:
    """How the cells of a column are read; unknown keys are read as text, and refused later."""
    part = whole = _data_set()
    for key in keys:
        further = part.get("additionalProperties")
        part = part.get("properties", {}).get(key, further if isinstance(further, dict) else {})
        part = whole["$defs"][part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else part
    kinds = {option.get("type") for option in part.get("anyOf", [part])}
    if "array" in kinds and "string" in kinds:
        return lambda text: _json(text) if text.startswith("[") else text
    if "array" in kinds or "object" in kinds:
        return _json
    if "string" in kinds or None in kinds:
        return str
    return _truth if "boolean" in kinds else _whole if "integer" in kinds else _number


@cache
def _data_set() -> dict[str, Any]:
    return schema(DataSet)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError('JSON, such as ["study", "arm"] or {"tau": "half_normal(1)"}') from None


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return text.lower() == "true"


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("a whole number") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("a number") from None
