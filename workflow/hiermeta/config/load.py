"""Config files and the command line, read strictly."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from hiermeta.text.characters import in_terminal

Settings = dict[str, Any]
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
