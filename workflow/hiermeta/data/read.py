"""CSV and TSV files as text, cell by cell, and columns of that text as numbers."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data.problems import Problem, Refused

LARGEST = 500_000_000
"""Bytes of a table; a larger file is refused before it is read."""

PACKED = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
"""First bytes of zip (xlsx, ods), xls, gzip, bzip2, xz and zstandard files."""

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "-", "?"})


@dataclass(frozen=True)
class Records:
    """Rows of text as a file has them.

    Parameters
    ----------
    path : str
        As the config names it.
    sha256 : str
        Hash of the file's bytes.
    header : list of str
        Names of the columns.
    rows : dict of int to list of str
        Cells without surrounding blanks, as many as the header has, by data line in the file, from 1; blank lines
        are left out.
    """

    path: str
    sha256: str
    header: list[str]
    rows: dict[int, list[str]]


def is_missing(text: str) -> bool:
    """Whether a cell counts as empty (NA, NaN, a dot, ...).

    Examples
    --------
    >>> [is_missing(cell) for cell in ("", "NA", "0")]
    [True, True, False]
    """
    return text.lower() in MISSING


def read_records(path: str, key: str = "data") -> Records:
    """Read a CSV or TSV file in UTF-8 with a header row.

    Parameters
    ----------
    path : str
        File name; ``.tsv`` and ``.tab`` are separated by tabs, everything else by the separator that the header
        line shows most often (comma, semicolon, tab).
    key : str
        The setting that names the file.

    Raises
    ------
    Refused
        Missing, unreadable, empty or ragged file, wrong encoding, empty or repeated column names.
    """
    content = read_file(path, key)
    if content.startswith(PACKED):
        raise _refused(f"{path}: not a text file but a workbook or compressed one", "Export the sheet as CSV in UTF-8")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _refused(f"{path}: the text is UTF-16, not UTF-8", "Save it as UTF-8 (in a spreadsheet: CSV UTF-8)")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        remedy = "Save it as UTF-8 (in a spreadsheet: CSV UTF-8)"
        raise _refused(f"{path}: line {line} of the file is not UTF-8", remedy) from None
    if "\0" in text:
        raise _refused(f"{path}: not a text file (it holds zero bytes)", "Export the table as CSV in UTF-8")
    lines = text.replace("\r\n", "\n").replace("\r", "\n")  # a lone \r within a cell would end a row elsewhere
    return Records(path, hashlib.sha256(content).hexdigest(), *_parse(path, lines))


def read_file(path: str, key: str) -> bytes:
    """The bytes of a file that a setting names.

    Parameters
    ----------
    path : str
    key : str
        The setting, for messages.

    Raises
    ------
    Refused
        No such file, one that can't be read or isn't a regular file (reading a pipe or device may never end), or one
        of more than `LARGEST` bytes.
    """
    try:
        if not Path(path).is_file():
            Path(path).stat()
            what = "is a directory" if Path(path).is_dir() else "not a regular file"
            raise _refused(f"{path}: can't be read ({what})", f"`{key}:` must name a readable file")
        size = Path(path).stat().st_size
        if size > LARGEST:
            message = f"{path}: the file has {size / 1e6:.0f} MB, the most is {LARGEST / 1e6:.0f} MB"
            raise _refused(message, "Keep the columns and rows that the analysis uses")
        return Path(path).read_bytes()
    except FileNotFoundError:
        remedy = f"Check `{key}:`; paths are relative to the working directory"
        raise _refused(f"{path}: no such file", remedy) from None
    except (OSError, ValueError) as error:  # a ValueError where the name itself is impossible
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise _refused(f"{path!r}: can't be read ({reason})", f"`{key}:` must name a readable file") from None


def _parse(path: str, text: str) -> tuple[list[str], dict[int, list[str]]]:
    if not text.strip():
        raise _refused(f"{path}: the file is empty", "It needs a header row and one row per estimate")
    header_line = text.lstrip("\r\n").split("\n", 1)[0]
    outside = re.sub(r'"[^"]*"?', "", header_line)
    if re.match(r"\"?sep=", header_line, re.IGNORECASE):
        raise _refused(f"{path}: the first line, {header_line.strip()!r}, is no header", "Delete that line")
    separator = "\t" if path.lower().endswith((".tsv", ".tab")) else max(",;\t", key=outside.count)
    lines = _lines(path, text, separator)
    header = [name.strip() for name in next(lines)]
    if len(header) == 1 and re.search(r"[|\s]", header[0]):
        remedy = "Separate cells by commas, semicolons or tabs"
        raise _refused(f"{path}: the header is one column, {header[0][:80]!r}", remedy)
    for name, count in Counter(header).items():
        if not name and len(header) > 1 and header.index(name) > 0:
            raise _refused(
                f"{path}: column {header.index(name) + 1} has no name", "Name every column of the header row"
            )
        if count > 1:
            raise _refused(f"{path}: column {name!r} stands {count} times in the header", "Column names must differ")
    rows = {}
    for line, record in enumerate(lines, start=1):
        if not any(cell.strip() for cell in record):
            continue
        if len(record) != len(header):
            cells = "1 cell" if len(record) == 1 else f"{len(record)} cells"
            message = f"{path}: row {line} has {cells} where the header has {len(header)}"
            raise Refused([Problem(message, "Quote cells that hold the separator, and give every row as many", line)])
        rows[line] = [cell.strip() for cell in record]
    if not rows:
        raise _refused(f"{path}: no data below the header", "It needs one row per estimate")
    return header, rows


def _lines(path: str, text: str, separator: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    except csv.Error as error:
        raise _refused(f"{path}: not a readable CSV file ({error})", "Check its quotation marks") from None


def _refused(message: str, remedy: str) -> Refused:
    return Refused([Problem(message, remedy)])


COMMAS = re.compile(r"[-+]?\d*(,\d+)+(\.\d+)?([eE][-+]?\d+)?")
"""Numbers with decimal commas or thousands separators."""
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
    records = read_records(path)
    index = pd.Index(list(records.rows), name="row")
    table = pd.DataFrame(list(records.rows.values()), columns=records.header, index=index, dtype=str)
    return Source(path, records.sha256, table)


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
    if bad and all(COMMAS.fullmatch(text) for _, text in bad):
        row, text = bad[0]
        cells = "1 cell has" if len(bad) == 1 else f"{len(bad)} cells have"
        found = f"{source.path}: row {row}, column {column!r}: {text[:60]!r} is not a number; {cells} commas"
        remedy = "Write numbers with a decimal point and without thousands separators"
        problems.append(Problem(found, remedy, row, column))
        return values
    if len(bad) > 1 and not np.isfinite(values).any():
        some = ", ".join(repr(text[:60]) for text in list(dict.fromkeys(text for _, text in bad))[:2])
        found = f"{source.path}: column {column!r} holds text such as {some} and no numbers"
        remedy = "Name a column of numbers, or write numbers: 1 and 0 for yes and no"
        problems.append(Problem(found, remedy, column=column))
        return values
    for row, text in bad[:REPORTED_ROWS]:
        remedy = "Write numbers with a decimal point and nothing else, and leave unknown values empty or NA"
        problems.append(
            Problem(f"{source.path}: row {row}, column {column!r}: {text[:60]!r} is not a number", remedy, row, column)
        )
    if len(bad) > REPORTED_ROWS:
        more = len(bad) - REPORTED_ROWS
        problems.append(
            Problem(f"{source.path}: column {column!r} has {more} more such cells", "Fix these as well", column=column)
        )
    return values


def _number(text: str) -> float:
    if "_" in text:
        raise ValueError(text)
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value
