"""What only regressions of counts have: median ratios between clusters, and overdispersion."""

from __future__ import annotations

from hiermeta.figures.regression import likelihood, ratio
from hiermeta.io.results import Results
from hiermeta.report.cells import Number, Sentence
from hiermeta.report.hierarchical.numbers import of_checks, place, plain, quantity

_CLEAR, _HINT = 0.025, 0.1
"""Posterior predictive probabilities below which dispersion is said to be off, and perhaps off."""


def median_ratio(results: Results) -> Sentence | None:
    """How far apart two clusters typically are, as a ratio; None where coefficients are not on a log scale."""
    word = ratio(results)
    numbers = quantity(results, f"median {word}") if word else None
    if numbers is None:
        return None
    return [
        f"Of two rows alike in all but their clusters, the one with the higher {word.removesuffix(' ratio')} has ",
        numbers[0], " (", numbers[1], " to ", numbers[2],
        f") times that of the other, in the median: the median {word}.",
    ]  # fmt: skip


def dispersion(results: Results) -> Sentence | None:
    """Whether counts vary as their family says; None for outcomes where that can't be seen."""
    found = place(results, "checks", "statistic", "dispersion")
    if found is None or likelihood(results).kind == "event":
        return None
    over, tail = found[1]["p"] < 0.5, min(found[1]["p"], 1 - found[1]["p"])
    more, name, width = ("more", "overdispersion", "narrow") if over else ("less", "underdispersion", "wide")
    if tail < _CLEAR:
        start = f"Counts vary {more} than their family says ({name}), so that intervals are too {width}"
    elif tail < _HINT:
        start = f"Counts may vary {more} than their family says ({name})"
    else:
        start = "Counts vary as their family says, without overdispersion"
    position, row = found
    cells = [of_checks(row, key, f"checks.csv/{position}") for key in ("observed", "q2.5", "q97.5")]
    cells.append(plain(row, "p", f"checks.csv/{position}", 2))
    observed, low, high, larger = (cell if isinstance(cell, Number) else "–" for cell in cells)
    return [
        f"{start}: the dispersion is ", observed, ", that of simulated counts ", low, " to ", high,
        ", larger than the observed one with a probability of ", larger, ".",
    ]  # fmt: skip
