"""What figures show before they are drawn: weights, labels, tidy SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import pytest

from hiermeta.figures import palette, style
from hiermeta.figures.forest_rows import weights
from hiermeta.figures.svg import SVG, render


def test_weights_are_drawn_relative_to_the_largest_and_never_below_zero() -> None:
    """Are they the column of ``true_effects.csv``, 1 for the largest, and zero for those below zero?"""
    rows = [{"weight": 0.5}, {"weight": 0.6}, {"weight": -0.1}]
    assert weights(SimpleNamespace(true_effects=rows)) == pytest.approx([0.5 / 0.6, 1.0, 0.0])


def test_labels_fit_and_keep_to_one_line() -> None:
    """Are labels cut to their width, wide characters counted twice, and control characters made visible?

    Seen to fail with wide characters counted once.
    """
    assert style.shorten("x" * 34, 34) == "x" * 34
    assert style.shorten("x" * 35, 34) == "x" * 33 + "…"
    assert style.shorten("研究" * 10, 10) == "研究研究…"
    assert style.shorten("a\tb\n\nc\x07", 20) == "a b c\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    "label",
    [
        "τ",
        "cor(hospital:intercept,nurse_ratio)",
        "a" * 50,
        "multilevel (without moderator alloc) (scale ~ 1)",
        "研究" * 14,
    ],
)
def test_long_names_have_two_lines_and_nothing_is_lost(label: str) -> None:
    """Is all of a name there, each line within its width, and cut only where two lines don't hold it?

    Seen to fail with names cut at the width of one line.
    """
    found = style.wrapped(label, 30)
    assert found.replace("\n", "").replace(" ", "") == label.replace(" ", "")
    assert all(line == style.shorten(line, 30) for line in found.split("\n")) and found.count("\n") <= 1
    assert style.wrapped("b" * 80, 30).endswith("…") and style.wrapped("b" * 80, 30).count("\n") == 1


def drawing() -> str:
    with style.drawing():
        figure, axes = style.canvas(60)
        axes.text(10, 30, '<b>$x$ & "q"</b>', fontweight="bold")
        axes.plot([0, 100], [10, 20], color=palette.ESTIMATE)
        axes.scatter([5], [5], color=palette.OBSERVED)
        return render(figure, "A title", "A description <&>")


def test_figures_are_deterministic_and_plain() -> None:
    """Same drawing, same bytes; no date, style sheet or style attribute; text stays text, as written?

    Seen to fail with the date in the file.
    """
    svg = drawing()
    assert svg == drawing()
    assert not re.search(r"style=|<style|metadata|xlink|<!--|\d{4}-\d\d-\d\d", svg)
    root = ET.fromstring(svg)
    text = root.find(f".//{{{SVG}}}text")
    assert text.text == '<b>$x$ & "q"</b>'
    assert text.attrib["font-weight"] in ("bold", "700")
    assert root.findtext(f"{{{SVG}}}desc") == "A description <&>"


def test_all_colours_have_a_name_on_the_page() -> None:
    """Can the page replace every colour that is drawn? Seen to fail with a colour that has no name."""
    colours = set(re.findall(r"#[0-9a-f]{6}", drawing()))
    assert colours and colours <= set(palette.TOKENS)
