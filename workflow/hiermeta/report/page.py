"""From a context to one self-contained HTML file."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hiermeta.data.printable import in_markup
from hiermeta.data.shipped import TEMPLATES


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
