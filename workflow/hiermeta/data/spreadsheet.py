"""Text cells that spreadsheet programs would run as formulas, made harmless and brought back.

A cell that begins with ``=``, ``+``, ``-``, ``@`` or a control character, and isn't a number, gets an apostrophe in
front, as do cells that have one there already, so that every cell can be told as it was (OWASP, "CSV Injection").
"""

from __future__ import annotations

import re

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
