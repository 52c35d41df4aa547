"""Lay Stan programs out as ``stanc --auto-format`` does, without the blanks that it leaves at the ends of lines.

``python stan/layout.py`` rewrites the programs of this folder; ``--check`` only names those that differ, and fails.
"""

import argparse
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "workflow"))

from hiermeta.sampling import toolchain  # noqa: E402


def laid_out(stanc: Path, path: Path) -> str:
    """Return the text of a program, or of a file of functions, as it should be laid out."""
    is_program = path.parent == HERE
    text = path.read_text()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / path.name
        source.write_text(text if is_program else f"functions {{\n{text}}}\n")
        options = ["--auto-format", "--max-line-length=120", "--allow-undefined"]
        printed = subprocess.run(
            [stanc, *options, f"--include-paths={HERE / 'functions'}", source],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    lines = [line.rstrip() for line in printed.strip().splitlines()]
    return "\n".join(lines if is_program else textwrap.dedent("\n".join(lines[1:-1])).strip().splitlines()) + "\n"


def main() -> int:
    """Rewrite the files, or name those to be rewritten; the number of the latter is the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, name the files that differ")
    check = parser.parse_args().check
    stanc = toolchain.home_from_pypi() / "bin" / "stanc"
    differ = 0
    for path in sorted([*HERE.glob("*.stan"), *HERE.glob("functions/*.stan")]):
        wanted = laid_out(stanc, path)
        if wanted != path.read_text():
            differ += 1
            print(f"{path.relative_to(HERE.parent)}: {'to be laid out' if check else 'laid out'}")
            if not check:
                path.write_text(wanted)
    return differ if check else 0


if __name__ == "__main__":
    sys.exit(main())
