"""The kinds of raw data that effect sizes are computed from, under metafor's names of their columns; zero cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hiermeta.data.cells import Array, Cells, Mask

Values = dict[str, Array]
_CORRECT = "correct the cell, or leave it empty to drop the row"


@dataclass(frozen=True)
class Design:
    """One kind of raw data.

    Parameters
    ----------
    combinations : tuple of tuple of str
        Sets of columns that are enough.
    check : callable
        Notes the cells that can't be what they are said to be.
    arguments : callable
        The columns' values to the arguments of the measure's formula, each of shape (k,).
    sample_size : callable
        Those arguments to the sample sizes, shape (k,).
    size_in_words : str
        What sample sizes are, in the formula's terms.
    counts : tuple of int
        Positions, among the arguments, of the counts that a zero cell may be in; none without counts.
    counted : str
        Those counts, in words.
    double_zeros : tuple of tuple of int
        Pairs of counts, by position in ``counts``, that are both zero where a row has no information.
    """

    combinations: tuple[tuple[str, ...], ...]
    check: Callable[[Cells], None]
    arguments: Callable[[Values], tuple[Array, ...]]
    sample_size: Callable[..., Array]
    size_in_words: str
    counts: tuple[int, ...] = ()
    counted: str = ""
    double_zeros: tuple[tuple[int, int], ...] = ()

    def order(self, keys: Iterable[str]) -> list[str]:
        """The keys of a combination in metafor's order."""
        return next(list(combination) for combination in self.combinations if set(combination) == set(keys))

    @property
    def events(self) -> list[str]:
        """Columns that hold counts, whichever the combination."""
        if not self.counts:
            return []
        keys = dict.fromkeys(key for combination in self.combinations for key in combination)
        return [key for key in keys if not key.startswith(("n", "t"))]


def _check_counts(cells: Cells, *keys: str) -> None:
    for key in keys:
        remedy = f"Counts must not be below zero; {_CORRECT}"
        cells.refuse(key, cells[key] < 0, f"a count of {{{key}:g}}", remedy)


def _check_group(cells: Cells, events: str, others: str, size: str) -> None:
    """A group as events and non-events, or as events and size."""
    if size in cells.columns:
        _check_counts(cells, events)
        remedy = f"Groups must have a size above zero; {_CORRECT}"
        cells.refuse(size, cells[size] <= 0, f"a group of {{{size}:g}}", remedy)
        more = (cells[events] > cells[size]) & (cells[size] > 0)
        says = f"{{{events}:g}} events in a group of {{{size}:g}}"
        cells.refuse(events, more, says, f"Events must not exceed the group's size; {_CORRECT}")
    else:
        _check_counts(cells, events, others)
        empty = (cells[events] == 0) & (cells[others] == 0)
        says = f"{{{events}:g}} events and {{{others}:g}} non-events: nobody is in the group"
        cells.refuse(events, empty, says, f"A group needs at least one member; {_CORRECT}")


def _others(values: Values, events: str, others: str, size: str) -> Array:
    return values[others] if others in values else values[size] - values[events]


def _check_times(cells: Cells, *keys: str) -> None:
    for key in keys:
        remedy = f"Person-time must be above zero; {_CORRECT}"
        cells.refuse(key, cells[key] <= 0, f"a person-time of {{{key}:g}}", remedy)


def _check_mean(cells: Cells, sd: str, size: str) -> None:
    remedy = f"Standard deviations must be above zero; {_CORRECT}"
    cells.refuse(sd, cells[sd] <= 0, f"the standard deviation is {{{sd}:g}}", remedy)
    remedy = f"A mean with a standard deviation needs a sample of at least 2; {_CORRECT}"
    cells.refuse(size, cells[size] < 2, f"the sample size is {{{size}:g}}", remedy)


def _check_two_by_two(cells: Cells) -> None:
    _check_group(cells, "ai", "bi", "n1i")
    _check_group(cells, "ci", "di", "n2i")


def _check_two_rates(cells: Cells) -> None:
    _check_counts(cells, "x1i", "x2i")
    _check_times(cells, "t1i", "t2i")


def _check_one_rate(cells: Cells) -> None:
    _check_counts(cells, "xi")
    _check_times(cells, "ti")


def _check_two_means(cells: Cells) -> None:
    _check_mean(cells, "sd1i", "n1i")
    _check_mean(cells, "sd2i", "n2i")


def _check_correlation(cells: Cells) -> None:
    remedy = f"Correlations must lie between -1 and 1, both excluded; {_CORRECT}"
    cells.refuse("ri", abs(cells["ri"]) >= 1, "the correlation is {ri:g}", remedy)
    remedy = f"The variance of a correlation needs a sample of at least 4; {_CORRECT}"
    cells.refuse("ni", cells["ni"] < 4, "the sample size is {ni:g}", remedy)


