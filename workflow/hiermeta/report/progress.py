"""Progress of a run: what is done, what failed, and about how long the rest will take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hiermeta.data.printable import in_terminal
from hiermeta.report.outcome import LISTED, tally
from hiermeta.report.remaining import Job, seconds_left

PAUSE = 30.0
"""Seconds after which a finished job is worth a line although no data set is complete."""


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

        Parameters
        ----------
        number : int
        now : float
        outcomes : mapping of str to tuple of str
            Status and message of each data set that the job completed all the same.

        Returns
        -------
        list of str
            Lines for the terminal: one per completed data set.
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
        """Seconds to go, as `seconds_left` has them.

        Parameters
        ----------
        now : float

        Returns
        -------
        float or None
            None before any job is done.
        """
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


def duration(seconds: float) -> str:
    """Such as ``40 s``, ``3 min`` or ``2 h``, rounded to what an estimate deserves."""
    if seconds < 90:
        return f"{max(10, 10 * round(seconds / 10))} s"
    return f"{round(seconds / 60)} min" if seconds < 90 * 60 else f"{round(seconds / 3600)} h"
