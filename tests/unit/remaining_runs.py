"""Simulated runs of the workflow: jobs of all kinds on some cores, as slow as a machine and its data make them."""

import heapq
import itertools
import random

from hiermeta.report.progress import Job, kind_of, usual, usual_in_batch

SETTINGS = list(
    itertools.product(
        (1, 2, 4, 8), (4, 20, 60), ("small", "mixed", "one large"), (0.5, 1.0, 3.0), (1, 5), (True, False)
    )
)
"""Cores, data sets, their sizes, how slow the machine is, batch size, whether Stan programs are compiled first."""


def stages(kind):
    """The kinds of a data set's jobs."""
    return [kind_of(stage, kind) for stage in ("prepare", "fit", "analyse", "figures", "report")]


def run_of(setting, seed):
    """Jobs of a run and what each takes; how much slower than usual is drawn per kind and per job."""
    cores, datasets, sizes, slow, batch, compiles = setting
    draw = random.Random(f"{seed} {setting}")
    jobs, seconds = {}, {}
    slower = {}

    def add(kind, expected, threads=1, needs=()):
        number = len(jobs)
        jobs[number] = Job(kind, "", "", (), expected, min(threads, cores), tuple(needs))
        if kind == "compile":
            true = draw.uniform(45, 60)
        else:
            of_kind = slower.setdefault(kind, draw.lognormvariate(0, 0.3))
            true = expected * of_kind * draw.lognormvariate(0, 0.3)
        seconds[number] = slow * true
        return number

    kinds = [draw.choice(("meta", "hierarchical_gaussian", "hierarchical_latent")) for _ in range(datasets)]
    large = draw.randrange(datasets)
    megabytes = [
        {"small": 0.01, "mixed": draw.lognormvariate(-3, 1.5), "one large": 3.0 if i == large else 0.01}[sizes]
        for i in range(datasets)
    ]
    programs = {
        kind: [add("compile", usual("compile"), threads=2)] if compiles else [] for kind in dict.fromkeys(kinds)
    }
    last = []
    if batch > 1:
        for first in range(0, datasets, batch):
            own = range(first, min(first + batch, datasets))
            needs = sorted({number for i in own for number in programs[kinds[i]]})
            expected = 5.0 + sum(usual_in_batch(stages(kinds[i]), megabytes[i]) for i in own)
            last.append(add("batch", expected, needs=needs))
    for kind, size in zip(kinds, megabytes, strict=True) if batch == 1 else ():
        made = []
        for stage in stages(kind):
            is_fit = stage.startswith("fit")
            needs = [*made, *programs[kind]] if is_fit else made
            made.append(add(stage, usual(stage, size), 2 if is_fit else 1, needs))
        last.append(made[-1])
    add("overview", usual("overview"), needs=last)
    return jobs, seconds


def moments(jobs, seconds, cores, draw):
    """Each moment at which a job ends: the time, seconds of finished jobs so far, and for how long others have run."""
    free, now, waiting = cores, 0.0, set(jobs)
    done, begun, ends = {}, {}, []
    while len(done) < len(jobs):
        ready = [number for number in waiting if all(one in done for one in jobs[number].needs)]
        draw.shuffle(ready)
        for number in ready:
            if jobs[number].threads <= free:
                free -= jobs[number].threads
                waiting.discard(number)
                begun[number] = now
                heapq.heappush(ends, (now + seconds[number], number))
        now, number = heapq.heappop(ends)
        done[number] = seconds[number]
        free += jobs[number].threads
        del begun[number]
        yield now, done, {one: now - start for one, start in begun.items()}
