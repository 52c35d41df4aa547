"""R syntax: columns, texts and formulas in R, and the lines that read data.csv as it was analysed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping

from hiermeta.data.formula import Formula, Piece, printed
from hiermeta.io import files

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._]*")
_RESERVED = frozenset(
    {
        *("if", "else", "repeat", "while", "function", "for", "next", "break", "in"),
        *("TRUE", "FALSE", "NULL", "Inf", "NaN", "NA", "NA_integer_", "NA_real_", "NA_complex_", "NA_character_"),
    }
)


def text(value: str) -> str:
    r"""A string of R that holds a text as data.csv has it.

    Examples
    --------
    >>> print(text('the "old" arm'), text("=1+1"))
    "the \"old\" arm" "'=1+1"
    """
    return json.dumps(files.safe(value), ensure_ascii=False)


def column(name: str) -> str:
    """A column of data.csv in an expression of R, in backticks where its name needs them.

    Examples
    --------
    >>> [column(name) for name in ("dose", "dose (mg)", "next")]
    ['dose', '`dose (mg)`', '`next`']
    """
    if _PLAIN.fullmatch(name) and name not in _RESERVED:
        return name
    return f"`{text(name)[1:-1]}`"


def expression(piece: Piece, name: Callable[[str], str] = column) -> str:
    """A column, or what is computed from columns.

    Parameters
    ----------
    piece : Piece
    name : callable
        From the user's name of a column to an expression of R.

    Examples
    --------
    >>> from hiermeta.data.formula import parse
    >>> [expression(term[0]) for term in parse("~ factor(arm) + I(`a b` ** 2) + poly(dose, 2)").terms]
    ['factor(arm)', 'I(`a b`^2)', 'poly(dose, 2)']
    """
    if piece.kind in ("column", "factor"):
        place = name(piece.columns[0])
        return place if piece.kind == "column" else f"factor({place})"
    parts = printed(piece.tree, name=name).split("`")
    computed = "`".join(part if i % 2 else part.replace(" ** ", "^") for i, part in enumerate(parts))
    return f"poly({computed}, {piece.degree})" if piece.kind == "poly" else computed


def terms(formula: Formula, name: Callable[[str], str] = column) -> str:
    """The right-hand side of a formula, with its products written out, so that R reads the terms that were analysed.

    Parameters
    ----------
    formula : Formula
    name : callable
        From the user's name of a column to an expression of R.

    Examples
    --------
    >>> from hiermeta.data.formula import parse
    >>> [terms(parse(text)) for text in ("~ dose * arm", "~ dose - 1", "~ 1")]
    ['dose + arm + dose:arm', '0 + dose', '1']
    """
    products = [":".join(expression(piece, name) for piece in term) for term in formula.terms]
    return " + ".join([*([] if formula.intercept else ["0"]), *products]) or "1"


def reading(package: str, texts: Iterable[str], references: Mapping[str, str]) -> list[str]:
    """Lines that load a package and read data.csv into ``dat``.

    Parameters
    ----------
    package : str
    texts : iterable of str
        Columns that are text even where they look like numbers.
    references : mapping of str to str
        Reference level by factor. R would take the first in the order of the user's language.
    """
    kinds = ", ".join(f'{text(name)} = "character"' for name in texts)
    classes = f", colClasses = c({kinds})" if kinds else ""
    lines = [f"library({package})", f'dat <- read.csv("data.csv", check.names = FALSE{classes})  # beside this report']
    for name, level in references.items():
        place = f"dat[[{text(name)}]]"
        lines.append(f"{place} <- relevel(factor({place}), ref = {text(level)})")
    return lines
