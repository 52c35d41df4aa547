"""The colours of pages and figures: legible in both schemes, and one palette."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from hiermeta.figures.funnel import CONTOURS
from hiermeta.figures.palette import TOKENS
from hiermeta.io.provenance import TEMPLATES


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(first: str, second: str) -> float:
    bright, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(scheme: str) -> None:
    """Does text reach 4.5 to 1 on every background it stands on, and a figure's shapes 3 to 1 (WCAG 2.1 AA)?

    Seen to fail with muted text in a lighter grey and with muted text of the dark scheme in a darker grey.
    """
    blocks = re.findall(r":root \{(.*?)\}", (TEMPLATES / "style.css").read_text(encoding="utf-8"), re.S)
    palette = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[("light", "dark").index(scheme)]))
    for ground in ("paper", "panel"):
        for text in ("ink", "muted", "link", "pass", "warn", "fail"):
            assert _contrast(palette[text], palette[ground]) >= 4.5, (text, ground)
        for shape in ("estimate", "observed", "prior", "prediction", "between", "within"):
            assert _contrast(palette[shape], palette[ground]) >= 3, (shape, ground)
    for status in ("pass", "warn", "fail"):
        assert _contrast(palette[status], palette[f"{status}-soft"]) >= 4.5, status
        assert _contrast(palette["ink"], palette[f"{status}-soft"]) >= 4.5, status
    assert _contrast(palette["paper"], palette["fail"]) >= 4.5


def test_page_and_figures_share_their_palette() -> None:
    """Is a figure file beside the page drawn in the colours that the page's light scheme shows?

    Seen to fail with another blue for estimates in the style sheet.
    """
    block = re.findall(r":root \{(.*?)\}", (TEMPLATES / "style.css").read_text(encoding="utf-8"), re.S)[0]
    palette = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    assert {name: palette[name] for name in TOKENS.values()} == {name: colour for colour, name in TOKENS.items()}


def test_bands_of_the_funnel_differ() -> None:
    """Do the bands of p values stand out from the paper and from each other, by 1.35 to 1, in both schemes?

    Seen to fail with the greys that were 1.2 to 1.
    """
    for block in re.findall(r":root \{(.*?)\}", (TEMPLATES / "style.css").read_text(encoding="utf-8"), re.S)[:2]:
        palette = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
        bands = [palette["paper"], *(palette[TOKENS[color]] for _, _, color in CONTOURS)]
        for first, second in pairwise(bands):
            assert _contrast(first, second) >= 1.35, (first, second)
