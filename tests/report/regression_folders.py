"""Result folders of meta-regressions and of everything the analysis adds, made by the library itself without Stan.

Draws come from the posterior on a grid over τ and ρ.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from result_folders import CHAINS, DRAWS, _fit, _save

from hiermeta.data.measures import MEASURES
from hiermeta.inference import analysis
from hiermeta.inference.results import without_results
from hiermeta.io.files import write_csv, write_json
from hiermeta.io.posterior import Groups, write_posterior
from hiermeta.models import default_priors, heterogeneity, meta
from hiermeta.sampling.convergence import sampler_health


def table(k: int, clusters: int, seed: int = 3) -> pd.DataFrame:
    """Estimates with a numeric moderator, a hostile factor and clusters (0: none)."""
    rng = np.random.default_rng(seed)
    dose = rng.uniform(0, 40, k).round(1)
    group = rng.choice(["<b>A</b>", "B & C", "קבוצה"], k)
    variance = rng.uniform(0.01, 0.2, k)
    effect = -0.1 - 0.02 * dose + 0.3 * (group == "B & C") + rng.normal(0, np.sqrt(variance + 0.04))
    rows = {"row": np.arange(1, k + 1), "label": [f"study {i + 1}" for i in range(k)]}
    if clusters:
        rows["cluster"] = [str(1 + i * clusters // k) for i in range(k)]
    return pd.DataFrame(rows | {"effect": effect, "variance": variance, "dose": dose, "group": group})


def _draws(model: meta.MetaModel) -> dict[str, np.ndarray]:
    """Draws of τ and ρ from their posterior on a grid, then of the coefficients given both; δ from a guess."""
    rng = np.random.default_rng(8)
    taus = np.linspace(0.005, 1.2, 60)
    rhos = (np.arange(20) + 0.5) / 20 if model.clustered else np.array([0.0])
    cells = [(tau, rho) for tau in taus for rho in rhos]
    same = np.equal.outer(model.cluster_of_row, model.cluster_of_row) if model.clustered else np.eye(model.k)
    precision = np.diag([1 / prior.arguments[1] ** 2 for prior in model.coefficient_priors])
    density, centres, roots = [], [], []
    for tau, rho in cells:
        v = np.diag(model.variance + tau**2 * (1 - rho)) + tau**2 * rho * same
        weighted = np.linalg.solve(v, np.column_stack([model.design, model.effect]))
        a = model.design.T @ weighted[:, :-1] + precision
        b = model.design.T @ weighted[:, -1]
        centre = np.linalg.solve(a, b)
        quadratic = model.effect @ weighted[:, -1] - b @ centre
        density.append(-0.5 * (np.linalg.slogdet(v)[1] + np.linalg.slogdet(a)[1] + quadratic))
        centres.append(centre)
        roots.append(np.linalg.inv(np.linalg.cholesky(a)).T)
    density = np.array(density) + model.priors["tau"].logpdf(np.array([tau for tau, _ in cells]))
    weight = np.exp(density - density.max())
    n, shape = CHAINS * DRAWS, (CHAINS, DRAWS)
    pick = rng.choice(len(cells), n, p=weight / weight.sum())
    noise = rng.standard_normal((n, len(precision)))
    beta = np.array(centres)[pick] + np.einsum("npq,nq->np", np.array(roots)[pick], noise)
    tau = np.abs(taus[pick // len(rhos)] + rng.uniform(-0.5, 0.5, n) * (taus[1] - taus[0]))
    rho = rhos[pick % len(rhos)] + (rng.uniform(-0.5, 0.5, n) / len(rhos) if model.clustered else 0.0)
    return {
        "beta": beta.reshape(*shape, -1),
        "delta": rng.normal(0.2, 0.1, (*shape, model.scale_design.shape[1])),
        "tau": tau.reshape(shape),
        "rho": rho.reshape(shape),
    }


def build(folder: Path, rows: pd.DataFrame, settings: dict[str, Any]) -> Path:
    """A finished data set.

    Parameters
    ----------
    folder : Path
    rows : pandas.DataFrame
        A validated table.
    settings : dict
        measure, and where wanted moderators, scale, predict_at, direction, threshold and output_scale.
    """
    folder.mkdir(parents=True)
    measure = settings["measure"]
    information = default_priors.unit_information(settings, rows)
    priors = default_priors.choose_priors(settings, rows, information)
    formulas = {key: settings[key] for key in ("moderators", "scale", "reference_levels") if key in settings}
    model = meta.build(rows, {name: chosen.prior for name, chosen in priors.items()}, formulas)
    description = {
        "suspicions": [],
        "name": folder.name,
        "status": "ok",
        "analysis": "meta",
        "measure": measure,
        "measure_label": MEASURES[measure].label,
        "cluster_column": "district" if model.clustered else None,
        "k": model.k,
        "n_clusters": len(model.clusters),
        "unit_information_sd": {"value": information.value, "source": information.source},
        "priors": {
            name: {"prior": str(chosen.prior), "default": chosen.default, "source": chosen.source}
            for name, chosen in priors.items()
        },
        "typical_variance": model.typical_variance,
        "formulas": formulas,
        "factors": ["group"],
        "coefficients": list(model.moderators.names) if model.moderators else [],
        "differences": model.moderators.differences if model.moderators else {},
        "intercept_at": model.moderators.at_intercept if model.moderators else "",
        "predict_at": settings.get("predict_at", []),
        "covariance": [],
        "output_scale": settings.get("output_scale", "analysis"),
        "direction": settings.get("direction"),
        "threshold": settings.get("threshold"),
    }
    draws = _draws(model)
    still = np.zeros((CHAINS, DRAWS))
    energy = np.random.default_rng(2).normal(size=still.shape)
    health = sampler_health(still.astype(bool), still, energy, 10)
    evidence = analysis.Evidence.of(model, measure, {})
    results = without_results("meta", "refused", "nothing yet")
    results.update(analysis.without_draws(model, rows, evidence))
    results.update(analysis.of_draws(model, draws, rows, description, health, results, evidence))
    results.documents["diagnostics"]["attempts"] = []
    for name, content in results.tables.items():
        write_csv(folder / f"{name}.csv", content)
    for name, content in results.documents.items():
        write_json(folder / f"{name}.json", content)
    write_csv(folder / "data.csv", rows)
    write_json(folder / "model.json", description)
    source = {"path": "data/x.csv", "sha256": "ab" * 32, "rows": len(rows)}
    validation = {"status": "ok", "source": source, "rows_read": len(rows), "rows_used": len(rows), "dropped": []}
    _save(folder, "validation.json", validation | {"dropped": [], "notes": [], "warnings": [], "problems": []})
    _save(folder, "fit.json", _fit())
    named = heterogeneity.parameters(model, draws) | {
        name: draws[name] for name in ("beta", "delta") if draws[name].shape[-1]
    }
    write_posterior(folder / "posterior.nc", Groups({"posterior": named}), {})
    return folder
