"""What the figures of a hierarchical regression share: its tables by grouping factor, and the scale of its outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from hiermeta.figures import style
from hiermeta.io.results import Results, Row
from hiermeta.likelihoods import IDENTITY, LIKELIHOODS, Likelihood
from hiermeta.text.numbers import as_written

Array = npt.NDArray[np.float64]
_RATIOS = 50
"""Pixels for the labels of a second axis."""
LABELLED = 36
"""With more clusters their names are left out."""


def group_of(results: Results, row: Row) -> str:
    """The grouping factor of a row; tables of analyses with one factor don't name it."""
    return str(row.get("group") or results.model["cluster_column"])


def blocks(results: Results, name: str) -> dict[tuple[str, str], list[Row]]:
    """Rows of a table with clusters and terms, by grouping factor and term, in the order of the file."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in results.rows(name):
        found.setdefault((group_of(results, row), row["term"]), []).append(row)
    return found


def groups(results: Results) -> list[str]:
    """The grouping factors."""
    return list(dict.fromkeys(group for group, _ in blocks(results, "random_effects")))


def likelihood(results: Results) -> Likelihood:
    """The likelihood of the outcome."""
    return LIKELIHOODS[results.model["family"]]


def linear(results: Results) -> bool:
    """Whether coefficients are in units of the outcome."""
    return likelihood(results).link is IDENTITY


def response(results: Results) -> str:
    """What is predicted, on the scale of the outcome."""
    return likelihood(results).response(results.model["outcome"], results.model["settings"])


def in_a_sentence(results: Results) -> str:
    """What is predicted, with an article where it is more than the outcome's name."""
    return response(results) if linear(results) else f"the {response(results)}"


def inverse(results: Results) -> Callable[[Array], Array]:
    """From the scale of the coefficients to that of the outcome."""
    return likelihood(results).link.inverse


def scale(results: Results) -> str:
    """The scale of the coefficients, in words to follow a name; empty where it is that of the outcome."""
    return "" if linear(results) else f" ({likelihood(results).link.scale})"


def ratio(results: Results) -> str:
    """What the exponential of a coefficient is called; empty for the identity link."""
    return likelihood(results).link.ratio


def observed(results: Results) -> Array:
    """Shape (N,): the outcome, as a share of trials or per unit of exposure where there are such."""
    model, frame = results.model, results.table
    settings = model["settings"]
    size: Any = next((frame[settings[key]] for key in ("trials", "exposure") if key in settings), 1.0)
    return np.asarray(frame[model["outcome"]] / size, float)


def ratio_axis(axes: Axes, label: str) -> None:
    """Ratios at the right, where the left axis has their logarithms; the panel gives up the room they need."""
    box = axes.get_position()
    axes.set_position((box.x0, box.y0, box.width - _RATIOS / style.WIDTH, box.height))
    low, high = axes.get_ylim()
    other = axes.twinx()
    other.set_ylim(low, high)
    wanted = [step * 10.0**power for power in range(-6, 7) for step in (1, 2, 5)]
    inside = [value for value in wanted if low <= np.log(value) <= high]
    if len(inside) > 7:
        inside = [value for value in inside if as_written(value).strip("0.").startswith("1") or value == 1]
    other.set_yticks([float(np.log(value)) for value in inside], [as_written(value) for value in inside])
    other.spines["right"].set_visible(True)
    other.spines["left"].set_visible(False)
    other.set_ylabel(label)


def several(word: str, count: int) -> str:
    """A count with its noun.

    Examples
    --------
    >>> several("cluster", 1), several("cluster", 160)
    ('1 cluster', '160 clusters')
    """
    return f"{count:,} {word}{'' if count == 1 else 's'}"
