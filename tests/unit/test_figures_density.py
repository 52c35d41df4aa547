"""Densities of draws: unbiased at the edge of the support?"""

from __future__ import annotations

import numpy as np
import pytest

from hiermeta.figures.density import density

S = 10_000


def quantile_draws(ppf) -> np.ndarray:
    """Draws without noise, so that what is left is the bias of the estimator."""
    return ppf((np.arange(S) + 0.5) / S)


@pytest.mark.parametrize(
    ("ppf", "pdf", "support", "grid"),
    [
        (lambda q: -np.log1p(-q), lambda x: np.exp(-x), (0.0, np.inf), np.linspace(0, 3, 40)),
        (lambda q: q, np.ones_like, (0.0, 1.0), np.linspace(0, 1, 40)),
        (lambda q: np.sqrt(q), lambda x: 2 * x, (0.0, 1.0), np.linspace(0.1, 1, 40)),
    ],
    ids=["exponential", "uniform", "rising"],
)
def test_density_keeps_its_height_at_the_edge(ppf, pdf, support, grid) -> None:
    """Is the density right up to a boundary with mass, flat or sloping? (An ordinary kernel loses half there.)

    Seen to fail with an ordinary kernel at the edge.
    """
    estimate = density(quantile_draws(ppf), grid, support)
    assert np.abs(estimate / pdf(grid) - 1).max() < 0.04


def test_density_integrates_to_one_and_is_smooth_in_the_middle() -> None:
    """Is an unbounded posterior drawn as it is? Seen to fail with three times the bandwidth."""
    rng = np.random.default_rng(3)
    grid = np.linspace(-5, 5, 400)
    estimate = density(rng.standard_normal(S), grid, (-np.inf, np.inf))
    assert abs(np.trapezoid(estimate, grid) - 1) < 0.005
    assert np.abs(estimate - np.exp(-0.5 * grid**2) / np.sqrt(2 * np.pi)).max() < 0.02
    assert (estimate >= 0).all()


def test_far_from_the_draws_there_is_nothing() -> None:
    """Is the density zero, and not undefined, where there are no draws?

    Seen to fail with the estimate undefined where no draw is near.
    """
    estimate = density(np.linspace(0.4, 0.5, S), np.array([0.0, 1.0, 50.0]), (0.0, np.inf))
    assert np.isfinite(estimate).all() and estimate.max() < 1e-6
