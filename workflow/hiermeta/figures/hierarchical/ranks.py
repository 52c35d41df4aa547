"""Do the chains agree? Rank ECDFs of the parameters with the fewest effective draws."""

from __future__ import annotations

from hiermeta.figures import ranks as of_meta
from hiermeta.figures import style
from hiermeta.io.results import Results

SHOWN, COLUMNS = 6, 3


def draw(results: Results) -> style.Drawing:
    """One panel per parameter, one line per chain."""
    names = [row["parameter"] for row in sorted(results.estimates, key=lambda row: row["ess_bulk"])[:SHOWN]]
    figure, panels = style.grid(210, len(names), min(COLUMNS, len(names)), left=46, top=30, bottom=44)
    return of_meta.draw_into(figure, panels, results, {name: style.shorten(name, 34) for name in names})
