"""From draws to statements: exact posterior, summaries, heterogeneity, prediction, diagnostics."""
