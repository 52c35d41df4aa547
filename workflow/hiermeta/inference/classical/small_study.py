"""Do less precise estimates differ? Regression of the effects on their standard errors, clusters respected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hiermeta.inference.classical.coefficients import wald
from hiermeta.inference.classical.reml import fit
from hiermeta.inference.classical.rows import Array, Rows, Unusable, clusters_identified
from hiermeta.inference.classical.sandwich import cr2
from hiermeta.io.registry import header, without_rows

TERM = "standard error"
FEWEST_CLUSTERS = 10


def regression(rows: Rows, design: Array, standard_error: Array) -> dict[str, Any] | None:
    """Mixed-effects form of Egger's regression (Sterne & Egger 2005; Rodgers & Pustejovsky 2021 for clusters).

    Parameters
    ----------
    rows : Rows
    design : numpy.ndarray
        Shape (k, p): in the order of the user's rows.
    standard_error : numpy.ndarray
        Shape (k,): in the order of the user's rows.

    Returns
    -------
    dict or None
        ``slope``: of the standard error, and ``intercept``: the first coefficient of the design, the effect expected
        at standard error 0 where there are no moderators; tested by ``test``, ``z`` or, with clusters, ``CR2 t``.
        None with fewer than ten clusters, too few rows, or standard errors that the design determines.
    """
    if rows.clustered and len(rows.start) < FEWEST_CLUSTERS:
        return None
    try:
        wider = rows.with_design(np.column_stack([design, standard_error]), [*rows.terms, TERM])
    except Unusable:
        return None
    if wider.clustered and not clusters_identified(wider):
        return None
    gls = fit(wider).gls
    table = cr2(gls) if wider.clustered else wald(gls)
    return {"test": "CR2 t" if wider.clustered else "z", "slope": table[-1], "intercept": table[0]}


def table(found: dict[str, Any] | None) -> pd.DataFrame:
    """What `regression` found, a line per coefficient: the standard error's, and that at a standard error of zero.

    Parameters
    ----------
    found : dict or None

    Returns
    -------
    pandas.DataFrame
        Columns of ``small_study.csv``: estimate, se and limits on the scale of the effects; df is empty for z tests.
    """
    if found is None:
        return without_rows("small_study.csv")
    value = found["test"].split()[-1]
    lines = [
        row | {"test": found["test"], "test_value": row[value], "ci_low": row["ci"][0], "ci_high": row["ci"][1]}
        for row in (found["slope"], found["intercept"])
    ]
    return pd.DataFrame(lines).reindex(columns=header("small_study.csv"))
