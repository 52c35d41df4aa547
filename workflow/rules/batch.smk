# Batches: all stages of several data sets in one process (`batch_size` above 1), by the scripts of the single rules.
#
# A data set is complete when there is logs/complete-KEY, whose KEY is a digest of its settings, of the code of all
# stages and of the contents of its files, and when its files are as the record of its stages says: so neither a change
# of the other members of a batch nor a lost .snakemake folder makes it run again. Within a batch, stages that are
# complete already are left as they are. Where data sets have their own jobs again, the records of earlier batches tell
# which results are outdated.
#
# REQUIRED INPUTS
#   the data sets' files; programs/*.json
# OUTPUTS
#   per data set logs/complete-KEY, and by the way every file that prepare, fit, analyse, figures and report leave
#   (Snakemake's own report finds them by their place: see common.smk)

from types import SimpleNamespace

from hiermeta.io import completeness


def rules_of(name):
    """The rules that a data set goes through, in their order."""
    return (rules.prepare, rules.fit, analyse_rule(name), rules.figures, rules.report)


def batches():
    """Names of the data sets of each batch; no batches where every data set has its own jobs."""
    names, size = list(DATASETS), SETTINGS["batch_size"]
    return [names[first : first + size] for first in range(0, len(names), size)] if size > 1 else []


def params_of(rule, name):
    """The params that a rule has for a data set."""
    wildcards = SimpleNamespace(name=name)
    return {key: value(wildcards) if callable(value) else value for key, value in rule.params.items()}


def stages_of(name):
    """The jobs of a data set in their order, as plain values."""
    return [
        {
            "stage": Path(rule.log[0]).stem,
            "script": str(SCRIPTS / f"{Path(rule.log[0]).stem}.py"),
            "output": {key: expand(path, name=name)[0] for key, path in rule.output.items()},
            "params": params_of(rule, name),
            "log": expand(rule.log[0], name=name)[0],
        }
        for rule in rules_of(name)
    ]


def record_of(name):
    """The record that a batch left of a data set."""
    return Path(SETTINGS["results"], name) / completeness.RECORD


def marks(names):
    """For each data set the file that says that it is complete.

    Where the file is there and isn't true any more, the other one of two names: nothing is removed while Snakemake only
    plans, and the batch that makes the data set complete again removes the old file.
    """
    programs = {name: program_of(name) for name in names}
    shared = {program: code("batch.py", *program_sources(program)) for program in set(programs.values())}
    found = {}
    for name, program in programs.items():
        params = [params_of(rule, name) for rule in rules_of(name)]
        key = completeness.digest(params, selection.contents(DATASETS[name]), shared[program])
        folder = Path(SETTINGS["results"], name)
        mark, other = (str(folder / "logs" / f"complete-{key}{ending}") for ending in ("", "-again"))
        if os.path.exists(other):
            mark, other = other, mark
        found[name] = other if os.path.exists(mark) and not completeness.complete(folder) else mark
    return found


def is_to_do(name):
    """Whether the batch of a data set has any of its stages to run."""
    try:
        beginning = completeness.made_from(DATASETS[name], program_record(name))
    except OSError:  # its Stan program isn't compiled yet
        return True
    stages = stages_of(name)
    return completeness.first_outdated(Path(SETTINGS["results"], name), stages, beginning) < len(stages)


KNOWN_MARKS = marks(name for name in DATASETS if batches() or record_of(name).exists())
MARKS = KNOWN_MARKS if batches() else {}


def finished(name):
    """The files that there are when a data set is complete."""
    if name in MARKS:
        return [MARKS[name]]
    return [expand(str(path), name=name)[0] for rule in rules_of(name) for path in rule.output]


for number, names in enumerate(batches(), start=1):

    rule:
        name:
            f"batch_{number}"
        input:
            sorted({program_record(name) for name in names}),
        output:
            [MARKS[name] for name in names],
        log:
            f"<results>/batches/{number}.log",
        benchmark:
            f"<results>/batches/{number}.tsv"
        conda:
            "../envs/sampling.yaml"
        resources:
            mem_mb=memory_for(*names),
            runtime=minutes,
        params:
            # A function of the output isn't among what makes Snakemake run a job again: the marks say that better.
            chains=lambda wildcards, output, names=names: {
                name: (MARKS[name], program_record(name), stages_of(name)) for name in names
            },
        script:
            "../scripts/batch.py"
