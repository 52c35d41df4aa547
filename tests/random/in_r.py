"""Whether lme4 and metafor fit what hiermeta refused."""

import shutil
import subprocess

ESTIMATES = "escalc(measure = '{measure}', {columns}, data = d)"


def contradicted(folder, datasets, found):
    """What R fitted although it was refused, as code, by analysis; empty strings elsewhere, and without R."""
    return [
        _fitted(folder, datasets[entry.name]) if entry.status == "refused" and shutil.which("Rscript") else ""
        for entry in found.itertuples()
    ]


def _fitted(folder, settings):
    """The R code of an analysis where R fits it without an error, else an empty string."""
    code = _regression(settings) if settings["analysis"] == "hierarchical" else _meta_analysis(settings)
    read = f"d <- read.csv('{settings['data']}', stringsAsFactors = FALSE); "
    done = subprocess.run(["Rscript", "-e", read + code], cwd=folder, capture_output=True, text=True)
    return code if done.returncode == 0 else ""


def _regression(settings):
    formula = settings["formula"].replace("x**2", "x^2")
    match settings["family"]:
        case "gaussian":
            return f"lme4::lmer({formula}, d)"
        case "binomial":
            outcome, predictors = formula.split("~")
            return f"lme4::glmer(cbind({outcome}, {settings['trials']} - {outcome}) ~ {predictors}, d, binomial)"
        case "bernoulli":
            return f"lme4::glmer({formula}, d, binomial)"
    offset = f", offset = log({settings['exposure']})" if "exposure" in settings else ""
    return f"lme4::glmer({formula}, d, poisson{offset})"


def _meta_analysis(settings):
    """Random effects, or fixed ones for a single row."""
    if "columns" in settings:
        columns = ", ".join(f"{key} = {column}" for key, column in settings["columns"].items())
        made = f"d <- metafor::escalc(measure = '{settings['measure']}', {columns}, data = d); "
    else:
        yi = settings["effect"]
        vi = {"variance": "{}", "standard_error": "{}^2"}
        given = next((pattern.format(settings[key]) for key, pattern in vi.items() if key in settings), None)
        if "p_value" in settings:
            given = f"({yi} / qnorm({settings['p_value']} / 2))^2"
        elif given is None:
            given = f"(({settings['ci_upper']} - {settings['ci_lower']}) / 3.92)^2"
        made = f"d$vi <- with(d, {given}); d$yi <- d${yi}; "
    if "subset" in settings:
        made += "d <- d[d$keep == 'yes', ]; "
    return made + f"metafor::rma(yi, vi, mods = {settings.get('moderators', '~ 1')}, data = d)"
