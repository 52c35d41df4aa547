"""The syntax tree of a formula, checked before it is expanded: all of the text, and only what has one meaning."""

from __future__ import annotations

from math import comb
from typing import Any

MOST_TERMS = 500
"""Products of many columns are refused beyond this, since each further column doubles their number."""
_JOIN = "join columns and functions of them by + * : / and -"


class FormulaError(ValueError):
    """A formula that can't be used; the message says what is allowed."""


def expanded(text: str, code: str) -> list[Any]:
    """The terms that a formula stands for, as formulae makes them.

    The parser stops without a word where it can't go on, takes ``x ** 2`` for ``x`` and ``-x ** 2`` for ``(-x) ** 2``.
    Those are refused here.

    Parameters
    ----------
    text : str
        As the user wrote it, for messages.
    code : str
        What to read of it.

    Raises
    ------
    FormulaError
    """
    from formulae.parser import Parser
    from formulae.resolver import Resolver
    from formulae.scanner import Scanner
    from formulae.terms.terms import Model

    if code.count("`") % 2:
        raise FormulaError(f"{text!r} is not a formula: a backtick isn't closed (a column's own name can't hold one)")
    try:
        parser = Parser(Scanner(code).scan())
        tree = parser.parse()
    except Exception as error:  # the parser raises many kinds
        raise FormulaError(f"{text!r} is not a formula: {error}") from None
    if not parser.at_end():
        raise FormulaError(f"{text!r}: {parser.peek().lexeme!r} can't stand there; {_JOIN}")
    if _most_terms(text, tree) > MOST_TERMS:
        raise FormulaError(f"{text!r} has more than {MOST_TERMS} terms; use fewer products")
    try:
        model = Resolver(tree).resolve()
        return list((model if isinstance(model, Model) else Model(model)).terms)
    except Exception as error:
        raise FormulaError(f"{text!r} is not a formula: {error}") from None


def _kind(node: Any) -> str:
    return type(node).__name__


def _bare(node: Any) -> Any:
    return _bare(node.expression) if _kind(node) == "Grouping" else node


def _most_terms(text: str, node: Any) -> int:
    """An upper bound on the number of terms, after checking every node outside of function calls."""
    node, kind = _bare(node), _kind(_bare(node))
    if kind == "Unary":
        return _most_terms(text, node.right)
    if kind == "Call":
        for argument in node.args:
            _check_arithmetic(text, argument)
        return 1
    if kind == "Literal":
        if isinstance(node.value, bool) or node.value not in (0, 1):
            raise FormulaError(f"{text!r}: {node.value!r} is not a column; {_JOIN}, names with blanks in backticks")
        return 1
    if kind == "Variable" and node.level is not None:
        raise FormulaError(f"{text!r}: brackets can't be used; {_JOIN}")
    if kind != "Binary":
        return 1
    left = _most_terms(text, node.left)
    if node.operator.kind == "TILDE":
        raise FormulaError(f"{text!r}: a formula has one ~")
    if node.operator.kind == "STAR_STAR":
        return _powers(text, node, left)
    right = _most_terms(text, node.right)
    return {"STAR": left + right + left * right, "COLON": left * right, "SLASH": left + left * right}.get(
        node.operator.kind, left + right
    )


def _powers(text: str, node: Any, left: int) -> int:
    degree = getattr(_bare(node.right), "value", None)
    if isinstance(degree, bool) or not isinstance(degree, int) or degree < 1:
        raise FormulaError(f"{text!r}: an exponent of terms is a whole number from 1, as in (a + b)^2")
    if _kind(_bare(node.left)) != "Binary":
        raise FormulaError(f"{text!r}: the power of a column is written with I(), as in I(x^2)")
    return sum(comb(left, size) for size in range(1, min(degree, left) + 1))


def _check_arithmetic(text: str, node: Any) -> None:
    """Refuse powers whose order of evaluation differs between languages."""
    kind = _kind(node)
    if kind == "Binary":
        if node.operator.kind == "STAR_STAR" and (
            _kind(node.left) == "Unary" or getattr(getattr(node.left, "operator", None), "kind", "") == "STAR_STAR"
        ):
            raise FormulaError(f"{text!r}: put parentheses around what is raised to a power, as in -(x^2)")
        _check_arithmetic(text, node.left)
        _check_arithmetic(text, node.right)
    elif kind == "Call":
        for argument in node.args:
            _check_arithmetic(text, argument)
    elif kind in ("Grouping", "Unary"):
        _check_arithmetic(text, node.expression if kind == "Grouping" else node.right)
