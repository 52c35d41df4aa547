"""Is the clustering needed, and does each effect differ between clusters? Models without them, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logsumexp

from hiermeta.inference import comparison as of_meta
from hiermeta.inference.hierarchical import classical
from hiermeta.inference.hierarchical.evidence import applies, evidence, individuals
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]
COLUMNS = [*of_meta.COLUMNS, *of_meta.DIFFERENCES]
FULL, ALONE = "full model", "without clustering"


def candidates(model: HierarchicalModel) -> Iterator[tuple[str, str, HierarchicalModel]]:
    """Name, the part left out, and the model: the whole one, one without each slope, one without clusters."""
    yield FULL, "", model
    for k, effect in enumerate(model.effects):
        if effect != "intercept" and len(model.effects) > 1:
            yield f"without varying {effect}", f"varying {effect}", _with_effects(model, k)
    yield ALONE, "clustering", replace(model, Z=model.Z[:, :0], effects=(), blocks=())


def _with_effects(model: HierarchicalModel, left_out: int) -> HierarchicalModel:
    kept = [k for k in range(len(model.effects)) if k != left_out]
    block_of = np.repeat(np.arange(len(model.blocks)), model.blocks)[kept]
    blocks = tuple(int(size) for size in np.unique(block_of, return_counts=True)[1])
    return replace(model, Z=model.Z[:, kept], effects=tuple(model.effects[k] for k in kept), blocks=blocks)


def compare(model: HierarchicalModel) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Table of the models, and the Bayes factor of each part.

    Returns
    -------
    comparison : pandas.DataFrame
        As in a meta-analysis; the best expected log predictive density has a difference of zero.
    document : dict
        ``inclusion``: part, log Bayes factor in favour of it, prior and posterior probability against leaving just it
        out.
    """
    if not model.gaussian or not applies(model):
        reason = "marginal likelihoods are computed for gaussian outcomes and normal priors of the coefficients only"
        return pd.DataFrame(columns=COLUMNS), {"applies": False, "reason": reason}
    rows: list[dict[str, Any]] = []
    units: list[tuple[Array, Array]] = []
    parts: list[str] = []
    for name, part, candidate in candidates(model):
        found = evidence(candidate, classical.fit(candidate) if candidate.effects else None)
        loo, loco = individuals(candidate, found.draws), found.clusters
        rows.append({"model": name, "log_marginal_likelihood": found.value, "method": "importance sampling"})
        rows[-1] |= {"error": found.error, "elpd_loo": loo.sum(), "elpd_loco": loco.sum()}
        units.append((loo, loco))
        parts.append(part)
    table = pd.DataFrame(rows)
    value = table["log_marginal_likelihood"].to_numpy()
    table["prior_probability"] = 1 / len(table)
    table["posterior_probability"] = np.exp(value - logsumexp(value))
    for which, name in enumerate(("elpd_loo", "elpd_loco")):
        best = units[int(table[name].argmax())][which]
        differences = [entry[which] - best for entry in units]
        table[f"{name}_difference"] = [d.sum() for d in differences]
        table[f"{name}_difference_se"] = [np.sqrt(len(d) * d.var()) for d in differences]
    inclusion = [
        {
            "part": part,
            "log_bayes_factor": value[0] - other,
            "error": float(np.hypot(rows[0]["error"], row["error"])),
            "prior_probability": 0.5,
            "posterior_probability": 1 / (1 + np.exp(min(other - value[0], 700.0))),
        }
        for part, other, row in zip(parts, value, rows, strict=True)
        if part
    ]
    return table[COLUMNS], {"applies": True, "inclusion": inclusion}
