"""The full calibration: ``make calibration``.

Every experiment runs 1,000 replications, saved by the fifty below ``results/calibration``; a run that was stopped goes
on where it was. Results belong to the sources that made them: with other ones it begins anew. At the end,
``docs/calibration`` is written.
"""

import hashlib
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pandas as pd

from tests.calibration import report
from tests.calibration.exact_ranks import exact_ranks
from tests.calibration.families import FAMILIES
from tests.calibration.faults import FAULTS, JACOBIAN, program_without_jacobian
from tests.calibration.model_mixture import MIXTURES
from tests.calibration.replications import replicate
from tests.conftest import ROOT

TOTAL, SAVED = 1000, 50
SOURCES = ("stan/*.stan", "stan/functions/*", "workflow/hiermeta/*/*.py", "workflow/hiermeta/*/*/*.py")
EXACT = ("two-level", "three-level", "meta-regression", "dependent-errors")


def planted(name, replication):
    """A fault in the analysis by draws; the Jacobian is left out of the Stan program itself."""
    family, fault = FAULTS[name]
    if name == JACOBIAN:
        return replicate(family, replication, program=program_without_jacobian())
    return replicate(family, replication, fault)


EXPERIMENTS = (
    {("draws", name): partial(replicate, family) for name, family in FAMILIES.items()}
    | {("exact", name): partial(exact_ranks, FAMILIES[name]) for name in EXACT}
    | {("models", name): mixture for name, mixture in MIXTURES.items()}
    | {("draws with a fault", name): partial(planted, name) for name in FAULTS}
    | {("exact with a fault", name): partial(exact_ranks, family, fault=f) for name, (family, f) in FAULTS.items()}
)


def one(key, replication):
    """A replication of an experiment, for a process of the pool."""
    return EXPERIMENTS[key](replication)


def folder():
    """Where the replications of these sources are kept."""
    files = [file for pattern in SOURCES for file in ROOT.glob(pattern)]
    files += [file for file in (ROOT / "tests" / "calibration").glob("[!t]*.py") if file.name not in NOT_SIMULATED]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return ROOT / "results" / "calibration" / digest.hexdigest()[:12]


NOT_SIMULATED = ("report.py", "figures.py", "uniformity.py")
"""What can change without changing a replication."""


def complete(key, pool, where):
    """All replications of an experiment, with those that there are already; prints progress."""
    file = where / f"{'--'.join(key).replace(' ', '-')}.csv"
    rows = pd.read_csv(file) if file.exists() else pd.DataFrame()
    while len(rows) < TOTAL:
        started = time.monotonic()
        new = pd.DataFrame(pool.map(partial(one, key), range(len(rows), len(rows) + SAVED)))
        rows = pd.concat([rows, new], ignore_index=True)
        part = file.with_suffix(".part")
        rows.to_csv(part, index=False, float_format="%.6g")
        part.replace(file)
        print(f"{': '.join(key)}: {len(rows)} of {TOTAL}, {time.monotonic() - started:.0f} s", flush=True)
    return rows


def main(processes):
    """Run what is missing, then write the report."""
    where = folder()
    where.mkdir(parents=True, exist_ok=True)
    for family in FAMILIES.values():
        assert family.program  # compiled before the processes begin
    program_without_jacobian()
    with ProcessPoolExecutor(processes) as pool:
        results = {key: complete(key, pool, where) for key in EXPERIMENTS}
    print(report.write(results, ROOT / "docs" / "calibration"))


if __name__ == "__main__":
    main(int(sys.argv[1]))
