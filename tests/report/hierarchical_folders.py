"""Result folders of hierarchical regressions, made by the library itself without Stan.

Gaussian draws come from the posterior by importance sampling. Those of counts are normal around the maximum of the
likelihood: near enough to make every file and page, and no more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from result_folders import CHAINS, DRAWS, _fit, _save

from hiermeta.data.hierarchical import validate
from hiermeta.data.read import read_table
from hiermeta.inference.hierarchical import analysis, classical, classical_counts
from hiermeta.inference.hierarchical.evidence import evidence
from hiermeta.inference.hierarchical.evidence_latent import scores
from hiermeta.inference.results import without_results
from hiermeta.io.files import write_csv, write_json
from hiermeta.io.posterior import Groups, write_posterior
from hiermeta.io.results import typed
from hiermeta.models import hierarchical_files
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel, parameters
from hiermeta.sampling.convergence import sampler_health

TOTAL = CHAINS * DRAWS
SHAPE = (CHAINS, DRAWS)


def simulate(clusters: int, size: int, *, family: str = "gaussian", spread: float = 1.0, seed: int = 6) -> pd.DataFrame:
    """Rows in clusters with hostile names: an individual-level predictor, a factor, a cluster-level one.

    Parameters
    ----------
    clusters : int
    size : int
        Rows of the largest cluster; the smallest has half of them.
    family : str
    spread : float
        SD of the intercept between clusters; slopes have half of it.
    seed : int
    """
    rng = np.random.default_rng(seed)
    sizes = rng.integers(max(size // 2, 2), size + 1, clusters)
    code = np.repeat(np.arange(clusters), sizes)
    names = [("<b>A&B</b>", "קבוצה", "c" * 120)[j] if j < 3 else f"ward {j}" for j in range(clusters)]
    dose = rng.normal(0, 2, len(code)).round(2)
    arm = rng.choice(["<i>old</i>", "new & better"], len(code))
    staff = rng.normal(0, 1, clusters).round(2)[code]
    u = rng.standard_normal((clusters, 2)) * [spread, spread / 2]
    linear = (
        0.8 * dose + 0.7 * (arm == "new & better") - 0.4 * staff + 0.3 * dose * staff + u[code, 0] + u[code, 1] * dose
    )
    rows: dict[str, Any] = {"ward": [names[j] for j in code], "dose": dose, "arm": arm, "staff": staff}
    if family == "gaussian":
        rows["score"] = (10 + linear + rng.normal(0, 2, len(code))).round(3)
    elif family == "poisson":
        rows["days"] = rng.integers(5, 50, len(code))
        rows["score"] = rng.poisson(rows["days"] * np.exp(-2 + 0.3 * linear))
    else:
        rows["score"] = rng.binomial(1, 1 / (1 + np.exp(1.5 - 0.6 * linear)))
    return pd.DataFrame(rows)


def build(folder: Path, rows: pd.DataFrame, settings: dict[str, Any]) -> Path:
    """A finished data set.

    Parameters
    ----------
    folder : Path
    rows : pandas.DataFrame
        As a user has them.
    settings : dict
        formula, and where wanted family, trials, exposure, within_between, predict_at.
    """
    folder.mkdir(parents=True)
    settings = {"family": "gaussian"} | settings
    file = folder.parent.parent / f"{folder.name}.csv"
    rows.to_csv(file, index=False)
    source = read_table(str(file))
    validated = validate(source, settings)
    table = validated.table
    model, priors = hierarchical_files.with_priors(table, settings)
    description = {"name": folder.name, "status": "ok", "analysis": "hierarchical", "measure": None}
    description |= hierarchical_files.describe(table, settings, model, priors)
    description |= {"predict_at": settings.get("predict_at", []), "suspicions": validated.suspicions}
    table = typed(table, description)
    model, null = hierarchical_files.models(table, description)
    draws, u = _posterior(model)
    of_null, _ = _posterior(null)
    fitted = analysis.Fitted(
        model, null, draws, of_null, () if u is None else (u,), [model.log_likelihood(draws[::10])], SHAPE
    )
    still = np.zeros(SHAPE)
    health = sampler_health(still.astype(bool), still, np.random.default_rng(2).normal(size=SHAPE), 10)
    results = without_results("hierarchical", "refused", "nothing yet")
    results.update(analysis.results(fitted, table, description, health))
    results.documents["diagnostics"]["attempts"] = []
    for name, content in results.tables.items():
        write_csv(folder / f"{name}.csv", content)
    for name, content in results.documents.items():
        write_json(folder / f"{name}.json", content)
    write_csv(folder / "data.csv", table)
    write_json(folder / "model.json", description)
    validation = {"status": "ok", "source": {"path": "data/x.csv", "sha256": "ab" * 32}, "problems": []}
    validation |= {"rows_read": validated.rows_read, "rows_used": model.n, "dropped": validated.dropped}
    _save(folder, "validation.json", validation | {"notes": validated.notes, "warnings": validated.warnings})
    _save(folder, "fit.json", _fit())
    named = parameters(model, draws, SHAPE)
    write_posterior(folder / "posterior.nc", Groups({"posterior": named}), {})
    return folder


def _posterior(model: HierarchicalModel) -> tuple[Draws, np.ndarray | None]:
    """Draws of the parameters, and of random effects where the library wants them sampled."""
    rng = np.random.default_rng(9)
    if model.closed_form:
        found = evidence(model, classical.fit(model)).posterior
    else:
        found = scores(model, classical_counts.fit(model).parameters).posterior
    weight = np.exp(found.log_weight - found.log_weight.max()).ravel()
    draws = found.draws[rng.choice(len(weight), TOTAL, p=weight / weight.sum())]
    if model.closed_form:
        return draws, None
    size = (TOTAL, len(model.clusters.names), len(model.effects))
    return draws, draws.sd[:, None, :] * rng.standard_normal(size)
