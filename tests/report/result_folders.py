"""Small result folders to render, made without Stan: draws from the posterior on a grid over (τ, ρ).

The folders follow the contract between the stages; the numbers are those of a real posterior (β integrated out), so
that figures and sentences look as they will.
"""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np

CHAINS, DRAWS = 4, 500
UNIT = math.sqrt(2)
SUMMARY = ("mean", "sd", "median", "q2.5", "q97.5")
MCSE = ("mcse_mean", "mcse_median", "mcse_q2.5", "mcse_q97.5")

HOSTILE = [
    "<script>alert('x')</script>",
    "quotes \" and ' & <b>tags</b>",
    "מחקר על חינוך, 2011",
    "\N{RIGHT-TO-LEFT OVERRIDE}reversed",
    "Emoji \N{GRINNING FACE}\N{FAMILY} study",
    "long " + "x" * 195,
    "$\\frac{1}{0}$ {{ 7 * 7 }} {% raw %}",
    "=cmd|' /C calc'!A0",
    "bell \N{BELL} and\nnewline\ttab",
    "中文研究 2020",
]


def simulate(k: int, clusters: int, seed: int = 1) -> list[dict[str, Any]]:
    """Rows in this many clusters (0: none), like standardised mean differences."""
    rng = np.random.default_rng(seed)
    between = rng.normal(0, 0.25, max(clusters, 1))
    rows = []
    for i in range(k):
        c = i * max(clusters, 1) // k
        variance = float(rng.uniform(0.005, 0.1))
        effect = float(0.2 + (between[c] if clusters else 0) + rng.normal(0, 0.15) + rng.normal(0, math.sqrt(variance)))
        row = {"row": i + 1, "label": f"study {i + 1}", "effect": effect, "variance": variance}
        if clusters:
            row["cluster"] = f"{c + 1}"
        rows.append(row)
    return rows


def _sample(rows: list[dict[str, Any]], clustered: bool, rng: np.random.Generator) -> dict[str, np.ndarray]:
    y, v = (np.array([row[name] for row in rows]) for name in ("effect", "variance"))
    names = [row.get("cluster", "") for row in rows]
    member = (
        (np.array(names)[:, None] == np.array(list(dict.fromkeys(names)))) if clustered else np.zeros((len(rows), 1))
    )
    tau = np.linspace(0.004, 1.4, 120)
    rho = (np.arange(40) + 0.5) / 40 if clustered else np.array([0.0])
    t, r = (grid.ravel() for grid in np.meshgrid(tau, rho, indexing="ij"))
    d = v + (t**2 * (1 - r))[:, None]
    a2 = t**2 * r
    q = a2[:, None] * ((1 / d) @ member)

    def product(x: np.ndarray, z: np.ndarray) -> np.ndarray:
        plain = (x * z / d).sum(axis=1)
        return plain - (a2[:, None] * ((x / d) @ member) * ((z / d) @ member) / (1 + q)).sum(axis=1)

    one = np.ones_like(y)
    precision, cross, total = product(one, one) + 4 / UNIT**2, product(one, y), product(y, y)
    mean = cross / precision
    log_density = -0.5 * (np.log(d).sum(axis=1) + np.log1p(q).sum(axis=1) + np.log(precision) + total - cross * mean)
    log_density -= 0.5 * (t / (UNIT / 4)) ** 2
    weight = np.exp(log_density - log_density.max())
    pick = rng.choice(len(t), size=CHAINS * DRAWS, p=weight / weight.sum())
    draws = {
        "mu": mean[pick] + rng.standard_normal(len(pick)) / np.sqrt(precision[pick]),
        "tau": np.abs(t[pick] + rng.uniform(-0.5, 0.5, len(pick)) * (tau[1] - tau[0])),
    }
    if clustered:
        draws["rho"] = np.clip(r[pick] + rng.uniform(-0.5, 0.5, len(pick)) / 40, 0, 1)
        draws["tau_within"] = draws["tau"] * np.sqrt(1 - draws["rho"])
        draws["tau_between"] = draws["tau"] * np.sqrt(draws["rho"])
    return draws


