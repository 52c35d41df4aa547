"""How the effect of one predictor depends on another: predicted lines at values of the second."""

from __future__ import annotations

from hiermeta.figures import style
from hiermeta.figures.hierarchical import along
from hiermeta.figures.hierarchical.layout import response
from hiermeta.figures.interactions import HEIGHT, SHOWN, Pair, columns_of, finding, panel, values
from hiermeta.io.results import Results


def pairs(results: Results) -> list[Pair]:
    """Interactions of two predictors of which one is numeric; the one that varies within clusters is on the axis."""
    if not results.marginal_means or not any(":" in name for name in results.model["coefficients"]):
        return []
    numeric, levels = set(along.predictors(results)), results.model["levels"]
    designs = along.fit(results).model.designs
    found = []
    for term in designs.fixed.formula.terms:
        columns = columns_of(term)
        axis = [column for column in columns if column in numeric and len(along.reach(results, column)) > 2]
        if len(columns) == 2 and axis:
            x = next((column for column in axis if levels.get(column) == "within"), axis[0])
            other = next(column for column in columns if column != x)
            observed = () if other in designs.factors else results.table[other]
            found.append(Pair(x, other, values(designs.factors, other, observed)))
    return found[:SHOWN]


def draw(results: Results) -> style.Drawing:
    """One panel per interaction."""
    found = pairs(results)
    figure, panels = style.grid(HEIGHT, len(found), min(len(found), 2), left=72, top=52, bottom=54)
    texts, rows = [], []
    for axes, pair in zip(panels, found, strict=True):
        curves = [
            along.curve(results, pair.x, {pair.other: value}, f"{pair.other} = {level}")
            for level, value in pair.values.items()
        ]
        panel(axes, pair, curves)
        axes.set_ylabel(style.shorten(response(results), 40))
        rows += [row for curve in curves for row in curve.rows()]
        texts.append(finding(pair, curves, response(results)))
    return style.Drawing(figure, "Interactions", " ".join(texts), rows)
