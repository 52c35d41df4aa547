"""R code that fits the same model to data.csv: metafor and RoBMA for meta-analyses, lme4 and brms for regressions."""

from __future__ import annotations

import json
from typing import Any

from hiermeta.data.clusters import Clusters
from hiermeta.data.hierarchical import Designs, fit_designs, formula_of
from hiermeta.data.meta import moderator_column
from hiermeta.figures.regression import likelihood
from hiermeta.io.results import Results
from hiermeta.models.meta import of_results
from hiermeta.models.priors import Prior, parse
from hiermeta.report import r_syntax
from hiermeta.text.numbers import significant

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
_COVARIANCE = """\
V <- diag(dat$variance)  # becomes the covariance matrix of the sampling errors
for (block in jsonlite::fromJSON("model.json", simplifyDataFrame = FALSE)$covariance) {
  V[block$rows + 1, block$rows + 1] <- block$matrix
}"""
_SCALE = """\
summary(fit)  # the report has no classical counterpart of this model
fit$alpha / 2  # coefficients of log(tau), as the report's; metafor's are of log(tau^2)"""
_BRMS = {
    "normal": "normal", "half_normal": "normal", "student_t": "student_t", "half_student_t": "student_t",
    "cauchy": "cauchy", "half_cauchy": "cauchy", "exponential": "exponential", "gamma": "gamma",
    "inverse_gamma": "inv_gamma", "lognormal": "lognormal", "uniform": "uniform",
}  # fmt: skip


def codes(results: Results) -> list[tuple[str, str, str]]:
    """Sentence, name and text of each piece of code; packages that can't have the model are left out."""
    if results.is_meta:
        scaled = "; its default priors of moderators may be scaled otherwise" if of_results(results).moderators else ""
        found = {
            "metafor": ("With metafor, by restricted maximum likelihood:", metafor(results)),
            "RoBMA": (f"With RoBMA 4, by sampling the same Bayesian model{scaled}:", robma(results)),
        }
    else:
        restricted = "restricted " if results.classical.get("method") == "REML" else ""
        found = {
            package(results): (f"With {package(results)}, by {restricted}maximum likelihood:", lme4(results)),
            "brms": ("With brms, by sampling the same Bayesian model:", brms(results)),
        }
    return [(sentence, f"R code for {name}", text) for name, (sentence, text) in found.items() if text is not None]


def metafor(results: Results) -> str:
    """The fit by restricted maximum likelihood; where there is none, a comment that says why."""
    document, dependent = results.classical, bool(results.model.get("covariance"))
    lines, arguments = _reading_meta(results, "metafor"), _formulas(results)
    if of_results(results).scale is not None:
        if results.clustered or dependent:
            other = "estimates are in clusters" if results.clustered else "sampling errors are correlated"
            return f"# metafor has no model in which heterogeneity depends on moderators and {other} as well."
        return "\n".join([*lines, _call("rma", "effect", "variance", *arguments), _SCALE])
    if not document.get("applies"):
        return f"# No fit by restricted maximum likelihood: {document.get('reason')}."
    clustered = document["clusters"] is not None
    if results.clustered and not clustered:
        lines.append("# Without clusters: these data do not tell heterogeneity between them from that within them.")
    if dependent:
        lines.append(_COVARIANCE)
    # Without an intercept rma() estimates tau^2 from effects less their mean, which is another model.
    moderators = of_results(results).moderators
    level = moderators is None or moderators.formula.intercept
    if level and not (clustered or dependent):
        kind = "rma"
        # Its default of 1e-5 for the last change of tau^2 is too coarse for effects in small units.
        size = (document["typical_variance"] or 0.0) + document["tau2"]
        if size:
            arguments.append(f"control = list(threshold = {1e-8 * size:.0e}, maxiter = 1000)")
    else:
        kind = "rma.mv"
        arguments.append(f"random = ~ 1 | {'cluster/row' if clustered else 'row'}")
    lines.append(_call(kind, "effect", "V" if dependent else "variance", *arguments))
    return "\n".join([*lines, *_numbers(results, clustered, kind)])


