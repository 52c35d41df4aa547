"""The config file: read strictly, checked against the schema, completed with its defaults."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from hiermeta.data.config_words import TYPES, is_scalar, suggestion, what
from hiermeta.data.expansion import Settings, analyses, merged
from hiermeta.data.printable import in_terminal
from hiermeta.data.results_folder import RESERVED_NAMES, obstacles, would_be_replaced
from hiermeta.data.settings_table import Unreadable, read_settings
from hiermeta.data.shipped import SCHEMAS
from hiermeta.data.split import input_files

SCHEMA = SCHEMAS / "config.schema.yaml"
PRESENTATION = ("title", "description", "citation")
"""Settings of a data set that only its report shows."""

MOST_PROBLEMS = 20
"""A config with more problems than this lists the first ones and counts the rest."""


DEEPEST = 50
"""Levels of nesting that a config may have; YAML readers crash on many thousands."""


class ConfigError(Exception):
    """The config can't be used at all; the message says where, what is allowed and what to do, line by line."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(map(in_terminal, lines)))


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML without duplicate keys."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, (str, int, float, bool)):
                raise ConfigError(f"line {key_node.start_mark.line + 1}: keys must be plain words")
            if key in seen:
                line = key_node.start_mark.line + 1
                raise ConfigError(f"line {line}: {key!r} is a duplicate key; keep one, or rename one")
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_config(path: str | Path) -> dict[str, Any]:
    """Read a config file, refusing what YAML readers usually let pass.

    Parameters
    ----------
    path : str or pathlib.Path

    Raises
    ------
    ConfigError
        Broken or deeply nested YAML, duplicate keys, aliases; names file and line.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):  # a pipe or device may never end
            raise ConfigError("can't be read: not a regular file")
        loaded = _load(Path(path).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: {_in_words(error)}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path}: can't be read: {error}") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    if loaded is None:
        raise ConfigError(f"{path}: the file is empty; it needs at least `datasets:`")
    if not isinstance(loaded, dict):
        raise ConfigError(f"{path}: the file must hold keys, at least `datasets:`")
    return loaded


def _load(text: str) -> Any:
    depth = 0
    for event in yaml.parse(text, _StrictLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ConfigError(f"line {event.start_mark.line + 1}: more than {DEEPEST} levels within each other")
        if isinstance(event, yaml.AliasEvent):  # they can blow up a small file
            line = event.start_mark.line + 1
            raise ConfigError(f"line {line}: aliases (*name) are not allowed; write the value out")
    return yaml.load(text, _StrictLoader)


def retyped(config: Settings, read: Settings, entries: Sequence[str]) -> Settings:
    """Give what the command line sets the types that the same text has in a config file.

    Snakemake reads ``--config png=true`` as text, and numbers within ``sampling={draws: 500}`` as well.

    Parameters
    ----------
    config : dict
        With the settings of the command line in it as Snakemake reads them.
    read : dict
        The settings of the command line as Snakemake reads them. Where the config has another value, as that of a
        module may, it stays.
    entries : sequence of str
        What follows ``--config``, such as ``sampling={draws: 500}``.

    Raises
    ------
    ConfigError
        Duplicate keys, aliases, deep nesting and text that isn't UTF-8, as in a config file.

    Examples
    --------
    >>> read = {"png": "true", "sampling": {"draws": "500"}}
    >>> retyped({"sampling": {"seed": 1}} | read, read, ["png=true", "sampling={draws: 500}"])
    {'sampling': {'draws': 500}, 'png': True}
    """
    typed: Settings = {}
    for key, _, text in (entry.partition("=") for entry in entries):
        try:
            typed = _on_top(typed, {key: _load(text)})
        except UnicodeEncodeError:
            raise ConfigError(f"--config {key}: {os.fsencode(text)!r} is not UTF-8; write it in UTF-8") from None
        except yaml.YAMLError:
            continue  # text that Snakemake takes as it is
        except ConfigError as error:
            raise ConfigError(f"--config {key}: {error}") from None
    return _typed(config, read, typed)


def _on_top(settings: Settings, others: Settings) -> Settings:
    """Settings with others on top, key by key, as Snakemake puts them; unlike in `merged`, an empty value stays."""
    both = {key for key, value in others.items() if isinstance(value, dict) and isinstance(settings.get(key), dict)}
    return settings | {key: _on_top(settings[key], value) if key in both else value for key, value in others.items()}


def _typed(value: Any, read: Any, typed: Any) -> Any:
    if all(isinstance(one, dict) for one in (value, read, typed)):
        by_text = {str(key): own for key, own in typed.items()}
        return {
            key: _typed(own, read[key], by_text[key]) if key in read and key in by_text else own
            for key, own in value.items()
        }
    return typed if value == read else value


def _in_words(error: yaml.YAMLError) -> str:
    """What a YAML reader complains of, in one line with its place."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None:
        return f"not readable as YAML: {str(error).splitlines()[0]}"
    place = f"line {mark.line + 1}, column {mark.column + 1}"
    if "'\\t'" in str(problem) or "cannot start any token" in str(problem):
        return f"{place}: not readable as YAML ({problem}); indent by blanks, never by tabs, and quote odd text"
    return f"{place}: not readable as YAML ({problem}); check indentation, brackets and quotation marks there"


