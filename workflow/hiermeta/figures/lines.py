"""The fitted line of each cluster, at posterior means, with the overall one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hiermeta.data.clusters import Clusters
from hiermeta.data.hierarchical import formula_of
from hiermeta.figures import observations, palette, style
from hiermeta.figures.regression import blocks, in_a_sentence, likelihood, linear, response, several
from hiermeta.inference.hierarchical import along
from hiermeta.io.results import Results
from hiermeta.text.numbers import significant

Array = npt.NDArray[np.float64]
HEIGHT = 380
_ROWS = 20_000
"""Rows that clusters' other predictors are averaged over; every n-th row of a cluster where there are more."""


def predictor(results: Results) -> str | None:
    """The numeric predictor whose slope differs between clusters, else one that varies within them; None without.

    None also without random effects, from which the lines are drawn.
    """
    if not results.rows("random_effects"):
        return None
    numeric = along.predictors(results)
    varying = [term for _, term in blocks(results, "random_effects") if term in numeric]
    levels = results.model["levels"]
    return next(iter(varying), None) or next((name for name in numeric if levels.get(name) == "within"), None)


def draw(results: Results) -> style.Drawing:
    """A line per cluster of the first grouping factor over its own values, within the bulk of all."""
    name = predictor(results)
    assert name is not None
    x = _own_ranges(results, name)
    x = x[:, [0, -1]] if linear(results) and _straight(results, name) else x
    values = _lines(results, name, x)
    overall = along.curve(results, name, {})
    figure, (axes,) = style.grid(HEIGHT, 1, 1, left=72, top=44, bottom=54)
    observations.draw(axes, results, name, overall.x)
    many = len(values) > 120
    gaps = np.full((len(values), 1), np.nan)
    axes.plot(
        np.column_stack([x, gaps]).ravel(),
        np.column_stack([values, gaps]).ravel(),
        color=palette.BETWEEN,
        linewidth=0.6 if many else 1.0,
        alpha=0.35 if many else 0.6,
    )
    middle = (overall.mean, palette.ESTIMATE, "overall")
    if not linear(results):
        middle = (overall.typical, palette.INK, "typical cluster")
    axes.plot(overall.x, middle[0], color=middle[1], linewidth=3)
    axes.set_xlim(overall.x[0], overall.x[-1])
    style.numeric_axes(axes)
    axes.set_xlabel(style.shorten(name, 60))
    axes.set_ylabel(style.shorten(response(results), 50))
    entries = [
        (middle[1], "-", middle[2]),
        (palette.BETWEEN, "-", "each cluster, partially pooled"),
        observations.entry(results),
    ]
    style.legend(figure, entries)
    return style.Drawing(figure, f"{_finding(results, name, x, values)} {observations.said(results)}")


def _straight(results: Results, name: str) -> bool:
    """Whether the predictor enters only as it is."""
    terms = along.fit(results).model.designs.fixed.formula.terms
    return all(piece.name == name for term in terms for piece in term if name in piece.columns)


def _first(results: Results) -> Clusters:
    """Clusters of the first grouping factor."""
    return Clusters.of(results.table, formula_of(results.model["settings"]).random[0].group)


def _own_ranges(results: Results, name: str) -> Array:
    """Shape (J, g): points between the smallest and the largest value in each cluster of the first factor."""
    bulk, codes = along.reach(results, name), _first(results).codes
    values = results.table[name].astype(float).clip(bulk[0], bulk[-1]).groupby(codes)
    return np.linspace(values.min(), values.max(), len(bulk), axis=1)


def _lines(results: Results, name: str, x: Array) -> Array:
    """Shape (J, g): the expected outcome in each cluster of the first factor, its other predictors averaged."""
    model, table = along.fit(results).model, results.table
    bars = [bar.group for bar in formula_of(results.model["settings"]).random]
    first = _first(results).codes
    chosen = np.arange(len(table))[:: -(-len(table) // _ROWS)]
    # Every cluster keeps a row.
    chosen = np.union1d(chosen, np.unique(first, return_index=True)[1])
    beta = np.array([results.estimate(term)["mean"] for term in model.names])
    effects = [
        _effects(results, Clusters.of(table, group), design.names)[chosen]
        for group, design in zip(bars, model.designs.random, strict=True)
    ]
    rows, codes = table.iloc[chosen], first[chosen]
    sizes, found = np.bincount(codes), []
    for at in x.T:
        changed = rows.assign(**{name: at[codes]})
        linear = model.designs.fixed.matrix(changed, standard=False) @ beta
        for design, u in zip(model.designs.random, effects, strict=True):
            linear = linear + (design.matrix(changed, standard=False) * u).sum(axis=1)
        found.append(np.bincount(codes, linear) / sizes)
    return likelihood(results).link.inverse(np.stack(found, axis=1))


def _effects(results: Results, clusters: Clusters, terms: tuple[str, ...]) -> Array:
    """Shape (N, q): posterior means of the random effects of each row's cluster."""
    found = {
        (row["cluster"], term): row["mean"]
        for (group, term), rows in blocks(results, "random_effects").items()
        if group == clusters.name
        for row in rows
    }
    return np.array([[found[cluster, term] for term in terms] for cluster in clusters.names])[clusters.codes]


def _rising(rising: int, count: int) -> str:
    """How many lines rise."""
    if rising in (0, count):
        return f"all {count:,} {'rise' if rising else 'fall or are level'}"
    return f"{rising:,} rise and {count - rising:,} do not"


def _finding(results: Results, name: str, x: Array, values: Array) -> str:
    wide = x[:, -1] > x[:, 0]
    rising = int((values[wide, -1] > values[wide, 0]).sum())
    points = int((~wide).sum())
    without = f"; {several('cluster', points)} with a single value have no line" if points else ""
    lowest, highest = (significant(float(end), 3) for end in (values.min(), values.max()))
    return (
        f"Fitted lines of {several('cluster', len(values))} along {style.shorten(name, 40)}, each over its own values, "
        f"the other predictors as they are in each cluster: {_rising(rising, int(wide.sum()))}{without}. On them "
        f"{in_a_sentence(results)} is between {lowest} and {highest}."
    )
