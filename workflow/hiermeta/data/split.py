"""One table, several analyses: the levels of a column, and the rows of one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hiermeta.data.delimited import Records, is_missing
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
        One data set of the config, as `hiermeta.data.config.complete` returns it.

    Returns
    -------
    source : Source
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
    records = Records(source.path, source.sha256, list(table.columns), dict(enumerate(table.to_numpy().tolist())))
    level = settings.get("level")
    if level not in levels(records, column):
        raise Refused([Problem(f"{source.path}: no row where {column!r} is {level!r}", "Run again", column=column)])
    kept = replace(source, table=table[table[column] == level])
    notes = [f"{_rows(len(kept.table))} of {len(table)} where {column} is {level}."]
    empty = int(table[column].map(is_missing).sum())
    if empty:
        notes.append(f"{_rows(empty)} without a value in column {column!r}: part of no analysis.")
    return kept, notes


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
