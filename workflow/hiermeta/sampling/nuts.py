"""NUTS through CmdStan, with the remedies that a fit in trouble gets before it is given up."""

from __future__ import annotations

import re
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hiermeta.sampling.convergence import E_BFMI, ESS, R_HAT, SamplerHealth, convergence, sampler_health

if TYPE_CHECKING:
    from cmdstanpy import CmdStanModel

Array = npt.NDArray[np.float64]
MOST_DRAWS = 4
"""Draws are multiplied by at most this when only the effective sample size falls short."""


class SamplingFailed(Exception):
    """CmdStan ended without draws; the message holds what it printed."""


class SamplingKilled(OSError):
    """A chain was ended from outside, or couldn't start: no fault of the data, so that the next run tries again."""


KILLS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGXCPU)
NOT_STARTED = (126, 127)
"""Exit statuses of programs that can't be run: not executable, or a library they need isn't there."""


@dataclass(frozen=True)
class Attempt:
    """Settings of one run of the sampler and what came of it."""

    adapt_delta: float
    warmup: int
    draws: int
    max_treedepth: int
    divergences: int = 0
    treedepth_hits: int = 0
    min_ebfmi: float = float("nan")
    max_r_hat: float = float("nan")
    min_ess: float = float("nan")
    seconds: float = 0.0
    reason: str = "first attempt"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Sample:
    """Draws of the last attempt.

    Parameters
    ----------
    draws : dict of str to numpy.ndarray
        Shape (chains, draws) per scalar variable of the Stan program.
    stats : dict of str to numpy.ndarray
        Sampler variables (``energy__``, ``divergent__``, ...), same shape.
    attempts : list of Attempt
        In the order in which they were made.
    """

    draws: dict[str, Array]
    stats: dict[str, Array]
    attempts: list[Attempt]

    @property
    def seconds(self) -> float:
        """Wall time of the last attempt."""
        return self.attempts[-1].seconds


def sample(
    program: CmdStanModel,
    data: dict[str, Any],
    inits: list[Mapping[str, Any]],
    settings: dict[str, Any],
    reported: Callable[[dict[str, Array]], dict[str, Array]],
    cores: int,
    metric: str = "dense_e",
) -> Sample:
    """Sample a posterior, trying again with other settings where the first run isn't good enough.

    Divergences, a large R̂ or a small E-BFMI: ``adapt_delta`` 0.99 with twice the warm-up. Saturated trees: depth 12.
    Only too few effective draws: more draws, at most four times as many.

    Parameters
    ----------
    program : cmdstanpy.CmdStanModel
    data : dict
        Stan data.
    inits : list of dict
        Starting values, one per chain.
    settings : dict
        chains, warmup, draws, seed, adapt_delta.
    reported : callable
        From draws of the program's variables to those of every reported quantity, which must converge.
    cores : int
        Chains run at a time.
    metric : str
        ``dense_e`` suits a few correlated parameters (a third more effective draws), ``diag_e`` many.

    Raises
    ------
    SamplingFailed
        When a chain ends with an error.
    """
    attempt = Attempt(settings["adapt_delta"], settings["warmup"], settings["draws"], max_treedepth=10)
    attempts: list[Attempt] = []
    while True:
        started = time.monotonic()
        draws, stats = _run(program, data, inits, settings, attempt, cores, metric)
        seconds = time.monotonic() - started
        health = sampler_health(stats["divergent__"], stats["treedepth__"], stats["energy__"], attempt.max_treedepth)
        table = convergence(reported(draws))
        attempt = replace(
            attempt,
            **asdict(health),
            max_r_hat=float(table["r_hat"].max()),
            min_ess=float(table[["ess_bulk", "ess_tail"]].min(axis=None)),
            seconds=seconds,
        )
        attempts.append(attempt)
        following = next_attempt(attempts, health)
        if following is None:
            return Sample(draws, stats, attempts)
        attempt = following


