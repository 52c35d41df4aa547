"""Convergence measures of draws: the one place that knows ArviZ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]

R_HAT, R_HAT_FAIL = 1.01, 1.05
ESS = 400.0
E_BFMI = 0.3
CONVERGENCE = ["r_hat", "ess_bulk", "ess_tail"]
MCSE = ["mcse_mean", "mcse_median", "mcse_q2.5", "mcse_q97.5"]


def convergence(draws: dict[str, Array]) -> pd.DataFrame:
    """Rank-normalised split R̂, bulk and tail ESS (Vehtari et al. 2021).

    Parameters
    ----------
    draws : dict of str to numpy.ndarray
        Shape (chains, draws) each.

    Returns
    -------
    pandas.DataFrame
        One row per quantity: r_hat, ess_bulk, ess_tail. A constant quantity has an R̂ of 1 and counts every draw.
    """
    import arviz

    return _table(
        draws,
        {
            "r_hat": arviz.rhat,
            "ess_bulk": lambda data: arviz.ess(data, method="bulk"),
            "ess_tail": lambda data: arviz.ess(data, method="tail"),
        },
        constant=lambda values: [1.0, values.size, values.size],
    )


def monte_carlo_errors(draws: dict[str, Array], of: Sequence[str] = MCSE) -> pd.DataFrame:
    """Monte Carlo standard errors of the mean, the median and the outer limits, on each quantity's scale.

    Parameters
    ----------
    draws : dict of str to numpy.ndarray
        Shape (chains, draws) each.
    of : sequence of str
        Which of ``MCSE``.

    Returns
    -------
    pandas.DataFrame
        One row per quantity and a column for each of ``of``; zero for a constant quantity.
    """
    import arviz

    measures = {
        "mcse_mean": lambda data: arviz.mcse(data, method="mean"),
        "mcse_median": lambda data: arviz.mcse(data, method="median"),
        "mcse_q2.5": lambda data: arviz.mcse(data, method="quantile", prob=0.025),
        "mcse_q97.5": lambda data: arviz.mcse(data, method="quantile", prob=0.975),
    }
    return _table(draws, {column: measures[column] for column in of}, constant=lambda values: [0.0] * len(of))


def smoothed_weights(log_ratios: Array) -> tuple[Array, Array]:
    """Pareto-smoothed importance weights (Vehtari et al. 2024).

    Parameters
    ----------
    log_ratios : numpy.ndarray
        Shape (S, U): log importance ratios of S draws for U targets.

    Returns
    -------
    log_weights : numpy.ndarray
        Shape (S, U): their exponentials sum to one for each target.
    pareto_k : numpy.ndarray
        Shape (U,): shape of the ratios' upper tail.
    """
    import arviz

    log_weights, pareto_k = arviz.psislw(np.ascontiguousarray(log_ratios.T))
    return np.asarray(log_weights).T, np.asarray(pareto_k)


def _table(
    draws: dict[str, Array], columns: dict[str, Callable[[Any], Any]], constant: Callable[[Array], list[float]]
) -> pd.DataFrame:
    import arviz  # one and a half seconds: paid by the jobs that need it

    varying = [name for name, values in draws.items() if np.ptp(values) > 0]
    table = pd.DataFrame(index=list(draws), columns=list(columns), dtype=float)
    if varying:
        data = arviz.convert_to_dataset({"x": np.stack([draws[name] for name in varying], axis=-1)})
        for column, measure in columns.items():
            table.loc[varying, column] = measure(data)["x"].to_numpy()
    for name in set(draws) - set(varying):
        table.loc[name] = constant(draws[name])
    return table


@dataclass(frozen=True)
class SamplerHealth:
    """What NUTS itself reports, over all chains."""

    divergences: int
    treedepth_hits: int
    min_ebfmi: float


def sampler_health(divergent: Array, treedepth: Array, energy: Array, max_treedepth: int) -> SamplerHealth:
    """Divergences, saturated trees and the smallest E-BFMI (Betancourt 2016) of any chain.

    Parameters
    ----------
    divergent, treedepth, energy : numpy.ndarray
        What NUTS reports, shape (chains, draws) each.
    max_treedepth : int
        Depth at which trees were cut off.
    """
    ebfmi = np.mean(np.diff(energy, axis=1) ** 2, axis=1) / np.var(energy, axis=1)
    return SamplerHealth(int(divergent.sum()), int((treedepth >= max_treedepth).sum()), float(ebfmi.min()))
