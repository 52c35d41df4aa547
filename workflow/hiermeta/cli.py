"""The command `hiermeta`: checks tables and configs, and runs the workflow."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from hiermeta.config.expand import complete
from hiermeta.config.load import ConfigError, read_config
from hiermeta.data import guess
from hiermeta.data.guess import count
from hiermeta.data.problems import Refused
from hiermeta.data.read import Source, read_table
from hiermeta.data.selection import by_reason, listed, part
from hiermeta.io.provenance import SNAKEFILE, own_version
from hiermeta.stages.prepare import usable
from hiermeta.text.characters import in_terminal, shortened


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; those of the process by default.

    Returns
    -------
    int
        Exit status of ``check``: 0 usable, 1 not usable; of ``run``: Snakemake's. Wrong arguments exit with 2.
    """
    parser = argparse.ArgumentParser(prog="hiermeta", description="Bayesian multilevel analyses from CSV files.")
    parser.add_argument("--version", action="version", version=f"hiermeta {own_version() or '(not installed)'}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check",
        help="validate a table or a config file",
        description="Of a table (CSV or TSV): what it holds, and a config to paste. Of a config (YAML): whether every "
        "data set can be used. The exit status is 0 if so and 1 if not.",
    )
    check.add_argument("files", nargs="+", metavar="FILE", help="a CSV, TSV or YAML file")
    run = commands.add_parser(
        "run",
        help="analyse the data sets of a config file",
        description="Runs the workflow in the folder of the config file: paths in the config are relative to that "
        "folder, and results are written there. All cores are used unless --cores says otherwise.",
    )
    run.add_argument("config", metavar="CONFIG", help="a YAML file")
    run.add_argument("options", nargs=argparse.REMAINDER, metavar="...", help="options of snakemake, such as -n")
    options = parser.parse_args(arguments)
    if "config" in options:
        return _run(Path(options.config), options.options)
    try:
        usable = [_check(path) for path in options.files]
        sys.stdout.flush()
    except BrokenPipeError:  # who reads the output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0 if all(usable) else 1


def _run(path: Path, options: Sequence[str]) -> int:
    """Start Snakemake in the config's folder; options of the user come later and so take precedence."""
    if not path.is_file():
        print(
            f"hiermeta: {in_terminal(str(path))}: no such file. Name a config: hiermeta run config.yaml",
            file=sys.stderr,
        )
        return 1
    known = ("--cores", "-c", "--jobs", "-j", "--profile", "--workflow-profile", "--executor", "-e")
    cores = [] if any(option.startswith(known) for option in options) else ["--cores", "all"]
    path = path.resolve()
    command = [sys.executable, "-m", "snakemake", "--snakefile", SNAKEFILE, "--directory", path.parent, *cores]
    process = subprocess.Popen([*map(str, command), *options, "--configfile", str(path)])
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # Snakemake has it as well, and ends its jobs first
            continue


def _check(path: str) -> bool:
    if os.path.isdir(path):
        shown = in_terminal(path)
        print(f"hiermeta: {shown}: a folder. Name the files in it: hiermeta check {Path(shown)}/*.csv", file=sys.stderr)
        return False
    if not os.path.exists(path):
        print(
            f"hiermeta: {in_terminal(path)}: no such file. Paths are relative to the current folder.", file=sys.stderr
        )
        return False
    return _check_config(path) if path.endswith((".yaml", ".yml")) else _check_table(path)


def _check_table(path: str) -> bool:
    try:
        source = read_table(path)
    except Refused as refused:
        return _tell(refused)
    found = guess.guess(source)
    roles = {} if isinstance(found, str) else found.roles
    print(f"{in_terminal(path)}: {count(len(source.table), 'row')}, {count(len(source.table.columns), 'column')}\n")
    kinds = {column: guess.describe_column(source, column) for column in source.table.columns}
    width, kind_width = max(len(shortened(column)) for column in kinds), max(map(len, kinds.values()))
    for column, kind in kinds.items():
        taken = f"  -> {roles[column]}" if column in roles else ""
        print(f"  {shortened(column):<{width}}  {kind:<{kind_width}}{taken}".rstrip())
    print()
    if isinstance(found, str):
        print(found, file=sys.stderr)
        return False
    usable = _validate(source, found.settings)
    print("\nA config to begin with:\n")
    entry = {"datasets": {guess.name_of(path): found.settings}}
    offered = yaml.safe_dump(entry, sort_keys=False, allow_unicode=True)
    if not offered.replace("\n", "").isprintable():
        offered = yaml.safe_dump(entry, sort_keys=False)  # what a terminal would obey becomes YAML's escapes
    print(offered)
    for point in found.check:
        print(f"Check {in_terminal(point)}.")
    return usable


def _check_config(path: str) -> bool:
    try:
        settings = complete(read_config(path), [path])
    except ConfigError as error:
        print(f"hiermeta: {error}", file=sys.stderr)
        return False
    usable = []
    for name, dataset in settings["datasets"].items():
        print(f"{name}: ", end="", flush=True)
        try:
            usable.append(_validate(part(read_table(dataset["data"]), dataset)[0], dataset))
        except Refused as refused:
            print("refused", flush=True)
            usable.append(_tell(refused))
    return all(usable)


def _validate(source: Source, settings: dict[str, Any]) -> bool:
    try:
        validated = usable(source, settings).validated
    except Refused as refused:
        print("refused", flush=True)
        return _tell(refused)
    grouped = f" in {count(validated.table['cluster'].nunique(), 'cluster')}" if "cluster" in validated.table else ""
    print(f"{len(validated.table)} of {count(validated.rows_read, 'row')} can be analysed{grouped}")
    for entry in by_reason(validated.dropped):
        print(f"  {count(entry['count'], 'row')} left out: {in_terminal(entry['reason'])} (row {listed(entry)})")
    for kind, texts in (("note", validated.notes), ("warning", validated.warnings)):
        for text in texts:
            print(f"  {kind}: {in_terminal(text)}")
    return True


def _tell(refused: Refused) -> bool:
    for problem in refused.problems:
        print(f"  {problem}", file=sys.stderr)
    return False
