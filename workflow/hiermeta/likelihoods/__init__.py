"""Likelihoods of outcomes: one file each, and here their list.

A likelihood owns everything that only it knows: its link, the columns and values it allows, its log density with score
and curvature, random numbers, the distribution function, the variance within clusters, and its words.
"""

from hiermeta.likelihoods.base import CountRows, Likelihood, Rows
from hiermeta.likelihoods.bernoulli import BERNOULLI
from hiermeta.likelihoods.binomial import BINOMIAL
from hiermeta.likelihoods.gaussian import GAUSSIAN
from hiermeta.likelihoods.links import IDENTITY, LOG, LOGIT, Link
from hiermeta.likelihoods.poisson import POISSON
from hiermeta.likelihoods.student_t import STUDENT_T

__all__ = ["IDENTITY", "LIKELIHOODS", "LOG", "LOGIT", "CountRows", "Likelihood", "Link", "Rows"]

LIKELIHOODS = {likelihood.name: likelihood for likelihood in (GAUSSIAN, STUDENT_T, BERNOULLI, BINOMIAL, POISSON)}
"""By the name that ``family:`` gives them."""
