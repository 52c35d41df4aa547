"""The result files of one data set before they are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from hiermeta.io.registry import outputs, without_rows


@dataclass
class Results:
    """Tables by file name without ``.csv``, documents by file name without ``.json``."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)

    def update(self, other: Results) -> None:
        """Put another's files in place of these."""
        self.tables |= other.tables
        self.documents |= other.documents


def without_results(analysis: str, status: str, message: str) -> Results:
    """The files of a data set without results: the columns of each table, and why there is nothing in them.

    Parameters
    ----------
    analysis : str
        ``meta`` or ``hierarchical``.
    status, message : str
        What ``diagnostics.json`` says.
    """
    files = outputs("analyse", analysis).values()
    tables = {file.removesuffix(".csv"): without_rows(file, analysis) for file in files if file.endswith(".csv")}
    documents = {
        file.removesuffix(".json"): {"applies": False, "reason": message} for file in files if file.endswith(".json")
    }
    verdict = {"status": status, "message": message, "checks": [], "agreement": [], "attempts": []}
    return Results(tables, documents | {"diagnostics": verdict})