TWO_BY_TWO = Design(
    combinations=(("ai", "bi", "ci", "di"), ("ai", "n1i", "ci", "n2i")),
    check=_check_two_by_two,
    arguments=lambda v: (v["ai"], _others(v, "ai", "bi", "n1i"), v["ci"], _others(v, "ci", "di", "n2i")),
    sample_size=lambda a, b, c, d: a + b + c + d,
    size_in_words="the sums of both groups",
    counts=(0, 1, 2, 3),
    counted="events and non-events in both groups",
    double_zeros=((0, 2), (1, 3)),
)
TWO_RATES = Design(
    combinations=(("x1i", "t1i", "x2i", "t2i"),),
    check=_check_two_rates,
    arguments=lambda v: (v["x1i"], v["t1i"], v["x2i"], v["t2i"]),
    sample_size=lambda x1, t1, x2, t2: t1 + t2,
    size_in_words="the person-times of both groups (t1i + t2i)",
    counts=(0, 2),
    counted="events in both groups",
    double_zeros=((0, 1),),
)
TWO_MEANS = Design(
    combinations=(("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"),),
    check=_check_two_means,
    arguments=lambda v: (v["m1i"], v["sd1i"], v["n1i"], v["m2i"], v["sd2i"], v["n2i"]),
    sample_size=lambda m1, sd1, n1, m2, sd2, n2: n1 + n2,
    size_in_words="the sums of both groups (n1i + n2i)",
)
CORRELATION = Design(
    combinations=(("ri", "ni"),),
    check=_check_correlation,
    arguments=lambda v: (v["ri"], v["ni"]),
    sample_size=lambda r, n: n,
    size_in_words="those of the correlations (ni)",
)
ONE_PROPORTION = Design(
    combinations=(("xi", "ni"), ("xi", "mi")),
    check=lambda cells: _check_group(cells, "xi", "mi", "ni"),
    arguments=lambda v: (v["xi"], _others(v, "xi", "mi", "ni")),
    sample_size=lambda x, m: x + m,
    size_in_words="those of the groups",
    counts=(0, 1),
    counted="events and non-events",
)
ONE_RATE = Design(
    combinations=(("xi", "ti"),),
    check=_check_one_rate,
    arguments=lambda v: (v["xi"], v["ti"]),
    sample_size=lambda x, t: t,
    size_in_words="the person-times (ti)",
    counts=(0,),
    counted="events",
)
ONE_MEAN = Design(
    combinations=(("mi", "sdi", "ni"),),
    check=lambda cells: _check_mean(cells, "sdi", "ni"),
    arguments=lambda v: (v["mi"], v["sdi"], v["ni"]),
    sample_size=lambda m, sd, n: n,
    size_in_words="those of the groups (ni)",
)


@dataclass(frozen=True)
class ZeroCells:
    """A policy on zero cells.

    Parameters
    ----------
    add : float
        Added to every count of a corrected row.
    to : str
        Which rows are corrected: ``only0`` those with a zero count; ``if0all`` all, if any has one; ``all``;
        ``none``.
    drop_double_zero : bool
        Leave out rows without information on the contrast: no event in either group, or events only.
    """

    add: float = 0.5
    to: Literal["only0", "all", "if0all", "none"] = "only0"
    drop_double_zero: bool = False


def double_zeros(counts: Sequence[Array], pairs: Sequence[tuple[int, int]]) -> Mask:
    """Rows where both counts of a pair are zero.

    Parameters
    ----------
    counts : sequence of numpy.ndarray
        Each of shape (k,).
    pairs : sequence of tuple of int
        Positions in ``counts``: events of both groups, and non-events of both groups.
    """
    found = np.zeros(len(counts[0]), bool)
    for first, second in pairs:
        found |= (counts[first] == 0) & (counts[second] == 0)
    return found


def rows_to_correct(counts: Sequence[Array], policy: ZeroCells, dropped: Mask) -> Mask:
    """Rows to whose counts something is added.

    Parameters
    ----------
    counts : sequence of numpy.ndarray
        Each of shape (k,).
    policy : ZeroCells
    dropped : numpy.ndarray
        Shape (k,): rows that are left out and whose zeros don't count.
    """
    with_zero = np.any([count == 0 for count in counts], axis=0) & ~dropped
    if policy.add == 0 or policy.to == "none":
        return np.zeros_like(dropped)
    if policy.to == "only0":
        return with_zero
    everywhere = policy.to == "all" or bool(with_zero.any())
    return ~dropped & everywhere
