"""Reading CSV and TSV files as text, and columns of that text as numbers."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data.problems import Problem, Refused

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "-", "?"})
REPORTED_ROWS = 20
"""A column with more bad cells than this lists the first ones and counts the rest."""


@dataclass(frozen=True)
class Source:
    """A table as its file has it.

    Parameters
    ----------
    path : str
        As the config names it.
    sha256 : str
        Hash of the file's bytes.
    table : pandas.DataFrame
        Cells as text without surrounding blanks; the index is the data line in the file, from 1.
    """

    path: str
    sha256: str
    table: pd.DataFrame


def is_missing(text: str) -> bool:
    """Whether a cell counts as empty (NA, NaN, a dot, ...).

    Examples
    --------
    >>> [is_missing(cell) for cell in ("", "NA", "0")]
    [True, True, False]
    """
    return text.lower() in MISSING


def read_table(path: str) -> Source:
    """Read a CSV or TSV file in UTF-8 with a header row.

    Parameters
    ----------
    path : str
        File name; ``.tsv`` and ``.tab`` are separated by tabs, everything else by the separator that the header
        line shows most often (comma, semicolon, tab).

    Raises
    ------
    Refused
        Missing, unreadable, empty or ragged file, wrong encoding, empty or repeated column names.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise _refused(f"{path}: no such file", "Check `data:`; paths are relative to the working directory") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _refused(f"{path}: can't be read ({reason})", "`data:` must name a readable file") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        remedy = "Save it as UTF-8 (in a spreadsheet: CSV UTF-8)"
        raise _refused(f"{path}: line {line} of the file is not UTF-8", remedy) from None
    if "\0" in text:
        raise _refused(f"{path}: not a text file (it holds zero bytes)", "Export the table as CSV in UTF-8")
    return Source(path, hashlib.sha256(content).hexdigest(), _parse(path, text))


def _parse(path: str, text: str) -> pd.DataFrame:
    if not text.strip():
        raise _refused(f"{path}: the file is empty", "It needs a header row and one row per estimate")
    header_line = text.lstrip("\r\n").split("\n", 1)[0]
    separator = "\t" if path.lower().endswith((".tsv", ".tab")) else max(",;\t", key=header_line.count)
    rows = _records(path, text, separator)
    header = [name.strip() for name in next(rows)]
    for name, count in Counter(header).items():
        if not name and len(header) > 1 and header.index(name) > 0:
            raise _refused(
                f"{path}: column {header.index(name) + 1} has no name", "Name every column of the header row"
            )
        if count > 1:
            raise _refused(f"{path}: column {name!r} stands {count} times in the header", "Column names must differ")
    cells, index = [], []
    for line, record in enumerate(rows, start=1):
        if not any(cell.strip() for cell in record):
            continue
        if len(record) != len(header):
            message = f"{path}: row {line} has {len(record)} cells where the header has {len(header)}"
            raise Refused([Problem(message, "Quote cells that hold the separator, and give every row as many", line)])
        cells.append([cell.strip() for cell in record])
        index.append(line)
    if not cells:
        raise _refused(f"{path}: no data below the header", "It needs one row per estimate")
    return pd.DataFrame(cells, columns=header, index=pd.Index(index, name="row"), dtype=str)


def _records(path: str, text: str, separator: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    except csv.Error as error:
        raise _refused(f"{path}: not a readable CSV file ({error})", "Check its quotation marks") from None


def _refused(message: str, remedy: str) -> Refused:
    return Refused([Problem(message, remedy)])


def require_columns(source: Source, wanted: dict[str, str]) -> None:
    """Check that columns exist.

    Parameters
    ----------
    source : Source
    wanted : dict of str to str
        Config key to the column it names.

    Raises
    ------
    Refused
        Naming each missing column, its key, and the nearest column there is.
    """
    columns = list(source.table.columns)
    problems = []
    for key, column in wanted.items():
        if column in columns:
            continue
        by_case = {name.casefold(): name for name in columns}
        near = get_close_matches(column.casefold(), by_case, 1)
        guess = f"Did you mean {by_case[near[0]]!r}? " if near else ""
        message = f"{source.path}: no column {column!r}, which `{key}:` names"
        problems.append(Problem(message, f"{guess}The file has {', '.join(map(repr, columns))}", column=column))
    if problems:
        raise Refused(problems)


def numbers(source: Source, column: str, problems: list[Problem]) -> npt.NDArray[np.float64]:
    """One column as numbers.

    Parameters
    ----------
    source : Source
    column : str
        A column of ``source.table``.
    problems : list of Problem
        Cells that are neither a finite number nor missing are added here.

    Returns
    -------
    numpy.ndarray
        Shape (n_rows,); NaN where the cell is missing or bad.
    """
    texts = source.table[column]
    values = np.full(len(texts), math.nan)
    bad = []
    for position, (row, text) in enumerate(texts.items()):
        if is_missing(text):
            continue
        try:
            values[position] = _number(text)
        except ValueError:
            bad.append((row, text))
    for row, text in bad[:REPORTED_ROWS]:
        remedy = "Write numbers with a decimal point and nothing else, and leave unknown values empty or NA"
        problems.append(
            Problem(f"{source.path}: row {row}, column {column!r}: {text[:60]!r} is not a number", remedy, row, column)
        )
    if len(bad) > REPORTED_ROWS:
        more = len(bad) - REPORTED_ROWS
        problems.append(
            Problem(f"{source.path}: column {column!r} has {more} more such cells", "Mend them too", column=column)
        )
    return values


def _number(text: str) -> float:
    if "_" in text:
        raise ValueError(text)
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value
