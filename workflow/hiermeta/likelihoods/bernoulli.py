"""Events: y ~ Bernoulli(logit⁻¹(η)), which is one trial of a binomial outcome."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hiermeta.likelihoods.base import Fault
from hiermeta.likelihoods.binomial import Binomial

Array = npt.NDArray[np.float64]


class Bernoulli(Binomial):
    """Events coded 0 and 1, on the logit scale."""

    name, adjective = "bernoulli", "logistic"
    kind = "event"
    size, size_required = None, False
    brms_family, distribution, arguments = "bernoulli", "Bernoulli", ("p_i",)

    def faults(self, outcome: str, size_column: str, y: Array, size: Array) -> list[Fault]:
        remedy = "Code the outcome as 1 (event) and 0 (none)"
        return [((y != 0) & (y != 1), f"the outcome {outcome} is neither 0 nor 1", remedy)]


BERNOULLI = Bernoulli()
