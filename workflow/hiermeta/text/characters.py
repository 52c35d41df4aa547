"""Characters in users' text: those that break what it is printed in, and those that make two names look like one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_NONCHARACTERS = "".join(chr(plane * 0x10000 + last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
_FORBIDDEN = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NONCHARACTERS}]")


def in_markup(text: str) -> str:
    r"""Text for SVG and HTML: what XML or HTML forbids, even escaped, becomes U+FFFD.

    These are control characters other than tab and line ends, surrogates and noncharacters (XML 1.0, section 2.2;
    HTML, section 13.2.3.5).

    Examples
    --------
    >>> in_markup("Smith\ufffe 1999\x1b[31m\n") == "Smith\ufffd 1999\ufffd[31m\n"
    True
    """
    return _FORBIDDEN.sub(REPLACEMENT, text)


def in_terminal(text: str) -> str:
    r"""Text for a terminal: what it would obey, such as colours and line ends within a label, becomes U+FFFD.

    Examples
    --------
    >>> in_terminal("Smith\x1b[31m") == "Smith\ufffd[31m"
    True
    """
    return "".join(character if character.isprintable() else REPLACEMENT for character in text)


def shortened(text: str, longest: int = 60) -> str:
    """Text for a terminal, cut off where it is long.

    Examples
    --------
    >>> shortened("a" * 70, 9)
    'aaaaaaaa…'
    """
    shown = in_terminal(text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


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
