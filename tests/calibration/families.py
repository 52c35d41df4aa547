"""What is simulated: parameters from explicit priors, data from the model's own words, and what is ranked.

Each family draws parameters and random effects, and builds outcomes from them row by row, without the library's
likelihoods or designs. True values of parameters, I² (or ICC), new and known effects come from the same draws by their
definitions. Only the log likelihood, which is the same function for the truth and for draws, is the library's.
"""

from tests.calibration.hierarchical_family import ETA, Hierarchical
from tests.calibration.meta_family import Meta

_META = {"mu": "normal(0.1, 0.5)", "tau": "half_normal(0.3)"}
_CLUSTERS = _META | {"rho": "beta(1, 1)"}
_REGRESSION = _CLUSTERS | {"moderators": "normal(0, 0.3)"}
_COUNTS = {"intercept": "normal(0.2, 0.8)", "slopes": "normal(0, 0.2)", "sd": "half_normal(0.6)"}
FAMILIES = {
    entry.name: entry
    for entry in (
        Meta("two-level", "Two-level meta-analysis", _META, clusters=False),
        Meta("three-level", "Three-level meta-analysis", _CLUSTERS),
        Meta("meta-regression", "Meta-regression", _REGRESSION, settings={"moderators": "~ x + g"}),
        Meta("location-scale", "Location-scale model", _REGRESSION | {"scale": "normal(0, 0.5)"},
             settings={"moderators": "~ x + g", "scale": "~ x"}),
        Meta("dependent-errors", "Dependent sampling errors", _CLUSTERS, settings={"sampling_correlation": 0.6}),
        Hierarchical("gaussian", "Gaussian hierarchical regression, random slopes", "gaussian", "y ~ x + (x | g)",
                     {"intercept": "normal(1, 2)", "slopes": "normal(0, 0.5)", "sd": "half_normal(0.5)",
                      "sigma": "half_normal(1)", "correlation": f"lkj({ETA:g})"}),
        Hierarchical("logit", "Logit hierarchical regression, random slopes", "binomial", "y ~ x + (x | g)",
                     _COUNTS | {"sd": "half_normal(0.4)", "correlation": f"lkj({ETA:g})"}, "trials"),
        Hierarchical("poisson", "Poisson hierarchical regression", "poisson", "y ~ x + (1 | g)", _COUNTS, "exposure"),
    )
}  # fmt: skip
