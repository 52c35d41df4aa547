"""Rows that `subset:` keeps."""

from __future__ import annotations

from typing import Any

from hiermeta.data.problems import Problem, Refused
from hiermeta.data.read import Source


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
