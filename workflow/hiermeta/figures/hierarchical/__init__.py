"""Figures of hierarchical regressions."""
