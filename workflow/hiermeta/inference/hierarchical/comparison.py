"""Is the clustering needed, and does each effect differ between clusters? Models without them, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from hiermeta.inference.hierarchical import classical
from hiermeta.inference.hierarchical.evidence import applies, evidence, individuals
from hiermeta.inference.hierarchical.evidence_latent import Scores, scores
from hiermeta.inference.hierarchical.independent import MOST_PARETO_K
from hiermeta.inference.roots import attempt
from hiermeta.io.registry import header, without_rows
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel

FULL, ALONE = "full model", "without clustering"


def candidates(model: HierarchicalModel) -> Iterator[tuple[str, str, list[int]]]:
    """Name, the part left out, and the random effects that stay: of the whole model, of those without each slope.

    With several grouping factors, of those without each of them, too; the last one has no clusters.
    """
    every = range(len(model.effects))
    yield FULL, "", list(every)
    for k, (group, effect) in enumerate(zip(model.group_names, model.effects, strict=True)):
        if effect != "intercept" and len(model.effects_of(model.factor_of[k])) > 1:
            slope = f"varying {effect} by {group}" if model.several else f"varying {effect}"
            yield f"without {slope}", slope, [i for i in every if i != k]
    for f, clusters in enumerate(model.factors if model.several else ()):
        rest = [i for i in every if model.factor_of[i] != f]
        yield f"without {clusters.name}", f"clustering by {clusters.name}", rest
    yield ALONE, "clustering", []


def _scores(model: HierarchicalModel, start: Draws) -> Scores:
    """Of a model with one grouping factor and gaussian outcomes by sufficient statistics, else by its rows."""
    if model.latent or not applies(model):
        return scores(model, start)
    found = evidence(model, classical.fit(model) if model.effects else None)
    return Scores(found.value, found.error, individuals(model, found.draws), (found.clusters,), found.posterior)


def compare(model: HierarchicalModel, start: Draws) -> tuple[pd.DataFrame, dict[str, Any], Scores | None]:
    """Table of the models, the Bayes factor of each part, and what is known of the whole model without Stan.

    Parameters
    ----------
    model : HierarchicalModel
    start : Draws
        One draw: classical estimates.

    Returns
    -------
    comparison : pandas.DataFrame
        As in a meta-analysis; the best expected log predictive density has a difference of zero. ``elpd_loco`` leaves
        out clusters of the first grouping factor, ``elpd_loco [GROUP]`` those of further ones.
    document : dict
        ``inclusion``: part, log Bayes factor in favour of it, prior and posterior probability against leaving just it
        out. ``notes``: models whose importance weights are too uneven. ``unavailable``: reasons by name of models whose
        marginal likelihood can't be had.
    scores : Scores or None
        Of the whole model.
    """
    unavailable: dict[str, str] = {}
    every = [
        (name, part, attempt(name, partial(_scores, model.with_effects(kept), start.of_effects(kept)), unavailable))
        for name, part, kept in candidates(model)
    ]
    listed = [(name, part, scored) for name, part, scored in every if scored is not None]
    if not listed:
        reason = "no model's marginal likelihood can be had"
        nothing = {"applies": False, "reason": reason, "unavailable": unavailable}
        return without_rows("comparison.csv"), nothing, None
    full = every[0][2]
    found = [scored for *_, scored in listed]
    value = np.array([entry.value for entry in found])
    units = {"elpd_loo": [entry.rows for entry in found]}
    for f, clusters in enumerate(model.factors):
        units[f"elpd_loco [{clusters.name}]" if f else "elpd_loco"] = [entry.clusters[f] for entry in found]
    table = pd.DataFrame({"model": [name for name, _, _ in listed], "log_marginal_likelihood": value})
    table["method"], table["error"] = "importance sampling", [entry.error for entry in found]
    table["prior_probability"] = 1 / len(table)
    table["posterior_probability"] = np.exp(value - logsumexp(value))
    for name, entries in units.items():
        table[name] = [entry.sum() for entry in entries]
        differences = [entry - entries[int(table[name].argmax())] for entry in entries]
        table[f"{name}_difference"] = [d.sum() for d in differences]
        table[f"{name}_difference_se"] = [np.sqrt(len(d) * d.var()) for d in differences]
    inclusion = [
        {
            "part": part,
            "log_bayes_factor": full.value - other.value,
            "error": float(np.hypot(full.error, other.error)),
            "prior_probability": 0.5,
            "posterior_probability": 1 / (1 + np.exp(min(other.value - full.value, 700.0))),
        }
        for _, part, other in listed
        if part and full is not None
    ]
    names = header("comparison.csv")
    columns = [*names, *(name for name in table if name not in names)]
    uneven = [(name, entry.posterior.pareto_k) for name, _, entry in listed]
    notes = [
        f"The marginal likelihood of the {name if name == FULL else f'model {name}'} rests on few draws (Pareto k "
        f"{k:.2f}, above {MOST_PARETO_K}): its error, and that of Bayes factors with it, is larger than stated."
        for name, k in uneven
        if not k <= MOST_PARETO_K
    ]
    document = {"applies": True, "inclusion": inclusion, "notes": notes, "unavailable": unavailable}
    return table[columns], document, full
