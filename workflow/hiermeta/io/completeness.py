"""What a data set's results were made from: the record that tells complete results from outdated or damaged ones.

A stage (prepare, fit, analyse, figures, report) is complete when the record holds its key, which is a digest of its
settings, of its code and of the contents of all files it starts from, and when the files it left are as they were.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hiermeta.data.selection import contents
from hiermeta.io.files import read_json, write_json

Fingerprints = dict[str, dict[str, Any]]
RECORD = Path("logs", "stages.json")


def digest(*parts: Any) -> str:
    """Digest of plain values; dicts that differ in order only have the same."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sha256(path: str | Path) -> str:
    """SHA-256 of a file's content."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def fingerprints(folder: Path, outputs: Iterable[str]) -> Fingerprints:
    """Size, time of change (ns) and SHA-256 of files, by their paths below a folder; those of folders one by one.

    Parameters
    ----------
    folder : pathlib.Path
    outputs : iterable of str
        Paths of files below it and folders of files.
    """
    found = {}
    for path in _files(outputs):
        status = path.stat()
        entry = {"size": status.st_size, "changed": status.st_mtime_ns, "sha256": sha256(path)}
        found[path.relative_to(folder).as_posix()] = entry
    return found


def _files(outputs: Iterable[str]) -> list[Path]:
    found = []
    for path in map(Path, outputs):
        found += sorted(path.iterdir()) if path.is_dir() else [path]
    return found


def read_record(folder: Path) -> dict[str, Any]:
    """Key and files of each complete stage, by its name; empty where nothing readable is on record."""
    try:
        record = read_json(folder / RECORD)
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Put complete stages on record."""
    write_json(folder / RECORD, record)


def intact(folder: Path, files: Fingerprints) -> bool:
    """Whether files are as they were put on record; their contents are read only where the times differ."""
    for name, known in files.items():
        path = folder / name
        try:
            status = path.stat()
            if status.st_size != known["size"]:
                return False
            if status.st_mtime_ns != known["changed"] and sha256(path) != known["sha256"]:
                return False
        except OSError:
            return False
    return True


def made_from(settings: dict[str, Any], program: str | Path) -> list[Any]:
    """What the first stage starts from: digests of the data set's files and of the record of its Stan program."""
    return [*contents(settings), sha256(program)]


def of_files(files: Fingerprints) -> list[Any]:
    """What the files of a complete stage add to what later stages start from."""
    return [[path, file["sha256"]] for path, file in files.items()]


def first_outdated(folder: Path, stages: Sequence[dict[str, Any]], beginning: Sequence[Any]) -> int:
    """Position of the first stage that isn't complete; the number of stages where all are.

    Parameters
    ----------
    folder : pathlib.Path
        The results of one data set.
    stages : sequence of dict
        In their order, each with ``stage`` (its name) and ``params``.
    beginning : sequence
        See `made_from`.
    """
    record, known = read_record(folder), [*beginning]
    for position, stage in enumerate(stages):
        found = record.get(stage["stage"])
        if not found or found["key"] != digest(stage["params"], known) or not intact(folder, found["files"]):
            return position
        known += of_files(found["files"])
    return len(stages)


def complete(folder: Path) -> bool:
    """Whether every file on record of a data set is as it was left."""
    record = read_record(folder)
    return bool(record) and all(intact(folder, stage["files"]) for stage in record.values())


LIST = "drawn.json"


def drawing(folder: Path) -> str:
    """What a drawing of all figures goes by; it changes when figures have to be drawn again, and only then.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    str
        As it is on the list, where there is a list and every file on it. Otherwise when the folder last lost a file:
        drawn again, the figures have this on their list. Empty without a folder, which Snakemake notices by itself.
    """
    try:
        known = read_json(folder / LIST)
        if all((folder / name).is_file() for name in known["files"]):
            return str(known["drawing"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return str(folder.stat().st_mtime_ns) if folder.is_dir() else ""


def write_list(folder: Path, drawing: str) -> None:
    """Write the list of the files that are in a folder now.

    Parameters
    ----------
    folder : pathlib.Path
    drawing : str
        As the function of that name returned it before the figures were drawn.
    """
    files = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    write_json(folder / LIST, {"drawing": drawing, "files": files})
