"""From results to one self-contained page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hiermeta.data.problems import guarded
from hiermeta.figures.palette import KEY
from hiermeta.io.files import write_json, write_text
from hiermeta.io.provenance import TEMPLATES
from hiermeta.io.results import Results
from hiermeta.report import cautions
from hiermeta.report.cells import from_document
from hiermeta.report.inline import figures
from hiermeta.report.outcome import trouble
from hiermeta.report.sections import SECTIONS
from hiermeta.report.words import after_crash
from hiermeta.text.characters import in_markup

RECORD = "report.json"
"""What a report says of its data set, for the overview."""
ICONS = {"pass": "✓", "warn": "!", "fail": "✕", "refused": "⊘", "none": "–"}
WORDS = {"pass": "passed", "warn": "read with care", "fail": "failed – do not use", "refused": "refused"}


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Templates with escaping always on; a name the context lacks is an error, not an empty string."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["code"] = code
    return made


def code(text: str) -> Markup:
    """Text with what stands between backticks set as code, everything escaped.

    Examples
    --------
    >>> code("set `a: <b>` now")
    Markup('set <code>a: &lt;b&gt;</code> now')
    """
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(p) if i % 2 else p for i, p in enumerate(parts))


def render(template: str, context: dict[str, Any]) -> str:
    """Render a page.

    Style sheet and script are part of the page, and its content security policy allows those two, by their hashes, and
    nothing else: no other script, no style attribute, no request.
    """
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("style.css", "page.js"))
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    page = environment().get_template(template)
    return in_markup(page.render(style=Markup(style), script=Markup(script), policy=policy, **context))


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def context(results: Results, presentation: Mapping[str, str | None]) -> dict[str, Any]:
    """Everything the template of a report needs.

    Parameters
    ----------
    results : Results
    presentation : mapping
        The data set's title, description and citation, as far as the config has them.
    """
    model, status = results.model, results.status
    content = {section.id: section.content(results) for section in SECTIONS}
    counts = {
        name: from_document(model, name, "model.json", "count") for name in ("k", "n_clusters") if model.get(name)
    }
    return {
        "name": model["name"],
        "title": presentation.get("title") or model["name"],
        "description": presentation.get("description"),
        "citation": presentation.get("citation"),
        "model": model,
        "clustered": results.clustered,
        "counts": counts,
        "status": status,
        "icon": ICONS[status],
        "icons": ICONS,
        "colours": KEY,
        "status_word": WORDS[status],
        "digest": results.fit_digest,
        "has_numbers": results.has_numbers,
        "meta": results.is_meta,
        "sections": [section for section in SECTIONS if content[section.id] is not None],
        "figures": figures(results),
        "content": {name: found for name, found in content.items() if found is not None},
    }


def write_report(folder: Path, presentation: Mapping[str, str | None], target: Path, record: Path) -> None:
    """Render the report of the results in `folder`, and record what it says of them.

    A page that can't be made is replaced by one that says so, and the data set fails.

    Parameters
    ----------
    folder : Path
        The results of one data set.
    presentation : mapping
        The data set's title, description and citation, as far as the config has them.
    target : Path
        The page.
    record : Path
        JSON with ``status``, ``message``, ``steps`` (what to try), ``crashed`` (the stage that an unexpected error kept
        from ending, or empty) and ``cautions`` (what asks for care), for the overview.
    """

    def page() -> tuple[str, dict[str, Any]]:
        results = Results(folder)
        message, steps = trouble(results)
        found = {"status": results.status, "message": message, "steps": steps, "crashed": results.crashed}
        shown = context(results, presentation)
        found["cautions"] = cautions.named(shown["content"].get("answer", {}).get("lights", []))
        return render("report.html.j2", shown), found

    def replacement(message: str) -> tuple[str, dict[str, Any]]:
        steps = [after_crash(folder.name, "report")]
        found = {
            "status": "fail",
            "message": f"the report can't be made: {message}",
            "steps": steps,
            "crashed": "report",
            "cautions": [],
        }
        heading = {"name": folder.name, "title": presentation.get("title") or folder.name, "icon": ICONS["fail"]}
        return render("unreported.html.j2", heading | {"status_word": WORDS["fail"]} | found), found

    text, found = guarded(page, replacement)
    write_text(target, text)
    write_json(record, found)
