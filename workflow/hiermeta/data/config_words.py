"""Words for what a config holds and for what it may hold."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from typing import Any

TYPES = {
    "string": "text",
    "number": "a finite number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "keys with values",
}
"""Types of the schema in words."""


def is_scalar(value: Any) -> bool:
    """Whether YAML read a number, true or false, or a date."""
    return isinstance(value, (int, float, date))


def what(value: Any) -> str:
    """A value that YAML read, with what it is."""
    kinds = ((bool, "true/false"), ((int, float), "a number"), (date, "a date"), (str, "text"), (list, "a list"))
    kind = next((name for types, name in kinds if isinstance(value, types)), "keys with values")
    shown = str(value) if is_scalar(value) else repr(value)
    return f"{shown[:60]}{'…' if len(shown) > 60 else ''} is {kind}"


def suggestion(word: Any, allowed: list[str]) -> str:
    """The allowed word that is spelt most like another, as a question in brackets; empty where none is near."""
    by_case = {name.casefold(): name for name in allowed}
    near = get_close_matches(str(word).casefold(), by_case, 1)
    return f" (did you mean {by_case[near[0]]!r}?)" if near else ""
