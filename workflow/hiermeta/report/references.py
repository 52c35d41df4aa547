"""What to cite: the methods that the numbers of a page come from, each where it was used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hiermeta.io.results import Results

Condition = Callable[[Results], bool]
HIERMETA = {
    "authors": "The hiermeta developers",
    "year": "2026",
    "title": "hiermeta: From CSV files to trustworthy reports of Bayesian multilevel analyses",
}
"""How to cite the workflow itself, as CITATION.cff has it."""


@dataclass(frozen=True)
class Reference:
    """A publication, what it is cited for, and where.

    Parameters
    ----------
    purpose, text : str
    used : callable
        Whether the numbers of these results come from it.
    """

    purpose: str
    text: str
    used: Condition


def _always(results: Results) -> bool:
    return True


def _meta(results: Results) -> bool:
    return results.is_meta


def _regression(results: Results) -> bool:
    return not results.is_meta


def _classical(*path: str) -> Condition:
    """Whether classical.json of a meta-analysis has something at any of these keys."""
    return lambda results: results.is_meta and any(results.classical.get(key) for key in path)


def _default(*names: str) -> Condition:
    return lambda results: any(results.model["priors"].get(name, {}).get("default") for name in names)


def _left_out(results: Results) -> bool:
    return bool(results.loo)


def _smoothed(results: Results) -> bool:
    return any(row.get("pareto_k", 0) == row.get("pareto_k", 0) for row in results.loo)


def _methods(*names: str) -> Condition:
    """Whether evidence was estimated in one of these ways."""
    return lambda results: any(name in row["method"] for row in results.comparison for name in names)


REFERENCES = [
    Reference(
        "sampling",
        "Carpenter, B., Gelman, A., Hoffman, M. D., Lee, D., Goodrich, B., Betancourt, M., Brubaker, M., Guo, J.,"
        " Li, P., & Riddell, A. (2017). Stan: A probabilistic programming language. Journal of Statistical "
        "Software, 76(1), 1–32.",
        _always,
    ),
    Reference(
        "R̂ and effective sample sizes",
        "Vehtari, A., Gelman, A., Simpson, D., Carpenter, B., & Bürkner, P.-C. (2021). Rank-normalization, "
        "folding, and localization: An improved R̂ for assessing convergence of MCMC. Bayesian Analysis, 16, "
        "667–718.",
        _always,
    ),
    Reference(
        "three-level meta-analysis",
        "Konstantopoulos, S. (2011). Fixed effects and variance components estimation in three-level meta-"
        "analysis. Research Synthesis Methods, 2, 61–76.",
        lambda results: results.is_meta and results.clustered,
    ),
    Reference(
        "default priors on the scale of unit information",
        "Röver, C., Bender, R., Dias, S., Schmid, C. H., Schmidli, H., Sturtz, S., Weber, S., & Friede, T. "
        "(2021). On weakly informative prior distributions for the heterogeneity parameter in Bayesian random-"
        "effects meta-analysis. Research Synthesis Methods, 12, 448–474.",
        lambda results: results.is_meta and _default("mu", "tau")(results),
    ),
    Reference(
        "priors of factors",
        "Rouder, J. N., Morey, R. D., Speckman, P. L., & Province, J. M. (2012). Default Bayes factors for ANOVA "
        "designs. Journal of Mathematical Psychology, 56, 356–374.",
        lambda results: (
            results.is_meta
            and bool(results.model.get("differences"))
            and results.model["formulas"].get("contrasts") != "treatment"
        ),
    ),
    Reference(
        "heterogeneity that varies with moderators",
        "Viechtbauer, W., & López-López, J. A. (2022). Location-scale models for meta-analysis. Research "
        "Synthesis Methods, 13, 697–715.",
        lambda results: results.is_meta and bool(results.scale_coefficients),
    ),
    Reference(
        "I²",
        "Higgins, J. P. T., & Thompson, S. G. (2002). Quantifying heterogeneity in a meta-analysis. Statistics in"
        " Medicine, 21, 1539–1558.",
        _meta,
    ),
    Reference(
        "prediction intervals",
        "Higgins, J. P. T., Thompson, S. G., & Spiegelhalter, D. J. (2009). A re-evaluation of random-effects "
        "meta-analysis. Journal of the Royal Statistical Society A, 172, 137–159.",
        _meta,
    ),
    Reference(
        "restricted maximum likelihood and effect sizes as in metafor",
        "Viechtbauer, W. (2010). Conducting meta-analyses in R with the metafor package. Journal of Statistical "
        "Software, 36(3), 1–48.",
        _classical("coefficients"),
    ),
    Reference(
        "Knapp and Hartung's test",
        "Knapp, G., & Hartung, J. (2003). Improved tests for a random effects meta-regression with a single "
        "covariate. Statistics in Medicine, 22, 2693–2710.",
        _classical("knapp_hartung"),
    ),
    Reference(
        "Q-profile intervals",
        "Viechtbauer, W. (2007). Confidence intervals for the amount of heterogeneity in meta-analysis. "
        "Statistics in Medicine, 26, 37–52.",
        _classical("q_profile"),
    ),
    Reference(
        "cluster-robust standard errors (CR2)",
        "Pustejovsky, J. E., & Tipton, E. (2018). Small-sample methods for cluster-robust variance estimation and"
        " hypothesis testing in fixed effects models. Journal of Business & Economic Statistics, 36, 672–683.",
        _classical("robust"),
    ),
    Reference(
        "the regression on standard errors",
        "Egger, M., Davey Smith, G., Schneider, M., & Minder, C. (1997). Bias in meta-analysis detected by a "
        "simple, graphical test. BMJ, 315, 629–634.",
        _classical("small_study"),
    ),
    Reference(
        "the effect at a standard error of zero (PET)",
        "Stanley, T. D., & Doucouliagos, H. (2014). Meta-regression approximations to reduce publication "
        "selection bias. Research Synthesis Methods, 5, 60–78.",
        lambda results: _classical("small_study")(results) and not results.coefficients,
    ),
    Reference(
        "Bayes factors and model averaging in meta-analysis",
        "Gronau, Q. F., Heck, D. W., Berkhout, S. W., Haaf, J. M., & Wagenmakers, E.-J. (2021). A primer on "
        "Bayesian model-averaged meta-analysis. Advances in Methods and Practices in Psychological Science, 4(3).",
        lambda results: results.is_meta and bool(results.comparison),
    ),
    Reference(
        "words for Bayes factors",
        "Lee, M. D., & Wagenmakers, E.-J. (2013). Bayesian cognitive modeling: A practical course. Cambridge "
        "University Press.",
        lambda results: bool(results.comparison),
    ),
    Reference(
        "bridge sampling",
        "Meng, X.-L., & Wong, W. H. (1996). Simulating ratios of normalizing constants via a simple identity: A "
        "theoretical exploration. Statistica Sinica, 6, 831–860.",
        lambda results: bool(results.averages.get("bridge")) or _methods("bridge")(results),
    ),
    Reference(
        "leave-one-out prediction",
        "Vehtari, A., Gelman, A., & Gabry, J. (2017). Practical Bayesian model evaluation using leave-one-out "
        "cross-validation and WAIC. Statistics and Computing, 27, 1413–1432.",
        _left_out,
    ),
    Reference(
        "Pareto-smoothed importance sampling",
        "Vehtari, A., Simpson, D., Gelman, A., Yao, Y., & Gabry, J. (2024). Pareto smoothed importance sampling. "
        "Journal of Machine Learning Research, 25(72), 1–58.",
        _smoothed,
    ),
    Reference(
        "prior and data",
        "Evans, M., & Moshonov, H. (2006). Checking for prior-data conflict. Bayesian Analysis, 1, 893–914.",
        lambda results: "prior against data" in [check["name"] for check in results.diagnostics["checks"]],
    ),
    Reference(
        "design effect",
        "Kish, L. (1965). Survey sampling. Wiley.",
        _regression,
    ),
    Reference(
        "R² and intraclass correlation",
        "Nakagawa, S., Johnson, P. C. D., & Schielzeth, H. (2017). The coefficient of determination R² and intra-"
        "class correlation coefficient from generalized linear mixed-effects models revisited and expanded. "
        "Journal of the Royal Society Interface, 14, 20170213.",
        _regression,
    ),
    Reference(
        "median odds and rate ratios",
        "Larsen, K., & Merlo, J. (2005). Appropriate assessment of neighborhood effects on individual health. "
        "American Journal of Epidemiology, 161, 81–88.",
        lambda results: any(row["quantity"].startswith("median ") for row in results.rows("clustering")),
    ),
    Reference(
        "priors of correlations",
        "Lewandowski, D., Kurowicka, D., & Joe, H. (2009). Generating random correlation matrices based on vines "
        "and extended onion method. Journal of Multivariate Analysis, 100, 1989–2001.",
        lambda results: "correlation" in results.model["priors"],
    ),
    Reference(
        "maximum likelihood as in lme4",
        "Bates, D., Mächler, M., Bolker, B., & Walker, S. (2015). Fitting linear mixed-effects models using lme4."
        " Journal of Statistical Software, 67(1), 1–48.",
        lambda results: not results.is_meta and bool(results.classical.get("coefficients")),
    ),
    Reference(
        "posterior predictive checks",
        "Gelman, A., Meng, X.-L., & Stern, H. (1996). Posterior predictive assessment of model fitness via "
        "realized discrepancies. Statistica Sinica, 6, 733–807.",
        lambda results: bool(results.rows("checks")),
    ),
    Reference(
        "quantile residuals",
        "Dunn, P. K., & Smyth, G. K. (1996). Randomized quantile residuals. Journal of Computational and "
        "Graphical Statistics, 5, 236–244.",
        lambda results: bool(results.rows("residual_checks")),
    ),
]


def used(results: Results) -> Sequence[Reference]:
    """The publications behind the numbers of a page, in the order of the list."""
    return [reference for reference in REFERENCES if reference.used(results)] if results.has_numbers else []
