"""All result files of one meta-analysis, from the fitted model to tables and documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import block_diag

from hiermeta.data import suspicions
from hiermeta.data.measures import MEASURES
from hiermeta.inference import (
    bridge,
    comparison,
    diagnostics,
    exact,
    influence,
    loo,
    marginal_means,
    meta,
    prior_conflict,
    psis,
)
from hiermeta.inference.classical import Unusable, classical, small_study
from hiermeta.inference.comparison import Compared
from hiermeta.inference.natural import add_natural
from hiermeta.inference.quadrature import NotApplicable
from hiermeta.inference.sensitivity import COLUMNS as SENSITIVITY
from hiermeta.inference.sensitivity import sensitivity
from hiermeta.models.candidates import Candidate, candidates
from hiermeta.models.meta import MetaModel
from hiermeta.sampling.convergence import SamplerHealth

Array = npt.NDArray[np.float64]


@dataclass
class Results:
    """Tables by file name without ``.csv``, documents by file name without ``.json``."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)

    def update(self, other: Results) -> None:
        """Put another's files in place of these."""
        self.tables |= other.tables
        self.documents |= other.documents


def without_results(status: str, message: str) -> Results:
    """The files of a refused data set: the columns of each table, and why there is nothing in them."""
    nothing = {"applies": False, "reason": message}
    verdict = {"status": status, "message": message, "checks": [], "agreement": [], "attempts": []}
    tables = meta.no_tables().files() | {
        "marginal_means": pd.DataFrame(columns=marginal_means.COLUMNS),
        "scale": pd.DataFrame(columns=marginal_means.COLUMNS),
        "small_study": small_study.table(None),
        "sensitivity": pd.DataFrame(columns=SENSITIVITY),
        "comparison": pd.DataFrame(columns=[*comparison.COLUMNS, *comparison.DIFFERENCES]),
    }
    documents = {"exact": nothing, "classical": nothing, "comparison": nothing, "diagnostics": verdict}
    return Results(tables | influence.no_tables(), documents)


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
        Those to which quadrature applies.
    """

    candidates: list[Candidate]
    neutral: bool
    prior_odds: dict[str, float]
    compared: list[Compared] = field(default_factory=list)

    @classmethod
    def of(cls, model: MetaModel, measure: str, prior_odds: dict[str, float]) -> Evidence:
        """Before anything is computed."""
        neutral = not MEASURES[measure].single_group
        return cls(candidates(model, neutral), neutral, prior_odds)

    def results(self, bridged: dict[str, Any] | None = None) -> Results:
        """The comparison's files, with the result of bridge sampling beside the others."""
        model = self.candidates[0].model
        if not self.compared:
            return Results()
        table, document = comparison.compare(self.compared, self.prior_odds, model.k, len(model.clusters))
        left_out = [candidate.name for candidate in self.candidates if candidate.name not in set(table["model"])]
        if left_out:
            document["notes"].append(f"Neither quadrature nor draws give the evidence of {', '.join(left_out)}.")
        return Results({"comparison": table}, {"comparison": {"applies": True, "bridge": bridged} | document})


def without_draws(model: MetaModel, table: pd.DataFrame, evidence: Evidence) -> Results:
    """What the data say without sampling: exact posterior, leave-one-out, other models and priors, classical fits.

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
    full = None
    try:
        posterior = exact.solve(model)
        estimates = loo.by_estimate(posterior)
        clusters = loo.by_cluster(posterior) if model.clustered else None
        summary = exact.summarise(posterior)
    except NotApplicable as reason:
        results.documents["exact"] = {"applies": False, "reason": str(reason)}
    else:
        full = Compared.of(evidence.candidates[0], posterior, estimates, clusters)
        left_out = [estimates] if clusters is None else [estimates, clusters]
        elpd = dict(zip(("elpd_loo", "elpd_loco"), (entry.elpd for entry in left_out), strict=False))
        elpd |= dict(zip(("elpd_loo_error", "elpd_loco_error"), (entry.error for entry in left_out), strict=False))
        results.documents["exact"] = {"applies": True} | summary | elpd
        results.tables |= influence.tables(model, table, left_out)
        results.tables["sensitivity"] = sensitivity(posterior, evidence.neutral)
    evidence.compared = comparison.by_quadrature(evidence.candidates, full)
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
        ``applies`` and either what ``classical`` gives or the ``reason`` why there is none.
    """
    if model.scale is not None:
        return {"applies": False, "reason": "heterogeneity depends on scale moderators"}
    names = ["mu"] if model.moderators is None else list(model.moderators.names)
    back = np.argsort(model.order)  # rows as data.csv has them
    cluster = model.cluster_of_row[back] if model.clustered else None
    covariance = None
    if model.dependent:
        covariance = block_diag(*model.covariance)[np.ix_(back, back)]
    try:
        fitted = classical(
            model.effect[back], model.variance[back], model.user_design[back], names, cluster, covariance=covariance
        )
        return {"applies": True} | fitted
    except Unusable as reason:
        return {"applies": False, "reason": str(reason)}
    except np.linalg.LinAlgError:
        why = "effects and standard errors differ by so many orders of magnitude that rounding hides one of them"
        return {"applies": False, "reason": why}


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
        "scale": marginal_means.scale_means(model, draws, table),
    }
    if description["output_scale"] == "natural":
        add_natural(tables, description["measure"])
    reference = before.documents["exact"]
    further = prior_conflict.checks(model, before.documents["classical"], summaries.estimates, draws)
    further += suspicions.entries(description["suspicions"])
    results = Results(tables, {"diagnostics": diagnostics.verdict(summaries, health, reference, further)})
    full, bridged = evidence.candidates[0], bridge.bridge(model, draws)
    document = {"model": full.name, "value": bridged.log_marginal_likelihood, "se": bridged.error}
    if reference["applies"]:
        difference = bridged.log_marginal_likelihood - reference["log_marginal_likelihood"]
        document["difference_in_se"] = difference / bridged.error
    else:
        smoothed = [entry for entry in psis.leave_one_out(model, draws) if entry is not None]
        left_out = [entry.left_out for entry in smoothed]
        results.tables |= influence.tables(model, table, left_out, [entry.pareto_k for entry in smoothed])
        evidence.compared = [Compared.of_draws(full, bridged, left_out), *evidence.compared]
    results.update(evidence.results(document))
    return results
