"""Standing text of the reports of hierarchical regressions."""

from __future__ import annotations

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
    "ICC": "The part of the intraclass correlation that is due to clusters of",
    "design effect": "The design effect of clusters of",
    "effective sample size": "The effective sample size that goes with clusters of",
    "R2": "By how much the predictors lower the variance between clusters of",
}
"""Beginning of the meaning of a quantity that exists for each of several grouping factors."""


def meaning(quantity: str) -> str:
    """What a quantity of clustering.csv is.

    Examples
    --------
    >>> meaning("ICC [ward, null]")
    'The part of the intraclass correlation that is due to clusters of ward, without predictors.'
    """
    if quantity in QUANTITIES:
        return QUANTITIES[quantity]
    name, _, inside = quantity.removesuffix("]").partition(" [")
    group = inside.removesuffix(", null").removeprefix("between, ")
    if name not in OF_FACTORS or not group:
        return ""
    return f"{OF_FACTORS[name]} {group}{', without predictors' if inside.endswith(', null') else ''}."


STATISTICS = {
    "dispersion": "Mean squared Pearson residual given the clusters, expected to be 1; more is overdispersion.",
}
"""Statistic of checks.csv to its meaning, where its name does not say it."""

ITEMS = {
    "data": "BARG 1.A",
    "model": "BARG 1.B to 1.E",
    "estimates": "BARG 3.B",
    "clustering": "BARG 3.B, 3.C",
    "pooling": "BARG 3.B",
    "predictions": "BARG 3.B",
    "checks": "BARG 3.A",
    "comparison": "BARG 3.C, 5",
    "diagnostics": "BARG 2.B, 2.C",
    "provenance": "BARG 2.A, 6",
}
"""Items of BARG (Kruschke 2021) that a section answers, by its id."""

GLOSSARY = {
    "Cluster": "A group of rows that may resemble one another, such as the pupils of a school.",
    "Complete pooling": "One regression for all rows, as if there were no clusters.",
    "No pooling": "A regression of its own for every cluster, as if the others said nothing about it.",
    "Partial pooling": "The multilevel model: every cluster is estimated from its own rows and from how "
    "clusters differ in general. Small clusters move most towards the overall estimate (shrinkage).",
    "Random effect": "By how much the coefficient of a cluster differs from the overall one.",
    "Intraclass correlation (ICC)": "Share of the variation that lies between clusters; also how alike two rows of one "
    "cluster are.",
    "Design effect": "How many times more rows a clustered sample needs than an unclustered one, for a mean.",
    "Cluster-robust standard error": "A standard error of the regression without clusters that allows rows of a "
    "cluster to depend on each other.",
    "Individual-level, cluster-level": "Predictors that vary within clusters, and those that are constant there. Their "
    "product is a cross-level interaction.",
    "Credible interval (CrI)": "Given the data, the model and the priors, the quantity lies in its 95% credible "
    "interval with 95% probability.",
    "Prediction for a new cluster": "Where the expected outcome of a cluster not seen before lies with 95% "
    "probability; wider than the interval of the mean, because clusters differ.",
    "Prior, posterior": "What is assumed about a parameter before, and known after, seeing the data.",
    "REML, ML": "Restricted maximum likelihood and maximum likelihood: estimates without priors, as by lme4.",
    "Singular": "A maximum-likelihood estimate that puts a standard deviation between clusters at zero, or a "
    "correlation at 1 or −1.",
    "Monte Carlo standard error (MCSE)": "How much a number would move if the sampler were run again with another "
    "seed. Printed digits are those it supports.",
    "R̂": "Compares the spread between and within chains; 1.00 when they agree.",
    "Effective sample size (ESS)": "How many independent draws the correlated draws are worth: bulk for the centre, "
    "tail for the 2.5% and 97.5% limits.",
    "elpd": "Expected log predictive density of left-out rows or clusters: higher is better.",
    "Pareto k̂": "Tells whether a left-out cluster can be judged from the draws; above 0.7 it can't.",
}
COUNTS = {
    "Odds ratio, rate ratio": "What the odds, or the rate, are multiplied by for one more unit of a predictor.",
    "Typical cluster, average over clusters": "A probability or rate where random effects are zero (cluster-specific), "
    "and its mean over clusters (population-averaged). Because the link is curved the two differ.",
}
"""Terms that only reports of probabilities and rates need."""
