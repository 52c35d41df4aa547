"""R code that fits the same model to data.csv with metafor and, where it can, RoBMA."""

from __future__ import annotations

import json
import re
from typing import Any

from hiermeta.figures.results import Results
from hiermeta.models.priors import Prior, parse

_ROBMA = {
    "normal": ("normal", ("mean", "sd"), ""),
    "half_normal": ("normal", ("sd",), ", list(0, Inf)"),
    "cauchy": ("cauchy", ("location", "scale"), ""),
    "half_cauchy": ("cauchy", ("scale",), ", list(0, Inf)"),
    "gamma": ("gamma", ("shape", "rate"), ""),
    "inverse_gamma": ("invgamma", ("shape", "scale"), ""),
    "exponential": ("exp", ("rate",), ""),
    "lognormal": ("lognormal", ("meanlog", "sdlog"), ""),
    "uniform": ("uniform", ("a", "b"), ""),
    "beta": ("beta", ("alpha", "beta"), ""),
    "point": ("point", ("location",), ""),
}
"""Family to RoBMA's name, arguments and truncation."""
_ARGUMENTS = {
    "mu": "prior_effect",
    "tau": "prior_heterogeneity",
    "rho": "prior_heterogeneity_allocation",
    "moderators": "prior_mods",
    "scale": "prior_scale",
}


def codes(results: Results) -> list[tuple[str, str, str]]:
    """Sentence, name and text of each piece of code."""
    moderated = (
        "; its default priors of moderators may be scaled otherwise" if _formulas(results).get("moderators") else ""
    )
    every = (
        ("With metafor, by restricted maximum likelihood:", "R code for metafor", metafor(results)),
        (f"With RoBMA 4, by sampling the same Bayesian model{moderated}:", "R code for RoBMA", robma(results)),
    )
    return [(sentence, name, text) for sentence, name, text in every if text is not None]


def metafor(results: Results) -> str | None:
    """The fit by restricted maximum likelihood; None where metafor has no such model."""
    formulas, lines = _formulas(results), _start(results, "metafor")
    if "scale" in formulas and results.clustered:
        return None
    moderators = f"mods = {_formula(formulas['moderators'])}, " if "moderators" in formulas else ""
    sampling, before = _sampling(results)
    if results.model.get("covariance") and not before:
        return None
    lines += before
    if results.clustered:
        random = "random = ~ factor(row) | factor(cluster)"
        lines.append(f"fit <- rma.mv(effect, {sampling}, {moderators}{random}, data = dat)")
        lines.append("summary(fit)")
        lines.append("confint(fit)  # profile likelihood")
        lines.append("robust(fit, cluster = dat$cluster, clubSandwich = TRUE)")
    elif before:
        lines.append(f"fit <- rma.mv(effect, {sampling}, {moderators}random = ~ 1 | row, data = dat)")
        lines.append("summary(fit)")
    else:
        scale = f"scale = {_formula(formulas['scale'])}, " if "scale" in formulas else ""
        lines.append(f"fit <- rma(effect, {sampling}, {moderators}{scale}data = dat)")
        lines.append("summary(fit)")
    return "\n".join(lines)


def robma(results: Results) -> str | None:
    """The same Bayesian model, sampled by JAGS; None with dependent sampling errors or priors it does not have."""
    if results.model.get("covariance"):
        return None
    formulas = _formulas(results)
    arguments = ["yi = effect", "vi = variance", "data = dat"]
    if results.clustered:
        arguments.append("cluster = cluster")
    arguments += [
        f"{name} = {_formula(formulas[key])}"
        for key, name in (("moderators", "mods"), ("scale", "scale"))
        if key in formulas
    ]
    unit = results.model["unit_information_sd"]
    if unit and unit["value"] is not None and not str(unit["source"]).startswith("known"):
        arguments += ['measure = "GEN"', f"prior_unit_information_sd = {unit['value']!r}"]
    else:
        arguments.append(f"measure = {json.dumps(results.model['measure'])}")
    for name, entry in results.model["priors"].items():
        if not entry["default"]:
            prior = _prior(parse(entry["prior"]))
            if prior is None:
                return None
            arguments.append(f"{_ARGUMENTS[name]} = {prior}")
    arguments.append(f"seed = {results.fit.get('seed') or 1}")
    return "\n".join([*_start(results, "RoBMA"), "fit <- brma(\n  " + ",\n  ".join(arguments) + "\n)", "summary(fit)"])


def _start(results: Results, package: str) -> list[str]:
    lines = [f"library({package})", 'dat <- read.csv("data.csv", check.names = FALSE)  # beside this report']
    for column, level in (_formulas(results).get("reference_levels") or {}).items():
        name, reference = (json.dumps(str(text), ensure_ascii=False) for text in (column, level))
        lines.append(f"dat[[{name}]] <- relevel(factor(dat[[{name}]]), ref = {reference})")
    return lines


def _formulas(results: Results) -> dict[str, Any]:
    return results.model.get("formulas") or {}


def _formula(text: str) -> str:
    """R writes powers as ^."""
    return " ".join(re.sub(r"\*\*", "^", text).split())


def _sampling(results: Results) -> tuple[str, list[str]]:
    """The sampling variances, or what makes their covariance from a known correlation."""
    correlation = results.model.get("sampling_correlation")
    if not correlation:
        return "variance", []
    call = f"vcalc(variance, cluster = cluster, obs = row, rho = {correlation!r}, data = dat)"
    return "V", [f"V <- {call}"]


def _prior(prior: Prior) -> str | None:
    if prior.family not in _ROBMA:
        return None
    name, arguments, truncation = _ROBMA[prior.family]
    values = dict(zip(arguments, prior.arguments, strict=True))
    if prior.family.startswith("half_"):
        values = {("mean" if name == "normal" else "location"): 0.0} | values
    inside = ", ".join(f"{key} = {value!r}" for key, value in values.items())
    return f'prior("{name}", list({inside}){truncation})'
