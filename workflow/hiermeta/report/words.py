"""Standing text: what quantities and terms mean in plain words, and what to try when a check did not pass."""

from __future__ import annotations

from hiermeta.figures.regression import linear
from hiermeta.io.results import Results

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
        "Share, in per cent, of true differences in the variance of an estimate of typical precision; precise "
        "estimates weigh most in what is typical.",
    ),
    "I2 [within]": ("I² within", "The part of I² that belongs to differences within clusters."),
    "I2 [between]": ("I² between", "The part of I² that belongs to differences between clusters."),
    "H2": ("H²", "Variance of the estimates relative to sampling error alone; 1 means no true differences."),
}
"""Quantity of heterogeneity.csv to its symbol and meaning."""

QUANTITIES = {
    "ICC": (
        "Intraclass correlation given the predictors: the share of the variation they leave that lies between clusters."
    ),
    "ICC [null]": "The same without predictors; also the correlation of two individuals of one cluster.",
    "design effect": "How many times the variance of a mean is larger than with as many independent individuals: 1 + "
    "(individuals per cluster − 1) · ICC.",
    "design effect [null]": "The same, from the ICC without predictors.",
    "effective sample size": "Individuals divided by the design effect; each trial of a binomial row is one.",
    "effective sample size [null]": "The same, from the ICC without predictors.",
    "R2 [marginal]": "Share of the variance that the predictors explain (Nakagawa & Schielzeth).",
    "R2 [conditional]": "Share that predictors and clusters explain together.",
    "R2 [within]": "By how much the predictors lower the variance within clusters; can be negative.",
    "R2 [between]": "By how much the predictors lower the variance between clusters, averaged over individuals. It "
    "can be negative, with varying slopes by design: their variance is between clusters here, and within "
    "clusters in the model without predictors, which has no slopes.",
    "median odds ratio": "Median ratio of the odds of two individuals alike in all but their clusters (the higher to "
    "the lower).",
    "median rate ratio": "Median ratio of the rates of two individuals alike in all but their clusters (the higher to "
    "the lower).",
}
"""Quantity of clustering.csv to its meaning."""

OF_FACTORS = {
    "ICC": "The part of the intraclass correlation that belongs to clusters of",
    "design effect": "The design effect of clusters of",
    "effective sample size": "The effective sample size that goes with clusters of",
    "R2": "By how much the predictors lower the variance between clusters of",
}
"""Beginning of the meaning of a quantity that exists for each of several grouping factors."""

