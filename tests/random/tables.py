"""What random meta-analyses and regressions share: their random numbers, odd names and missing cells."""

import numpy as np

SEED = 20261126
ODD = [
    "Müller & Søn (1999)",
    'O\'Brien, "A"',
    "<b>Lee</b>",
    "{{ x }}",
    "study:1",
    "a/b",
    "$\\mu$",
    "%d; drop",
    "日本 2004",
    "_under^score",
    "Ünlü\u00a0et al.",
    "1e3",
    "-5",
    "#N",
    "x" * 90,
]
"""Labels that a page, a figure or a file could trip over."""


def random_numbers(kind, number):
    """The generator of an analysis, which depends on nothing but its kind and number."""
    return np.random.default_rng([SEED, *kind.encode(), number])


def chance(rng, probability):
    """Whether an event of that probability happens."""
    return bool(rng.random() < probability)


def names(rng, count, stem):
    """Distinct names of levels: numbers, numbered names, or odd ones."""
    style = rng.integers(3)
    if style == 0:
        return np.arange(1, count + 1).astype(str)
    named = [f"{stem} {i}" for i in range(1, count + 1)]
    if style == 2:
        odd = rng.permutation(ODD)[:count]
        named[: len(odd)] = odd
    return np.array(named, dtype=object)


def with_missing(rng, table, columns):
    """The table with some empty cells in a few of these columns."""
    table = table.astype(object)
    for column in columns:
        if chance(rng, 0.3):
            table.loc[rng.random(len(table)) < 0.08, column] = ""
    return table
