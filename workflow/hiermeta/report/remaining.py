"""How long the rest of a run will take: by kinds of jobs, what each waits for, and the cores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import exp, log
from typing import NamedTuple

SECONDS = {
    "compile": (50.0, 0.0),
    "prepare": (5.0, 0.0),
    "fit": (7.0, 0.0),
    "fit hierarchical_gaussian": (15.0, 20.0),
    "fit hierarchical_latent": (50.0, 100.0),
    "analyse": (13.0, 0.0),
    "analyse hierarchical_gaussian": (20.0, 20.0),
    "analyse hierarchical_latent": (35.0, 80.0),
    "figures": (8.0, 40.0),
    "report": (4.0, 20.0),
    "overview": (5.0, 0.0),
}
"""Usual seconds of each kind of job, and those that a megabyte of data adds; what matters is how they compare."""

OTHER = (10.0, 0.0)
"""Those of another project's jobs, which run beside these where it imports the workflow."""

STARTING = 3.0
"""Of those, seconds for Python and its packages, which the jobs of a batch share."""

OVERDUE = 0.5
"""A job that has run longer than it should takes this share of that time more: such jobs are seldom nearly done."""


COMPILED = 0.2
"""Compiling that takes less than this share of its usual time found the program compiled."""


def usual(kind: str, megabytes: float = 0.0) -> float:
    """Seconds that a job takes before anything is known of this run.

    Parameters
    ----------
    kind : str
        As `kind_of` has it; another project's may have any.
    megabytes : float
        Size of the data.
    """
    base, added = SECONDS.get(kind, OTHER)
    return base + added * megabytes


def kind_of(script: str, program: str) -> str:
    """The kind of a job.

    Parameters
    ----------
    script : str
        Its name, without ending.
    program : str
        The Stan program of the data set; one that samples random effects takes several times as long.

    Examples
    --------
    >>> kind_of("fit", "hierarchical_latent"), kind_of("report", "hierarchical_latent")
    ('fit hierarchical_latent', 'report')
    """
    kind = f"{script} {program}"
    return kind if kind in SECONDS else script


def usual_in_batch(kinds: Iterable[str], megabytes: float) -> float:
    """Seconds that all stages of a data set take in a process that has begun.

    Parameters
    ----------
    kinds : iterable of str
        As `kind_of` has them.
    megabytes : float
        Size of the data.
    """
    return sum(usual(kind, megabytes) - STARTING for kind in kinds)


class Job(NamedTuple):
    """A job of the run: its kind, what it is called, its log, the data sets that it is going to complete.

    And for the time it takes: seconds that are usual, threads, and the jobs that it waits for.
    """

    kind: str
    label: str
    log: str
    completes: tuple[str, ...]
    usual: float = 1.0
    threads: int = 1
    needs: tuple[int, ...] = ()


def seconds_left(
    jobs: Mapping[int, Job], finished: Mapping[int, float], running: Mapping[int, float], cores: int
) -> float:
    """Seconds until all jobs are done: those of the longest chain, or all work shared by the cores if that is more.

    A job takes its usual seconds, times how much slower than usual the finished jobs of its kind were; where these are
    few, that is drawn towards how much slower the whole run is, as a group's mean is in a multilevel model.

    Parameters
    ----------
    jobs : mapping of int to Job
        All jobs, by id.
    finished : mapping of int to float
        Seconds that each finished job took.
    running : mapping of int to float
        Seconds for which each running job has run.
    cores : int
        Threads that run side by side.
    """
    slower = _slower(jobs, finished)
    left: dict[int, float] = {}
    for number, job in jobs.items():
        if number not in finished:
            passed = running.get(number, 0.0)
            left[number] = max(job.usual * slower[job.kind] - passed, OVERDUE * passed)
    chains: dict[int, float] = {}

    def chain(number: int) -> float:
        if number not in chains:
            before = (chain(other) for other in jobs[number].needs if other in left)
            chains[number] = left[number] + max(before, default=0.0)
        return chains[number]

    shared = sum(seconds * min(jobs[number].threads, cores) for number, seconds in left.items()) / cores
    return max(shared, *map(chain, left), 0.0)


def _slower(jobs: Mapping[int, Job], finished: Mapping[int, float]) -> dict[str, float]:
    """How many times slower than usual each kind of job is, from logarithms; the whole run counts as one job more.

    A program that was compiled before takes a moment, which says nothing of the other jobs.
    """
    ratios: dict[str, list[float]] = defaultdict(list)
    for number, seconds in finished.items():
        ratios[jobs[number].kind].append(log(max(seconds, 0.01) / jobs[number].usual))
    weights = {kind: len(some) / (len(some) + 1) for kind, some in ratios.items()}
    means = {kind: sum(some) / len(some) for kind, some in ratios.items()}
    of_run = [kind for kind in ratios if kind != "compile" or means[kind] > log(COMPILED)]
    run = sum(weights[kind] * means[kind] for kind in of_run) / (sum(weights[kind] for kind in of_run) or 1.0)
    return {job.kind: exp(run + weights.get(job.kind, 0.0) * (means.get(job.kind, run) - run)) for job in jobs.values()}
