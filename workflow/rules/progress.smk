# The terminal: one line per finished data set in place of Snakemake's blocks per job, which stay in its log file.
#
# REQUIRED INPUTS
#   diagnostics.json, validation.json and fit.json of finished data sets
# OUTPUTS
#   none
#
# A Snakefile that imports the workflow has these lines when its own handlers call `hiermeta.onstart()` and
# `hiermeta.onerror()`: Snakemake itself only calls those of the main Snakefile.

import logging
import time

from snakemake.logging import ColorizingTextHandler, get_event, logger
from snakemake_interface_logger_plugins.common import LogEvent

PER_JOB = {LogEvent.JOB_INFO, LogEvent.JOB_STARTED, LogEvent.JOB_FINISHED, LogEvent.PROGRESS, LogEvent.SHELLCMD}
VERDICT = "verdict.py"  # a script keeps its name where another Snakefile's `use rule ... as` renames its rule


def is_work(job):
    """Whether a job is part of what the run takes: no mere target, nor the verdict, which may fail on purpose."""
    return not (job.is_norun or str(job.rule.script).endswith(VERDICT))


class Terminal(logging.Filter):
    """The messages of Snakemake that go to the terminal: all but the routine of single jobs.

    The last job is the verdict. When it fails, it has said why, and Snakemake's exceptions would only hide it.
    """

    judged = False

    def filter(self, record):
        event, text = get_event(record), record.getMessage()
        self.judged |= event == LogEvent.ERROR and VERDICT in text
        return not self.judged and event not in PER_JOB and text != "Select jobs to execute..."


class ProgressHandler(logging.Handler):
    """Follows Snakemake's events and logs what they mean for the data sets."""

    def __init__(self, jobs):
        from hiermeta.report.progress import STARTING, Job, Progress, kind_of, usual, usual_in_batch

        super().__init__()
        reports = {f"{SETTINGS['results']}/{name}/report.html": name for name in DATASETS}
        reports |= {path: name for name, path in MARKS.items()}
        work = {job.jobid: job for job in jobs if is_work(job)}
        self.names = {
            number: [reports[path] for path in map(str, job.output) if path in reports] for number, job in work.items()
        }
        self.written = {name: last_written(name) for names in self.names.values() for name in names}
        is_local, ids = workflow.local_exec, {job: number for number, job in work.items()}
        described = {}
        for number, job in work.items():
            name, own = job.wildcards.get("name"), self.names[number]
            kind = kind_of(Path(str(job.rule.script)).stem, program_of(name) if name in DATASETS else "")
            completes = tuple(name for name in own if name not in MARKS or is_to_do(name))
            if kind == "batch":
                seconds = STARTING + sum(usual_in_batch(kinds_of(one), megabytes(one)) for one in completes)
            else:
                seconds = usual(kind, megabytes(name))
            described[number] = Job(
                kind,
                " ".join([job.rule.name, *job.wildcards]),
                " ".join(job.log),
                completes,
                seconds,
                job.threads if is_local else 1,
                tuple(ids[other] for other in workflow.dag.dependencies[job] if other in ids),
            )
        cores = workflow.resource_settings.cores if is_local else workflow.resource_settings.nodes
        self.progress = Progress(described, time.monotonic(), cores or 1)

    def emit(self, record):
        event, now = get_event(record), time.monotonic()
        if event == LogEvent.JOB_STARTED:
            self.progress.start(record.jobs, now)
        elif event == LogEvent.JOB_ERROR and record.jobid in self.progress.jobs:
            self.tell(self.progress.fail(record.jobid, now, self.completed(record.jobid)))
        elif event == LogEvent.JOB_FINISHED and record.job_id in self.progress.jobs:
            self.tell(self.progress.finish(record.job_id, now, self.completed(record.job_id)))

    def completed(self, number):
        """The outcomes of those data sets of a job that it has written a report of; a batch leaves complete ones."""
        now = {name: last_written(name) for name in self.names[number]}
        found = {name: outcome(name) for name, when in now.items() if when not in (None, self.written[name])}
        self.written |= now
        return found

    def tell(self, lines):
        for line in lines:
            logger.info(line)


def kinds_of(name):
    """The kinds of a data set's stages, as far as time goes."""
    from hiermeta.report.progress import kind_of

    return [kind_of(Path(rule.log[0]).stem, program_of(name)) for rule in rules_of(name)]


def last_written(name):
    """When the outcome of a data set was written, or None."""
    try:
        return record_of_report(name).stat().st_mtime_ns
    except OSError:
        return None


def record_of_report(name):
    return Path(SETTINGS["results"], name, "report.json")


def outcome(name):
    """Status of a finished data set, and what is wrong with it."""
    from hiermeta.io.files import read_json

    record = read_json(record_of_report(name))
    return record["status"], record["message"]


onstart:
    from hiermeta.sampling.toolchain import cache_folder

    following = ProgressHandler(workflow.dag.needrun_jobs())
    logger.info(f"hiermeta: {following.progress.datasets} of {len(DATASETS)} data sets to do")
    if not (cache_folder() / "programs").is_dir():
        logger.info(
            "Stan is built and its programs compiled first, once on this machine: a few minutes without a line"
        )
    logger.addHandler(following)
    if not workflow.output_settings.verbose:
        for handler in logger.handlers:
            if isinstance(handler, ColorizingTextHandler):
                handler.addFilter(Terminal())


onerror:
    for handler in logger.handlers:
        if isinstance(handler, ProgressHandler):
            for line in handler.progress.unfinished():
                logger.error(line)