def _summary(values: np.ndarray) -> dict[str, float]:
    low, median, high = np.quantile(values, [0.025, 0.5, 0.975])
    sd = float(values.std(ddof=1))
    numbers = (float(values.mean()), sd, float(median), float(low), float(high))
    error = sd / math.sqrt(values.size)
    errors = (error, 1.25 * error, 3.1 * error, 3.1 * error)
    above = {"P(>0)": float((values > 0).mean())}
    return dict(zip(SUMMARY, numbers, strict=True)) | above | dict(zip(MCSE, errors, strict=True))


def _true_effects(
    rows: list[dict[str, Any]], draws: dict[str, np.ndarray], clustered: bool
) -> tuple[list[Any], list[Any]]:
    """Draws of the true effects given every draw of the parameters, summarised."""
    rho = draws.get("rho", np.zeros_like(draws["tau"]))
    within = draws["tau"] ** 2 * (1 - rho)
    clusters: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        clusters.setdefault(row.get("cluster", str(row["row"])), []).append(row)
    noise = np.random.default_rng(5).standard_normal
    effects, summaries = [], []
    for name, members in clusters.items():
        d = np.array([row["variance"] for row in members])[:, None] + within
        residual = np.array([row["effect"] for row in members])[:, None] - draws["mu"]
        a2 = draws["tau"] ** 2 * rho
        q = a2 * (1 / d).sum(axis=0)
        shift = a2 * (residual / d).sum(axis=0) / (1 + q) + np.sqrt(a2 / (1 + q)) * noise(a2.size)
        if clustered:
            summaries.append({"cluster": name, "k": len(members), **_summary(draws["mu"] + shift)})
        for row, own, variance in zip(members, residual, d, strict=True):
            spread = np.sqrt(within / variance * row["variance"]) * noise(shift.size)
            summary = _summary(draws["mu"] + shift + within / variance * (own - shift) + spread)
            effects.append(
                {"row": row["row"], "label": row["label"], "cluster": name, "observed": row["effect"]}
                | {"weight": 1 / variance.mean() / len(rows), **summary}
            )
    if not clustered:
        effects = [{key: cell for key, cell in row.items() if key != "cluster"} for row in effects]
    return sorted(effects, key=lambda row: row["row"]), summaries


