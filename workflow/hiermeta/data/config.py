"""The config file: read strictly, checked against the schema, completed with its defaults."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

SCHEMA = Path(__file__).resolve().parents[2] / "schemas" / "config.schema.yaml"
PRESENTATION = ("title", "description", "citation")
"""Settings of a data set that only its report shows."""

RESERVED_NAMES = ("programs", "complete.txt", "overview.html", "overview.tsv", "overview.json", "overview.log")
"""What stands in the results folder beside the data sets."""


class ConfigError(Exception):
    """The config can't be used at all; the message says where, what is allowed and what to do."""


class _StrictLoader(yaml.SafeLoader):
    """YAML without duplicate keys and without aliases, which can blow up a small file."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise ConfigError(f"line {mark.line + 1}: aliases (*name) are not allowed; write the value out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, (str, int, float, bool)):
                raise ConfigError(f"line {key_node.start_mark.line + 1}: keys must be plain words")
            if key in seen:
                line = key_node.start_mark.line + 1
                raise ConfigError(f"line {line}: {key!r} stands twice in the same place; keep one, or rename one")
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
        Broken YAML, duplicate keys, aliases; names file and line.
    """
    try:
        loaded = yaml.load(Path(path).read_text(encoding="utf-8"), _StrictLoader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not readable as YAML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: can't be read: {error}") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    if not isinstance(loaded, dict):
        raise ConfigError(f"{path}: the file must hold keys, at least `datasets:`")
    return loaded


@cache
def schema() -> Any:
    """The schema of the config file, as a dict."""
    return yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


def defaults(part: str, *keys: str) -> dict[str, Any]:
    """What holds where the config says nothing.

    Parameters
    ----------
    part : str
        Definition in the schema: dataset or sampling.
    *keys : str
        Path to settings within it: ``defaults("dataset", "zero_cells")``.

    Returns
    -------
    dict
        Only the keys that have a default.
    """
    definition = schema()["$defs"][part]
    for key in keys:
        definition = definition["properties"][key]
    return {key: entry["default"] for key, entry in definition["properties"].items() if "default" in entry}


def complete(config: dict[str, Any]) -> dict[str, Any]:
    """Check a config against the schema and fill in the defaults.

    Parameters
    ----------
    config : dict
        As read from YAML.

    Returns
    -------
    dict
        ``results`` and ``datasets``; each data set with its complete ``sampling``.

    Raises
    ------
    ConfigError
        Lists every problem with the key's full name and what is allowed there.
    """
    for name in config.get("datasets") or {}:
        if not isinstance(name, str):
            raise ConfigError(f"datasets: {name!r} is read as {type(name).__name__}; put quotes around the name")
        if name in RESERVED_NAMES:
            raise ConfigError(f"datasets: {name!r} names a file of the results folder; give the data set another name")
    errors = sorted(Draft202012Validator(schema()).iter_errors(config), key=lambda error: list(map(str, error.path)))
    if errors:
        lines = [f"- {line}" for error in errors for line in _explain(error)]
        raise ConfigError("the config can't be used:\n" + "\n".join(dict.fromkeys(lines)))
    shared = defaults("sampling") | config.get("sampling", {})
    datasets = {
        name: settings | {"sampling": shared | settings.get("sampling", {})}
        for name, settings in config["datasets"].items()
    }
    return {"results": config.get("results", schema()["properties"]["results"]["default"]), "datasets": datasets}


def _explain(error: ValidationError) -> list[str]:
    where = ".".join(map(str, error.absolute_path)) or "top level"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        allowed = list(error.schema["properties"])
        return [
            f"{where}: unknown key {key!r}{_suggestion(key, allowed)}; allowed are {', '.join(allowed)}"
            for key in error.instance
            if key not in allowed
        ]
    if error.validator == "required" and isinstance(error.instance, dict):
        return [f"{where}: the key {key!r} is missing" for key in error.validator_value if key not in error.instance]
    if error.validator == "enum":
        allowed = [str(value) for value in error.validator_value]
        return [f"{where}: {error.instance!r}{_suggestion(error.instance, allowed)}; allowed are {', '.join(allowed)}"]
    if error.validator == "not":
        return [f"{where}: this key doesn't belong to this kind of analysis; leave it out"]
    if error.validator == "pattern" and list(error.absolute_schema_path)[-2:-1] == ["propertyNames"]:
        rule = "lower-case letters, digits, '.', '_' and '-', beginning with a letter or digit"
        return [f"{where}: {error.instance!r} can't name a data set; use {rule}"]
    return [f"{where}: {error.message}"]


def _suggestion(word: Any, allowed: list[str]) -> str:
    by_case = {name.casefold(): name for name in allowed}
    near = get_close_matches(str(word).casefold(), by_case, 1)
    return f" (did you mean {by_case[near[0]]!r}?)" if near else ""
