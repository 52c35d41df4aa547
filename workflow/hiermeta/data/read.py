"""Reading CSV and TSV files as text, and columns of that text as numbers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data.delimited import is_missing, read_records
from hiermeta.data.problems import Problem, Refused

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
