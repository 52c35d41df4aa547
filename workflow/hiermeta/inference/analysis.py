"""All result files of one meta-analysis, from the fitted model to tables and documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import block_diag

from hiermeta.data import suspicions
from hiermeta.data.measures import MEASURES
from hiermeta.inference import (
    average_effects,
    bridge,
    comparison,
    densities,
    diagnostics,
    exact,
    influence,
    loo,
    marginal_means,
    meta,
    prior_conflict,
    psis,
    sampling_correlation,
)
from hiermeta.inference.classical import classical, small_study
from hiermeta.inference.comparison import Compared
from hiermeta.inference.loo import LeaveOneOut
from hiermeta.inference.natural import add_natural
from hiermeta.inference.results import Results
from hiermeta.inference.roots import attempt
from hiermeta.inference.sensitivity import sensitivity
from hiermeta.models.candidates import Candidate, candidates
from hiermeta.models.meta import MetaModel, user_table
from hiermeta.sampling.convergence import SamplerHealth

Array = npt.NDArray[np.float64]
_TOTALS = ("elpd_loo", "elpd_loco")


@dataclass
class Evidence:
    """The models that are compared, and what is known of them so far.

    Parameters
    ----------
    candidates : list of Candidate
        The full model first.
    neutral : bool
        Whether zero is a neutral value of the effect.
    prior_odds : dict of str to float
        By model name.
    compared : list of Compared
        Those whose marginal likelihood is known.
    unavailable : dict of str to str
        Reasons by name of what can't be had: other models, what else is known of a model, the bridge.
    """

    candidates: list[Candidate]
    neutral: bool
    prior_odds: dict[str, float]
    compared: list[Compared] = field(default_factory=list)
    unavailable: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, model: MetaModel, measure: str, prior_odds: dict[str, float]) -> Evidence:
        """Before anything is computed."""
        neutral = not MEASURES[measure].single_group
        return cls(candidates(model, neutral), neutral, prior_odds)

    def results(self, bridged: dict[str, Any] | None = None) -> Results:
        """The comparison's files, with the result of bridge sampling beside the others."""
        model = self.candidates[0].model
        if not self.compared:
            reason = "no model's marginal likelihood can be had"
            nothing = {"applies": False, "reason": reason, "unavailable": self.unavailable}
            return Results({}, {"comparison": nothing})
        table, document = comparison.compare(self.compared, self.prior_odds, model.k, len(model.clusters))
        document["unavailable"] = self.unavailable | document["unavailable"]
        return Results({"comparison": table}, {"comparison": {"applies": True, "bridge": bridged} | document})


def without_draws(model: MetaModel, table: pd.DataFrame, evidence: Evidence) -> Results:
    """What the data say without sampling: exact posterior, leave-one-out, other models and priors, classical fits.

    Each is had on its own; the documents say under ``unavailable`` which can't be had, and why.

    Parameters
    ----------
    model : MetaModel
    table : pandas.DataFrame
        The validated table.
    evidence : Evidence
        Receives the models to which quadrature applies.
    """
    fitted = classical_counterpart(model)
    results = Results({"small_study": small_study.table(fitted.get("small_study"))}, {"classical": fitted})
    unavailable: dict[str, str] = {}
    posterior = attempt("exact", lambda: exact.solve(model), unavailable)
    summary = None if posterior is None else attempt("exact", partial(exact.summarise, posterior), unavailable)
    if posterior is None or summary is None:
        results.documents["exact"] = {"applies": False, "reason": unavailable["exact"]}
    else:
        left_out = loo.left_out(posterior, unavailable)
        elpd = {name: entry.elpd for name, entry in left_out.items()}
        elpd |= {f"{name}_error": entry.error for name, entry in left_out.items()}
        scaled = attempt("sensitivity", partial(sensitivity, posterior, evidence.neutral), unavailable)
        drawn = attempt("densities", partial(densities.table, posterior), unavailable)
        assumed = attempt("sampling_correlation", partial(sampling_correlation.table, posterior), unavailable)
        missing = {"unavailable": summary["unavailable"] | unavailable}
        results.documents["exact"] = {"applies": True} | summary | elpd | missing
        results.tables |= influence.tables(model, table, [left_out.get(name) for name in _TOTALS])
        if scaled is not None:
            results.tables["sensitivity"] = scaled
        if drawn is not None:
            results.tables["densities"] = drawn
        if assumed is not None:
            results.tables["sampling_correlation"] = assumed
        evidence.compared.append(Compared.of(evidence.candidates[0], posterior, left_out))
    evidence.compared += comparison.by_quadrature(evidence.candidates[1:], evidence.unavailable)
    results.update(evidence.results())
    return results


