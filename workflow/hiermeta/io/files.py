"""Result files: written under a temporary name and renamed, so that nothing half-written is ever read.

Text cells that spreadsheet programs would run as formulas are made harmless and brought back: a cell that begins with
``=``, ``+``, ``-``, ``@`` or a control character, and isn't a number, gets an apostrophe in
front, as do cells that have one there already, so that every cell can be told as it was (OWASP, "CSV Injection").
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def safe(text: str) -> str:
    """A cell as it goes into a file.

    Examples
    --------
    >>> [safe(text) for text in ("=1+1", "'=1+1", "-0.5", "Oslo", "- Oslo")]
    ["'=1+1", "''=1+1", '-0.5', 'Oslo', "'- Oslo"]
    """
    return f"'{text}" if _FORMULA.match(text) and not _is_number(text) else text


def original(text: str) -> str:
    """A cell of such a file as it was.

    Examples
    --------
    >>> [original(text) for text in ("'=1+1", "''=1+1", "-0.5", "'s-Hertogenbosch")]
    ['=1+1', "'=1+1", '-0.5', "'s-Hertogenbosch"]
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


_TEXT = ("label", "cluster")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary name to write to; the file takes its place when all went well, and nothing is left otherwise.

    What has the temporary name already is removed, not written through should it be a link.
    """
    temporary = Path(f"{path}.part")
    temporary.unlink(missing_ok=True)
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in one step."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, content: Any) -> None:
    """Write JSON in one step; numbers that are not finite become null."""
    write_text(path, json.dumps(_plain(content), ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table without its index, numbers with all their digits, and no text that a spreadsheet would run."""
    kept = table.rename(columns=safe)
    for i, column in enumerate(kept):
        if not pd.api.types.is_numeric_dtype(kept.dtypes.iloc[i]):
            kept.isetitem(i, _cells(kept[column], safe))
    write_text(path, kept.to_csv(index=False, lineterminator="\n"))


def _cells(column: pd.Series[Any], change: Callable[[str], str]) -> pd.Series[Any]:
    return column.map(lambda cell: change(cell) if isinstance(cell, str) else cell)


def read_csv(path: str | Path, text: Iterable[str] = ()) -> pd.DataFrame:
    """Read a table that `write_csv` wrote, every number and text as it was.

    Parameters
    ----------
    path : str or pathlib.Path
    text : iterable of str
        Columns of text beside labels and clusters.
    """
    types = {safe(column): str for column in (*_TEXT, *text)}
    table = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""], float_precision="round_trip")
    table = table.fillna({column: "" for column in types if column in table})
    for column in table.select_dtypes(object):
        table[column] = _cells(table[column], original)
    return table.rename(columns=original)
