"""Captions of Snakemake's own report."""

import re
from pathlib import Path

from hiermeta.figures.catalogue import FIGURES

ROOT = Path(__file__).resolve().parents[2]


def test_every_figure_has_the_caption_of_its_declaration():
    """Are the captions of Snakemake's own report, which reads a template, those of the catalogue, for every figure?

    Seen to fail with a caption changed in one of the two places.
    """
    template = (ROOT / "workflow" / "report" / "figure.rst").read_text(encoding="utf-8")
    captions = dict(re.findall(r'^"(\w+)": "(.*)",$', template, re.MULTILINE))
    assert captions == {figure.name: figure.caption for figure in FIGURES}


def test_every_title_is_said_in_the_catalogue_alone():
    """Do files that draw figures leave their titles to the catalogue, and is each title one of a few words?

    Seen to fail with the title of a figure where it is drawn.
    """
    titles = {figure.title for figure in FIGURES}
    assert all(3 <= len(title) <= 50 and not title.endswith(".") for title in titles)
    for path in (ROOT / "workflow" / "hiermeta" / "figures").glob("*.py"):
        if path.name != "catalogue.py":
            text = path.read_text(encoding="utf-8")
            assert not [title for title in titles if f'"{title}"' in text], path.name


def test_every_figure_is_drawn_for_some_analysis():
    """Does no declaration stand without something that draws it, and no name twice?"""
    assert all(figure.meta or figure.hierarchical for figure in FIGURES)
    assert len({figure.name for figure in FIGURES}) == len(FIGURES)


def test_every_figure_is_shown_by_a_template():
    """Do the sections show each declared figure, and no other name, which would be a figure that no analysis has?

    Seen to fail with a name misspelt in a template.
    """
    templates = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "reports").rglob("*.j2"))
    assert set(re.findall(r"\bfigures\.(\w+)", templates)) == {figure.name for figure in FIGURES}
