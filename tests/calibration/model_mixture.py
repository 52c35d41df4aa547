"""Data from models drawn with their prior probabilities, and the posterior probabilities that they get.

If marginal likelihoods are right, a model with posterior probability p made the data in a share p of the cases, and p
is on average the prior probability.
"""

from dataclasses import replace

import numpy as np
from scipy.special import softmax

from hiermeta.inference import exact
from hiermeta.inference.hierarchical import classical
from hiermeta.inference.hierarchical import comparison as of_hierarchical
from hiermeta.inference.hierarchical.evidence import evidence
from hiermeta.models.candidates import candidates
from tests.calibration.exact_ranks import TOLERANCE
from tests.calibration.families import FAMILIES
from tests.calibration.hierarchical_family import Hierarchical
from tests.calibration.replications import generator

MADE_BY = "made by"
META = ("multilevel", "random effects", "common effect")
META += tuple(f"{name} (mu=0)" for name in META)
INTERCEPTS = Hierarchical(
    "random-intercepts", "", "gaussian", "y ~ x + (1 | g)",
    {"intercept": "normal(1, 2)", "slopes": "normal(0, 0.5)", "sd": "half_normal(0.5)", "sigma": "half_normal(1)"},
)  # fmt: skip


def meta(replication):
    """Posterior probabilities of the six models of a three-level meta-analysis, and which one made the data."""
    family, rng = FAMILIES["three-level"], generator("mixture of meta-analyses", replication)
    made_by = META[rng.integers(len(META))]
    own = next(entry.model.priors for entry in _candidates(family.simulate(rng).model) if entry.name == made_by)
    simulated = family.simulate(rng, own).model
    full = replace(simulated, priors=family.parsed)
    evidences = {entry.name: exact.solve(entry.model, TOLERANCE).log_marginal_likelihood for entry in _candidates(full)}
    return {MADE_BY: made_by} | dict(zip(evidences, softmax(list(evidences.values())), strict=True))


def _candidates(model):
    return candidates(model, neutral=True)


def gaussian(replication):
    """Posterior probabilities of a regression with random intercepts and of one without, and which made the data."""
    rng = generator("mixture of regressions", replication)
    made_by = (of_hierarchical.FULL, of_hierarchical.ALONE)[rng.integers(2)]
    model = INTERCEPTS.simulate(rng, clustered=made_by == of_hierarchical.FULL).model
    fitted = {name: model.with_effects(kept) for name, _, kept in of_hierarchical.candidates(model)}
    evidences = {
        name: evidence(candidate, classical.fit(candidate) if candidate.effects else None).value
        for name, candidate in fitted.items()
    }
    return {MADE_BY: made_by} | dict(zip(evidences, softmax(list(evidences.values())), strict=True))


MIXTURES = {"meta": meta, "gaussian": gaussian}
PARTS = {
    "effect": META[:3],
    "heterogeneity": [name for name in META if not name.startswith("common")],
    "clusters": [name for name in META if name.startswith("multilevel")],
}
"""Models with each part."""


LARGEST = 3.29
"""|z| of a standard normal number beyond this has a probability of 0.001."""


def with_factor(rows, part, factor):
    """The posterior probabilities if marginal likelihoods of the models with a part were wrong by a factor."""
    wrong = rows[list(META)] * [factor if model in PARTS[part] else 1.0 for model in META]
    return wrong.div(wrong.sum(axis=1), axis=0).assign(**{MADE_BY: rows[MADE_BY]})


def excess_of(rows, part):
    """`standardised_excess` of the models with a part."""
    models = list(PARTS[part])
    return standardised_excess(rows[MADE_BY].isin(models), rows[models].sum(axis=1))


def standardised_excess(happened, probability):
    """How often something happened less how often it should have, in SDs.

    Parameters
    ----------
    happened : array-like of bool, shape (n,)
    probability : array-like of shape (n,)
        Given the data.
    """
    probability = np.asarray(probability)
    return float(np.sum(happened - probability) / np.sqrt(np.sum(probability * (1 - probability))))


def standardised_mean(probability, prior):
    """The average posterior probability less the prior probability, in standard errors."""
    probability = np.asarray(probability)
    return float((probability.mean() - prior) / (probability.std(ddof=1) / np.sqrt(len(probability))))