@cache
def written_schema() -> Any:
    """The schema of the config file, as a dict."""
    return yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


@cache
def schema(part: str = "config") -> Any:
    """One definition of the schema, or all of the config, with references filled in."""
    whole = written_schema()

    def filled(entry: Any) -> Any:
        if isinstance(entry, list):
            return [filled(one) for one in entry]
        if not isinstance(entry, dict):
            return entry
        own = {key: filled(value) for key, value in entry.items() if key != "$ref"}
        return filled(whole["$defs"][entry["$ref"].rsplit("/", 1)[1]]) | own if "$ref" in entry else own

    return filled(whole if part == "config" else whole["$defs"][part])


def defaults(part: str, *keys: str) -> dict[str, Any]:
    """What holds where the config says nothing.

    Parameters
    ----------
    part : str
        Definition in the schema: config, dataset or sampling.
    *keys : str
        Path to settings within it: ``defaults("dataset", "zero_cells")``.

    Returns
    -------
    dict
        Only the keys that have a default.
    """
    definition = schema(part)
    for key in keys:
        definition = definition["properties"][key]
    return {key: entry["default"] for key, entry in definition["properties"].items() if "default" in entry}


def complete(config: Settings, read_from: Sequence[str | Path] = ()) -> Settings:
    """Check a config against the schema, fill in the defaults and list its analyses.

    Parameters
    ----------
    config : dict
        As read from YAML.
    read_from : sequence of str or pathlib.Path
        The config's files, which must not lie where results are written, as no file that the config names may.

    Returns
    -------
    dict
        ``results``, ``png`` and ``datasets``: the settings by name of each analysis, with its complete ``sampling``.
        Files that the config gives by a pattern or splits by a column are one analysis each by now.

    Raises
    ------
    ConfigError
        Lists every problem with the key's full name and what is allowed there.
    """
    entries = _entries(config)
    shared, sampling = config.get("defaults", {}), defaults("sampling") | config.get("sampling", {})
    datasets: dict[str, Settings] = {}
    given_by = dict.fromkeys(RESERVED_NAMES, "the results folder, which has a file of that name")
    problems: list[str] = []
    inputs: list[tuple[str, str | Path]] = [("config file", path) for path in read_from]
    inputs += [("datasets_table", config["datasets_table"])] if "datasets_table" in config else []
    for place, name, own in entries:
        settings = merged(shared, own)
        incomplete = _problems("analysis", settings, place)
        problems += incomplete
        if incomplete:
            continue
        settings["sampling"] = sampling | settings.get("sampling", {})
        try:
            found = list(analyses(name, settings))
        except FileNotFoundError as error:
            problems.append(f"{place}data: {error}; correct the pattern or the working directory")
            continue
        for one, complete_settings in found:
            if one in given_by:
                problems.append(f"{_named(place)}: the name {one!r} is taken by {given_by[one]}; rename one")
            if complete_settings["analysis"] == "hierarchical":
                complete_settings = {"family": defaults("dataset")["family"]} | complete_settings
            datasets[one], given_by[one] = in_order(complete_settings), _named(place)
            inputs += [(f"{place}{key}", path) for key, path in input_files(complete_settings).items()]
    whole = {key: config.get(key, default) for key, default in defaults("config").items()} | {"datasets": datasets}
    whole["results"] = os.path.normpath(whole["results"])  # Snakemake compares paths as they are written
    for key, path in inputs:
        problems += _not_utf8(key, path) or would_be_replaced(key, path, whole["results"], datasets)
    problems += obstacles(whole["results"], datasets)
    _refuse(problems)
    return whole


def in_order(value: Any) -> Any:
    """Settings with their keys in alphabetical order, so that the order in the file changes no result."""
    if isinstance(value, list):
        return [in_order(one) for one in value]
    return {key: in_order(value[key]) for key in sorted(value)} if isinstance(value, dict) else value


