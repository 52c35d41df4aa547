"""The classical counterpart: restricted maximum likelihood and the tests and intervals that go with it.

From left to right: ``rows`` (data in computing form), ``likelihood`` (the restricted likelihood over many variances),
``gls`` (everything at one pair of variances), ``reml`` (the maximum), ``profile`` (intervals of the variances),
``coefficients`` and ``sandwich`` (tests), ``heterogeneity``, ``prediction``, ``small_study``, and ``summary`` (all of
it, ready for JSON).
"""

from hiermeta.inference.classical.rows import Unusable
from hiermeta.inference.classical.summary import classical

__all__ = ["Unusable", "classical"]
