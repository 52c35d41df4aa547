"""Independent draws from posteriors of the meta-analysis model, from lattices: no sampler, none of its errors."""

import numpy as np

from hiermeta.inference import exact

CHAINS, DRAWS = 4, 2500


def of_lattice(model, seed, tau=(1e-4, 2.0), n=800):
    """Draws where the exact posterior applies: τ and ρ from a fine lattice with jitter, coefficients given them.

    The lattice has 800 cells per axis, so that its density is right to one in 10⁵ within a cell.
    """
    rng = np.random.default_rng(seed)
    cells = [tau, (0.0, 1.0)] if model.clustered else [tau]
    axes = [low + (np.arange(n) + 0.5) * (high - low) / n for low, high in cells]
    points = [axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")]
    rho = points[1] if model.clustered else np.zeros_like(points[0])
    log_density = exact.conditional(model, points[0], rho).log_likelihood + model.priors["tau"].logpdf(points[0])
    if model.clustered:
        log_density += model.priors["rho"].logpdf(rho)
    weight = np.exp(log_density - log_density.max())
    chosen = rng.choice(len(weight), CHAINS * DRAWS, p=weight / weight.sum())
    jittered = [
        point[chosen] + (rng.random(len(chosen)) - 0.5) * (high - low) / n
        for point, (low, high) in zip(points, cells, strict=True)
    ]
    drawn_rho = jittered[1] if model.clustered else np.zeros_like(jittered[0])
    given = exact.conditional(model, jittered[0], drawn_rho)
    noise = rng.standard_normal(given.mean.shape)
    beta = given.mean + np.einsum("npq,nq->np", np.linalg.cholesky(given.covariance), noise)
    return shaped(beta=beta, tau=jittered[0], rho=drawn_rho, delta=np.zeros((len(beta), 0)))


def of_density(log_density, cells, n, seed):
    """Log of the integral of a density over a box, and draws from it, by a lattice of n points per axis with jitter."""
    rng = np.random.default_rng(seed)
    axes = [low + (np.arange(n) + 0.5) * (high - low) / n for low, high in cells]
    points = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    values = np.concatenate([log_density(part) for part in np.array_split(points, max(1, len(points) // 100_000))])
    weight = np.exp(values - values.max())
    width = np.array([(high - low) / n for low, high in cells])
    log_integral = values.max() + np.log(weight.sum() * width.prod())
    chosen = rng.choice(len(weight), CHAINS * DRAWS, p=weight / weight.sum())
    return log_integral, points[chosen] + (rng.random((len(chosen), len(cells))) - 0.5) * width


def shaped(**flat):
    """Arrays of (draws, ...) as (chains, draws, ...)."""
    return {name: values.reshape(CHAINS, DRAWS, *values.shape[1:]) for name, values in flat.items()}
