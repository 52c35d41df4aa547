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

from hiermeta.data import split, stamps
from hiermeta.data.files import write_text


class LogOfNow(logging.StreamHandler):
    """Writes to the log of the stage that runs, where CmdStanPy would stay with the first one."""

    stream = property(lambda self: sys.stderr, lambda self, stream: None)


logging.getLogger("cmdstanpy").addHandler(LogOfNow())
sys.stdout = sys.stderr = batch_log = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115


def run_chain(name, mark, program, stages):
    """Run those stages of a data set that aren't complete, and mark it as complete."""
    folder = Path(mark).parents[1]
    folder.joinpath("logs").mkdir(parents=True, exist_ok=True)
    record, inputs = stamps.read_record(folder), {"program": program}
    made_from = [*split.contents(stages[0]["params"]["settings"]), stamps.sha256(program)]
    for position, stage in enumerate(stages):
        key = stamps.digest(stage["params"], made_from)
        known = record.get(stage["stage"], {})
        if known.get("key") != key or not stamps.intact(folder, known["files"]):
            for later in stages[position:]:
                record.pop(later["stage"], None)
            outdate(folder, record, stage["output"].values())
            started = time.monotonic()
            run(name, stage, inputs)
            files = stamps.fingerprints(folder, stage["output"].values())
            record[stage["stage"]] = {"key": key, "seconds": round(time.monotonic() - started, 3), "files": files}
            stamps.write_record(folder, record)
        inputs |= stage["output"]
        made_from += [[path, file["sha256"]] for path, file in record[stage["stage"]]["files"].items()]
    for old in folder.glob("logs/complete-*"):
        old.unlink()
    write_text(mark, "")


def outdate(folder, record, outputs):
    """Take back what says that a data set is complete, before the files of a stage are made anew."""
    for old in [*folder.glob("logs/complete-*"), folder / "report.html"]:
        old.unlink(missing_ok=True)
    stamps.write_record(folder, record)
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