def _write(path: Path, columns: list[str], rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def _save(folder: Path, name: str, document: dict[str, Any]) -> None:
    (folder / name).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _posterior(path: Path, draws: dict[str, np.ndarray]) -> None:
    with h5netcdf.File(path, "w") as file:
        group = file.create_group("posterior")
        group.dimensions = {"chain": CHAINS, "draw": DRAWS}
        for name, values in draws.items():
            group.create_variable(name, ("chain", "draw"), data=values.reshape(CHAINS, DRAWS))


def _model(name: str, k: int, clusters: int, status: str) -> dict[str, Any]:
    priors = {
        "mu": {"prior": "normal(0, 0.7071067811865476)", "default": True, "source": "SD: half the unit-information SD"},
        "tau": {
            "prior": "half_normal(0.3535533905932738)",
            "default": True,
            "source": "scale: a quarter of the unit-information SD",
        },
    }
    if clusters:
        priors["rho"] = {"prior": "beta(1, 1)", "default": True, "source": "uniform"}
    return {
        "name": name,
        "status": status,
        "analysis": "meta",
        "measure": "SMD",
        "measure_label": "standardised mean difference",
        "output_scale": "analysis",
        "k": k,
        "n_clusters": clusters,
        "cluster_column": "district" if clusters else None,
        "unit_information_sd": {"value": UNIT, "source": "known for SMD"},
        "priors": priors,
        "formulas": {},
        "typical_variance": 0.0123,
    }


EMPTY = {
    "estimates": ["parameter", *SUMMARY, "P(>0)", *MCSE, "ess_bulk", "ess_tail", "r_hat"],
    "heterogeneity": ["quantity", *SUMMARY, *MCSE],
    "predictions": ["target", *SUMMARY, "P(>0)", *MCSE],
    "true_effects": ["row", "label", "cluster", "observed", "weight", *SUMMARY, *MCSE],
    "cluster_effects": ["cluster", "k", *SUMMARY, *MCSE],
}


def _write_nothing(folder: Path) -> None:
    """Tables without rows and a posterior without draws."""
    for name, columns in EMPTY.items():
        _write(folder / f"{name}.csv", columns, [])
    _posterior(folder / "posterior.nc", {})


def build_refused(folder: Path) -> Path:
    """A data set with text in a number and a negative variance."""
    folder.mkdir(parents=True)
    problems = [
        {
            "message": "data/x.csv: <b>'o.12'</b> is not a number",
            "remedy": "Write numbers with a point",
            "row": 3,
            "column": "yi",
        },
        {"message": "data/x.csv: the variance is negative", "remedy": "Correct it", "row": 5, "column": "vi"},
    ]
    source = {"path": "data/x.csv", "sha256": "ab" * 32, "rows": 12}
    _save(folder, "validation.json", {"status": "refused", "source": source, "problems": problems})
    model = {"name": folder.name, "status": "refused", "analysis": "meta", "measure": "SMD"}
    _save(folder, "model.json", model | {"measure_label": "standardised mean difference", "cluster_column": None})
    _save(folder, "fit.json", {"status": "refused", "message": "", "seed": 1, "attempts": [], "versions": {}})
    _save(folder, "exact.json", {"applies": False, "reason": "the data set was refused"})
    _save(folder, "diagnostics.json", {"status": "refused", "checks": [], "attempts": [], "agreement": []})
    _write(folder / "data.csv", ["row", "label", "effect", "variance"], [])
    _write_nothing(folder)
    return folder


def build_crashed(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """A data set for which the sampler ended without draws."""
    build(folder, rows)
    _write_nothing(folder)
    message = "Chain 2: <exception> at line 12"
    _save(folder, "fit.json", _fit() | {"status": "failed", "message": message, "attempts": [], "seconds": None})
    _save(folder, "diagnostics.json", {"status": "fail", "message": message, "checks": [], "agreement": []})
    return folder


def build(folder: Path, rows: list[dict[str, Any]], status: str = "pass", common: bool = False) -> Path:
    """A finished data set; `status` is that of its diagnostics, `common` fixes τ at 0."""
    folder.mkdir(parents=True)
    clustered = "cluster" in rows[0]
    draws = _sample(rows, clustered, np.random.default_rng(7))
    if common:
        draws["tau"] = np.zeros_like(draws["tau"])
    clusters = len({row["cluster"] for row in rows}) if clustered else 0
    estimates = [
        {
            "parameter": name,
            **_summary(values),
            "ess_bulk": 1900.0,
            "ess_tail": 1850.0,
            "r_hat": 1.0012,
        }
        for name, values in draws.items()
    ]
    heterogeneity = _heterogeneity(draws, clustered)
    rng = np.random.default_rng(11)
    new = draws["mu"] + draws["tau"] * rng.standard_normal(draws["mu"].size)
    effects, summaries = _true_effects(rows, draws, clustered)
    predictions = [{"target": "mean", **_summary(draws["mu"])}, {"target": "new effect", **_summary(new)}]
    predictions += [{"target": f"new effect in {row['cluster']}", **row} for row in summaries]
    columns = ["row", "label", *(["cluster"] if clustered else [])]
    _write(folder / "data.csv", [*columns, "effect", "variance"], rows)
    _write(
        folder / "estimates.csv", ["parameter", *SUMMARY, "P(>0)", *MCSE, "ess_bulk", "ess_tail", "r_hat"], estimates
    )
    _write(folder / "heterogeneity.csv", ["quantity", *SUMMARY, *MCSE], heterogeneity)
    _write(folder / "predictions.csv", ["target", *SUMMARY, "P(>0)", *MCSE], predictions)
    _write(folder / "true_effects.csv", [*columns, "observed", "weight", *SUMMARY, *MCSE], effects)
    _write(folder / "cluster_effects.csv", ["cluster", "k", *SUMMARY, *MCSE], summaries)
    _posterior(folder / "posterior.nc", draws)
    source = {"path": "data/x.csv", "sha256": "ab" * 32, "rows": len(rows) + 1}
    validation = {"status": "ok", "source": source, "rows_read": len(rows) + 1, "rows_used": len(rows)}
    dropped = [{"row": len(rows) + 1, "reason": "effect is missing"}]
    validation |= {"dropped": dropped, "notes": ["variance from standard_error"], "warnings": [], "problems": []}
    _save(folder, "validation.json", validation)
    model = _model(folder.name, len(rows), clusters, "ok")
    if common:
        model["priors"]["tau"] = {"prior": "point(0)", "default": False, "source": "set in the config"}
    _save(folder, "model.json", model)
    _save(folder, "fit.json", _fit())
    _save(folder, "exact.json", _exact(estimates, heterogeneity, predictions[1]))
    _save(folder, "diagnostics.json", _diagnostics(status, estimates))
    return folder


def _heterogeneity(draws: dict[str, np.ndarray], clustered: bool) -> list[dict[str, Any]]:
    typical = 0.0123
    tau2 = draws["tau"] ** 2
    values = {"tau": draws["tau"], "tau2": tau2, "I2": 100 * tau2 / (tau2 + typical), "H2": (tau2 + typical) / typical}
    if clustered:
        within, between = draws["tau_within"], draws["tau_between"]
        values = {
            "tau": draws["tau"], "rho": draws["rho"], "tau [within]": within, "tau [between]": between,
            "tau2": tau2, "tau2 [within]": within**2, "tau2 [between]": between**2,
            "I2": values["I2"], "I2 [within]": 100 * within**2 / (tau2 + typical),
            "I2 [between]": 100 * between**2 / (tau2 + typical), "H2": values["H2"],
        }  # fmt: skip
    return [{"quantity": name, **_summary(value)} for name, value in values.items()]


def _fit() -> dict[str, Any]:
    attempt = {"adapt_delta": 0.9, "warmup": 1000, "draws": DRAWS, "divergences": 0, "reason": "first attempt"}
    return {
        "status": "ok",
        "message": "",
        "seed": 20260101,
        "chains": CHAINS,
        "warmup": 1000,
        "draws": DRAWS,
        "adapt_delta": 0.9,
        "seconds": 0.84,
        "attempts": [attempt],
        "cmdstan": "CmdStan 2.35.0 (built from PyPI)",
        "versions": {"hiermeta": "0.1.0", "cmdstanpy": "1.3.2", "stan": "2.35.0"},
        "commit": "ab" * 20 + "+changes",
        "program_sha256": "cd" * 32,
        "data_sha256": "ef" * 32,
        "command": "meta sample num_samples=2500 random seed=20260101",
    }


def _exact(estimates: list[dict[str, Any]], heterogeneity: list[dict[str, Any]], new: dict[str, Any]) -> dict[str, Any]:
    named = (
        {row["parameter"]: row for row in estimates}
        | {row["quantity"]: row for row in heterogeneity}
        | {"new effect": new}
    )
    values = {name: {column: row[column] for column in SUMMARY} for name, row in named.items()}
    return {"applies": True, "log_marginal_likelihood": -13.44662, "error": 1.2e-10, **values}


STATISTICS = (("mean", 0.011, 0.011), ("median", -0.009, 0.015), ("q2.5", 0.02, 0.04), ("q97.5", -0.031, 0.055))


def _diagnostics(status: str, estimates: list[dict[str, Any]]) -> dict[str, Any]:
    divergences = 12 if status == "fail" else 0
    checks = [
        ("largest R-hat", 1.0012, "< 1.01", "pass"),
        ("smallest bulk ESS", 1900.0, "≥ 400", "warn" if status == "warn" else "pass"),
        ("smallest tail ESS", 1850.0, "≥ 400", "pass"),
        ("divergences", divergences, "0", "fail" if divergences else "pass"),
        ("smallest E-BFMI", 0.93, "≥ 0.3", "pass"),
        ("saturated trees", 0, "0", "pass"),
    ]
    agreement = [
        {
            "parameter": row["parameter"],
            "statistic": statistic,
            "draws": row[statistic],
            "exact": row[statistic] - shift * row["sd"],
            "difference_sd": shift,
            "mcse_sd": error,
            "status": "pass",
        }
        for row in estimates
        if row["parameter"] in ("mu", "tau", "rho")
        for statistic, shift, error in STATISTICS
    ]
    return {
        "status": status,
        "max_r_hat": 1.0012,
        "min_ess_bulk": 1900.0,
        "min_ess_tail": 1850.0,
        "divergences": divergences,
        "min_ebfmi": 0.93,
        "treedepth_hits": 0,
        "checks": [dict(zip(("name", "value", "threshold", "status"), check, strict=True)) for check in checks],
        "attempts": [],
        "agreement": agreement,
    }
