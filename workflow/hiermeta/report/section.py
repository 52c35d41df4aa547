"""What a page is made of: sections, and figures inside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hiermeta.io.results import Results
from hiermeta.report.inline import description, inline
from hiermeta.report.words import ITEMS


@dataclass(frozen=True)
class Figure:
    """A figure ready to be put on the page."""

    name: str
    image: str
    description: str


@dataclass(frozen=True)
class Section:
    """A section of the page: its id and heading, what it shows, and when it is there.

    `named` is its template, ``reports/sections/NAMED.html.j2``, and `answers` the items of reporting guidelines that it
    answers, where these are not the ones that go with its id.
    """

    id: str
    title: str
    content: Callable[[Results], dict[str, Any]]
    present: Callable[[Results], bool]
    named: str = ""
    answers: str | None = None

    @property
    def template(self) -> str:
        """The template's name without ending."""
        return self.named or self.id

    @property
    def items(self) -> str:
        """Items of reporting guidelines that it answers, in words."""
        return ITEMS.get(self.id, "") if self.answers is None else self.answers


def figure(results: Results, name: str) -> Figure | None:
    """A figure of the data set; None where it has no such figure."""
    path = results.folder / "figures" / f"{name}.svg"
    if not path.exists():
        return None
    svg = path.read_text(encoding="utf-8")
    return Figure(name, inline(svg, name), description(svg))
