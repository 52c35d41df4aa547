"""Result files: written under a temporary name and renamed, so that nothing half-written is ever read."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_TEXT = ("label", "cluster")


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in one step."""
    temporary = Path(f"{path}.part")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


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
    """Write a table without its index, numbers with all their digits."""
    write_text(path, table.to_csv(index=False, lineterminator="\n"))


def read_csv(path: str | Path, text: Iterable[str] = ()) -> pd.DataFrame:
    """Read a table that `write_csv` wrote, every number as it was.

    Parameters
    ----------
    path : str or pathlib.Path
    text : iterable of str
        Columns of text beside labels and clusters.
    """
    types = dict.fromkeys([*_TEXT, *text], str)
    table = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""], float_precision="round_trip")
    return table.fillna({column: "" for column in types if column in table})
