"""What is wrong with a config, in sentences that name the key, what it holds and what is allowed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from hiermeta.config.models import NAME_PATTERN, RESULTS_PATTERN, Analysis, Config, DataSet, Keys, Name

ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "config": TypeAdapter(Config),
    "dataset": TypeAdapter(DataSet),
    "name": TypeAdapter(Name),
    "analysis": TypeAdapter(Analysis),
}
_ALLOWED = {
    "string_type": "text",
    "float_type": "a finite number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "text_or_list_type": "text or a list",
    "text_or_number_type": "text or a finite number",
    "scalar_type": "text or a finite number or true or false",
}
_PATTERNS = {
    NAME_PATTERN: "can't name a data set; use lower-case letters, digits, '.', '_' and '-', beginning with a letter or "
    "digit",
    RESULTS_PATTERN: "can't be the results folder; write a folder below the working directory, named without .. { } < "
    "> * ? and control characters",
}
_LIMITS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
_KINDS = {"meta": "a meta-analysis", "hierarchical": "a hierarchical regression"}


def faults(part: str, value: Any, place: str) -> list[str]:
    """What is wrong with a piece of the config.

    Parameters
    ----------
    part : str
        One of `ADAPTERS`. ``analysis`` is for settings that passed as those of a ``dataset``: what is missing, and what
        belongs to the other kind of analysis.
    value : object
    place : str
        Where it stands, up to the dot before its keys; empty for the whole config.

    Returns
    -------
    list of str
    """
    try:
        ADAPTERS[part].validate_python(value)
    except ValidationError as error:
        return [_explained(part, one, place) for one in error.errors(include_url=False)]
    return []


def named(place: str) -> str:
    """A place as messages name it."""
    return place.rstrip(".: ") or "top level"


def not_utf8(text: Any) -> str:
    """What to say of text that neither results nor Snakemake's logs can hold."""
    try:
        shown = repr(os.fsencode(text))
    except UnicodeEncodeError:
        shown = ascii(text)
    return f"{shown} is not UTF-8; write it in UTF-8, names of files and folders too"


def _explained(part: str, error: ErrorDetails, place: str) -> str:
    kind, value, path = error["type"], error["input"], error["loc"]
    if part == "analysis" and path:
        analysis, path = path[0], path[1:]  # the union says first which of its models it took
    elif path and path[-1] == "[key]":
        path = path[:-2]
    where, above = (named(place + ".".join(map(str, keys))) for keys in (path, path[:-1]))
    if kind == "union_tag_not_found":
        return f"{where}: the key 'analysis' is missing"
    if kind == "missing":
        return f"{above}: the key {path[-1]!r} is missing"
    if kind == "extra_forbidden" and part == "analysis":
        return f"{where}: this key doesn't belong to {_KINDS[str(analysis)]}; leave it out"
    if kind in ("extra_forbidden", "invalid_key"):
        allowed = _keys(Config if part == "config" else DataSet, path[:-1])
        return f"{above}: unknown key {path[-1]!r}{_suggestion(path[-1], allowed)}; allowed are {', '.join(allowed)}"
    if value is None:
        return f"{where}: has no value; write one, or leave the key out"
    return f"{where}: {_fault(kind, value, error.get('ctx', {})) or error['msg']}"


def _fault(kind: str, value: Any, context: Mapping[str, Any]) -> str:
    """What is wrong with one value; empty where the models say it themselves."""
    if kind in _ALLOWED:
        quotable = "text" in _ALLOWED[kind] and isinstance(value, (int, float, date))
        return f"{_what(value)}; allowed is {_ALLOWED[kind]}" + (
            f'; put quotes around it: "{_shown(value)}"' if quotable else ""
        )
    if kind == "literal_error":
        allowed = re.findall("'(.+?)'", context["expected"])
        return f"{_shown(value)}{_suggestion(value, allowed)}; allowed are {', '.join(allowed)}"
    if kind == "string_pattern_mismatch":
        return f"{value!r} {_PATTERNS[context['pattern']]}"
    if kind == "string_unicode":
        return not_utf8(value)
    if kind.endswith(("too_short", "too_long")):
        if not value:
            return "is empty; fill it in, or leave the key out"
        unit = "characters" if isinstance(value, str) else "entries"
        limit = (
            f"the least is {context['min_length']}"
            if "min_length" in context
            else f"the most is {context['max_length']}"
        )
        return f"has {len(value)} {unit}; {limit}"
    limits = [f"{word} {context[key]:g}" for key, word in _LIMITS.items() if key in context]
    return f"{_shown(value)} is out of range; it must be {limits[0]}" if limits else ""


def _keys(model: type[Keys], path: Sequence[int | str]) -> list[str]:
    """Keys that the model below another has."""
    kind: Any = model
    for key in path:
        kind = kind.model_fields[key].annotation if hasattr(kind, "model_fields") else get_args(kind)[1]
    return list(kind.model_fields)


def _what(value: Any) -> str:
    """A value that YAML read, with what it is."""
    kinds = ((bool, "true/false"), ((int, float), "a number"), (date, "a date"), (str, "text"), (list, "a list"))
    return f"{_shown(value)} is {next((name for types, name in kinds if isinstance(value, types)), 'keys with values')}"


def _shown(value: Any) -> str:
    shown = str(value) if isinstance(value, (int, float, date)) else repr(value)
    return f"{shown[:60]}{'…' if len(shown) > 60 else ''}"


def _suggestion(word: Any, allowed: list[str]) -> str:
    """The allowed word that is spelt most like another, as a question in brackets; empty where none is near."""
    by_case = {name.casefold(): name for name in allowed}
    near = get_close_matches(str(word).casefold(), by_case, 1)
    return f" (did you mean {by_case[near[0]]!r}?)" if near else ""
