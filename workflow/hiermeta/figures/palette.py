"""The colours and symbols of figures and pages: same meaning, same colour, everywhere.

The colours follow Okabe and Ito (2008), darkened where text needs contrast; no two are told apart by hue alone: a
second cue (shape, dash, position) goes with each.
"""

from __future__ import annotations

PAPER = "#ffffff"
INK = "#1b2128"
MUTED = "#56606c"
RULE = "#d3d9e0"
ESTIMATE = "#0b62a8"
OBSERVED = "#7b8591"
PRIOR = "#b45309"
PREDICTION = "#8a3d8f"
BETWEEN = "#0a6e63"
WITHIN = "#bd8412"
SAMPLING = "#a9b3bf"

TOKENS = {
    PAPER: "paper",
    INK: "ink",
    MUTED: "muted",
    RULE: "rule",
    ESTIMATE: "estimate",
    OBSERVED: "observed",
    PRIOR: "prior",
    PREDICTION: "prediction",
    BETWEEN: "between",
    WITHIN: "within",
    SAMPLING: "sampling",
}
"""Colour to the name of the CSS custom property that replaces it on the page."""

KEY = {
    "observed": "observed",
    "estimate": "posterior",
    "prior": "prior",
    "prediction": "new cluster or study",
    "between": "clusters, and differences between them",
    "within": "within clusters",
}
"""What colours stand for in every figure; other uses (chains, levels of a predictor) have legends of their own."""

CHAINS = ((ESTIMATE, "-"), (PRIOR, "-"), (BETWEEN, "--"), (PREDICTION, "-."))
"""Colour and dash of chain 1, 2, ...; repeated beyond four."""

SYMBOLS = {"mu": "μ", "tau": "τ", "rho": "ρ", "tau_within": "τ within", "tau_between": "τ between"}


def symbol(parameter: str) -> str:
    """How a parameter is printed: its Greek letter, or a coefficient's own name."""
    return SYMBOLS.get(parameter, parameter)
