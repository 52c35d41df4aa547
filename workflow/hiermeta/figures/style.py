"""How figures are laid out and drawn; lengths are in pixels of the drawing (units of the SVG's viewBox)."""

from __future__ import annotations

import math
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hiermeta.figures.palette import INK, MUTED, PAPER
from hiermeta.text.characters import in_markup
from hiermeta.text.numbers import as_written

WIDTH = 900
FONT_SIZE = 12
SMALL = 11
LEGEND_LEFT, LEGEND_LINE = 30.0, 18.0
_RATIOS = 50
"""Pixels for the labels of a second axis."""

_SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": FONT_SIZE,
    "text.parse_math": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.titlesize": FONT_SIZE,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.linewidth": 1.0,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "figure.facecolor": PAPER,
    "svg.fonttype": "none",
    "svg.hashsalt": "hiermeta",
    "path.simplify": False,
}


@dataclass(frozen=True)
class Drawing:
    """A figure, what it shows in words for readers who can't see it, and numbers computed for it alone."""

    figure: Figure
    description: str
    data: Sequence[Mapping[str, Any]] = ()


@contextmanager
def drawing() -> Iterator[None]:
    """The settings every figure is made and saved under."""
    with rc_context(_SETTINGS), warnings.catch_warnings():
        # Widths are measured with DejaVu Sans, which lacks emoji and some scripts; the reader's own fonts draw them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")
        yield


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure of this many pixels."""
    return Figure(figsize=(width / 72, height / 72), dpi=72)


def canvas(height: float) -> tuple[Figure, Axes]:
    """A figure with one set of axes in pixels, origin at the top left, for layouts of our own."""
    figure = new_figure(height)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    axes.set_axis_off()
    return figure, axes


def panels(height: float, count: int, *, left: float, top: float, bottom: float) -> tuple[Figure, list[Axes]]:
    """Equal panels side by side; margins in pixels, the left one before every panel."""
    figure = new_figure(height)
    right, gap = 14, left + 14
    width = (WIDTH - left - right - gap * (count - 1)) / count
    axes = [
        figure.add_axes(
            ((left + i * (width + gap)) / WIDTH, bottom / height, width / WIDTH, (height - top - bottom) / height)
        )
        for i in range(count)
    ]
    return figure, axes


def grid(
    height: float, count: int, columns: int, *, left: float, top: float, bottom: float
) -> tuple[Figure, list[Axes]]:
    """Panels of this height, row by row; margins in pixels around every panel, the top one holding its title."""
    rows = -(-count // columns)
    figure = new_figure(height * rows)
    room = WIDTH / columns
    axes = [
        figure.add_axes(
            (
                ((i % columns) * room + left) / WIDTH,
                1 - ((i // columns + 1) * height - bottom) / (height * rows),
                (room - left - 14) / WIDTH,
                (height - top - bottom) / (height * rows),
            )
        )
        for i in range(count)
    ]
    return figure, axes


def dots(
    axes: Axes,
    x: Sequence[float],
    y: Sequence[float],
    sizes: Sequence[float],
    color: str,
    alpha: float = 1.0,
    *,
    square: bool = False,
) -> None:
    """Dots of these diameters (pixels), small in the file: sizes to half a pixel, each one path with broad ends."""
    halves = [round(2 * size) for size in sizes]
    for step in sorted(set(halves), reverse=True):
        chosen = [i for i, half in enumerate(halves) if half == step]
        axes.plot(
            [value for i in chosen for value in (x[i], x[i], math.nan)],
            [value for i in chosen for value in (y[i], y[i], math.nan)],
            color=color,
            linewidth=step / 2,
            solid_capstyle="projecting" if square else "round",
            alpha=alpha,
            clip_on=False,
        )


def segments(
    axes: Axes, starts: Sequence[float], ends: Sequence[float], y: Sequence[float], color: str, width: float
) -> None:
    """Horizontal lines or bars of this width (pixels) with blunt ends, as one path."""
    x = [value for start, end in zip(starts, ends, strict=True) for value in (start, end, math.nan)]
    heights = [value for height in y for value in (height, height, math.nan)]
    axes.plot(x, heights, color=color, linewidth=width, solid_capstyle="butt", clip_on=False)


def legend_lines(entries: Sequence[tuple[str, str, str]]) -> list[list[tuple[float, tuple[str, str, str]]]]:
    """A legend's entries with the pixels at which they begin, in as many lines as they need."""
    lines: list[list[tuple[float, tuple[str, str, str]]]] = [[]]
    x = LEGEND_LEFT
    for entry in entries:
        width = 54 + 6.3 * len(entry[2])
        if lines[-1] and x + width - 20 > WIDTH:
            lines.append([])
            x = LEGEND_LEFT
        lines[-1].append((x, entry))
        x += width
    return lines


