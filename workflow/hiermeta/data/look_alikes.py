"""Names that a reader takes for one and the computer for several."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d*)?")


def look_alikes(what: str, names: Iterable[str]) -> list[str]:
    """Warnings about names that are equal but for case, blanks, the encoding of letters or the writing of a number.

    Parameters
    ----------
    what : str
        What is named, in the plural, to begin the sentence with.
    names : iterable of str
        All different.

    Examples
    --------
    >>> look_alikes("Clusters", ["Oslo", "Rome", "oslo"])
    ["Clusters 'Oslo', 'oslo' differ only in case or blanks and were kept apart."]
    >>> look_alikes("Levels", ["e" + chr(0x301), chr(0xE9)])[0][-59:]
    'differ only in how accents are encoded and were kept apart.'
    >>> look_alikes("Clusters", ["1", "1.0", "01", "2"])
    ["Clusters '01', '1', '1.0' differ only in how the number is written and were kept apart."]
    """
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(_read(name), []).append(name)
    return [
        f"{what} {_listed(group)} differ only in {_difference(group)} and were kept apart."
        for group in alike.values()
        if len(group) > 1
    ]


def _read(name: str) -> str:
    composed = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    read = " ".join(composed.split())
    return repr(float(read)) if _NUMBER.fullmatch(read) else read


def _encoded_apart(names: list[str]) -> bool:
    return len({unicodedata.normalize("NFC", name) for name in names}) < len(names)


def _difference(names: list[str]) -> str:
    if all(_NUMBER.fullmatch(name.strip()) for name in names) and len({name.strip() for name in names}) > 1:
        return "how the number is written"
    if not _encoded_apart(names):
        return "case or blanks"
    only = len({unicodedata.normalize("NFC", name) for name in names}) == 1
    return "how accents are encoded" if only else "case, blanks or how accents are encoded"


def _listed(names: list[str]) -> str:
    shown = ascii if _encoded_apart(names) else repr  # repr would print them alike
    return ", ".join(map(shown, sorted(names)))
