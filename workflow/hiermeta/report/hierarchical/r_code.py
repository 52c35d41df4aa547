"""R code that fits the same model to data.csv with lme4 and brms."""

from __future__ import annotations

import json
from typing import Any

from hiermeta.data.clusters import Clusters
from hiermeta.data.hierarchical import Designs, fit_designs, formula_of
from hiermeta.figures.regression import likelihood
from hiermeta.io.results import Results
from hiermeta.models.priors import Prior, parse
from hiermeta.report import r_syntax
from hiermeta.text.numbers import significant

_BRMS = {
    "normal": "normal", "half_normal": "normal", "student_t": "student_t", "half_student_t": "student_t",
    "cauchy": "cauchy", "half_cauchy": "cauchy", "exponential": "exponential", "gamma": "gamma",
    "inverse_gamma": "inv_gamma", "lognormal": "lognormal", "uniform": "uniform",
}  # fmt: skip


def _designs(results: Results) -> Designs:
    settings = results.model["settings"]
    return fit_designs(results.table, formula_of(settings), settings.get("reference_levels", {}))


def _start(results: Results, package: str) -> list[str]:
    references = {name: levels[0] for name, levels in _designs(results).factors.items()}
    return [*r_syntax.reading(package, results.model["text"], references), *_numbered(results)]


def _numbered(results: Results) -> list[str]:
    """Clusters that several columns name, by number where R would join different values to the same name."""
    lines = []
    for group in _ambiguous(results):
        numbers = ", ".join(f"match(dat[[{r_syntax.text(name)}]], dat[[{r_syntax.text(name)}]])" for name in group)
        lines.append(f"dat[[{r_syntax.text(':'.join(group))}]] <- paste({numbers})  # R would mix up names with colons")
    return lines


def _ambiguous(results: Results) -> list[tuple[str, ...]]:
    """Grouping factors of several columns, with a colon in their values."""
    groups = dict.fromkeys(term.group for term in formula_of(results.model["settings"]).random if len(term.group) > 1)
    return [group for group in groups if results.table[list(group)].apply(lambda c: c.str.contains(":").any()).any()]


def _formula(results: Results, outcome: str) -> str:
    """The formula in R, with another left side."""
    formula, numbered = formula_of(results.model["settings"]), _ambiguous(results)
    bars = []
    for term in formula.random:
        columns = [":".join(term.group)] if term.group in numbered else term.group
        effects = "1 + " * bool(term.effects.intercept and term.effects.terms) + r_syntax.terms(term.effects)
        bars.append(f"({effects} | {':'.join(map(r_syntax.column, columns))})")
    return f"{outcome} ~ {' + '.join([r_syntax.terms(formula.fixed), *bars])}"


def _outcome(results: Results) -> str:
    return r_syntax.expression(formula_of(results.model["settings"]).outcome)


def package(results: Results) -> str:
    """The R package of the classical fit."""
    return "lme4" if likelihood(results).r_function in ("lmer", "glmer") else "glmmTMB"


def lme4(results: Results) -> str:
    """The classical fit, and which numbers of the report it gives."""
    model, settings, document = results.model, results.model["settings"], results.classical
    if not document.get("applies"):
        return f"# No fit by maximum likelihood: {document.get('reason')}."
    outcome, options, lines = _outcome(results), ["data = dat"], _start(results, package(results))
    nodes, quadrature = document.get("quadrature_nodes", 1), len(model["effects"]) == 1
    says = f"classical counterpart in the report; log-likelihood {significant(document['log_likelihood'], 5)}"
    function, family = likelihood(results).r_function, likelihood(results).r_family
    if family:
        options.append(f"family = {family}")
    if "exposure" in settings:
        options.append(f"offset = log({r_syntax.column(settings['exposure'])})")
    if "trials" in settings:
        outcome = f"cbind({outcome}, {r_syntax.column(settings['trials'])} - {outcome})"
    if nodes > 1 and quadrature and function == "glmer":
        options.append(f"nAGQ = {nodes}")
        says += " less that of a saturated model" * (likelihood(results).kind == "count")
    elif nodes > 1:
        lines.append(f"# {function} uses Laplace's approximation here, the report quadrature with {nodes} nodes per")
        lines.append("# effect, so that its numbers differ a little.")
        says = "near the " + says
    if document["singular"]:
        lines.append("# The maximum is at an edge: an SD of zero or a correlation of one. lme4 may stop short of it.")
    if _saturated(results) and package(results) == "lme4":
        options.append(f'control = {function}Control(check.nobs.vs.nRE = "ignore")')
    lines.append(f"fit <- {function}({_formula(results, outcome)}, {', '.join(options)})")
    return "\n".join([*lines, f"summary(fit)  # {says}", "ranef(fit)"])


def _saturated(results: Results) -> bool:
    """Whether a term has as many random effects as there are rows, which lme4 refuses unless told otherwise."""
    random = zip(formula_of(results.model["settings"]).random, _designs(results).random, strict=True)
    table = results.table
    return any(len(Clusters.of(table, term.group).names) * len(design.names) >= len(table) for term, design in random)


def brms(results: Results) -> str | None:
    """The same Bayesian model; None with priors it does not have."""
    model, settings = results.model, results.model["settings"]
    outcome = _outcome(results)
    if "trials" in settings:
        outcome = f"{outcome} | trials({r_syntax.column(settings['trials'])})"
    if "exposure" in settings:
        outcome = f"{outcome} | rate({r_syntax.column(settings['exposure'])})"
    priors = [_prior(name, entry, results) for name, entry in model["priors"].items()]
    if None in priors or "intercept" not in model["priors"]:
        return None
    text = ",\n    ".join(str(prior) for prior in priors)
    call = [
        "fit <- brm(",
        f"  {_formula(results, outcome)},",
        f"  data = dat, family = {likelihood(results).brms_family}(),",
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
    if name == "sigma" or name in {shape.name for shape in likelihood(results).shapes}:
        return f'set_prior({density}, class = "{name}")'
    if name.startswith("sd("):
        group, _, term = name[3:-1].partition(":") if name.count(":") == 1 else ("", "", "")
        if not group:
            return f'set_prior({density}, class = "sd")'
        return f'set_prior({density}, class = "sd", group = {json.dumps(group, ensure_ascii=False)}, ' + (
            f'coef = "{"Intercept" if term == "intercept" else _coefficient(term)}")'
        )
    return f'set_prior({density}, class = "b", coef = {json.dumps(_coefficient(name), ensure_ascii=False)})'


def _coefficient(name: str) -> str:
    """Brms joins a factor and its level, without blanks and brackets, and writes operators as letters."""
    operators = {"**": "E", "*": "MU", "+": "P", "-": "M", "/": "D", "=": "EQ", **dict.fromkeys("[]() ,'\"?", "")}
    for operator, letters in operators.items():
        name = name.replace(operator, letters)
    return name


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
    found = [(f"With {package(results)}, by {long}:", f"R code for {package(results)}", lme4(results))]
    bayes = brms(results)
    if bayes is not None:
        found.append(("With brms, by sampling the same Bayesian model:", "R code for brms", bayes))
    return found
