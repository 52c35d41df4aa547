"""The shipped Stan programs in the eyes of their own compiler."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

STAN = Path(__file__).resolve().parents[2] / "stan"


def test_the_programs_have_the_layout_of_stanc() -> None:
    """Would the formatter change anything? Fails when a blank is added within an expression."""
    ended = subprocess.run([sys.executable, STAN / "layout.py", "--check"], capture_output=True, text=True)
    assert (ended.stdout, ended.returncode) == ("", 0)


@pytest.mark.parametrize("program", sorted(STAN.glob("*.stan")), ids=lambda path: path.stem)
def test_pedantic_warnings_are_those_of_priors_given_as_data(home: Path, program: Path, tmp_path: Path) -> None:
    """Does stanc's pedantic mode find anything but priors whose numbers are data, which they are by design?

    It takes every parameter whose prior depends on data for one without a prior, and says that it may be wrong.
    Fails when a control flow statement depends on a parameter, as with ``if (family == 1) return ...;``.
    """
    options = ["--warn-pedantic", "--allow-undefined", f"--include-paths={STAN / 'functions'}"]
    ended = subprocess.run(
        [home / "bin" / "stanc", *options, f"--o={tmp_path / 'program.hpp'}", program], capture_output=True, text=True
    )
    warnings = [" ".join(warning.split()) for warning in ended.stderr.split("Warning")[1:]]
    expected = re.compile(r": The parameter \w+ has no priors\. This means .* a false positive\.")
    assert ended.returncode == 0
    assert [warning for warning in warnings if not expected.fullmatch(warning)] == []
