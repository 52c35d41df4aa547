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


def test_every_figure_is_drawn_for_some_analysis():
    """Does no declaration stand without something that draws it, and no name twice?"""
    assert all(figure.meta or figure.hierarchical for figure in FIGURES)
    assert len({figure.name for figure in FIGURES}) == len(FIGURES)
