"""Whether lme4 and metafor fit what hiermeta refused.

A refusal is contradicted where R fits the same model to the same rows without an error, without a warning and without
an SD at zero. lme4 stops for gaussian outcomes where every cluster has one row; 0/1 outcomes and random slopes, which
such clusters don't tell from residuals and intercepts either, are stopped here.
"""

import re
import shutil
import subprocess

READ = "d <- read.csv('{data}', na.strings = '', check.names = FALSE); "
LME4 = "stopifnot(!lme4::isSingular(m), is.null(attr(lme4::getME(m, 'X'), 'col.dropped')))"


def contradicted(folder, datasets, found):
    """What R fitted although it was refused, as code, by analysis; empty strings elsewhere, and without R."""
    result = dict.fromkeys(found["name"], "")
    refused = list(found["name"][found["status"] == "refused"])
    if refused and shutil.which("Rscript"):
        codes = [code_of(datasets[name]) for name in refused]
        result |= {name: code * fits for name, code, fits in zip(refused, codes, fitted(folder, codes), strict=True)}
    return list(result.values())


def code_of(settings):
    """R code that stops unless R fits an analysis, given its settings."""
    analysis = _regression(settings) if settings["analysis"] == "hierarchical" else _meta_analysis(settings)
    return READ.format(data=settings["data"]) + analysis


def fitted(folder, codes):
    """Whether R runs each piece of code, in a folder, without an error or a warning."""
    tried = [f"cat(!inherits(try({{ {code} }}, silent = TRUE), 'try-error'), '\\n')" for code in codes]
    script = "\n".join(["options(warn = 2)", *tried])
    done = subprocess.run(["Rscript", "-"], input=script, cwd=folder, capture_output=True, text=True, check=True)
    return [line.strip() == "TRUE" for line in done.stdout.splitlines()]


def _complete(columns):
    return f"d <- d[complete.cases(d[c({', '.join(map(repr, columns))})]), ]; "


def _regression(settings):
    formula = settings["formula"].replace("x**2", "x^2").replace("(1 ||", "(1 |")  # lme4 can't read the others
    family, (fixed, bars) = settings["family"], formula.split(" + (", 1)
    size = [settings[key] for key in ("trials", "exposure") if key in settings]
    names = set(re.findall(r"\b[a-z]+\b", f"{fixed} {bars}")) - {"I"}
    made = _complete(sorted(names | set(size)))
    if "within_between" in settings:
        group = re.search(r"\| (\w+)", bars)[1]
        made += f"d$x_between <- ave(d$x, d${group}); d$x_within <- d$x - d$x_between; "
        fixed, bars = re.sub(r"\bx\b", "x_within + x_between", fixed), re.sub(r"\bx\b", "x_within", bars)
    if family == "bernoulli" or re.search(r"x\w* \|", bars):
        made += "stopifnot(nrow(d) > length(unique(d$school))); "
    outcome, predictors = fixed.split(" ~ ")
    match family:
        case "gaussian":
            return f"{made}m <- lme4::lmer({fixed} + ({bars}, d); {LME4}"
        case "binomial":
            outcome = f"cbind({outcome}, {settings['trials']} - {outcome})"
    options = "poisson" if family == "poisson" else "binomial"
    if "exposure" in settings:
        options += f", offset = log({settings['exposure']})"
    return f"{made}m <- lme4::glmer({outcome} ~ {predictors} + ({bars}, d, {options}); {LME4}"


def _meta_analysis(settings):
    """Random effects of two estimates or more; correlated errors need a cluster with several."""
    made = "d <- d[d$keep == 'yes', ]; " if "subset" in settings else ""
    if "columns" in settings:
        columns = ", ".join(f"{key} = {column}" for key, column in settings["columns"].items())
        made += f"d <- metafor::escalc(measure = '{settings['measure']}', {columns}, data = d); "
    else:
        yi = settings["effect"]
        vi = {"variance": "{}", "standard_error": "{}^2"}
        given = next((pattern.format(settings[key]) for key, pattern in vi.items() if key in settings), None)
        if "p_value" in settings:
            given = f"({yi} / qnorm({settings['p_value']} / 2))^2"
        elif given is None:
            given = f"(({settings['ci_upper']} - {settings['ci_lower']}) / 3.92)^2"
        made += f"d$vi <- with(d, {given}); d$yi <- d${yi}; "
    moderators = settings.get("moderators", "~ 1")
    made += _complete(["yi", "vi", *sorted(set(re.findall("year|alloc", moderators)))])
    return f"{made}m <- metafor::rma(yi, vi, mods = {moderators}, data = d); stopifnot(m$k > 1)"
