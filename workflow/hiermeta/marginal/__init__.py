"""Integrating random effects out, on arrays: normal covariances, one factor's clusters, quadrature, Laplace."""
