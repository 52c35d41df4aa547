"""End the run: with a summary, and with exit status 1 where a data set was refused or a stage crashed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.io.files import read_json, write_text
from hiermeta.io.results_folder import leftovers, withdraw
from hiermeta.report.outcome import endings, listed, summary

overview = Path(snakemake.input[0])
datasets = read_json(overview)["datasets"]
text = summary(datasets)
print(f"hiermeta: {text}\n  overview: {overview.with_suffix('.html')}", flush=True)
old = leftovers(overview.parent, [dataset["name"] for dataset in datasets])
if old:
    print(f"  no longer in the config, left as they were: {listed([str(overview.parent / name) for name in old])}")
for dataset in datasets:
    if dataset["crashed"]:
        withdraw(overview.parent, dataset["name"], dataset["crashed"])
wrong = endings(datasets, overview.parent)
if wrong:
    print(
        "".join(f"hiermeta: {line}\n" for line in wrong), end="", flush=True
    )  # the last lines: see rules/progress.smk
    write_text(snakemake.log[0], "".join(f"{line}\n" for line in wrong))
    sys.exit(1)
write_text(snakemake.output[0], text.splitlines()[0] + "\n")
