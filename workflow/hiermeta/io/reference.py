"""The documented tables of config keys and result files, made from their schemas so that they can't drift apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hiermeta.data.config import written_schema
from hiermeta.io.registry import common_columns, result_files

_REFERENCES = {"column": "a column name", "sampling": "see Sampling", "dataset": "see A data set"}


def config_tables() -> str:
    """Markdown tables of every config key: what it means, what is allowed, its default."""
    root = written_schema()
    definitions = root["$defs"]
    parts = [
        ("Top level", root, []),
        ("A data set", definitions["dataset"], definitions["analysis"]["required"]),
        ("Sampling", definitions["sampling"], []),
    ]
    sections = []
    for title, part, required in parts:
        lines = [f"## {title}", "", "| key | meaning | allowed | default |", "|---|---|---|---|"]
        for key, entry in _keys(part):
            default = f"`{_text(entry['default'])}`" if "default" in entry else "required" if key in required else ""
            lines.append(f"| `{key}` | {_cell(entry.get('description', ''))} | {_cell(_allowed(entry))} | {default} |")
        sections.append("\n".join(lines))
    return "\n\n".join(sections) + "\n"


def result_tables() -> str:
    """Markdown: what each result file holds, then its columns."""
    kinds = {"meta": " Meta-analysis only.", "hierarchical": " Hierarchical regression only."}
    sections = []
    for name, entry in result_files().items():
        lines = [f"## {name}", "", entry["what"] + kinds.get(entry.get("analysis", ""), "")]
        own = {key: text for key, text in entry["columns"].items() if key not in common_columns()}
        if own:
            lines += ["", "| column | meaning |", "|---|---|"]
            lines += [f"| `{key}` | {_cell(text)} |" for key, text in own.items()]
        sections.append("\n".join(lines))
    lines = ["## Columns that mean the same everywhere", "", "| column | meaning |", "|---|---|"]
    lines += [f"| `{key}` | {_cell(text)} |" for key, text in common_columns().items()]
    return "\n\n".join(["\n".join(lines), *sections]) + "\n"


def _keys(part: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for key, entry in part["properties"].items():
        yield prefix + key, entry
        if "properties" in entry:
            yield from _keys(entry, f"{prefix}{key}.")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _allowed(entry: dict[str, Any]) -> str:
    if "$ref" in entry:
        return _REFERENCES.get(entry["$ref"].rsplit("/", 1)[1], "")
    if "enum" in entry:
        return ", ".join(map(str, entry["enum"]))
    if "anyOf" in entry:
        return " or ".join(_allowed(option) for option in entry["anyOf"])
    kind = entry["type"]
    if kind == "array":
        return f"a list of: {_allowed(entry['items'])}"
    limits = [
        f"{word} {entry[key]:g}"
        for key, word in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "below"),
        )
        if key in entry
    ]
    names = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "object": "keys",
        "boolean": "true, false",
    }
    kinds = kind if isinstance(kind, list) else [kind]
    return " ".join([" or ".join(names[name] for name in kinds), ", ".join(limits)]).strip()
