"""Where the files are that belong to hiermeta and aren't Python: Stan programs, templates, schemas, the workflow."""

from __future__ import annotations

from hiermeta.data.sources import PACKAGE

INSTALLED = PACKAGE / "shipped"
"""Where a wheel has them, laid out as in a checkout; see ``setup.py``."""

ROOT = INSTALLED if INSTALLED.is_dir() else PACKAGE.parents[1]
"""The folder that holds ``stan``, ``reports`` and ``workflow``."""

STAN = ROOT / "stan"
TEMPLATES = ROOT / "reports"
SCHEMAS = ROOT / "workflow" / "schemas"
SCRIPTS = ROOT / "workflow" / "scripts"
SNAKEFILE = ROOT / "workflow" / "Snakefile"
