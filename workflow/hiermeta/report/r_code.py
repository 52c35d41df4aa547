"""R code that fits the same model to data.csv with metafor and, where it can, RoBMA."""

from __future__ import annotations

from hiermeta.data.meta import moderator_column
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


def codes(results: Results) -> list[tuple[str, str, str]]:
    """Sentence, name and text of each piece of code."""
    moderated = "; its default priors of moderators may be scaled otherwise" if of_results(results).moderators else ""
    every = (
        ("With metafor, by restricted maximum likelihood:", "R code for metafor", metafor(results)),
        (f"With RoBMA 4, by sampling the same Bayesian model{moderated}:", "R code for RoBMA", robma(results)),
    )
    return [(sentence, name, text) for sentence, name, text in every if text is not None]


def metafor(results: Results) -> str:
    """The fit by restricted maximum likelihood; where there is none, a comment that says why."""
    document, dependent = results.classical, bool(results.model.get("covariance"))
    lines, arguments = _start(results, "metafor"), _formulas(results)
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
            prior = _prior(parse(entry["prior"]))
            if prior is None:
                return None
            arguments.append(f"{_ARGUMENTS[name]} = {prior}")
    arguments.append(f"seed = {results.fit.get('seed') or 1}")
    return "\n".join([*_start(results, "RoBMA"), "fit <- brma(\n  " + ",\n  ".join(arguments) + "\n)", "summary(fit)"])


def _start(results: Results, package: str) -> list[str]:
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


def _prior(prior: Prior) -> str | None:
    if prior.family not in _ROBMA:
        return None
    name, arguments, truncation = _ROBMA[prior.family]
    values = dict(zip(arguments, prior.arguments, strict=True))
    if prior.family.startswith("half_"):
        values = {("mean" if name == "normal" else "location"): 0.0} | values
    inside = ", ".join(f"{key} = {value!r}" for key, value in values.items())
    return f'prior("{name}", list({inside}){truncation})'
