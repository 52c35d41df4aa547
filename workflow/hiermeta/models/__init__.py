"""Priors and the model families: from a validated table to Stan data and the marginal likelihood."""