GLOSSARY = [
    ("regression", "Cluster", "A group of rows that may resemble one another, such as the pupils of a school."),
    ("regression", "Complete pooling", "One regression for all rows, as if there were no clusters."),
    ("regression", "No pooling", "A regression of its own for every cluster, as if the others said nothing about it."),
    ("regression", "Partial pooling", "The multilevel model: every cluster is estimated from its own rows and from how "
     "clusters differ in general. Small clusters move most towards the overall estimate (shrinkage)."),
    ("regression", "Random effect", "By how much the coefficient of a cluster differs from the overall one."),
    ("regression", "Intraclass correlation (ICC)", "Share of the variation that lies between clusters; also how alike "
     "two rows of one cluster are."),
    ("regression", "Design effect", "How many times more rows a clustered sample needs than an unclustered one, for a "
     "mean."),
    ("regression", "Cluster-robust standard error", "A standard error of the regression without clusters that allows "
     "rows of a cluster to depend on each other."),
    ("regression", "Individual-level, cluster-level", "Predictors that vary within clusters, and those that are "
     "constant there. Their product is a cross-level interaction."),
    ("", "Row of file", "Row of your data file: the line below the header is row 1, and rows left out count."),
    ("", "Credible interval (CrI)", "Given the data, the model and the priors, the quantity lies in its 95% credible "
     "interval with 95% probability."),
    ("meta", "Confidence interval (CI)", "An interval by a procedure that covers the true value in 95% of repeated "
     "samples. Of a single estimate it is ± 1.96 standard errors and ignores all others; of classical fits it is by "
     "normal or t quantiles, or by the profile of the likelihood."),
    ("meta", "Prediction interval", "Where the true effect of a new study is expected, with 95% probability. It is "
     "wider than the credible interval of the mean because true effects differ."),
    ("meta", "True effect", "What a study would find without sampling error. Its posterior combines the study's own "
     "estimate with what the others say about it."),
    ("meta", "Shrinkage (partial pooling)", "Estimates move towards their cluster and the overall mean, the noisy ones "
     "most."),
    ("meta", "Heterogeneity", "Differences between true effects, beyond sampling error."),
    ("meta", "Cluster", "A group of estimates that may resemble one another, such as those of one article, laboratory "
     "or district."),
    ("regression", "Prediction for a new cluster", "Where the expected outcome of a cluster not seen before lies with "
     "95% probability; wider than the interval of the mean, because clusters differ."),
    ("", "Prior, posterior", "What is assumed about a parameter before, and known after, seeing the data."),
    ("meta", "Exact posterior", "The same posterior by numerical integration instead of sampling: an independent check "
     "of Stan."),
    ("regression", "REML, ML", "Restricted maximum likelihood and maximum likelihood: estimates without priors, as by "
     "lme4."),
    ("regression", "Singular", "A maximum-likelihood estimate that puts a standard deviation between clusters at zero, "
     "or a correlation at 1 or −1."),
    ("", "Monte Carlo standard error (MCSE)", "How much a number would move if the sampler were run again with another "
     "seed. Printed digits are those it supports."),
    ("", "R̂", "Compares the spread between and within chains; 1.00 when they agree."),
    ("", "Effective sample size (ESS)", "How many independent draws the correlated draws are worth: bulk for the "
     "centre, tail for the 2.5% and 97.5% limits."),
    ("meta", "Divergence", "The sampler's sign that it may have missed part of the posterior; there should be none."),
    ("meta", "E-BFMI", "Tells whether the sampler moves well between energy levels; below 0.3 the tails may be "
     "missed."),
    ("regression", "elpd", "Expected log predictive density of left-out rows or clusters: higher is better."),
    ("regression", "Pareto k̂", "Tells whether a left-out cluster can be judged from the draws; above 0.7 it can't."),
    ("ratios", "Odds ratio, rate ratio", "The odds, or the rate, at one more unit of a predictor, relative to those "
     "without it."),
    ("ratios", "Typical cluster, average over clusters", "A probability or rate where random effects are zero "
     "(cluster-specific), and its mean over clusters (population-averaged). Because the link is curved the two "
     "differ."),
]  # fmt: skip
"""For which analyses (``ratios``: regressions of probabilities and rates; empty: all), the term, its meaning."""

ADVICE = {
    "questionable data": "Section Data names the rows or columns that are probably not what they are said to be: "
    "correct them, or say in the paper why they are right.",
    "prior and data agree": "The data lie far out in this prior: check the measure and the units of the data, or set a "
    "wider prior under `priors:`.",
    "REML": "The prior moves the pooled effect out of reach of the fit without priors: compare both under Classical "
    "counterpart, and set a wider prior under `priors:` unless it says what you know.",
    "R-hat": "Give the sampler more time: `sampling: {warmup: 2000, draws: 10000}`.",
    "ESS": "Ask for more draws: `sampling: {draws: 10000}`.",
    "divergences": "Take smaller steps, `sampling: {adapt_delta: 0.999}`, and look for estimates with an implausibly "
    "small variance.",
    "E-BFMI": "Use priors with lighter tails for τ, such as `half_normal(scale)`.",
    "trees": "Look at the scale of the data: effects and variances should not differ by many orders of magnitude.",
    "Stan − ": "The chains converged, and yet draws and calculation disagree. Ask for more draws, `sampling: {draws: "
    "10000}`. If the disagreement stays, please report it with this folder: it is a bug.",
    "sampling failed": "Look for estimates with an implausibly small variance, use narrower priors, or give the "
    "sampler more time: `sampling: {warmup: 2000}`.",
}
"""What to try, by a part of the name of the check that did not pass."""


def meaning(quantity: str) -> str:
    """What a quantity of clustering.csv is.

    Examples
    --------
    >>> meaning("ICC [ward, null]")
    'The part of the intraclass correlation that belongs to clusters of ward, without predictors.'
    """
    if quantity in QUANTITIES:
        return QUANTITIES[quantity]
    name, _, inside = quantity.removesuffix("]").partition(" [")
    group = inside.removesuffix(", null").removeprefix("between, ")
    if name not in OF_FACTORS or not group:
        return ""
    return f"{OF_FACTORS[name]} {group}{', without predictors' if inside.endswith(', null') else ''}."


def glossary(results: Results) -> dict[str, str]:
    """Terms that the page of an analysis needs, and what they mean."""
    kinds = ["", "meta" if results.is_meta else "regression"]
    kinds += [] if results.is_meta or linear(results) else ["ratios"]
    return {term: meaning for of, term, meaning in GLOSSARY if of in kinds}


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
