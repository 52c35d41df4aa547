"""R code that fits the same model to data.csv with lme4 and brms."""

from __future__ import annotations

import json
import re
from typing import Any

from hiermeta.data.mixed_formula import part_names
from hiermeta.figures.results import Results
from hiermeta.models.priors import Prior, parse

_BRMS = {
    "normal": "normal", "half_normal": "normal", "student_t": "student_t", "half_student_t": "student_t",
    "cauchy": "cauchy", "half_cauchy": "cauchy", "exponential": "exponential", "gamma": "gamma",
    "inverse_gamma": "inv_gamma", "lognormal": "lognormal", "uniform": "uniform",
}  # fmt: skip

_BAR = re.compile(r"(\([^()]*\|[^()]*\))")
"""A term in bars."""


def _start(results: Results, package: str) -> list[str]:
    model = results.model
    lines = [f"library({package})", 'dat <- read.csv("data.csv", check.names = FALSE)  # beside this report']
    factors = dict.fromkeys(model.get("factors", []))
    for column, level in (factors | dict(model["settings"].get("reference_levels") or {})).items():
        name = json.dumps(column, ensure_ascii=False)
        factor = f"factor(dat[[{name}]])"
        if level is not None:
            factor = f"relevel({factor}, ref = {json.dumps(str(level), ensure_ascii=False)})"
        lines.append(f"dat[[{name}]] <- {factor}")
    return lines


def _formula(results: Results, outcome: str) -> str:
    """The formula with another left side, split predictors by their parts; R writes powers as ^."""
    right = " ".join(results.model["formula"].partition("~")[2].split()).replace("**", "^")
    for column in results.model["settings"].get("within_between") or []:
        name = rf"(?<![\w.]){re.escape(column)}(?![\w.])"
        within, between = part_names(column)
        pieces = _BAR.split(right)
        right = "".join(re.sub(name, within if i % 2 else f"({within} + {between})", p) for i, p in enumerate(pieces))
    return f"{outcome} ~ {right}"


def _quoted(column: str) -> str:
    return column if column.isidentifier() else f"`{column}`"


def lme4(results: Results) -> str:
    """The classical fit."""
    model, settings = results.model, results.model["settings"]
    outcome, lines = _quoted(model["outcome"]), _start(results, "lme4")
    if model["family"] == "gaussian":
        lines.append(f"fit <- lmer({_formula(results, outcome)}, data = dat)")
    elif model["family"] == "poisson":
        offset = f", offset = log({_quoted(settings['exposure'])})" if "exposure" in settings else ""
        lines.append(f"fit <- glmer({_formula(results, outcome)}, data = dat, family = poisson{offset})")
    else:
        if "trials" in settings:
            outcome = f"cbind({outcome}, {_quoted(settings['trials'])} - {outcome})"
        lines.append(f"fit <- glmer({_formula(results, outcome)}, data = dat, family = binomial)")
    return "\n".join([*lines, "summary(fit)", "ranef(fit)"])


def brms(results: Results) -> str | None:
    """The same Bayesian model; None with priors it does not have."""
    model, settings = results.model, results.model["settings"]
    outcome, family = _quoted(model["outcome"]), {"binomial": "binomial"}.get(model["family"], model["family"])
    if model["family"] == "binomial" and "trials" in settings:
        outcome = f"{outcome} | trials({_quoted(settings['trials'])})"
    if model["family"] == "poisson" and "exposure" in settings:
        outcome = f"{outcome} | rate({_quoted(settings['exposure'])})"
    priors = [_prior(name, entry, results) for name, entry in model["priors"].items()]
    if None in priors or "intercept" not in model["priors"]:
        return None
    text = ",\n    ".join(str(prior) for prior in priors)
    call = [
        "fit <- brm(",
        f"  {_formula(results, outcome)},",
        f"  data = dat, family = {family}(),",
        f"  prior = c(\n    {text}\n  ),",
        f"  seed = {results.fit.get('seed') or 1}",
        ")",
        "summary(fit)",
    ]
    return "\n".join([*_start(results, "brms"), *call])


def _prior(name: str, entry: dict[str, Any], results: Results) -> str | None:
    if name == "correlation":
        return f'set_prior("{entry["prior"]}", class = "cor")'
    prior = parse(entry["prior"])
    if prior.family not in _BRMS:
        return None
    density = f'"{_BRMS[prior.family]}({", ".join(_arguments(prior))})"'
    if name == "intercept":
        return f'set_prior({density}, class = "Intercept")'
    if name == "sigma":
        return f'set_prior({density}, class = "sigma")'
    if name.startswith("sd("):
        group, _, term = name[3:-1].partition(":") if name.count(":") == 1 else ("", "", "")
        if not group:
            return f'set_prior({density}, class = "sd")'
        return f'set_prior({density}, class = "sd", group = {json.dumps(group, ensure_ascii=False)}, ' + (
            f'coef = "{"Intercept" if term == "intercept" else _coefficient(term)}")'
        )
    return f'set_prior({density}, class = "b", coef = {json.dumps(_coefficient(name), ensure_ascii=False)})'


def _coefficient(name: str) -> str:
    """Brms joins a factor and its level, without blanks."""
    return name.replace("[", "").replace("]", "").replace(" ", "")


def _arguments(prior: Prior) -> list[str]:
    """Half densities are full ones that Stan cuts at zero; the location comes before the scale."""
    values = [f"{value:.6g}" for value in prior.arguments]
    if prior.family in ("half_normal", "half_cauchy"):
        return ["0", *values]
    return [values[0], "0", values[1]] if prior.family == "half_student_t" else values


def codes(results: Results) -> list[tuple[str, str, str]]:
    """Sentence, name and text of each piece of code."""
    method = str(results.classical.get("method") or "ML")
    long = {"REML": "restricted maximum likelihood", "ML": "maximum likelihood"}[method]
    found = [(f"With lme4, by {long}:", "R code for lme4", lme4(results))]
    bayes = brms(results)
    if bayes is not None:
        found.append(("With brms, by sampling the same Bayesian model:", "R code for brms", bayes))
    return found
