# Config, names of data sets and digests of code, shared by all rules.
#
# REQUIRED INPUTS
#   the config: --configfile, a module's `config:`, or else config/config.yaml
# OUTPUTS
#   none

import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.sourcecache import LocalSourceFile

os.environ.update(PYTHONDONTWRITEBYTECODE="1")  # a run leaves nothing in the checkout
sys.dont_write_bytecode = True
HERE = workflow.current_basedir
if isinstance(HERE, LocalSourceFile) and Path(HERE, "..", "hiermeta").is_dir():
    sys.path.insert(0, str(Path(HERE).parent))  # a checkout uses its own library, whatever is installed
try:
    import hiermeta
except ImportError:
    raise WorkflowError(
        "the Python package hiermeta isn't installed where Snakemake runs. This workflow was not started from a checkout: "
        "install the package of the same version (`pip install` with the address of the repository), and run again."
    ) from None

from hiermeta.config.expand import complete
from hiermeta.config.load import ConfigError, read_config, retyped
from hiermeta.config.models import PRESENTATION
from hiermeta.data import selection
from hiermeta.data.hierarchical import program_of as stan_program
from hiermeta.io import provenance, registry
from hiermeta.io.provenance import PACKAGE, SCRIPTS, STAN, TEMPLATES
from hiermeta.io.registry import ANALYSES
from hiermeta.io.results_folder import escaping_links
from hiermeta.text.characters import in_terminal


def unusable(problem):
    """End with the message alone: to an exception Snakemake adds lines of its own and of the rules."""
    print(f"hiermeta: {problem}", file=sys.stderr, flush=True)
    sys.exit(1)


SHIPPED_CONFIG = "config/config.yaml"
USES_SHIPPED = not {"datasets", "datasets_table"} & config.keys()
try:
    for path in workflow.configfiles + [SHIPPED_CONFIG] * (USES_SHIPPED and os.path.isfile(SHIPPED_CONFIG)):
        read_config(path)
except ConfigError as error:
    unusable(error)

if USES_SHIPPED:

    configfile: SHIPPED_CONFIG


try:
    typed = retyped(config, workflow.config_settings.config, workflow.config_settings.config_args or [])
    SETTINGS = complete(typed, workflow.configfiles)
except ConfigError as error:
    unusable(error)


LINKS = escaping_links(SETTINGS["results"])
if LINKS:
    unusable(
        f"{in_terminal(LINKS[0])}: a symbolic link that leads out of the results folder, where nothing is written. Remove it; to keep "
        "results elsewhere, make the results folder itself a link."
    )


pathvars:
    results=SETTINGS["results"],


DATASETS = SETTINGS["datasets"]


def files_left_by(stage, analysis):
    """Output files of a stage, by key."""
    return {key: f"<results>/{{name}}/{file}" for key, file in registry.outputs(stage, analysis).items()}


def names_of(analysis):
    """A wildcard constraint: the data sets of one kind of analysis."""
    names = [re.escape(name) for name, settings in DATASETS.items() if settings["analysis"] == analysis]
    return "|".join(names) or "(?!)"


wildcard_constraints:
    name="|".join(map(re.escape, DATASETS)),


def settings_of(*, without):
    """A params function: the settings of a data set but for some keys."""
    return lambda wildcards: {key: value for key, value in DATASETS[wildcards.name].items() if key not in without}


def code(script, *others):
    """Digest of a script, of what it imports from the library, and of other files: editing them reruns the rule."""
    path = SCRIPTS / script
    return provenance.digest([path, *provenance.modules_of(path), *others])


def user_data(wildcards):
    """The data set's files; those that are missing are left out, which the report then says.

    So are those whose names Snakemake would fill in as it does patterns: see `other_data`.
    """
    paths = selection.input_files(DATASETS[wildcards.name]).values()
    return [local(path) for path in paths if os.path.isfile(path) and not is_pattern(path)]


def other_data(wildcards):
    """Contents of the data set's files where one can't be an input, so that a change of it is noticed all the same."""
    settings = DATASETS[wildcards.name]
    return selection.contents(settings) if any(map(is_pattern, selection.input_files(settings).values())) else []


def is_pattern(path):
    """Whether Snakemake could take a path for one with wildcards, {name}, or path variables, <name>."""
    return not set("{}<>").isdisjoint(path)


def program_sources(program):
    """A Stan program, its functions and the toolchain, without the other programs and those to read."""
    others = {*STAN.glob("*.stan"), *STAN.glob("reference/*")} - {STAN / f"{program}.stan"}
    return sorted(path for path in STAN.rglob("*.*") if path not in others)


def program_of(name):
    """The Stan program of a data set."""
    return stan_program(DATASETS[name])


def program_record(name):
    """The record of the compiled Stan program that a data set needs."""
    return expand(rules.compile.output[0], program=program_of(name))[0]


def analyse_rule(name):
    """The rule that analyses a data set."""
    return getattr(rules, f"analyse_{DATASETS[name]['analysis']}")


def earlier_batch(wildcards):
    """Of results that a batch left and that aren't what they should be now: its record, which is newer than they are.

    Snakemake knows by it that they are outdated; of files within a batch it has no other record, or one from before.
    """
    mark = KNOWN_MARKS.get(wildcards.name)
    return [] if mark is None or os.path.exists(mark) else [local(str(record_of(wildcards.name)))]


def files_of(name, without=()):
    """What the earlier stages leave for a data set, by key."""
    left_by = (rules.prepare, rules.fit, analyse_rule(name))
    found = {key: path for rule in left_by for key, path in rule.output.items() if key not in without}
    return {key: expand(path, name=name)[0] for key, path in found.items()}


def megabytes(name):
    """Size of a data set's file; none where it is missing, or there is no data set."""
    try:
        return os.stat(DATASETS[name]["data"]).st_size / 1e6
    except (KeyError, OSError, ValueError):  # a ValueError where the name itself is impossible
        return 0.0


def memory_for(*names):
    """A resources function: megabytes of memory, which rise with the largest of the data sets' files and each attempt.

    Without names the data set is the job's own.
    """
    return lambda wildcards, attempt: attempt * (
        1500 + round(20 * max(map(megabytes, names or [wildcards.get("name", "")])))
    )


def minutes(wildcards, attempt):
    """A resources function: an hour, more at each attempt."""
    return 60 * attempt


IN_REPORT = {
    "figures": {
        "caption": "../report/figure.rst",
        "category": "Figures",
        "subcategory": "{name}",
        "labels": {"figure": "{figure}"},
    },
    "pages": {"caption": "../report/report.rst", "category": "Reports", "labels": {"data set": "{name}"}},
}


def left_by_batches():
    """What Snakemake's own report holds of batches, which promise no single files: what matches, by its place.

    The report gathers marked inputs too, and looks for patterns when it is made. The input is the working directory,
    which always exists; being ancient, it makes nothing run again.
    """
    if SETTINGS["batch_size"] == 1:
        return []
    folder = Path(SETTINGS["results"], "{name," + "|".join(map(re.escape, DATASETS)) + "}")
    found = []
    for kind, pattern in (("figures", folder / "figures" / "{figure}.svg"), ("pages", folder / "report.html")):
        found.append(report(ancient(local(os.curdir)), patterns=[str(pattern)], **IN_REPORT[kind]))
    return found