def classical_counterpart(model: MetaModel) -> dict[str, Any]:
    """REML and its companions for a model's data, in the order of data.csv's rows.

    Parameters
    ----------
    model : MetaModel

    Returns
    -------
    dict
        What ``classical`` gives; where that is nothing, ``applies`` is false and ``reason`` says why.
    """
    if model.scale is not None:
        return {"applies": False, "reason": "heterogeneity depends on scale moderators"}
    names = ["mu"] if model.moderators is None else list(model.moderators.names)
    back = np.argsort(model.order)  # rows as data.csv has them
    cluster = model.cluster_of_row[back] if model.clustered else None
    covariance = None
    if model.dependent:
        covariance = block_diag(*model.covariance)[np.ix_(back, back)]
    unavailable: dict[str, str] = {}
    found = attempt(
        "classical",
        lambda: classical(
            model.effect[back], model.variance[back], model.user_design[back], names, cluster, covariance=covariance
        ),
        unavailable,
    )
    return found or {"applies": False, "reason": unavailable["classical"]}


def of_draws(
    model: MetaModel,
    draws: dict[str, Array],
    table: pd.DataFrame,
    description: dict[str, Any],
    health: SamplerHealth,
    before: Results,
    evidence: Evidence,
) -> Results:
    """What the draws say, and whether they can be trusted.

    Parameters
    ----------
    model : MetaModel
    draws : dict of str to numpy.ndarray
        ``beta``, ``delta``, ``tau``, ``rho``, shape (chains, draws, ...) each.
    table : pandas.DataFrame
        The validated table.
    description : dict
        ``model.json``: predict_at, threshold, output_scale and measure are used.
    health : SamplerHealth
    before : Results
        What `without_draws` found: the exact and the classical summaries are used.
    evidence : Evidence
        What `without_draws` left of the models that are compared.
    """
    summaries = meta.tables(model, draws, table, description["predict_at"], description["threshold"])
    tables = summaries.files() | {
        "marginal_means": marginal_means.marginal_means(model, draws, table),
        "average_effects": average_effects.table(
            model.moderators, user_table(table), lambda row: draws["beta"] @ row, standard=True
        ),
        "scale": marginal_means.scale_means(model, draws, table),
    }
    if description["output_scale"] == "natural":
        add_natural(tables, description["measure"])
    reference = before.documents["exact"]
    further = prior_conflict.checks(model, before.documents["classical"], summaries.estimates, draws)
    further += suspicions.entries(description["suspicions"])
    results = Results(tables, {"diagnostics": diagnostics.verdict(summaries, health, reference, further)})
    full, unavailable = evidence.candidates[0], evidence.unavailable
    left_out: list[LeaveOneOut] = []
    if not reference["applies"] or set(_TOTALS) & set(reference["unavailable"]):
        every = attempt("elpd", lambda: psis.leave_one_out(model, draws), unavailable) or ()
        smoothed = [entry for entry in every if entry is not None]
        left_out = [entry.left_out for entry in smoothed]
        if smoothed:
            results.tables |= influence.tables(model, table, left_out, [entry.pareto_k for entry in smoothed])
    bridged = attempt("bridge", lambda: bridge.bridge(model, draws), unavailable)
    document = None
    if bridged is not None:
        document = {"model": full.name, "value": bridged.log_marginal_likelihood, "se": bridged.error}
        if reference["applies"]:
            difference = bridged.log_marginal_likelihood - reference["log_marginal_likelihood"]
            document["difference_in_se"] = difference / bridged.error
        else:
            evidence.compared = [Compared.of_draws(full, bridged, left_out), *evidence.compared]
    results.update(evidence.results(document))
    return results
