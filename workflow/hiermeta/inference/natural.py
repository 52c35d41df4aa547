"""Back-transformed columns: medians and limits on the natural scale of a measure.

The transformations rise, so that they carry quantiles over; means and SDs don't carry over and are left out.
"""

from __future__ import annotations

import pandas as pd

from hiermeta.data.measures import MEASURES, to_natural

QUANTILES = ("median", "q2.5", "q97.5")
EFFECTS = ("estimates", "predictions", "true_effects", "cluster_effects", "marginal_means")
"""Tables whose rows are effects on the analysis scale; in the estimates table only the rows of `ON_SCALE` are."""
ON_SCALE = ("mu", "intercept")


def add_natural(tables: dict[str, pd.DataFrame], measure: str) -> None:
    """Add ``natural median``, ``natural q2.5`` and ``natural q97.5`` to the tables of effects, in place.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        By file name.
    measure : str
        Nothing is added where its natural scale is that of the analysis.
    """
    if MEASURES[measure].transformation == "identity":
        return
    for name in EFFECTS:
        table = tables[name]
        for column in QUANTILES:
            values = to_natural(measure, table[column].to_numpy(float))
            if name == "estimates":
                values = pd.Series(values, table.index).where(table["parameter"].isin(ON_SCALE))
            table[f"natural {column}"] = values