def _entries(config: Settings) -> list[tuple[str, str, Settings]]:
    """Place, name and own settings of each entry, each setting checked by itself."""
    for name in config.get("datasets") or {}:
        if not isinstance(name, str):
            raise ConfigError(f"datasets: {name!r} is read as {type(name).__name__}; put quotes around the name")
    shared = config.get("defaults")
    checked = dict(config)
    if isinstance(config.get("datasets"), dict) and isinstance(shared, dict):
        checked["datasets"] = {name: _without_taken_back(own, shared) for name, own in config["datasets"].items()}
    _refuse(_problems("config", checked, ""))
    entries = [(f"datasets.{name}.", name, own) for name, own in config.get("datasets", {}).items()]
    if "datasets_table" not in config:
        return entries
    try:
        rows = read_settings(config["datasets_table"], schema("dataset"))
    except Unreadable as error:
        problems = error.problems
    else:
        problems = [line for place, name, _ in rows for line in _problems("name", name, f"{place}name")]
        problems += [line for place, _, own in rows for line in _problems("dataset", own, place)]
    _refuse(list(dict.fromkeys(problems)))
    return entries + rows


def _without_taken_back(own: Any, shared: Settings) -> Any:
    """Settings of an entry but for ``KEY: null`` where there is a shared setting to take back."""
    if not isinstance(own, dict):
        return own
    return {
        key: _without_taken_back(value, shared[key]) if isinstance(shared.get(key), dict) else value
        for key, value in own.items()
        if value is not None or key not in shared
    }


def _refuse(problems: list[str]) -> None:
    if not problems:
        return
    problems = list(dict.fromkeys(problems))
    lines = [f"- {line}" for line in problems[:MOST_PROBLEMS]]
    lines += [f"- and {len(problems) - MOST_PROBLEMS} more"] if len(problems) > MOST_PROBLEMS else []
    raise ConfigError("the config can't be used:", *lines)


@cache
def _validator(part: str) -> Draft202012Validator:
    finite = Draft202012Validator.TYPE_CHECKER.redefine("number", lambda _, value: _is_number(value))
    return extend(Draft202012Validator, type_checker=finite)(schema(part))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _problems(part: str, instance: Any, place: str) -> list[str]:
    """What a definition of the schema says against a piece of the config that stands at `place`."""
    errors = sorted(_validator(part).iter_errors(instance), key=lambda error: list(map(str, error.path)))
    return [line for error in errors for line in _explain(error, place)]


def _not_utf8(key: str, path: str | Path) -> list[str]:
    """What to say of a path, such as one that a pattern finds, that neither results nor Snakemake's logs can hold."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return [f"{key}: {os.fsencode(path)!r} is not UTF-8; give the file and its folders names in UTF-8"]
    return []


def _named(place: str) -> str:
    return place.rstrip(".: ") or "top level"


def _explain(error: ValidationError, place: str) -> list[str]:
    where = _named(place + ".".join(map(str, error.absolute_path)))
    if error.instance is None:
        return [f"{where}: has no value; write one, or leave the key out"]
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        allowed = list(error.schema["properties"])
        return [
            f"{where}: unknown key {key!r}{suggestion(key, allowed)}; allowed are {', '.join(allowed)}"
            for key in error.instance
            if key not in allowed
        ]
    if error.validator == "required" and isinstance(error.instance, dict):
        return [f"{where}: the key {key!r} is missing" for key in error.validator_value if key not in error.instance]
    if error.validator == "enum":
        allowed = [str(value) for value in error.validator_value]
        return [f"{where}: {error.instance!r}{suggestion(error.instance, allowed)}; allowed are {', '.join(allowed)}"]
    if error.validator == "not":
        return [f"{where}: this key doesn't belong to this kind of analysis; leave it out"]
    if error.validator == "anyOf" and not error.absolute_path and "datasets" not in error.instance:
        return [f"{where}: the key 'datasets' is missing (or 'datasets_table')"]
    if error.validator == "pattern" and error.schema == schema("name"):
        rule = "lower-case letters, digits, '.', '_' and '-', beginning with a letter or digit"
        return [f"{where}: {error.instance!r} can't name a data set; use {rule}"]
    if error.validator == "pattern" and error.absolute_path and error.absolute_path[-1] == "results":
        rule = "a folder below the working directory, named without .. { } < > * ? and control characters"
        return [f"{where}: {error.instance!r} can't be the results folder; write {rule}"]
    if error.validator == "type":
        wanted = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
        quoted = (
            f'; put quotes around it: "{error.instance}"' if "string" in wanted and is_scalar(error.instance) else ""
        )
        types = " or ".join(TYPES[name] for name in wanted)
        return [f"{where}: {what(error.instance)}; allowed is {types}{quoted}"]
    if error.validator == "anyOf":
        types = " or ".join(TYPES[option["type"]] for option in error.validator_value if "type" in option)
        return [f"{where}: {what(error.instance)}; allowed is {types}"]
    if error.validator in ("minLength", "minItems", "minProperties"):
        return [f"{where}: is empty; fill it in, or leave the key out"]
    if error.validator in ("maxLength", "maxItems"):
        return [f"{where}: has {len(error.instance)} parts or characters; the most is {error.validator_value}"]
    return [f"{where}: {error.message}"]
