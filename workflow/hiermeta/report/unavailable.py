"""Parts of a result that its numbers don't allow, by name and with the reason."""

from __future__ import annotations

from collections.abc import Collection

from hiermeta.figures.palette import symbol
from hiermeta.io.results import Document

LEFT_OUT = ("elpd_loo", "elpd_loco")
_WORDS = {
    "coefficients": "Wald tests of the coefficients",
    "confint": "profile-likelihood intervals",
    "Q": "Cochran's test of heterogeneity",
    "I2": "I²",
    "typical_variance": "the typical sampling variance",
    "predict": "the pooled effect and its intervals",
    "QM": "the test of all moderators",
    "R2": "R² of the moderators",
    "equal_effects": "the equal-effects model",
    "blups": "predictions of the true effects",
    "t": "t tests with degrees of freedom by containment",
    "robust/CR2": "CR2 tests",
    "robust/CR1": "CR1 tests",
    "robust/predict": "cluster-robust intervals of the mean",
    "likelihood_ratio": "likelihood-ratio tests",
    "ignoring_clusters": "the fit that ignores clusters",
    "knapp_hartung": "tests of Knapp and Hartung",
    "q_profile": "the Q-profile interval of τ",
    "random_effects": "conditional modes of the random effects",
    "null": "the classical fit of the null model",
    "build_up": "classical fits of the build-up",
    "elpd_loo": "leaving out estimates",
    "elpd_loco": "leaving out clusters",
    "elpd": "leaving out estimates and clusters by the draws",
    "sensitivity": "sensitivity to the priors",
    "sampling_correlation": "sensitivity to correlated sampling errors",
    "densities": "exact posterior densities",
    "bridge": "bridge sampling",
    "complete": "complete pooling",
    "unpooled": "regressions of single clusters",
    "convergence": "convergence of the random effects",
    "random_effects.csv": "random effects",
    "pooling.csv": "the three poolings",
    "clustering.csv": "what the clustering does",
    "predictions.csv": "predictions",
    "marginal_means.csv": "marginal means",
    "average_effects.csv": "average effects",
    "checks.csv": "posterior predictive checks",
    "prior_predictive.csv": "the prior predictive distribution",
    "residuals.csv": "residuals",
    "loo.csv": "leaving out clusters",
}


def unavailable(document: Document, only: Collection[str] = (), but: Collection[str] = ()) -> list[tuple[str, str]]:
    """What a document lacks, in words, and why.

    Parameters
    ----------
    document : dict
        ``unavailable`` is used: reasons by name.
    only : collection of str, optional
        Names to which it is confined.
    but : collection of str, optional
        Names that are left out.
    """
    found = document.get("unavailable") or {}
    return [(words(name), why) for name, why in found.items() if name not in but and (not only or name in only)]


def words(name: str) -> str:
    """What a part is called on the page.

    Examples
    --------
    >>> words("confint/tau"), words("ignoring_clusters/Q"), words("multilevel/elpd_loo")
    ('the profile-likelihood interval of τ', "Cochran's test of heterogeneity, ignoring clusters", \
'multilevel: leaving out estimates')
    """
    if name in _WORDS:
        return _WORDS[name]
    first, _, rest = name.partition("/")
    if first == "confint":
        return f"the profile-likelihood interval of {symbol(rest)}"
    if first == "averaged":
        return f"the average of {symbol(rest)} over the models"
    if first == "ignoring_clusters":
        return f"{words(rest)}, ignoring clusters"
    model, _, last = name.rpartition("/")
    return f"{model}: {_WORDS[last]}" if last in LEFT_OUT else symbol(name)
