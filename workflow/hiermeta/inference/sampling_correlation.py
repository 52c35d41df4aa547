"""The posterior if the sampling errors within each cluster were correlated, where they are taken to be independent.

Estimates of one study often share participants or a control group. Their sampling errors are then correlated, and by
how much is seldom reported.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from hiermeta.inference import exact
from hiermeta.io.registry import header, without_rows
from hiermeta.marginal.normal import common_correlation
from hiermeta.models.meta import MetaModel

CORRELATIONS = (0.0, 0.3, 0.6, 0.8)
"""None, and what is assumed where nothing is known (Pustejovsky & Tipton 2022 use 0.6 and 0.8)."""
_FILE = "sampling_correlation.csv"


def table(posterior: exact.ExactPosterior) -> pd.DataFrame:
    """Exact posteriors of μ, τ and ρ by common correlation within clusters; no rows where there is nothing to assume.

    Parameters
    ----------
    posterior : ExactPosterior
        With independent sampling errors, the first correlation.
    """
    model = posterior.model
    if not model.clustered or model.dependent or model.sizes.max() == 1:
        return without_rows(_FILE)
    rows = []
    for correlation in CORRELATIONS:
        solved = exact.solve(correlated(model, correlation)) if correlation else posterior
        known = exact.quantities_of(solved)
        for name in ("mu", "tau", "rho"):
            if name in known:
                about = {"correlation": correlation, "parameter": name}
                rows.append(about | known[name]() | {"log_marginal_likelihood": solved.log_marginal_likelihood})
    return pd.DataFrame(rows)[header(_FILE)]


def correlated(model: MetaModel, correlation: float) -> MetaModel:
    """The model with a common correlation of the sampling errors within each cluster."""
    return replace(model, covariance=common_correlation(model.variance, model.start, correlation))
