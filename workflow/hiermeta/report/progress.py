"""Progress of a run: what is done, what failed, and about how long the rest will take.

The time left follows from kinds of jobs, what each waits for, and the cores.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import exp, log
from typing import NamedTuple

from hiermeta.report.outcome import LISTED, tally
from hiermeta.text.characters import in_terminal

PAUSE = 30.0
"""Seconds after which a finished job is worth a line although no data set is complete."""
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


@dataclass
class Progress:
    """Jobs of one run, told as they start, finish and fail; times are seconds on any one clock.

    Parameters
    ----------
    jobs : mapping of int to Job
        All jobs of the run, by id.
    began : float
    cores : int
        Threads that run side by side.
    """

    jobs: Mapping[int, Job]
    began: float
    cores: int = 1
    started: dict[int, float] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    completed: Counter[int] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    last_line: float = float("-inf")

    @property
    def datasets(self) -> int:
        """Number of data sets that this run completes: what was expected of jobs to come, what those done did."""
        return sum(
            max(self.completed[number], 0 if number in self.seconds else len(job.completes))
            for number, job in self.jobs.items()
        )

    def start(self, ids: Iterable[int], now: float) -> None:
        """Note that jobs were started, or submitted to a cluster."""
        for number in ids:
            self.started[number] = now
            self.failed.discard(number)

    def fail(self, number: int, now: float, outcomes: Mapping[str, tuple[str, str]]) -> list[str]:
        """Note that a job ended with an error; it counts until it is started again.

        Parameters and lines for the terminal are those of `finish`.
        """
        self.failed.add(number)
        return self._told(number, now, outcomes) if outcomes else []

    def finish(self, number: int, now: float, outcomes: Mapping[str, tuple[str, str]]) -> list[str]:
        """Note that a job is done.

        Parameters
        ----------
        number : int
        now : float
        outcomes : mapping of str to tuple of str
            Status and message of each data set that the job completed.

        Returns
        -------
        list of str
            Lines for the terminal: one per completed data set, or one every half minute while there are none.
        """
        self.seconds[number] = now - self.started.get(number, self.began)
        return self._told(number, now, outcomes)

    def _told(self, number: int, now: float, outcomes: Mapping[str, tuple[str, str]]) -> list[str]:
        self.completed[number] += len(outcomes)
        lines = []
        for name, (status, message) in outcomes.items():
            self.statuses[status] += 1
            lines.append(f"{name}: {status}" + (f" ({in_terminal(message)})" if message else ""))
        if not lines and now - self.last_line >= PAUSE:
            lines.append(f"{len(self.seconds)} of {len(self.jobs)} jobs")
        if not lines:
            return []
        self.last_line = now
        done = sum(self.statuses.values())
        first = done - len(outcomes)
        rest = [self._trouble(), self._time_left(now)]
        ending = "".join(f" · {part}" for part in rest if part)
        counted = [f"{first + i if outcomes else done} of {self.datasets}" for i in range(1, len(lines) + 1)]
        return [f"{count} · {line}{ending}" for count, line in zip(counted, lines, strict=True)]

    def remaining(self, now: float) -> float | None:
        """Seconds to go, as `seconds_left` has them; None before any job is done."""
        if not self.seconds:
            return None
        running = self.started.keys() - self.seconds.keys() - self.failed
        return seconds_left(
            self.jobs, self.seconds, {number: now - self.started[number] for number in running}, self.cores
        )

    def unfinished(self) -> list[str]:
        """The failed jobs with their logs, at most twenty."""
        jobs = [self.jobs[number] for number in sorted(self.failed)]
        lines = [f"{job.label} failed" + (f"; its log: {job.log}" if job.log else "") for job in jobs[:LISTED]]
        return lines + ([f"and {len(jobs) - LISTED} more"] if len(jobs) > LISTED else [])

    def _trouble(self) -> str:
        counted = tally({status: self.statuses[status] for status in ("fail", "refused")})
        jobs = f"{len(self.failed)} failed {'job' if len(self.failed) == 1 else 'jobs'}" if self.failed else ""
        return ", ".join(part for part in (counted, jobs) if part)

    def _time_left(self, now: float) -> str:
        seconds = self.remaining(now)
        return "" if seconds is None or len(self.seconds) == len(self.jobs) else f"about {duration(seconds)} left"


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


def duration(seconds: float) -> str:
    """Such as ``40 s``, ``3 min`` or ``2 h``, rounded to what an estimate deserves."""
    if seconds < 90:
        return f"{max(10, 10 * round(seconds / 10))} s"
    return f"{round(seconds / 60)} min" if seconds < 90 * 60 else f"{round(seconds / 3600)} h"
