"""Text from users' files without the characters that break what it is printed in."""

from __future__ import annotations

import re

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
