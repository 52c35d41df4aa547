"""The JSON schema of the config, made from its models: for editors, the documentation and the columns of tables."""

import sys
from typing import Any

import yaml

from hiermeta.config.models import Config, Keys


def schema(model: type[Keys] = Config) -> dict[str, Any]:
    """The JSON schema of a model, with nothing in it that a config file doesn't have.

    Examples
    --------
    >>> from hiermeta.config.models import Sampling
    >>> schema(Sampling)["properties"]["chains"]
    {'default': 4, 'description': 'Number of Markov chains.', 'maximum': 64, 'minimum': 2, 'type': 'integer'}
    """

    def plain(entry: Any, names: bool = False) -> Any:
        if isinstance(entry, list):
            return [plain(one) for one in entry]
        if not isinstance(entry, dict):
            return " ".join(entry.split("\n")) if isinstance(entry, str) else entry
        return {
            key: plain(value, key in ("properties", "$defs"))
            for key, value in entry.items()
            if names or (key != "title" and (key, value) != ("default", None))
        }

    found: dict[str, Any] = plain(model.model_json_schema())
    return found


if __name__ == "__main__":
    print("# Made from hiermeta/config/models.py by `make config/README.md`.")
    yaml.safe_dump(schema(), sys.stdout, default_flow_style=None, width=10_000, sort_keys=False, allow_unicode=True)
