"""The pieces a page is made of: numbers that know where they come from, text, statuses, tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hiermeta.io.results import Row
from hiermeta.text.numbers import (
    EXACT,
    MISSING,
    as_written,
    count,
    fixed,
    limit,
    p_value,
    percent,
    places,
    printed,
    significant,
    width_as_sd,
)


@dataclass(frozen=True)
class Number:
    """A printed number, its value at full precision and the place in the files it was read from.

    Parameters
    ----------
    text : str
        As printed.
    value : float or int or None
        As in the file; None where the file has none.
    source : str
        ``FILE/KEY/KEY``; for tables ``FILE/ROW/COLUMN``, rows counted from 0.
    via : str
        The transformation that leads from the file's value to this one; empty where it is the file's own.
    """

    text: str
    value: float | int | None
    source: str
    via: str = ""
    kind: str = field(default="number", init=False)

    @property
    def raw(self) -> str:
        return "" if self.value is None else repr(self.value)

    @property
    def brief(self) -> str:
        """The value to eight digits, as tables of a page hold it; the files have all of them."""
        return "" if self.value is None else f"{self.value:.8g}" if isinstance(self.value, float) else str(self.value)

    @property
    def place(self) -> str:
        """The source without its last key: what the cells of a table row share."""
        return self.source.rpartition("/")[0]

    @property
    def key(self) -> str:
        return self.source.rpartition("/")[2]


@dataclass(frozen=True)
class Text:
    """Words; `foreign` ones are the user's own, which may run from right to left."""

    text: str
    foreign: bool = False
    kind: str = field(default="text", init=False)


@dataclass(frozen=True)
class Missing:
    """A number that there is none of."""

    kind: str = field(default="missing", init=False)


@dataclass(frozen=True)
class Status:
    """``pass``, ``warn``, ``fail`` or ``refused``."""

    word: str
    kind: str = field(default="status", init=False)


@dataclass(frozen=True)
class Link:
    """A relative link with the user's name for its target, and what stands below it."""

    text: str
    target: str
    note: str = ""
    kind: str = field(default="link", init=False)


@dataclass(frozen=True)
class Interval:
    """An interval drawn in a table cell: positions from 0 to 100 on an axis shared by comparable rows."""

    lower: float
    point: float
    upper: float
    zero: float | None
    kind: str = field(default="interval", init=False)


Cell = Number | Missing | Text | Status | Link | Interval
Sentence = list[str | Number]


@dataclass(frozen=True)
class Column:
    """A table column; `numeric` ones are right-aligned and sort by value.

    `cell` is what stands in it, from a row of a file and its place there, for tables that are made by ``tabulated``.
    """

    label: str
    numeric: bool = False
    cell: Callable[[Row, str], Cell] | None = None


def numeric(*labels: str) -> list[Column]:
    """Heads of columns of numbers."""
    return [Column(label, numeric=True) for label in labels]


@dataclass(frozen=True)
class Table:
    """A table with its caption; `file` is the result file beside the page that holds all of it."""

    id: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    file: str

    @property
    def keys(self) -> list[str]:
        """What the numbers of each column are called in the files, by the first row; empty where there is none."""
        return [cell.key if isinstance(cell, Number) else "" for cell in (self.rows[0] if self.rows else ())]


def of_summary(row: Row, column: str, source: str) -> Number:
    """A number of a summary row, with the digits that its own Monte Carlo error supports."""
    return Number(printed(row, column), row[column], source_of(row, column, source))


def source_of(row: Row, column: str, source: str) -> str:
    """Where a number of a summary row stands in the files: in the row at `source`, or among the exact values."""
    return str(row.get("from", {}).get(column, f"{source}/{column}"))


def with_places(row: Row, column: str, source: str, places: int) -> Number:
    """A number of a table row, with this many decimal places."""
    return Number(fixed(row[column], places), row[column], f"{source}/{column}")


_PRINTERS: dict[str, Callable[[float], str]] = {
    "significant": significant,
    "statistic": lambda value: significant(value) if abs(value) >= 0.001 else "0.000",
    "short": lambda value: significant(value, 2),
    "fine": lambda value: significant(value, 5),
    "count": count,
    "whole": lambda value: fixed(value, 0),
    "plain": as_written,
    "p": p_value,
    "percent": lambda value: percent(value, math.nan),
    "tenth": lambda value: fixed(value, 1),
}


def from_document(document: Any, path: str, file: str, form: str = "significant") -> Number:
    """A number of a JSON document.

    Parameters
    ----------
    document : dict or list
        The document.
    path : str
        Keys and positions, joined by slashes.
    file : str
        The document's file name.
    form : str
        ``significant`` (three digits), ``statistic`` (the same down to 0.001), ``short`` (two), ``fine`` (five),
        ``count``, ``whole`` without commas, ``plain`` for a setting, ``p`` for a p-value, ``percent`` for a
        probability, ``tenth`` (one decimal place).

    Examples
    --------
    >>> from_document({"checks": [{"value": 1.00123}]}, "checks/0/value", "d.json", "fine")
    Number(text='1.0012', value=1.00123, source='d.json/checks/0/value', via='', kind='number')
    """
    value = entry(document, path)
    if value is None:
        return Number(MISSING, None, f"{file}/{path}")
    return Number(_PRINTERS[form](float(value)), value, f"{file}/{path}")


def to_error(document: Any, path: str, file: str, error: float | None, *, of_interval: bool = False) -> Number:
    """A number without Monte Carlo error of a JSON document, to two digits of its standard error.

    Parameters
    ----------
    document, path, file
        As for `from_document`.
    error : float or None
        The standard error; without one the number has three significant digits.
    of_interval : bool
        Whether the number is the limit of an interval, which is never printed as zero unless it is.

    Examples
    --------
    >>> to_error({"slope": -0.98532}, "slope", "d.json", 0.687).text
    '−0.99'
    """
    value = entry(document, path)
    if value is None or not error or not math.isfinite(error):
        return from_document(document, path, file)
    text = (limit if of_interval else fixed)(float(value), places(error, EXACT))
    return Number(text, value, f"{file}/{path}")


def estimate_cells(
    document: Any, paths: Sequence[str | None], file: str, error: float | None = None
) -> list[Number | Missing]:
    """An estimate without Monte Carlo error and its limits, to two digits of its standard error.

    Parameters
    ----------
    document : dict or list
        The document.
    paths : sequence of str or None
        Keys and positions of estimate, lower and upper limit; None where there is none.
    file : str
        The document's file name.
    error : float, optional
        The standard error; where there is none, it follows from the width of the interval.
    """
    values = [None if path is None else entry(document, path) for path in paths]
    low, high = values[1:]
    if not error and low is not None and high is not None:
        error = width_as_sd(float(low), float(high))
    return [
        Missing() if value is None or path is None else to_error(document, path, file, error, of_interval=i > 0)
        for i, (path, value) in enumerate(zip(paths, values, strict=True))
    ]


def entry(document: Any, path: str) -> Any:
    """What stands in a JSON document at keys and positions joined by slashes; None also below a None."""
    for key in path.split("/"):
        if document is None:
            return None
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document
