"""The paper's text, with the numbers of the analyses in it."""

import json
import math
import sys
from pathlib import Path

from jinja2 import Environment, StrictUndefined

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115


def read(path):
    return Path(path).read_text(encoding="utf-8")


def number(value):
    return f"{value:.2f}".replace("-", "−")


def percent(share):
    return f"{100 * share:.0f}%"


analyses = json.loads(read(snakemake.input.overview))["datasets"]
inclusion = {entry["part"]: entry for entry in json.loads(read(snakemake.input.comparison))["inclusion"]}
template = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(
    read(snakemake.input.template)
)
text = template.render(
    analyses=analyses,
    districts={entry["name"]: entry for entry in analyses}["districts"],
    bayes_factor=f"{math.exp(inclusion['clusters']['log_bayes_factor']):,.0f}",
    number=number,
    percent=percent,
)
Path(snakemake.output[0]).write_text(text, encoding="utf-8")
