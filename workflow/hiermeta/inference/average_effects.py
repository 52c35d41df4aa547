"""What one unit of a predictor, or another level of it, goes along with, on average over the rows.

A coefficient says that only where its predictor stands in no product and in no other column. Elsewhere it is the slope,
or the difference, where other predictors are zero or at their reference level, which may be far from the data.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data.design import Design
from hiermeta.inference.summaries import of_draws
from hiermeta.io.registry import header, without_rows

Array = npt.NDArray[np.float64]
_STEP = 1e-3
"""Half the width of a difference quotient, in SDs of the predictor; it stays within the data."""


def table(design: Design | None, rows: pd.DataFrame, combine: Callable[[Array], Array], standard: bool) -> pd.DataFrame:
    """Average slopes and contrasts of predictors that no single coefficient describes.

    Parameters
    ----------
    design : Design or None
        Of the mean.
    rows : pandas.DataFrame
        The validated table, columns under the user's names.
    combine : callable
        From a design row of shape (p,) to draws of the linear predictor, shape (chains, draws).
    standard : bool
        Whether design rows are standardised.

    Returns
    -------
    pandas.DataFrame
        moderator, contrast, terms (the coefficients that it replaces and those that it takes account of) and the
        interval columns, on the scale of the linear predictor.
    """
    found: list[tuple[str, str, str]] = []
    draws: dict[str, Array] = {}
    for column, terms in _described_by_several(design).items() if design is not None else ():
        assert design is not None
        for contrast, row in _contrasts(design, rows, column, standard):
            draws[str(len(found))] = combine(row)
            found.append((column, contrast, " | ".join(terms)))
    if not found:
        return without_rows("average_effects.csv")
    summaries = of_draws(draws)
    named = pd.DataFrame(found, columns=["moderator", "contrast", "terms"], index=summaries.index)
    return named.join(summaries)[header("average_effects.csv")].reset_index(drop=True)


def _described_by_several(design: Design) -> dict[str, list[str]]:
    """Names of coefficients by column, for columns in products, and for numbers in several columns of the design."""
    pieces = {":".join(piece.name for piece in term): term for term in design.formula.terms}
    found = {}
    for column in design.formula.columns:
        terms = [term for term, parts in pieces.items() if any(column in piece.columns for piece in parts)]
        names = [name for name, term in zip(design.names, design.terms, strict=True) if term in terms]
        if any(len(pieces[term]) > 1 for term in terms) or (column not in design.factors and len(names) > 1):
            found[column] = names
    return found


def _contrasts(design: Design, rows: pd.DataFrame, column: str, standard: bool) -> list[tuple[str, Array]]:
    """What is compared, and the design row by which coefficients give it, shape (p,)."""

    def mean_at(value: object) -> Array:
        return design.matrix(rows.assign(**{column: value}), standard).mean(axis=0)

    if column in design.factors:
        reference, *others = design.factors[column]
        return [(f"{level} − {reference}", mean_at(level) - mean_at(reference)) for level in others]
    values = rows[column].astype(float)
    low, high = float(values.min()), float(values.max())
    if values.nunique() == 2:
        return [(f"{high:g} − {low:g}", mean_at(high) - mean_at(low))]
    step = _STEP * float(values.std(ddof=1))
    below, above = np.maximum(values - step, low), np.minimum(values + step, high)
    slopes = design.matrix(rows.assign(**{column: above}), standard)
    slopes -= design.matrix(rows.assign(**{column: below}), standard)
    return [("per unit", (slopes / (above - below).to_numpy()[:, None]).mean(axis=0))]