def next_attempt(attempts: list[Attempt], health: SamplerHealth) -> Attempt | None:
    """The settings to try next, or None when the last run is good enough or nothing is left to try.

    Parameters
    ----------
    attempts : list of Attempt
        All so far, the last one complete.
    health : SamplerHealth
        Of the last one.
    """
    first, last = attempts[0], attempts[-1]
    clean = Attempt(last.adapt_delta, last.warmup, last.draws, last.max_treedepth)
    reasons = []
    if health.divergences:
        reasons.append(f"{health.divergences} divergences")
    if not last.max_r_hat < R_HAT:
        reasons.append(f"R-hat {last.max_r_hat:.3f}")
    if not health.min_ebfmi >= E_BFMI:
        reasons.append(f"E-BFMI {health.min_ebfmi:.2f}")
    if health.treedepth_hits:
        reasons.append(f"{health.treedepth_hits} saturated trees")
    if reasons:
        if last.warmup > first.warmup:
            return None
        return replace(
            clean,
            adapt_delta=max(0.99, first.adapt_delta),
            warmup=2 * first.warmup,
            max_treedepth=12 if health.treedepth_hits else last.max_treedepth,
            reason=", ".join(reasons),
        )
    if last.min_ess < ESS and last.draws == first.draws:
        factor = min(MOST_DRAWS, int(np.ceil(1.2 * ESS / max(last.min_ess, 1.0))))
        return replace(clean, draws=factor * first.draws, reason=f"effective sample size {last.min_ess:.0f}")
    return None


def _run(
    program: CmdStanModel,
    data: dict[str, Any],
    inits: list[Mapping[str, Any]],
    settings: dict[str, Any],
    attempt: Attempt,
    cores: int,
    metric: str,
) -> tuple[dict[str, Array], dict[str, Array]]:
    with tempfile.TemporaryDirectory(prefix="hiermeta-") as folder:
        try:
            fit = program.sample(
                data=data,
                inits=inits,
                chains=settings["chains"],
                parallel_chains=min(cores, settings["chains"]),
                seed=settings["seed"],
                iter_warmup=attempt.warmup,
                iter_sampling=attempt.draws,
                metric=metric,
                adapt_delta=attempt.adapt_delta,
                max_treedepth=attempt.max_treedepth,
                sig_figs=16,
                output_dir=folder,
                show_progress=False,
                show_console=False,
            )
            values = np.ascontiguousarray(fit.draws().transpose(2, 1, 0))
        except (RuntimeError, ValueError) as error:
            trouble = _trouble(str(error))
            if trouble:
                raise SamplingKilled(trouble) from error
            said = str(error).split("Command and output files:")[0].strip().splitlines()
            raise SamplingFailed("\n".join(dict.fromkeys(said))) from error
    columns = dict(zip(fit.column_names, values, strict=True))
    stats = {name: column for name, column in columns.items() if name.endswith("__")}
    return {name: column for name, column in columns.items() if name not in stats}, stats


def _trouble(message: str) -> str:
    """What the machine did to a chain, by CmdStanPy's account of a run; empty where it did nothing."""
    found = re.search(r"retcodes=\[([^\]]*)\]", message)
    codes = [int(code) for code in found[1].split(",")] if found else []
    for kill in KILLS:
        if -kill in codes:
            return (
                f"A chain was ended by {kill.name}, as happens when memory or time runs out. Run again; if it happens "
                "again, with fewer cores or more memory."
            )
    for status in NOT_STARTED:
        if status in codes:
            return (
                f"The Stan program could not be started (exit status {status}), as happens when the files of CmdStan "
                "are removed, or built anew, while it runs. Run again: what is missing is built again first."
            )
    return ""


def sample_stats(fitted: Sample) -> dict[str, npt.NDArray[Any]]:
    """What NUTS reports, under ArviZ's names."""
    stats = fitted.stats
    return {
        "diverging": stats["divergent__"].astype(bool),
        "energy": stats["energy__"],
        "tree_depth": stats["treedepth__"].astype(np.int64),
        "n_steps": stats["n_leapfrog__"].astype(np.int64),
        "acceptance_rate": stats["accept_stat__"],
        "step_size": stats["stepsize__"],
        "lp": stats["lp__"],
    }
