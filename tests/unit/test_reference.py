"""Documentation that is made from its source: does what is written still say what the code does?"""

from pathlib import Path

import yaml

from hiermeta.config.reference import config_tables
from hiermeta.config.schema import schema

ROOT = Path(__file__).resolve().parents[2]


def test_the_config_readme_holds_the_tables_of_the_models():
    """Has a key, a default or a limit changed without `make config/README.md`?

    Seen to fail with another default in a model.
    """
    assert (ROOT / "config" / "README.md").read_text().endswith(config_tables())


def test_the_schema_file_is_that_of_the_models():
    """Has a model changed without `make config/README.md`? Seen to fail with another default in a model."""
    assert yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text()) == schema()
