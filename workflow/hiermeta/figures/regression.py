"""What the figures of a hierarchical regression share: its tables by grouping factor, and the scale of its outcome."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hiermeta.io.results import Results, Row
from hiermeta.likelihoods import IDENTITY, LIKELIHOODS, Likelihood

Array = npt.NDArray[np.float64]
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


def several(word: str, count: int) -> str:
    """A count with its noun.

    Examples
    --------
    >>> several("cluster", 1), several("cluster", 160)
    ('1 cluster', '160 clusters')
    """
    return f"{count:,} {word}{'' if count == 1 else 's'}"
