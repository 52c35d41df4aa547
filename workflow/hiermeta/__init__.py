"""Bayesian multilevel analyses of tables: plain functions over arrays, from validation to the report."""
