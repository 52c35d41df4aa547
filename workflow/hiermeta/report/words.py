"""Standing text: what a quantity means in plain words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hiermeta.io.results import Results
from hiermeta.models.priors import parse
from hiermeta.text.numbers import as_written, limits, significant

HETEROGENEITY = {
    "tau": ("τ", "Standard deviation of the true effects, on the scale of the effect measure."),
    "rho": (
        "ρ",
        "Share of the true variance between clusters; also the correlation of two true effects in one cluster.",
    ),
    "tau [within]": ("τ within", "Standard deviation of true effects around their cluster's effect."),
    "tau [between]": ("τ between", "Standard deviation of cluster effects around the pooled effect."),
    "tau2": ("τ²", "Variance of the true effects: τ squared."),
    "tau2 [within]": ("τ² within", "The part of that variance that lies within clusters."),
    "tau2 [between]": ("τ² between", "The part of that variance that lies between clusters."),
    "I2": (
        "I²",
        "Share of the variance of the estimates, in per cent, that is true difference and not sampling error.",
    ),
    "I2 [within]": ("I² within", "The part of I² due to differences within clusters."),
    "I2 [between]": ("I² between", "The part of I² due to differences between clusters."),
    "H2": ("H²", "Variance of the estimates relative to sampling error alone; 1 means no true differences."),
}
"""Quantity of heterogeneity.csv to its symbol and meaning."""

PARAMETERS = {
    "mu": ("μ", "pooled effect: the mean of the true effects"),
    "tau": ("τ", "standard deviation of the true effects (heterogeneity)"),
    "rho": ("ρ", "share of the true variance between clusters"),
    "tau_within": ("τ within", "standard deviation within clusters"),
    "tau_between": ("τ between", "standard deviation between clusters"),
    "moderators": ("β", "coefficients of the moderators: per standard deviation, or per level of a factor"),
    "scale": ("δ", "coefficients of the scale moderators on log τ, per standard deviation or level"),
}

GLOSSARY = {
    "Credible interval (CrI)": (
        "Given the data, the model and the priors, the quantity lies in its 95% credible interval with 95% probability."
    ),
    "Confidence interval (CI)": "The observed estimate ± 1.96 standard errors; it ignores all other estimates.",
    "Prediction interval": (
        "Where the true effect of a new study is expected, with 95% probability. It is wider than the credible "
        "interval of the mean because true effects differ."
    ),
    "True effect": (
        "What a study would find without sampling error. Its posterior combines the study's own estimate with what "
        "the others say about it."
    ),
    "Shrinkage (partial pooling)": ("Estimates move towards their cluster and the overall mean, the noisy ones most."),
    "Heterogeneity": "Differences between true effects, beyond sampling error.",
    "Cluster": (
        "A group of estimates that may resemble one another, such as those of one article, laboratory or district."
    ),
    "Prior, posterior": "What is assumed about a parameter before, and known after, seeing the data.",
    "Exact posterior": (
        "The same posterior by numerical integration instead of sampling: an independent check of Stan."
    ),
    "Monte Carlo standard error (MCSE)": (
        "How much a number would move if the sampler were run again with another seed. Printed digits are those it "
        "supports."
    ),
    "R̂": "Compares the spread between and within chains; 1.00 when they agree.",
    "Effective sample size (ESS)": (
        "How many independent draws the correlated draws are worth: bulk for the centre, tail for the 2.5% and 97.5% "
        "limits."
    ),
    "Divergence": "The sampler's sign that it may have missed part of the posterior; there should be none.",
    "E-BFMI": "Tells whether the sampler moves well between energy levels; below 0.3 the tails may be missed.",
}

ITEMS = {
    "data": "PRISMA 12, 13b; BARG 1.A",
    "model": "PRISMA 13d; BARG 1.B to 1.E",
    "forest": "PRISMA 19, 20b; BARG 3.B",
    "heterogeneity": "PRISMA 20b; BARG 3.B",
    "prior-posterior": "BARG 3.B",
    "moderators": "PRISMA 13e, 20c",
    "scale": "PRISMA 13e, 20c",
    "small-study": "PRISMA 14, 21",
    "comparison": "PRISMA 13f, 20d; BARG 3.C, 5",
    "influence": "PRISMA 20d; BARG 3.A",
    "diagnostics": "BARG 2.B, 2.C",
    "provenance": "PRISMA 27; BARG 2.A, 6",
}
"""Items of PRISMA 2020 (Page et al. 2021) and BARG (Kruschke 2021) that a section answers, by its id."""

ADVICE = {
    "questionable data": (
        "Section Data names the rows or columns that are probably not what they are said to be: correct them, or say "
        "in the paper why they are right."
    ),
    "prior and data agree": (
        "The data lie far out in this prior: check the measure and the units of the data, or set a wider prior "
        "under `priors:`."
    ),
    "REML": (
        "The prior moves the pooled effect out of reach of the fit without priors: compare both under Classical "
        "counterpart, and set a wider prior under `priors:` unless it says what you know."
    ),
    "R-hat": "Give the sampler more time: `sampling: {warmup: 2000, draws: 10000}`.",
    "ESS": "Ask for more draws: `sampling: {draws: 10000}`.",
    "divergences": (
        "Take smaller steps, `sampling: {adapt_delta: 0.999}`, and look for estimates with an implausibly small "
        "variance."
    ),
    "E-BFMI": "Use priors with lighter tails for τ, such as `half_normal(scale)`.",
    "trees": "Look at the scale of the data: effects and variances should not differ by many orders of magnitude.",
    "Stan − ": (
        "The chains converged, and yet draws and calculation disagree. Ask for more draws, "
        "`sampling: {draws: 10000}`. If the disagreement stays, please report it with this folder: it is a bug."
    ),
    "sampling failed": (
        "Look for estimates with an implausibly small variance, use narrower priors, or give the sampler more time: "
        "`sampling: {warmup: 2000}`."
    ),
}
"""What to try, by a part of the name of the check that did not pass."""


def kind(results: Results) -> str:
    """What the model is called in the field."""
    formulas = results.model.get("formulas") or {}
    levels = "three-level" if results.clustered else "random-effects"
    scale = " location-scale" if formulas.get("scale") else ""
    return f"{levels}{scale} meta-{'regression' if formulas.get('moderators') else 'analysis'}"


def log_of(name: str, stage: str) -> str:
    """The log of a stage of a data set, below the results folder."""
    return "overview.log" if stage == "overview" else f"{name}/logs/{stage}.log"


def after_crash(name: str, stage: str) -> str:
    """What to do when an unexpected error ended a stage of a data set."""
    return (
        "This is a bug in hiermeta. Please report it where you got hiermeta from, with the log that says where it "
        f"happened, `{log_of(name, stage)}` in the results folder, and with the data if you may share them. The next "
        "run tries again. Meanwhile look for rows or labels that are unlike the others."
    )


def advice(check: str) -> str:
    """What to try when the check of this name did not pass."""
    for part, text in ADVICE.items():
        if part in check:
            return text
    return "See the diagnostics below."


def level_means(coefficients: Sequence[str]) -> list[str]:
    """The coefficients of a factor that stands in place of an intercept: one for each of its levels.

    Examples
    --------
    >>> level_means(["f[a]", "f[b]", "g[d]", "x"]), level_means(["intercept", "f[b]"]), level_means(["x"])
    (['f[a]', 'f[b]'], [], [])
    """
    first = next((name for name in coefficients if name.endswith("]") and ":" not in name), None)
    if first is None or "intercept" in coefficients:
        return []
    return [name for name in coefficients if name.rpartition("[")[0] == first.rpartition("[")[0]]


def prior_words(text: str) -> str:
    """The central 95% of a prior, in words.

    Examples
    --------
    >>> prior_words("beta(1, 1)")
    'all values from 0 to 1 equally probable'
    >>> prior_words("normal(0, 1)"), prior_words("half_normal(0.5)"), prior_words("point(0)")
    ('95% of it between −2.0 and 2.0', '95% of it below 0.98', 'fixed')
    >>> prior_words("normal(5, 0.01)")
    '95% of it between 4.980 and 5.020'
    """
    prior = parse(text)
    if prior.is_point:
        return "fixed"
    if prior.family == "uniform" or (prior.family, prior.arguments) == ("beta", (1.0, 1.0)):
        low, high = (as_written(bound) for bound in prior.support)
        return f"all values from {low} to {high} equally probable"
    if prior.support[0] == 0 and not np.isfinite(prior.support[1]):
        return f"95% of it below {significant(float(prior.ppf(0.95)), 2)}"
    low, high = limits(*prior.ppf(np.array([0.025, 0.975])).tolist())
    return f"95% of it between {low} and {high}"


def prior_short(text: str) -> str:
    """A prior string with four significant digits."""
    return parse(text).short
