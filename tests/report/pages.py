"""Which made-up data sets have pages, and the pages as trees."""

from __future__ import annotations

from pathlib import Path

from html_tree import Node, parse

HIERARCHICAL = ("slopes", "few", "hundreds", "logit", "rates")
NAMES = (
    *HIERARCHICAL,
    "clustered",
    "common",
    "crashed",
    "failed",
    "hostile",
    "huge",
    "many",
    "moderated",
    "refused",
    "scale",
    "unclustered",
)
WITH_NUMBERS = ("clustered", "hostile", "many", "moderated", "scale", "unclustered", *HIERARCHICAL)


def page(results: Path, name: str) -> Node:
    return parse((results / name / "report.html").read_text(encoding="utf-8"))
