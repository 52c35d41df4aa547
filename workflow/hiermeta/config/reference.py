"""The documented tables of config keys and result files, made from their schemas so that they can't drift apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hiermeta.config.models import Common, Config, Keys, MetaAnalysis, Regression, Sampling
from hiermeta.config.schema import schema
from hiermeta.io.registry import common_columns, result_files

_PARTS: dict[str, type[Keys]] = {
    "Top level": Config,
    "A data set": Common,
    "A meta-analysis": MetaAnalysis,
    "A hierarchical regression": Regression,
    "Sampling": Sampling,
}
_REFERENCES = {"Sampling": "see Sampling", "DataSet": "see A data set"}


def config_tables() -> str:
    """Markdown tables of every config key: what it means, what is allowed, its default."""
    sections = []
    for title, model in _PARTS.items():
        part = schema(model)
        told = Common.model_fields if model in (MetaAnalysis, Regression) else ()
        own = {key: entry for key, entry in part["properties"].items() if key not in told}
        lines = [f"## {title}", "", "| key | meaning | allowed | default |", "|---|---|---|---|"]
        for key, entry in _keys(own, part.get("$defs", {})):
            default = (
                f"`{_text(entry['default'])}`"
                if "default" in entry
                else "required"
                if key in part.get("required", [])
                else ""
            )
            lines.append(f"| `{key}` | {_cell(entry['description'])} | {_cell(_allowed(entry))} | {default} |")
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


def _keys(
    properties: dict[str, Any], definitions: dict[str, Any], prefix: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, entry in properties.items():
        yield prefix + key, entry
        name = entry.get("$ref", "").rsplit("/", 1)[-1]
        if name and name not in _REFERENCES:
            yield from _keys(definitions[name]["properties"], definitions, f"{prefix}{key}.")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _allowed(entry: dict[str, Any]) -> str:
    if "$ref" in entry:
        return _REFERENCES.get(entry["$ref"].rsplit("/", 1)[1], "keys")
    if "enum" in entry:
        return ", ".join(map(str, entry["enum"]))
    if "format" in entry:
        return f"a {entry['format']}"
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