def _call(function: str, *arguments: str) -> str:
    return f"fit <- {function}({', '.join(arguments)}, data = dat)"


def _numbers(results: Results, clustered: bool, kind: str) -> list[str]:
    """Lines that print what the report's classical counterpart says, with its numbers."""
    document = results.classical
    height = significant(document["log_likelihood"], 5)
    tau2 = "fit$tau2" if kind == "rma" else "sum(fit$sigma2)"
    lines = [
        f"summary(fit)  # classical counterpart in the report; log-likelihood {height}",
        f"sqrt({tau2})  # tau: {significant(document['tau'], 5)}",
    ]
    if document["rho"] is not None:
        lines.append(f"fit$sigma2[1] / {tau2}  # rho: {significant(document['rho'], 5)}")
    if of_results(results).moderators is None:
        lines.append("predict(fit)  # with the prediction interval of a new effect")
    if clustered:
        lines.append("robust(fit, cluster = cluster, clubSandwich = TRUE)  # CR2; needs the package clubSandwich")
    elif kind == "rma":
        lines.append('update(fit, test = "knha")  # KH')
    return lines


def robma(results: Results) -> str | None:
    """The same Bayesian model, sampled by JAGS; None with dependent sampling errors or priors it does not have."""
    if results.model.get("covariance"):
        return None
    arguments = ["yi = effect", "vi = variance", "data = dat"]
    if results.clustered:
        arguments.append("cluster = cluster")
    arguments += _formulas(results)
    unit = results.model["unit_information_sd"]
    if unit and unit["value"] is not None and not str(unit["source"]).startswith("known"):
        arguments += ['measure = "GEN"', f"prior_unit_information_sd = {unit['value']!r}"]
    else:
        arguments.append(f"measure = {r_syntax.text(results.model['measure'])}")
    for name, entry in results.model["priors"].items():
        if not entry["default"]:
            prior = _robma_prior(parse(entry["prior"]))
            if prior is None:
                return None
            arguments.append(f"{_ARGUMENTS[name]} = {prior}")
    arguments.append(f"seed = {results.fit.get('seed') or 1}")
    return "\n".join(
        [*_reading_meta(results, "RoBMA"), "fit <- brma(\n  " + ",\n  ".join(arguments) + "\n)", "summary(fit)"]
    )


def _reading_meta(results: Results, package: str) -> list[str]:
    fitted = of_results(results)
    levels = {
        name: entry for design in (fitted.moderators, fitted.scale) if design for name, entry in design.factors.items()
    }
    references = {moderator_column(name): entry[0] for name, entry in levels.items()}
    return r_syntax.reading(package, ["cluster"] * results.clustered + list(references), references)


def _formulas(results: Results) -> list[str]:
    """Arguments of the formulas of mean and scale."""
    designs = {"mods": of_results(results).moderators, "scale": of_results(results).scale}
    return [
        f"{key} = ~ {r_syntax.terms(entry.formula, _column)}" for key, entry in designs.items() if entry is not None
    ]


def _column(name: str) -> str:
    return r_syntax.column(moderator_column(name))


def _robma_prior(prior: Prior) -> str | None:
    if prior.family not in _ROBMA:
        return None
    name, arguments, truncation = _ROBMA[prior.family]
    values = dict(zip(arguments, prior.arguments, strict=True))
    if prior.family.startswith("half_"):
        values = {("mean" if name == "normal" else "location"): 0.0} | values
    inside = ", ".join(f"{key} = {value!r}" for key, value in values.items())
    return f'prior("{name}", list({inside}){truncation})'


def _designs(results: Results) -> Designs:
    settings = results.model["settings"]
    return fit_designs(results.table, formula_of(settings), settings.get("reference_levels", {}))


def _reading(results: Results, package: str) -> list[str]:
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
    outcome, options, lines = _outcome(results), ["data = dat"], _reading(results, package(results))
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
    priors = [_brms_prior(name, entry, results) for name, entry in model["priors"].items()]
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
    return "\n".join([*_reading(results, "brms"), *call])


def _brms_prior(name: str, entry: dict[str, Any], results: Results) -> str | None:
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
