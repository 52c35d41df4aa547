"""The files are those of CmdStan 2.35.0, digit for digit."""

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from .conftest import HERE, SCHOOLS, Run

REFERENCE = json.loads((HERE / "reference" / "eight_schools.json").read_text())
VOLATILE = re.compile(r"start_datetime|stancflags|Elapsed Time|seconds \((Warm|Samp|Total|PSIS|Path)")


@pytest.fixture(scope="module")
def written(schools: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run all command lines in one folder, in order, since some read what others wrote."""
    folder = tmp_path_factory.mktemp("digits")
    (folder / "data.json").write_text(SCHOOLS)
    (folder / "upars.json").write_text('{"params_r":[[0.1,0.2,0,0,0,0,0,0,0,0],[1,1,1,1,1,1,1,1,1,1]]}')
    for case in REFERENCE.values():
        ended = subprocess.run([schools, *case["arguments"].split()], cwd=folder, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
    return folder


@pytest.mark.parametrize("case", REFERENCE)
def test_every_line_is_cmdstans(case: str, written: Path) -> None:
    """Does each method write the same comments, names and digits as CmdStan for the same seed?

    Seen to fail with seven digits for six.
    """
    for name, expected in REFERENCE[case]["files"].items():
        lines = [line for line in (written / name).read_text().splitlines() if not VOLATILE.search(line)]
        if "seed" not in REFERENCE[case]["arguments"]:
            lines = [re.sub(r"seed = \d+ \(Default\)", "seed = ? (Default)", line) for line in lines]
        assert lines[: len(expected["opening"])] == expected["opening"]
        assert len(lines) == expected["lines"]
        assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == expected["sha256"]


def test_help_is_cmdstans(schools: str, run: Run) -> None:
    """Are all arguments, defaults, ranges and descriptions those of CmdStan?

    Seen to fail with another description of an argument.
    """
    ended = run(schools, "help-all")
    assert ended.code == 0
    assert ended.out.replace(schools, "./es") == (HERE / "reference" / "help_all.txt").read_text()


def test_info(schools: str, run: Run) -> None:
    """Does `info` say what CmdStanPy asks it for, and `version` its beginning?

    Seen to fail with MPI told to be there.
    """
    version = ["stan_version_major = 2", "stan_version_minor = 35", "stan_version_patch = 0"]
    flags = [f"STAN_{name}=false" for name in ("THREADS", "MPI", "OPENCL", "NO_RANGE_CHECKS", "CPP_OPTIMS")]
    assert run(schools, "info") == (0, "\n".join([*version, *flags, ""]), "")
    assert run(schools, "version") == (0, "\n".join([*version, ""]), "")
