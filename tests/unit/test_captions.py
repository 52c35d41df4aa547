"""Captions of Snakemake's own report."""

import re
from pathlib import Path

from hiermeta.figures.catalogue import FIGURES

ROOT = Path(__file__).resolve().parents[2]


def test_captions_belong_to_figures_that_there_are():
    """Is there no caption for a figure that was renamed or left? Those without one refer to the report.

    Seen to fail with a caption for a figure that isn't drawn.
    """
    captions = set(re.findall(r'^"(\w+)":', (ROOT / "workflow" / "report" / "figure.rst").read_text(), re.MULTILINE))
    assert captions <= set(FIGURES)
