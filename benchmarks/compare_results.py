"""Whether a change of the code left results as they were: two folders of results, file by file and number by number.

``benchmarks/compare_results.py BEFORE AFTER`` prints a row for each table and document that differs, with the largest
relative difference and where it is, and what only one side has. Numbers count as equal within 1e-9 of the larger one;
the posterior draws are compared too, by group and variable. Exit status 1 if anything differs.

What differs from run to run (seconds, times, versions, logs) is left out, and so are pages and figures: they hold the
same numbers.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import pandas as pd

TOLERANCE = 1e-9
UNSTABLE = {"seconds", "versions", "program_sha256", "cmdstan", "commit"}
"""Keys of documents whose values may differ between two runs of the same analysis."""

Leaves = dict[str, Any]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value of a nested document, with its path of keys and positions."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in UNSTABLE:
                yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{position}]")
    else:
        yield path, value


def contents(path: Path) -> Leaves:
    """The values of a result file by their place: row number and column, keys, or group and variable."""
    if path.suffix == ".json":
        return dict(leaves(json.loads(path.read_text(encoding="utf-8"))))
    if path.suffix == ".nc":
        with h5netcdf.File(path) as file:
            return {
                f"{group}/{name}": np.asarray(variable)
                for group in file.groups
                for name, variable in file.groups[group].variables.items()
            }
    table = pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",")
    return {
        f"{column}[{row}]": value for column in table for row, value in enumerate(table[column]) if column != "seconds"
    }


def difference(before: Any, after: Any) -> float:
    """Largest relative difference of two values; infinite where they can't be compared."""
    try:
        one, other = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    except (TypeError, ValueError):
        return 0.0 if np.array_equal(before, after) else np.inf
    if one.shape != other.shape or not np.array_equal(np.isfinite(one), np.isfinite(other)):
        return np.inf
    finite = np.isfinite(one)
    one, other = one[finite], other[finite]
    scale = np.maximum(np.abs(one), np.abs(other))
    return float(np.max(np.abs(one - other) / np.where(scale > 0, scale, 1.0), initial=0.0))


def compared(before: Path, after: Path) -> list[str]:
    """What differs between two versions of a file, in a line each."""
    one, other = contents(before), contents(after)
    lines = [f"only before: {place}" for place in one.keys() - other.keys()]
    lines += [f"only after: {place}" for place in other.keys() - one.keys()]
    lines = sorted(lines)[:3] + [f"and {len(lines) - 3} more places on one side"] * (len(lines) > 3)
    apart = {place: difference(one[place], other[place]) for place in one.keys() & other.keys()}
    apart = {place: gap for place, gap in apart.items() if gap > TOLERANCE}
    if apart:
        place = max(apart, key=lambda place: apart[place])
        values = "" if isinstance(one[place], np.ndarray) else f", {one[place]!r} -> {other[place]!r}"
        lines.append(f"{len(apart)} of {len(one)} values differ, most {place} (relative {apart[place]:.1e}{values})")
    return lines


def result_files(folder: Path) -> set[Path]:
    """Paths below a results folder of the tables, documents and draws."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.suffix in {".csv", ".tsv", ".json", ".nc"})
    return {path for path in found if not {"logs", "programs", "batches", "figures"} & set(path.parts)}


def main(before: Path, after: Path) -> int:
    """Print what differs; 1 if anything does."""
    old, new = result_files(before), result_files(after)
    lines = [f"only before: {path}" for path in sorted(old - new)] + [
        f"only after: {path}" for path in sorted(new - old)
    ]
    same = 0
    for path in sorted(old & new):
        found = compared(before / path, after / path)
        lines += [f"{path}: {line}" for line in found]
        same += not found
    print("\n".join([*lines, f"{same} of {len(old | new)} files hold the same values (numbers within {TOLERANCE:g})"]))
    return int(same < len(old | new))


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
