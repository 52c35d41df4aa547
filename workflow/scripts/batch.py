"""All stages of several data sets in one process: each data set with its own files, its own logs, its own failure."""

import logging
import runpy
import shutil
import sys
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.io import completeness
from hiermeta.io.files import write_text


class LogOfNow(logging.StreamHandler):
    """Writes to the log of the stage that runs, where CmdStanPy would stay with the first one."""

    stream = property(lambda self: sys.stderr, lambda self, stream: None)


logging.getLogger("cmdstanpy").addHandler(LogOfNow())
sys.stdout = sys.stderr = batch_log = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115


def run_chain(name, mark, program, stages):
    """Run those stages of a data set that aren't complete, and mark it as complete."""
    folder = Path(mark).parents[1]
    folder.joinpath("logs").mkdir(parents=True, exist_ok=True)
    made_from = completeness.made_from(stages[0]["params"]["settings"], program)
    first = completeness.first_outdated(folder, stages, made_from)
    record, inputs = completeness.read_record(folder), {"program": program}
    for stage in stages[first:]:
        record.pop(stage["stage"], None)
    for position, stage in enumerate(stages):
        if position >= first:
            outdate(folder, record, stage["output"].values())
            started = time.monotonic()
            run(name, stage, inputs)
            record[stage["stage"]] = {
                "key": completeness.digest(stage["params"], made_from),
                "seconds": round(time.monotonic() - started, 3),
                "files": completeness.fingerprints(folder, stage["output"].values()),
            }
            completeness.write_record(folder, record)
        inputs |= stage["output"]
        made_from += completeness.of_files(record[stage["stage"]]["files"])
    for old in folder.glob("logs/complete-*"):
        old.unlink()
    write_text(mark, "")


def outdate(folder, record, outputs):
    """Take back what says that a data set is complete, before the files of a stage are made anew."""
    for old in [*folder.glob("logs/complete-*"), folder / "report.html"]:
        old.unlink(missing_ok=True)
    completeness.write_record(folder, record)
    for output in map(Path, outputs):
        if output.is_dir():
            shutil.rmtree(output)
        output.unlink(missing_ok=True)


def run(name, stage, inputs):
    """Run the script of a rule as Snakemake does."""
    named = type(snakemake.params)  # a list with names, as Snakemake gives scripts
    job = SimpleNamespace(
        input=named(fromdict=inputs),
        output=named(fromdict=stage["output"]),
        params=named(fromdict=stage["params"]),
        log=[stage["log"]],
        wildcards=SimpleNamespace(name=name),
        threads=snakemake.threads,
    )
    try:
        runpy.run_path(stage["script"], {"snakemake": job})
    except (Exception, SystemExit):
        for log in {sys.stderr, batch_log}:
            traceback.print_exc(file=log)
        raise
    finally:
        if sys.stderr is not batch_log:
            sys.stderr.close()
        sys.stdout = sys.stderr = batch_log


failed = []
for name, (mark, program, stages) in snakemake.params.chains.items():
    started = time.monotonic()
    try:
        run_chain(name, mark, program, stages)
    except (Exception, SystemExit) as error:
        failed.append(name)
        print(f"{name}: failed ({error!r}); its logs: {Path(mark).parent}")
    else:
        print(f"{name}: complete after {time.monotonic() - started:.1f} s")
if failed:
    sys.exit(f"{len(failed)} of {len(snakemake.params.chains)} data sets failed: {', '.join(failed)}")
