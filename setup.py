"""What `pyproject.toml` can't say: a wheel also holds the files that lie beside the package in a checkout."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

BESIDE = ("stan", "reports", "workflow", "environment.yml")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "hiermeta", "*.egg-info")


class BuildWithShippedFiles(build_py):
    """Copies them to `hiermeta/shipped`, where `hiermeta.io.provenance` finds them."""

    def run(self):
        """Build the package, then copy; an editable install keeps using the checkout."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, "hiermeta", "shipped")
        shutil.rmtree(target, ignore_errors=True)
        for source in map(Path, BESIDE):
            if source.is_dir():
                shutil.copytree(source, target / source, ignore=NOT_COPIED)
            else:
                shutil.copy(source, target / source)


setup(cmdclass={"build_py": BuildWithShippedFiles})
