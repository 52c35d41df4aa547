"""Rows left out, summarised by reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LISTED = 12
"""Rows that a reason names."""


def by_reason(dropped: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reasons with their numbers of rows, the most frequent first.

    Parameters
    ----------
    dropped : sequence of dict
        ``row`` and ``reason`` of each row left out, in the order of the file.

    Returns
    -------
    list of dict
        ``reason``, ``count``, and ``first_rows``, at most `LISTED` data lines.

    Examples
    --------
    >>> by_reason([{"row": 2, "reason": "no value in column 'x'"}, {"row": 5, "reason": "no value in column 'x'"}])
    [{'reason': "no value in column 'x'", 'count': 2, 'first_rows': [2, 5]}]
    """
    rows: dict[str, list[int]] = {}
    for entry in dropped:
        rows.setdefault(entry["reason"], []).append(entry["row"])
    summary = [{"reason": reason, "count": len(lines), "first_rows": lines[:LISTED]} for reason, lines in rows.items()]
    return sorted(summary, key=lambda entry: -entry["count"])


def listed(entry: dict[str, Any]) -> str:
    """The first data lines of a reason in words, the rest counted.

    Parameters
    ----------
    entry : dict
        Of `by_reason`.

    Examples
    --------
    >>> listed({"count": 5, "first_rows": [1, 4]})
    '1, 4 and 3 more'
    """
    more = entry["count"] - len(entry["first_rows"])
    return ", ".join(map(str, entry["first_rows"])) + (f" and {more:,} more" if more else "")