def legend(figure: Figure, entries: Sequence[tuple[str, str, str]], y: float = 16.0) -> None:
    """Colour, marker or dash, and text of each entry, in lines from the left edge, the first y pixels from the top."""
    height = float(figure.get_figheight()) * 72
    for number, line in enumerate(legend_lines(entries)):
        at = 1 - (y + LEGEND_LINE * number) / height
        for x, (color, mark, text) in line:
            if mark in ("-", "--", ":"):
                ends = [x / WIDTH, (x + 26) / WIDTH]
                figure.add_artist(Line2D(ends, [at, at], color=color, linestyle=mark, linewidth=2))
            else:
                figure.add_artist(Line2D([(x + 16) / WIDTH], [at], marker=mark, color=color, markersize=8, linewidth=0))
            figure.text((x + 34) / WIDTH, at, text, va="center", fontsize=SMALL)


def numeric_axes(axes: Axes, which: str = "xy") -> None:
    """Round ticks with true minus signs."""
    for letter, limits, set_ticks in (("x", axes.get_xlim(), axes.set_xticks), ("y", axes.get_ylim(), axes.set_yticks)):
        if letter in which:
            ticks = nice_ticks(*limits)
            set_ticks(ticks, [as_written(tick) for tick in ticks])


def axis(axes: Axes, left: float, right: float, y: float, ticks: Iterable[tuple[float, str]], label: str = "") -> None:
    """A horizontal axis on a canvas, with ticks at these pixels and a label below the middle."""
    axes.plot([left, right], [y, y], color=MUTED, linewidth=1)
    for x, text in ticks:
        axes.plot([x, x], [y, y + 4], color=MUTED, linewidth=1)
        axes.text(x, y + 7, text, ha="center", va="top", fontsize=SMALL)
    if label:
        axes.text((left + right) / 2, y + 26, label, ha="center", va="top")


def ticked(x: Callable[[float], float], low: float, high: float, count: int = 6) -> list[tuple[float, str]]:
    """Round ticks within [low, high]: the pixels at which they stand, and their labels."""
    return [(x(tick), as_written(tick)) for tick in nice_ticks(low, high, count)]


def nice_ticks(low: float, high: float, count: int = 6) -> Sequence[float]:
    """Round tick positions within [low, high]."""
    from matplotlib.ticker import MaxNLocator

    return [
        float(tick)
        for tick in MaxNLocator(nbins=count, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        if low <= tick <= high
    ]


def shorten(label: str, cells: int) -> str:
    r"""A label on one line, at most this many character cells wide, harmless to what stands next to it.

    Control characters are replaced, wide characters (CJK, emoji) count as two cells, and text that is not left to
    right is isolated, so that it can't reorder its neighbours.

    Examples
    --------
    >>> shorten("Aronson\n 1948", 20), shorten("a" * 30, 10)
    ('Aronson 1948', 'aaaaaaaaa…')
    """
    text = in_markup(" ".join(label.split()))
    width, kept = 0, []
    for character in text:
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        kept.append((character, width))
    if width > cells:
        text = "".join(character for character, end in kept if end < cells).rstrip() + "…"
    if any(
        unicodedata.bidirectional(c) in ("R", "AL", "AN", "RLE", "RLO", "LRE", "LRO", "RLI", "LRI", "FSI") for c in text
    ):
        return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"
    return text


def wrapped(label: str, cells: int) -> str:
    r"""A label on one line, or on two where it needs them, each at most this many character cells wide.

    Lines break after spaces and punctuation; `shorten` cuts what has no room on two.

    Examples
    --------
    >>> wrapped("cor(school:intercept,cses)", 30), wrapped("cor(hospital:intercept,nurse_ratio)", 30)
    ('cor(school:intercept,cses)', 'cor(hospital:intercept,\nnurse_ratio)')
    """
    whole, first = " ".join(label.split()), ""
    if shorten(whole, cells) == shorten(whole, 2 * len(whole)):
        return shorten(whole, cells)
    for piece in re.findall(r"[^ :,(*~]*[ :,(*~]?", whole):
        if "…" in shorten(first + piece, cells):
            break
        first += piece
    first = first or next(whole[:n] for n in range(cells, 0, -1) if "…" not in shorten(whole[:n], cells))
    return f"{shorten(first, cells)}\n{shorten(whole[len(first) :], cells)}"


def ratio_axis(axes: Axes, label: str) -> None:
    """Ratios at the right, where the left axis has their logarithms; the panel gives up the room they need."""
    box = axes.get_position()
    axes.set_position((box.x0, box.y0, box.width - _RATIOS / WIDTH, box.height))
    low, high = axes.get_ylim()
    other = axes.twinx()
    other.set_ylim(low, high)
    wanted = [step * 10.0**power for power in range(-6, 7) for step in (1, 2, 5)]
    inside = [value for value in wanted if low <= math.log(value) <= high]
    if len(inside) > 7:
        inside = [value for value in inside if as_written(value).strip("0.").startswith("1") or value == 1]
    other.set_yticks([math.log(value) for value in inside], [as_written(value) for value in inside])
    other.spines["right"].set_visible(True)
    other.spines["left"].set_visible(False)
    other.set_ylabel(label)
